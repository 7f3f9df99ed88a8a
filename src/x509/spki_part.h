/* SPDX-License-Identifier: Apache-2.0 */
/* spki_part - what the files of spki share. */
#ifndef X509_SPKI_PART_H
#define X509_SPKI_PART_H

#include "x509/spki.h"

/* Reads RSAPublicKey (RFC 8017 A.1.1) and judges it (P52); ERR_BAD_KEY. */
MUST_CHECK bool spki_rsa_check(struct bytes key, unsigned *ret_bits, struct err *e);
/* Is the uncompressed point on the curve (P53)?  Its length is right already.  ERR_BAD_KEY. */
MUST_CHECK bool spki_ec_check(enum key_alg curve, struct bytes point, struct err *e);
/* Is the octet string a point on the Edwards curve, and not of small order?  ERR_BAD_KEY. */
MUST_CHECK bool spki_ed_check(enum key_alg curve, struct bytes point, struct err *e);

#endif
