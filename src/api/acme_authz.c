/* SPDX-License-Identifier: Apache-2.0 */
/* Authorizations: pre-authorized, read, given up (RFC 8555 7.4.1, 7.5, 7.5.2). */
#include <stdlib.h>
#include <string.h>

#include "api/acme_identifiers.h"
#include "api/acme_objects.h"
#include "ca/acme_challenge.h"
#include "ca/acme_order.h"

/* ---- new-authz ---- */

/* RFC 9444 4.2 */
static bool
wants_subdomains(const json_t *payload, const json_t *identifier)
{
	static const char member[] = "subdomainAuthAllowed";

	return json_is_true(json_object_get(payload, member)) ||
	       json_is_true(json_object_get(identifier, member));
}

static void
answer(struct acme *a, int status, const struct acme_authz *authz)
{
	struct buf text;
	struct json_put w = { .b = &text };
	char *url = acme_url(a, "/authz/%s", authz->id);

	acme_location(a, url);
	free(url);
	if (authz->status == ACME_PENDING)
		acme_retry_after(a, 1);
	buf_init(&text, REQUEST_ANSWER_MAX);
	acme_objects_put_authz(a, &w, authz);
	acme_json_put(a, status, &w);
}

void
acme_on_new_authz(struct acme *a)
{
	const json_t *identifier = json_object_get(a->payload, "identifier");
	struct acme_identifiers ids = { 0 };
	struct acme_authz authz = { 0 };
	struct verdict v = { 0 };
	struct err e;

	const bool ok =
	    acme_identifiers_read_one(identifier, &ids, &v, &e) &&
	    acme_order_make_authz(a->r->ca, &a->account, a->directory, &ids.names.v[0],
		wants_subdomains(a->payload, identifier), &authz, &v, &e);
	if (ok) {
		a->r->wrote = true;
		answer(a, 201, &authz);
	} else {
		acme_problem(a, &e, &v, &ids.names);
	}
	acme_identifiers_free(&ids);
	store_acme_authz_free(&authz);
	verdict_free(&v);
}

/* ---- one authorization ---- */

static bool
look_up(struct acme *a, struct acme_authz *ret, struct err *e)
{
	struct store *st = ca_store(a->r->ca);
	struct acme_authz authz = { 0 };
	char id[ACME_ID_LEN];

	if (!acme_id(a, 0, id))
		return err_set(e, ERR_NOT_FOUND, "there is no such authorization");
	if (!store_acme_authz_by_id(st, id, &authz, e))
		return false;
	bool ok = authz.account_num == a->account.num ||
		  err_set(e, ERR_FORBIDDEN, "this authorization is another account's");
	ok = ok && acme_order_refresh_authz(a->r->ca, &authz, e) &&
	     acme_challenge_tell(a->r->ca, &authz, e);
	if (!ok) {
		store_acme_authz_free(&authz);
		return false;
	}
	*ret = authz;
	return true;
}

/* The status alone counts; clients send other members, empty (A168). */
static bool
change(struct acme *a, struct acme_authz *authz, struct err *e)
{
	const char *status = json_string_value(json_object_get(a->payload, "status"));

	if (status == NULL)
		return true;
	if (strcmp(status, "deactivated") != 0)
		return err_set(e, ERR_MALFORMED,
		    "an authorization can be \"deactivated\" and nothing else");
	return acme_order_deactivate_authz(a->r->ca, authz, e);
}

void
acme_on_authz(struct acme *a)
{
	struct acme_authz authz = { 0 };
	struct err e;

	if (look_up(a, &authz, &e) && (a->payload == NULL || change(a, &authz, &e))) {
		a->r->wrote = store_dirty(ca_store(a->r->ca));
		answer(a, 200, &authz);
	} else {
		acme_problem(a, &e, NULL, NULL);
	}
	store_acme_authz_free(&authz);
}
