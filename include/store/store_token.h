/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_token - enrolment tokens, by what is kept of them (codec/token.h).
 *
 * Rows are written by the request that makes or withdraws a token; a use is
 * counted with the certificate's journal record, live or replayed.
 */
#ifndef STORE_STORE_TOKEN_H
#define STORE_STORE_TOKEN_H

#include "codec/token.h"
#include "store/store.h"
#include "x509/names.h"

#define STORE_TOKEN_LIST_MAX 1001

struct store_token {
	int64_t num; /* in the order of making */
	uint8_t hash[TOKEN_HASH_LEN];
	char *profile;
	struct names names; /* in the order in which they were given */
	int64_t uses, uses_left;
	int64_t expires_at; /* from then on it counts no more */
	int64_t created_at;
	char *created_by, *request_id;
	int64_t withdrawn_at; /* 0: it is not */
	char *withdrawn_by;
	char *metadata; /* JSON, or "" */
};
void store_token_free(struct store_token *t); /* what is inside */

enum store_token_status { /* derived, never stored */
	STORE_TOKEN_ANY = 0,
	STORE_TOKEN_PENDING,
	STORE_TOKEN_USED, /* up: the others are judged behind this */
	STORE_TOKEN_WITHDRAWN,
	STORE_TOKEN_EXPIRED
};
enum store_token_status store_token_status(const struct store_token *t, int64_t now);
const char *store_token_status_word(enum store_token_status s); /* "pending" … */

/* 'num', 'uses_left' and what tells of a withdrawal are not read.  ERR_CONFLICT: the id is there. */
MUST_CHECK bool store_token_add(struct store *st, const struct store_token *t,
    struct err *e);
/* By the first TOKEN_KEY_LEN octets of the hash.  ERR_NOT_FOUND. */
MUST_CHECK bool store_token_get(struct store *st,
    const uint8_t key[static TOKEN_KEY_LEN], struct store_token *ret, struct err *e);

typedef bool store_token_each(void *arg, const struct store_token *t, struct err *e);
/*
 * Newest first, those between 'before_num' (0: from the newest) and 'after_num' (0:
 * to the oldest), neither of them included.  'each' may refuse.
 */
MUST_CHECK bool store_token_list(struct store *st, enum store_token_status status,
    int64_t now, int64_t before_num, int64_t after_num, size_t limit,
    store_token_each *each, void *arg, struct err *e);
/* The highest num; 0: there is none. */
MUST_CHECK bool store_token_newest(struct store *st, int64_t *ret, struct err *e);

/* The first time stays.  One that is not there is let be. */
MUST_CHECK bool store_token_withdraw(struct store *st,
    const uint8_t key[static TOKEN_KEY_LEN], int64_t at, const char *by, struct err *e);
/* All that are pending; how many in '*ret'. */
MUST_CHECK bool store_token_withdraw_all(struct store *st, int64_t at, const char *by,
    int64_t *ret, struct err *e);
/* One use less.  A token that is not there, as in a database made anew, is let be. */
MUST_CHECK bool store_token_use(struct store *st,
    const uint8_t key[static TOKEN_KEY_LEN], struct err *e);

#endif
