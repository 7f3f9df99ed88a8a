/* SPDX-License-Identifier: Apache-2.0 */
/* A challenge: read, and begun (RFC 8555 7.5.1). */
#include "ca/acme_challenge.h"

#include <stdlib.h>
#include <string.h>

#include "api/acme_impl.h"
#include "api/acme_objects.h"

/*
 * A client that answers a challenge is answered when it is judged, if that is soon:
 * most need then ask no more.
 */
#define WAIT_MS 1000

static const struct acme_challenge *
find(const struct acme_authz *authz, const char *id)
{
	for (size_t i = 0; i < authz->n_challenges; i++)
		if (strcmp(authz->challenges[i].id, id) == 0)
			return &authz->challenges[i];
	return NULL;
}

/* Another's is not there. */
static bool
look_up(const struct acme *a, struct acme_authz *ret,
    const struct acme_challenge **ret_c, struct err *e)
{
	char id[ACME_CHALLENGE_ID_LEN];
	struct acme_authz authz = { 0 };

	if (!bytes_to_str(a->params[0], id, sizeof(id)))
		return err_set(e, ERR_NOT_FOUND, "there is no such challenge");
	if (!store_acme_authz_by_challenge(ca_store(a->r->ca), id, &authz, e))
		return false;
	if (authz.account_num != a->account.num) {
		store_acme_authz_free(&authz);
		return err_set(e, ERR_FORBIDDEN, "this challenge is another account's");
	}
	if (!acme_order_refresh_authz(a->r->ca, &authz, e) ||
	    !acme_challenge_tell(a->r->ca, &authz, e)) {
		store_acme_authz_free(&authz);
		return false;
	}
	*ret = authz;
	*ret_c = find(ret, id);
	return true;
}

static void
answer(struct acme *a, const struct acme_authz *authz, const struct acme_challenge *c)
{
	struct buf text;
	struct json_put w = { .b = &text };
	char *url = acme_url(a, "/authz/%s", authz->id);

	acme_link(a, "up", url);
	free(url);
	if (c->status == ACME_PROCESSING)
		acme_retry_after(a, 1);
	buf_init(&text, REQUEST_ANSWER_MAX);
	acme_objects_put_challenge(a, &w, c);
	acme_json_put(a, 200, &w);
}

/* As it is by now. */
static void
answer_anew(void *arg)
{
	struct acme *a = arg;
	struct acme_authz authz = { 0 };
	const struct acme_challenge *c;
	struct err e;

	if (look_up(a, &authz, &c, &e)) {
		a->r->wrote = true;
		answer(a, &authz, c);
	} else
		acme_problem(a, &e, NULL, NULL);
	store_acme_authz_free(&authz);
}

void
acme_on_challenge(struct acme *a)
{
	struct acme_authz authz = { 0 };
	const struct acme_challenge *c;
	struct err e;

	if (!look_up(a, &authz, &c, &e)) {
		acme_problem(a, &e, NULL, NULL);
		return;
	}
	if (a->payload == NULL) {
		a->r->wrote = store_dirty(ca_store(a->r->ca));
		answer(a, &authz, c);
		store_acme_authz_free(&authz);
		return;
	}
	const struct acme_challenge_ask q = {
		.account = &a->account,
		.directory = a->directory,
		.authz = &authz,
		.challenge = c,
		.request_id = a->r->id,
		.wait_ms = WAIT_MS,
	};
	a->r->wrote = true;
	if (!acme_challenge_begin(a->r->ca, &q, answer_anew, a, &e))
		acme_problem(a, &e, NULL, NULL);
	store_acme_authz_free(&authz);
}
