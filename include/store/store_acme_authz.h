/* SPDX-License-Identifier: Apache-2.0 */
/* store_acme_authz - authorizations, challenges, and what attempts saw (RFC 8555 7.1.4, 8). */
#ifndef STORE_STORE_ACME_AUTHZ_H
#define STORE_STORE_ACME_AUTHZ_H

#include "base/sets.h"
#include "store/store_acme_account.h"

#define ACME_TOKEN_LEN        44 /* 43 characters (32 octets) and a NUL */
#define ACME_CHALLENGE_ID_LEN 32 /* an authorization's id, a dot, a number, a NUL */

struct acme_challenge {
	int64_t num;
	char id[ACME_CHALLENGE_ID_LEN];
	int64_t authz_num;
	enum challenge type;
	char token[ACME_TOKEN_LEN];
	enum acme_status status;
	int64_t validated_at; /* 0: not */
	char *error;          /* problem document, "" */
};

struct acme_authz {
	int64_t num;
	char id[ACME_ID_LEN];
	int64_t account_num;
	enum name_type type;
	char *value; /* without "*." */
	bool wildcard;
	bool subdomains; /* RFC 9444 */
	bool loose;      /* nobody has proved it, no order named it yet */
	enum acme_status status;
	int64_t created_at, expires_at;
	struct acme_challenge *challenges; /* in the order of their types */
	size_t n_challenges;
};
void store_acme_authz_free(struct acme_authz *a);               /* what is inside */
void store_acme_authz_free_challenge(struct acme_challenge *c); /* what is inside */

/* The id of a challenge that has none of its own: "AUTHORIZATION.TYPE". */
void store_acme_authz_challenge_id(const struct acme_authz *a,
    struct acme_challenge *c);

/* With its challenges, whose ids are empty.  Fills *ret_num. */
MUST_CHECK bool store_acme_authz_add(struct store *st, const struct acme_authz *a,
    int64_t *ret_num, struct err *e);
MUST_CHECK bool store_acme_authz_by_id(struct store *st, const char *id,
    struct acme_authz *ret, struct err *e);
MUST_CHECK bool store_acme_authz_by_num(struct store *st, int64_t num,
    struct acme_authz *ret, struct err *e);
MUST_CHECK bool store_acme_authz_status(struct store *st, int64_t num,
    enum acme_status *ret, struct err *e);
/* The authorization that this challenge is of, whole; ERR_NOT_FOUND. */
MUST_CHECK bool store_acme_authz_by_challenge(struct store *st,
    const char *challenge_id, struct acme_authz *ret, struct err *e);
/*
 * One that can be used for this name again: VALID, or PENDING where 'pending', of the
 * same account, not past its time; a valid one before one that pends, then the one that
 * lasts longest.  A valid one may be for all below the name, too.  ERR_NOT_FOUND.
 */
MUST_CHECK bool store_acme_authz_usable(struct store *st, int64_t account_num,
    enum name_type type, const char *value, bool wildcard, bool pending, int64_t now,
    struct acme_authz *ret, struct err *e);
/* The same, of a name above, that lets names below it pass (RFC 9444). */
MUST_CHECK bool store_acme_authz_usable_above(struct store *st, int64_t account_num,
    const char *ancestor, bool pending, int64_t now, struct acme_authz *ret,
    struct err *e);
/* Compare and set; 'expires_at' 0: as it was. */
MUST_CHECK bool store_acme_authz_move(struct store *st, int64_t num,
    enum acme_status from, enum acme_status to, int64_t expires_at, struct err *e);
MUST_CHECK bool store_acme_authz_move_challenge(struct store *st, int64_t challenge_num,
    enum acme_status from, enum acme_status to, int64_t validated_at, const char *error,
    struct err *e);
/* All of an account that pend or are valid become DEACTIVATED. */
MUST_CHECK bool store_acme_authz_end_account(struct store *st, int64_t account_num,
    struct err *e);
/* Challenges in PROCESSING, oldest first, from 'after' (num) on: what was under way at a stop. */
typedef bool store_acme_authz_each(void *arg, const struct acme_challenge *c,
    struct err *e);
MUST_CHECK bool store_acme_authz_processing(struct store *st, int64_t after,
    size_t limit, store_acme_authz_each *each, void *arg, struct err *e);
/* Are all authorizations of this order valid, and last 'now'?  Is one lost, or over 'ended_by'? */
MUST_CHECK bool store_acme_authz_of_order(struct store *st, int64_t order_num,
    int64_t now, int64_t ended_by, bool *ret_all_valid, bool *ret_one_lost,
    struct err *e);

struct acme_attempt {
	int64_t num, at, account_num;
	enum name_type type;
	const char *value;
	enum challenge challenge;
	const char *result, *detail, *transcript, *seen;
	const char *request_id; /* by which it began; "": that is not known any more */
};
/* The newest are kept, whatever their age. */
#define STORE_ACME_ATTEMPTS_MAX 10000
MUST_CHECK bool store_acme_authz_attempt(struct store *st, const struct acme_attempt *a,
    struct err *e);
typedef bool store_acme_authz_each_attempt(void *arg, const struct acme_attempt *a,
    struct err *e);
/* Newest first; 'value' NULL: of whatever name. */
MUST_CHECK bool store_acme_authz_attempts(struct store *st, const char *value,
    int64_t before, size_t limit, store_acme_authz_each_attempt *each, void *arg,
    struct err *e);
/*
 * Housekeeping, at most 'limit' rows of each kind: those past their time become EXPIRED;
 * what is not VALID is removed when no order names it any more, or has not and its time
 * was over before 'vain_before'; attempts older than 'gone_before' too.  *cursor: how far
 * the last call looked; 0 at first.  *ret_n: rows changed.
 */
MUST_CHECK bool store_acme_authz_sweep(struct store *st, int64_t now,
    int64_t gone_before, int64_t vain_before, size_t limit, int64_t *cursor,
    int64_t *ret_n, struct err *e);

#endif
