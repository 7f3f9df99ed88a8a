/* SPDX-License-Identifier: Apache-2.0 */
/* jwk_part - what the files of jwk share. */
#ifndef JOSE_JWK_PART_H
#define JOSE_JWK_PART_H

#include <gnutls/abstract.h>

#include "jose/jwk.h"

struct jwk_kind {
	enum key_alg alg;
	const char *kty, *crv; /* crv: NULL for RSA */
	size_t octets;         /* of a coordinate; 0 for RSA */
	const char *first,
	    *second; /* the members that hold the key; second may be NULL */
	const char *oid, *curve_oid; /* AlgorithmIdentifier; curve_oid may be NULL */
	const char
	    *order; /* of the group, in hex: what a signature's numbers stay below */
};

struct jwk {
	unsigned refs; /* holders but the first */
	const struct jwk_kind *kind;
	struct buf first, second; /* x and y, x, or n and e */
	struct buf text;          /* canonical JSON */
	struct buf spki;
	uint8_t thumbprint[32], key_hash[32];
	char thumbprint_text[JWK_THUMBPRINT_LEN + 1];
	gnutls_pubkey_t pub;
};

/* Writes the SubjectPublicKeyInfo of what 'first' and 'second' hold. */
MUST_CHECK bool jwk_spki_make(struct jwk *k, struct err *e);
/* Is the octet string a point of Ed25519, in its one encoding and not of small order?  ERR_BAD_KEY. */
MUST_CHECK bool jwk_point_ed25519(struct bytes point, struct err *e);

#endif
