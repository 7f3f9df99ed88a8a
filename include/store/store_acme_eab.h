/* SPDX-License-Identifier: Apache-2.0 */
/* store_acme_eab - keys for external account binding (RFC 8555 7.3.4); the MAC key itself is not kept. */
#ifndef STORE_STORE_ACME_EAB_H
#define STORE_STORE_ACME_EAB_H

#include "store/store.h"

#define STORE_ACME_EAB_LIST_MAX 1001

struct acme_eab {
	int64_t num;
	char *kid;
	char *directory;
	char *
	    names; /* JSON array of patterns, as a profile's names: "dns:*.internal" …; "[]": any */
	int64_t accounts_max, accounts_n;
	int64_t certificates_max, certificates_n; /* max 0: no limit */
	int64_t expires_at;                       /* it binds until then */
	int64_t ends_at; /* its accounts order until then; 0: for ever */
	int64_t created_at;
	char *created_by, *request_id;
	int64_t revoked_at; /* 0: it is not */
	char *revoked_by;
};
void store_acme_eab_free(struct acme_eab *k); /* what is inside */

enum acme_eab_status {     /* derived, never stored; the first that fits, from below */
	ACME_EAB_OPEN = 1, /* it binds accounts */
	ACME_EAB_EXPIRED,  /* it binds no more: too late */
	ACME_EAB_BOUND,    /* it binds no more: accounts_max are */
	ACME_EAB_SPENT,    /* certificates_max are issued */
	ACME_EAB_ENDED,    /* its accounts order no more */
	ACME_EAB_REVOKED
};
enum acme_eab_status store_acme_eab_status(const struct acme_eab *k, int64_t now);
const char *store_acme_eab_status_word(enum acme_eab_status s); /* "open" … */

/* 'num', both counts and what tells of a revocation are not read.  ERR_CONFLICT: the
 * kid is there. */
MUST_CHECK bool store_acme_eab_add(struct store *st, const struct acme_eab *k,
    struct err *e);
/* ERR_NOT_FOUND. */
MUST_CHECK bool store_acme_eab_by_kid(struct store *st, const char *kid,
    struct acme_eab *ret, struct err *e);
MUST_CHECK bool store_acme_eab_by_num(struct store *st, int64_t num,
    struct acme_eab *ret, struct err *e);
/* One account more.  ERR_CONFLICT: accounts_max are bound, or it is revoked. */
MUST_CHECK bool store_acme_eab_bind(struct store *st, int64_t num, struct err *e);
/* One certificate more; from ca/reconcile.  A key that is not there is let be. */
MUST_CHECK bool store_acme_eab_count(struct store *st, int64_t num, struct err *e);
/* The first time stays.  One that is not there is let be. */
/* Certificates that the signer was asked for and has not answered: they will count too. */
MUST_CHECK bool store_acme_eab_under_way(struct store *st, int64_t num, int64_t *ret,
    struct err *e);
MUST_CHECK bool store_acme_eab_revoke(struct store *st, int64_t num, int64_t at,
    const char *by, struct err *e);
/* It binds no more from 'at' on. */
MUST_CHECK bool store_acme_eab_expire(struct store *st, int64_t num, int64_t at,
    struct err *e);
/* So do all that are open; how many in '*ret'. */
MUST_CHECK bool store_acme_eab_expire_all(struct store *st, int64_t at, int64_t *ret,
    struct err *e);
typedef bool store_acme_eab_each(void *arg, const struct acme_eab *k, struct err *e);
/* Newest first, older than 'before' (0: from the newest).  'each' may refuse. */
MUST_CHECK bool store_acme_eab_list(struct store *st, int64_t before, size_t limit,
    store_acme_eab_each *each, void *arg, struct err *e);

#endif
