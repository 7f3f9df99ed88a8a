/* SPDX-License-Identifier: Apache-2.0 */
/* acme_order - orders and authorizations: made, kept up to date, finalized (RFC 8555 7.4, 7.5). */
#ifndef CA_ACME_ORDER_H
#define CA_ACME_ORDER_H

#include "ca/acme_account.h"
#include "ca/issue.h"
#include "store/store_acme_authz.h"

struct acme_order_ask { /* new-order */
	const struct acme_account *account;
	const struct conf_profile *directory;
	const struct names *names; /* lower case, once each, "*." kept */
	const char *profile;       /* NULL: the directory's own */
	const char *const
	    *ancestors; /* RFC 9444, one for each name; NULL: none, or an entry NULL */
	int64_t not_before, not_after; /* 0: not asked for */
	const char *replaces;          /* RFC 9773; NULL: nothing */
	const char *request_id;
};
/*
 * Judges the names by profile, EAB key and issuer's constraints before any authorization
 * is made, uses valid (and pending) authorizations again.  Refused: rows in 'v'.
 */
MUST_CHECK bool acme_order_make(struct ca *ca, const struct acme_order_ask *q,
    struct acme_order *ret, struct verdict *v, struct err *e);
/* Pre-authorization (RFC 8555 7.4.1). */
MUST_CHECK bool acme_order_make_authz(struct ca *ca, const struct acme_account *account,
    const struct conf_profile *directory, const struct name *name, bool subdomains,
    struct acme_authz *ret, struct verdict *v, struct err *e);

/* Brings what was read to the present: past its time, authorizations all valid, one lost. */
MUST_CHECK bool acme_order_refresh(struct ca *ca, struct acme_order *o, struct err *e);
MUST_CHECK bool acme_order_refresh_authz(struct ca *ca, struct acme_authz *a,
    struct err *e);
/* After an authorization changed: every open order that needs it. */
MUST_CHECK bool acme_order_authz_changed(struct ca *ca, int64_t authz_num,
    const char *error, struct err *e);
MUST_CHECK bool acme_order_deactivate_authz(struct ca *ca, struct acme_authz *a,
    struct err *e);

/* In its order; names_free() them. */
struct names acme_order_names(const struct acme_order *o);

/*
 * READY -> PROCESSING -> VALID.  False: refused, the order is as it was, rows in 'v'.  True:
 * 'done' will be called; the order is VALID then (its row and the certificate's change
 * together, by the journal's record), or READY again.
 */
MUST_CHECK bool acme_order_finalize(struct ca *ca, const struct acme_account *account,
    struct acme_order *o, const struct csr *csr, const char *request_id,
    issue_done *done, void *arg, struct verdict *v, struct err *e);
/*
 * PROCESSING lasts a few milliseconds and ends with a stop, so the row of such an order says
 * READY: acme_order_refresh() knows better.
 */
bool acme_order_is_processing(const struct ca *ca, int64_t num);
/* How many of those are of accounts that this key binds: no row of the store counts them. */
int64_t acme_order_unkept_of(const struct ca *ca, int64_t eab_num);
/* Writes it into the rows, for who goes by them. */
MUST_CHECK bool acme_order_keep(struct ca *ca, struct err *e);
/* A round was undone: what acme_order_keep() wrote may be, and acme_resume() follows. */
void acme_order_undone(struct ca *ca);

/* Its open orders become INVALID, its authorizations DEACTIVATED (RFC 8555 7.3.6). */
MUST_CHECK bool acme_order_account_ended(struct ca *ca, int64_t account_num,
    struct err *e);

/* Housekeeping in bounded batches, by a timer of core. */
void acme_order_sweep(struct ca *ca);

#endif
