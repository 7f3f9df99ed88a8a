/* SPDX-License-Identifier: Apache-2.0 */
/* store_acme_order - orders, and which authorizations they need (RFC 8555 7.1.3). */
#ifndef STORE_STORE_ACME_ORDER_H
#define STORE_STORE_ACME_ORDER_H

#include "store/store_acme_account.h"
#include "x509/names.h"

struct acme_order_name {
	enum name_type type;
	char *value; /* with "*." where it is a wildcard */
	int64_t authz_num;
	char authz_id[ACME_ID_LEN]; /* read, not written */
};

struct acme_order {
	int64_t num;
	char id[ACME_ID_LEN];
	int64_t account_num;
	enum acme_status status;
	char *profile;
	bool profile_asked;
	int64_t created_at, expires_at; /* VALID: when its certificate has ended */
	int64_t not_before, not_after;  /* as asked for; 0: not */
	char *replaces;                 /* "" */
	char *error;                    /* problem document, "" */
	int64_t certificate_id;         /* 0: none yet */
	struct acme_order_name *names;
	size_t n_names;
};
void store_acme_order_free(struct acme_order *o); /* what is inside */

/* With its names.  Fills *ret_num. */
MUST_CHECK bool store_acme_order_add(struct store *st, const struct acme_order *o,
    int64_t *ret_num, struct err *e);
MUST_CHECK bool store_acme_order_by_id(struct store *st, const char *id,
    struct acme_order *ret, struct err *e);
MUST_CHECK bool store_acme_order_by_num(struct store *st, int64_t num,
    struct acme_order *ret, struct err *e);
/* Compare and set.  'error' NULL: as it was.  ERR_CONFLICT: it is not in 'from' any more. */
MUST_CHECK bool store_acme_order_move(struct store *st, int64_t num,
    enum acme_status from, enum acme_status to, const char *error, struct err *e);
/*
 * From ca/reconcile: the certificate is there; from here on the order lasts as long as it.
 * An INVALID one stays that, but is known for the certificate's.  An order that is not
 * there, or has a certificate, is let be.
 */
MUST_CHECK bool store_acme_order_issued(struct store *st, const char *id,
    int64_t certificate_id, struct err *e);
/* Orders in PROCESSING without a certificate, at start: back to READY; how many in *ret. */
MUST_CHECK bool store_acme_order_resume(struct store *st, int64_t *ret, struct err *e);
/* All of an account that are in PENDING, READY or PROCESSING become INVALID. */
MUST_CHECK bool store_acme_order_end_account(struct store *st, int64_t account_num,
    const char *error, struct err *e);
/*
 * An order that replaces this certificate: of anybody's one that is proved and not INVALID,
 * of this account's one in PENDING, too.  Of several the one that lasts.  ERR_NOT_FOUND.
 */
MUST_CHECK bool store_acme_order_replacing(struct store *st, const char *replaces,
    int64_t account_num, struct acme_order *ret, struct err *e);
/* The order that this certificate came from; ERR_NOT_FOUND. */
MUST_CHECK bool store_acme_order_by_certificate(struct store *st,
    int64_t certificate_id, struct acme_order *ret, struct err *e);

typedef bool store_acme_order_each(void *arg, const struct acme_order *o,
    struct err *e);
struct acme_order_query {
	int64_t account_num;     /* 0: any */
	enum acme_status status; /* 0: any */
	bool not_invalid;
	const char *name; /* one of its identifiers; NULL: any */
	int64_t before;   /* older than this num; 0: from the newest */
	int64_t from;     /* this num or newer; 0: all */
	size_t limit;
};
/* Newest first.  'each' must not write to what it is listed from. */
MUST_CHECK bool store_acme_order_list(struct store *st,
    const struct acme_order_query *q, store_acme_order_each *each, void *arg,
    struct err *e);
/* The num of the newest; 0: there is none. */
MUST_CHECK bool store_acme_order_newest(struct store *st, int64_t *ret, struct err *e);
/*
 * The orders in PENDING or READY that need this authorization, newest first: of each
 * num, status, profile and expires_at are filled, no more.
 */
MUST_CHECK bool store_acme_order_waiting(struct store *st, int64_t authz_num,
    size_t limit, store_acme_order_each *each, void *arg, struct err *e);
/*
 * Housekeeping, of the next 'limit' rows: orders past their time become INVALID,
 * with 'error'; those whose time was over before 'gone_before' are removed, one with a
 * certificate so when that has ended, one that was never proved whole before 'vain_before'.
 * *cursor: how far the last call looked; 0 at first.  *ret_n: rows changed.
 */
MUST_CHECK bool store_acme_order_sweep(struct store *st, int64_t now,
    int64_t gone_before, int64_t vain_before, const char *error, size_t limit,
    int64_t *cursor, int64_t *ret_n, struct err *e);

#endif
