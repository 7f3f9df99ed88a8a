/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of orders and authorizations with time (RFC 8555 7.1.6). */
#include "acme_order_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/acme_room.h"
#include "ca/ca_state.h"

#define SWEEP_ROWS 200                   /* of one kind in one step */
#define KEPT_S     (INT64_C(30) * 86400) /* behind the end of what is removed then */
#define VAIN_S     INT64_C(3600) /* so of what was never proved: anybody makes it */
/* Orders that one authorization moves at once; the others move when they are looked at. */
#define OPEN_MAX   100

static char *
error_of(enum err_code code, const char *detail)
{
	struct err e;

	err_set(&e, code, "%s", detail);
	return acme_problem_text(&e);
}

static char *
error_late(void)
{
	return error_of(ERR_MALFORMED, "the order was not finished in time");
}

static char *
error_lost(void)
{
	return error_of(ERR_PROBE_PROOF, "an authorization that the order needs has "
					 "expired, failed or was given up");
}

/* ---- orders ---- */

bool
acme_order_event(struct ca *ca, struct acme_order *o, enum acme_event ev,
    const char *error, struct err *e)
{
	enum acme_status to;

	if (!acme_state_next(ACME_ORDER, o->status, ev, &to))
		return true;
	if (!ca_writable(ca, e) || !store_begin(ca->store, e) ||
	    !store_acme_order_move(ca->store, o->num, o->status, to, error, e))
		return false;
	o->status = to;
	prom_count(&ca->tally.acme_orders, o->profile, acme_state_word(to));
	if (error != NULL) {
		free(o->error);
		o->error = mem_strdup(error);
	}
	return true;
}

static bool
is_waiting(const struct acme_order *o)
{
	return o->status == ACME_PENDING || o->status == ACME_READY;
}

/* 'error' NULL: whatever the authorization was lost by. */
static bool
refresh(struct ca *ca, struct acme_order *o, const char *error, struct err *e)
{
	const int64_t now = clock_now(), ended_by = ending_now(ca);
	bool all_valid, one_lost, ok = true;
	char *own = NULL;

	/* Of one that is behind the journal nobody knows whether it was told to be VALID. */
	if (o->status == ACME_READY &&
	    (ca->phase == CA_BEHIND || acme_order_is_processing(ca, o->num)))
		o->status = ACME_PROCESSING;
	if (!is_waiting(o))
		return true;
	if (!store_acme_authz_of_order(ca->store, o->num, now, ended_by, &all_valid,
		&one_lost, e))
		return false;
	if (o->expires_at <= ended_by) {
		own = error_late();
		ok = acme_order_event(ca, o, ACME_EV_EXPIRE, own, e);
	} else if (one_lost) {
		own = error_lost();
		ok = acme_order_event(ca, o, ACME_EV_FAIL,
		    error != NULL && error[0] != '\0' ? error : own, e);
	} else if (all_valid) {
		ok = acme_order_event(ca, o, ACME_EV_PROVE, NULL, e);
	} else if (o->status == ACME_READY) {
		/* By a clock that is not believed: nothing is ended, and nothing used. */
		o->status = ACME_PENDING;
	}
	free(own);
	return ok;
}

bool
acme_order_refresh(struct ca *ca, struct acme_order *o, struct err *e)
{
	return refresh(ca, o, NULL, e);
}

/* ---- authorizations ---- */

bool
acme_order_refresh_authz(struct ca *ca, struct acme_authz *a, struct err *e)
{
	enum acme_status to;

	if (a->expires_at > ending_now(ca) ||
	    !acme_state_next(ACME_AUTHZ, a->status, ACME_EV_EXPIRE, &to))
		return true;
	if (!ca_writable(ca, e) || !store_begin(ca->store, e) ||
	    !store_acme_authz_move(ca->store, a->num, a->status, to, 0, e))
		return false;
	a->status = to;
	return acme_order_authz_changed(ca, a->num, NULL, e);
}

struct orders {
	struct acme_order *v;
	size_t n;
};

static bool
collect(void *arg, const struct acme_order *o, struct err *e)
{
	struct orders *list = arg;

	(void)e;
	list->v = mem_grow(list->v, list->n + 1, sizeof(*list->v));
	struct acme_order *copy = &list->v[list->n++];
	*copy = *o;
	copy->profile = mem_strdup(o->profile);
	return true;
}

bool
acme_order_authz_changed(struct ca *ca, int64_t authz_num, const char *error,
    struct err *e)
{
	struct orders list = { 0 };

	bool ok =
	    store_acme_order_waiting(ca->store, authz_num, OPEN_MAX, collect, &list, e);
	for (size_t i = 0; i < list.n; i++) {
		ok = ok && refresh(ca, &list.v[i], error, e);
		store_acme_order_free(&list.v[i]);
	}
	free(list.v);
	return ok;
}

bool
acme_order_deactivate_authz(struct ca *ca, struct acme_authz *a, struct err *e)
{
	enum acme_status to;

	/* What has ended already is let be: clients tidy up after a failure (A168). */
	if (!acme_state_next(ACME_AUTHZ, a->status, ACME_EV_DEACTIVATE, &to))
		return true;
	if (!ca_writable(ca, e) || !store_begin(ca->store, e) ||
	    !store_acme_authz_move(ca->store, a->num, a->status, to, 0, e))
		return false;
	a->status = to;
	return acme_order_authz_changed(ca, a->num, NULL, e);
}

/* ---- all of an account ---- */

bool
acme_order_account_ended(struct ca *ca, int64_t account_num, struct err *e)
{
	char *error = error_of(ERR_ACCOUNT_ENDED, "the account was ended");

	const bool ok =
	    ca_writable(ca, e) && store_begin(ca->store, e) &&
	    store_acme_order_end_account(ca->store, account_num, error, e) &&
	    store_acme_authz_end_account(ca->store, account_num, e);
	free(error);
	return ok;
}

/* ---- housekeeping ---- */

void
acme_order_sweep(struct ca *ca)
{
	const int64_t now = ending_now(ca);
	char *error = error_late();
	int64_t orders, authz;
	struct err e;

	if (ca_writable(ca, &e) && !ca->round_failed &&
	    (!store_begin(ca->store, &e) || !acme_order_keep(ca, &e) ||
		!store_acme_order_sweep(ca->store, now, now - KEPT_S, now - VAIN_S,
		    error, SWEEP_ROWS, &ca->acme_orders_cursor, &orders, &e) ||
		!store_acme_authz_sweep(ca->store, now, now - KEPT_S, now - VAIN_S,
		    SWEEP_ROWS, &ca->acme_cursor, &authz, &e) ||
		!acme_room_look(ca, &e))) {
		LOG_ERR(LOG_ERROR, "acme-sweep", &e);
		ca_round_fail(ca, &e); /* others of the round wrote in it, too */
	}
	free(error);
}
