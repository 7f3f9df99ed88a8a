/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token - an enrolment token as it is handed over: "hnp1.ROOT.SECRET".
 *
 * ROOT is the SHA-256 of the root certificate's DER, SECRET are 32 random
 * octets, both in base64url.  A client needs no CA file: it fetches the root
 * and compares.  The CA keeps nothing but the SHA-256 of the secret, whose
 * first half is the token's id: no secret, it stands in lists and logs.
 */
#ifndef CODEC_TOKEN_H
#define CODEC_TOKEN_H

#include "base/bytes.h"
#include "base/err.h"

#define TOKEN_ROOT_LEN   32 /* octets */
#define TOKEN_SECRET_LEN 32
#define TOKEN_HASH_LEN   32
#define TOKEN_KEY_LEN    16 /* of the hash: by them the token is looked up */
#define TOKEN_TEXT_LEN   93 /* characters, with the NUL */
#define TOKEN_ID_LEN     33 /* TOKEN_KEY_LEN octets as hex, with the NUL */

struct token {
	uint8_t root[TOKEN_ROOT_LEN];
	uint8_t secret[TOKEN_SECRET_LEN]; /* mem_wipe() it */
};

/* A new secret from the system's random source.  ERR_INTERNAL. */
MUST_CHECK bool token_new(const uint8_t root[static TOKEN_ROOT_LEN], struct token *ret,
    struct err *e);
void token_write(const struct token *t, char ret[static TOKEN_TEXT_LEN]);
/* ERR_MALFORMED; the detail quotes nothing of what it read. */
MUST_CHECK bool token_read(struct bytes text, struct token *ret, struct err *e);
/* What is kept of the secret.  ERR_INTERNAL. */
MUST_CHECK bool token_hash(const struct token *t, uint8_t ret[static TOKEN_HASH_LEN],
    struct err *e);
void token_id(const uint8_t hash[static TOKEN_HASH_LEN], char ret[static TOKEN_ID_LEN]);

#endif
