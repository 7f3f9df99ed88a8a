/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_acme_account - ACME accounts, and the keys that bind them to somebody
 * (RFC 8555 7.1.2, 7.3.4).
 */
#ifndef STORE_STORE_ACME_ACCOUNT_H
#define STORE_STORE_ACME_ACCOUNT_H

#include "policy/acme_state.h"
#include "store/store.h"

#define ACME_ID_LEN 23 /* 22 characters and a NUL */

struct acme_account {
	int64_t num; /* in the order of making */
	char id[ACME_ID_LEN];
	char *directory;
	enum acme_status status;
	uint8_t thumbprint[32], key_hash[32];
	char *key;        /* JWK */
	char *contact;    /* JSON array */
	int64_t terms_at; /* 0: not agreed to */
	int64_t eab_num;  /* 0: not bound */
	char *eab;        /* JSON, "" */
	int64_t created_at;
	char *created_from;
	int64_t ended_at; /* 0: it has not */
	char *ended_by;
};
void store_acme_account_free(struct acme_account *a); /* what is inside */

/* ERR_CONFLICT: an account of this directory has this key.  Fills *ret_num. */
MUST_CHECK bool store_acme_account_add(struct store *st, const struct acme_account *a,
    int64_t *ret_num, struct err *e);
/* ERR_NOT_FOUND. */
MUST_CHECK bool store_acme_account_by_id(struct store *st, const char *id,
    struct acme_account *ret, struct err *e);
MUST_CHECK bool store_acme_account_by_key(struct store *st, const char *directory,
    const uint8_t thumbprint[static 32], struct acme_account *ret, struct err *e);
MUST_CHECK bool store_acme_account_by_num(struct store *st, int64_t num,
    struct acme_account *ret, struct err *e);
/* Does any account, of whatever directory, have this key? (RFC 8555 11.1) */
MUST_CHECK bool store_acme_account_has_key(struct store *st,
    const uint8_t key_hash[static 32], bool *ret, struct err *e);

MUST_CHECK bool store_acme_account_contact(struct store *st, int64_t num,
    const char *contact, struct err *e);
/* ERR_CONFLICT: an account of this directory has the new key. */
MUST_CHECK bool store_acme_account_rekey(struct store *st, int64_t num,
    const uint8_t thumbprint[static 32], const uint8_t key_hash[static 32],
    const char *key, struct err *e);
/* ERR_CONFLICT: it is not in 'from' any more. */
MUST_CHECK bool store_acme_account_end(struct store *st, int64_t num,
    enum acme_status from, enum acme_status to, int64_t at, const char *by,
    struct err *e);

typedef bool store_acme_account_each(void *arg, const struct acme_account *a,
    struct err *e);
/* Newest first, older than 'before' (0: from the newest).  'directory' NULL, 'eab_num' 0,
 * 'status' 0: any. */
struct acme_account_query {
	const char *directory;
	enum acme_status status;
	int64_t eab_num, before;
	int64_t from; /* this num or newer; 0: all */
	size_t limit;
};
MUST_CHECK bool store_acme_account_list(struct store *st,
    const struct acme_account_query *q, store_acme_account_each *each, void *arg,
    struct err *e);
/* The num of the newest; 0: there is none. */
MUST_CHECK bool store_acme_account_newest(struct store *st, int64_t *ret,
    struct err *e);

#endif
