/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spki - public keys of others: what they are, whether they are fit.
 */
#ifndef X509_SPKI_H
#define X509_SPKI_H

#include "base/buf.h"
#include "base/sets.h"

struct spki {
	enum key_alg alg;
	unsigned bits;
	struct bytes der;      /* whole SubjectPublicKeyInfo; borrowed from the input */
	struct bytes key_bits; /* content of its BIT STRING */
};

/*
 * Reads and checks (P15, P52, P53, R15, R16): form, parameters, key size, RSA
 * exponent and modulus (size, parity, small factors, close primes, ROCA), point
 * on curve.  RSA limits are checked before any arithmetic.  ERR_BAD_KEY.
 */
MUST_CHECK bool spki_parse(struct bytes der, struct spki *ret, struct err *e);

/* RFC 7093 method 1: leftmost 160 bits of SHA-256 of the BIT STRING (P31). */
void spki_key_id(const struct spki *k, uint8_t ret[static 20]);
/* RFC 5280 4.2.1.2 method 1, SHA-1 of the same: what other CAs' certificates have.
 * False: the library has no SHA-1. */
bool spki_key_id_sha1(const struct spki *k, uint8_t ret[static 20]);
/* SHA-256 of the whole SPKI: the name of a key in database and block list. */
void spki_hash(struct bytes der, uint8_t ret[static 32]);

/*
 * Verifies 'sig' over 'data'; 'sig_alg' is the AlgorithmIdentifier's DER and
 * must fit the key; SHA-1 and MD5 are refused.  ERR_BAD_CSR.
 */
MUST_CHECK bool spki_verify(const struct spki *k, struct bytes sig_alg,
    struct bytes data, struct bytes sig, struct err *e);

#endif
