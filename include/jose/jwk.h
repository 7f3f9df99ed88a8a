/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwk - public keys as JSON (RFC 7517, RFC 7518 6, RFC 8037 2): EC on P-256,
 * P-384 and P-521, Ed25519, RSA of 2048 to 8192 bits.
 *
 * Everything that a key is known by is made when it is read, from its members in
 * their one canonical form; so two texts of one key give the same octets.
 */
#ifndef JOSE_JWK_H
#define JOSE_JWK_H

#include "base/sets.h"
#include "codec/json.h"

#define JWK_THUMBPRINT_LEN 43 /* characters of the base64url text */

struct jwk;

/*
 * ERR_MALFORMED: no object, a member that is missing or no string, base64url that
 * is not strict, private members.  ERR_BAD_KEY: another type or curve, a
 * coordinate of the wrong length, a point that is not on its curve or of small
 * order, an RSA key whose size, parity or exponent is unfit.  Further public
 * members are ignored.  Whether an RSA modulus can be factored is not judged here:
 * give jwk_spki() to spki_parse() before a key is taken for an account's.
 */
MUST_CHECK bool jwk_read(const json_t *object, struct jwk **ret, struct err *e);
/* The same from JSON text, as jwk_text() gives it. */
MUST_CHECK bool jwk_read_text(struct bytes text, struct jwk **ret, struct err *e);
/* One more holder: each gives it back by jwk_free().  A key does not change. */
struct jwk *jwk_ref(struct jwk *k);
void jwk_free(struct jwk *k); /* NULL is fine */

enum key_alg jwk_alg(const struct jwk *k);
bool jwk_same(const struct jwk *a, const struct jwk *b);

/* All of these are the key's own. */

/* The required members only, in order, without blanks (RFC 7638 3.3): for the database. */
const char *jwk_text(const struct jwk *k);
/* The same, appended to 'b'. */
void jwk_write(struct buf *b, const struct jwk *k);
/* SHA-256 of that text as 32 octets, and these as base64url (RFC 8555 8.1). */
struct bytes jwk_thumbprint(const struct jwk *k);
const char *jwk_thumbprint_text(const struct jwk *k);
/* DER SubjectPublicKeyInfo, as a CSR's or certificate's of the same key, and its SHA-256. */
struct bytes jwk_spki(const struct jwk *k);
struct bytes jwk_key_hash(const struct jwk *k);

/*
 * Verifies a signature that is of this key's kind in JWS's own form: r and s side
 * by side, an integer as long as the modulus, or R and S (RFC 7518 3.3, 3.4;
 * RFC 8037 3.1).  'sign' is GnuTLS's number and fits the key.  ERR_MALFORMED, which does
 * not say what was wrong with it.
 */
MUST_CHECK bool jwk_verify(const struct jwk *k, unsigned sign, struct bytes data,
    struct bytes sig, struct err *e);

#endif
