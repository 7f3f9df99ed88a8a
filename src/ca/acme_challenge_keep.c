/* SPDX-License-Identifier: Apache-2.0 */
/* What is under way, and whether its row says so. */
#include "acme_challenge_impl.h"
#include "base/log.h"
#include "ca/ca_state.h"

#define OF_ACCOUNT_MAX 256
#define OF_ACCOUNT_FEW 4 /* when half of all are taken */

static bool
keep(struct validation *v, struct err *e)
{
	if (v->kept)
		return true;
	if (!ca_writable(v->ca, e) || !store_begin(v->ca->store, e) ||
	    (!store_acme_authz_move_challenge(v->ca->store, v->challenge_num,
		 ACME_PENDING, ACME_PROCESSING, 0, "", e) &&
		e->code != ERR_CONFLICT)) /* it says so already */
		return false;
	v->kept = true;
	return true;
}

void
acme_challenge_keep(struct validation *v)
{
	struct err e;

	if (!keep(v, &e))
		LOG_ERR(LOG_ERROR, "acme-validation", &e);
}

void
acme_challenge_undone(struct ca *ca)
{
	for (struct validation *v = ca->validations; v != NULL; v = v->next)
		v->kept = false;
}

struct validation *
acme_challenge_find(const struct ca *ca, int64_t challenge_num)
{
	for (struct validation *v = ca->validations; v != NULL; v = v->next)
		if (v->challenge_num == challenge_num)
			return v;
	return NULL;
}

bool
acme_challenge_is_running(const struct ca *ca, int64_t challenge_num)
{
	return acme_challenge_find(ca, challenge_num) != NULL;
}

bool
acme_challenge_tell(struct ca *ca, struct acme_authz *a, struct err *e)
{
	for (size_t i = 0; i < a->n_challenges; i++) {
		struct acme_challenge *c = &a->challenges[i];
		struct validation *v =
		    c->status == ACME_PENDING ? acme_challenge_find(ca, c->num) : NULL;

		if (v == NULL)
			continue;
		if (!keep(v, e))
			return false;
		c->status = ACME_PROCESSING;
	}
	return true;
}

bool
acme_challenge_room(const struct ca *ca, int64_t account_num, struct err *e)
{
	size_t all = 0, own = 0;

	for (const struct validation *v = ca->validations; v != NULL; v = v->next) {
		all++;
		own += v->account_num == account_num;
	}
	if (all < ACME_CHALLENGE_MAX &&
	    own < (all < ACME_CHALLENGE_MAX / 2 ? OF_ACCOUNT_MAX : OF_ACCOUNT_FEW))
		return true;
	err_set(e, ERR_RATE_LIMITED, "%zu validations%s are under way; come again",
	    all < ACME_CHALLENGE_MAX ? own : all,
	    all < ACME_CHALLENGE_MAX ? " of this account" : "");
	e->retry_s = 5;
	return false;
}
