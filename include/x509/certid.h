/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certid - how a certificate is called in renewal information (RFC 9773 4.1): the
 * key identifier of who signed it, a point, its serial, both as base64url.
 *
 * There is one text for one certificate, so texts can be compared.
 */
#ifndef X509_CERTID_H
#define X509_CERTID_H

#include "x509/cert.h"

#define CERTID_KEY_ID_MAX 64 /* octets; ours have 20 */

struct certid { /* a value */
	struct serial serial;
	size_t n_key_id;
	uint8_t key_id[CERTID_KEY_ID_MAX];
};

/*
 * ERR_MALFORMED: not two parts, base64url that is not strict, an empty key identifier,
 * a serial that is not the content of a positive, minimal INTEGER of up to 20 octets.
 */
MUST_CHECK bool certid_read(struct bytes text, struct certid *ret, struct err *e);
/* Appends it.  ERR_NOT_FOUND: the certificate has no authority key identifier, or one too long. */
MUST_CHECK bool certid_write(const struct cert *c, struct buf *ret, struct err *e);
/* Is this the identifier of this certificate? */
bool certid_fits(const struct certid *id, const struct cert *c);

#endif
