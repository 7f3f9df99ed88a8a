/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key - private keys: made, loaded, kept, used.
 *
 * A key signs with the hash that fits it (P5): P-256 SHA-256, P-384 SHA-384,
 * P-521 SHA-512, RSA PKCS#1 SHA-256, Ed25519 as it is.
 */
#ifndef KEY_KEY_H
#define KEY_KEY_H

#include "base/buf.h"
#include "base/sets.h"

struct key;

#define KEY_DIGEST_MAX 64

/* 'bits' for RSA only.  ERR_INTERNAL. */
MUST_CHECK bool key_generate(enum key_alg alg, unsigned bits, struct key **ret,
    struct err *e);
/* Does it want a passphrase? */
bool key_is_encrypted(struct bytes pem);
/*
 * PKCS #8 PEM, encrypted if the file says so; 'passphrase' NULL: none.  EC and
 * RSA PEM of old are read too.  ERR_MALFORMED says whether the passphrase is
 * missing or wrong.
 */
MUST_CHECK bool key_load(struct bytes pem, const char *passphrase, struct key **ret,
    struct err *e);
/* PKCS #8 PEM; with a passphrase encrypted by PBES2 AES-256, PBKDF2.  buf_wipe() ret. */
MUST_CHECK bool key_save(const struct key *k, const char *passphrase, struct buf *ret,
    struct err *e);
void key_free(struct key *k); /* NULL is fine */

enum key_alg key_alg(const struct key *k);
unsigned key_bits(const struct key *k);
/* SubjectPublicKeyInfo, owned by the key. */
struct bytes key_spki(const struct key *k);
/* AlgorithmIdentifier of its signatures, static. */
struct bytes key_sig_alg(const struct key *k);

/*
 * Appends the signature over 'data'; RSA's is verified before it leaves (R26).  A key
 * may sign on several threads at once: GnuTLS only reads it, as it reads the one that
 * all sessions of a TLS server share.
 */
MUST_CHECK bool key_sign(const struct key *k, struct bytes data, struct buf *ret,
    struct err *e);

/*
 * Signing what is too large to hold: begin, add, end.  EdDSA cannot be hashed
 * beforehand, so for it the data is kept in memory.
 */
struct key_stream;
MUST_CHECK bool key_stream_begin(const struct key *k, struct key_stream **ret,
    struct err *e);
void key_stream_add(struct key_stream *s, struct bytes data);
MUST_CHECK bool key_stream_end(struct key_stream *s, struct buf *ret,
    struct err *e);                         /* frees s */
void key_stream_free(struct key_stream *s); /* when it is not ended; NULL is fine */

/* "ecdsa-p256", "p384", "ed25519", "rsa-3072", "rsa-4096" … for --key-type. */
MUST_CHECK bool key_type_from(struct bytes word, enum key_alg *ret_alg,
    unsigned *ret_bits, struct err *e);

#endif
