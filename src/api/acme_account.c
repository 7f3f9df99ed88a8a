/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts: new-account, the account itself, key-change (RFC 8555 7.3). */
#include "ca/acme_account.h"

#include <stdlib.h>
#include <string.h>

#include "api/acme_impl.h"
#include "api/acme_objects.h"
#include "base/mem.h"

/* RFC 8555 7.1.2.  What the server does not know of is never reflected (A96). */
static json_t *
account_json(const struct acme *a, const struct acme_account *acc)
{
	json_t *v = json_object();

	json_object_set_new(v, "status", json_string(acme_state_word(acc->status)));
	acme_objects_set_text(v, "contact", acc->contact);
	if (acc->terms_at != 0)
		json_object_set_new(v, "termsOfServiceAgreed", json_true());
	acme_objects_set_text(v, "externalAccountBinding", acc->eab);
	acme_put(v, "orders", acme_url(a, "/account/%s/orders", acc->id));
	return v;
}

static void
answer_account(struct acme *a, int status, const struct acme_account *acc)
{
	char *url = acme_url(a, "/account/%s", acc->id);

	acme_location(a, url);
	free(url);
	if (ca_conf(a->r->ca)->acme.terms != NULL)
		acme_link(a, "terms-of-service", ca_conf(a->r->ca)->acme.terms);
	acme_json(a, status, account_json(a, acc));
}

/* What is null is as if it were not there; some clients send all members they know. */
static const json_t *
member(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	return json_is_null(v) ? NULL : v;
}

void
acme_on_new_account(struct acme *a)
{
	char *url = acme_url(a, "/new-account");
	const struct acme_account_ask q = {
		.directory = a->directory,
		.key = a->key,
		.contact = member(a->payload, "contact"),
		.terms_agreed =
		    json_is_true(json_object_get(a->payload, "termsOfServiceAgreed")),
		.only_existing =
		    json_is_true(json_object_get(a->payload, "onlyReturnExisting")),
		.eab = member(a->payload, "externalAccountBinding"),
		.url = url,
		.address = a->r->in.address,
		.request_id = a->r->id,
	};
	bool made;
	struct err e;

	const bool ok = acme_account_open(a->r->ca, &q, &a->account, &made, &e);
	free(url);
	if (!ok) {
		acme_problem(a, &e, NULL, NULL);
		return;
	}
	a->r->wrote = made;
	answer_account(a, made ? 201 : 200, &a->account);
}

/* ---- the account itself ---- */

/* Another's URL is refused, there or not (A108). */
static bool
is_own(const struct acme *a, struct err *e)
{
	return bytes_eq_str(a->params[0], a->account.id) ||
	       err_set(e, ERR_FORBIDDEN,
		   "this is not the URL of the account that asks");
}

/* RFC 8555 7.3.2, 7.3.6; whatever else the object says is ignored. */
static bool
change(struct acme *a, struct err *e)
{
	const json_t *contact = member(a->payload, "contact");
	const char *status = json_string_value(json_object_get(a->payload, "status"));

	if (contact != NULL &&
	    !acme_account_set_contact(a->r->ca, &a->account, contact, a->r->id, e))
		return false;
	if (status == NULL || strcmp(status, "deactivated") != 0)
		return true;
	char *by = acme_identity_text(a->account.id);
	const bool ok = acme_account_end(a->r->ca, &a->account, ACME_EV_DEACTIVATE, by,
	    a->r->id, e);
	free(by);
	return ok;
}

void
acme_on_account(struct acme *a)
{
	struct err e;

	if (!is_own(a, &e) || (a->payload != NULL && !change(a, &e))) {
		acme_problem(a, &e, NULL, NULL);
		return;
	}
	a->r->wrote = a->payload != NULL;
	answer_account(a, 200, &a->account);
}

/* ---- key-change (RFC 8555 7.3.5) ---- */

/* The inner JWS is by the new key and says which account and which old key. */
static bool
check_inner_payload(const struct acme *a, const struct jws *inner, struct err *e)
{
	char *url = acme_url(a, "/account/%s", a->account.id);
	json_t *v = NULL;
	struct jwk *old = NULL;

	bool ok = jws_payload_object(inner, &v, e);
	const char *account = json_text(v, "account");
	if (ok && (account == NULL || strcmp(account, url) != 0))
		ok = err_set(e, ERR_MALFORMED,
		    "key change: \"account\" is not the account that asks");
	ok = ok && (jwk_read(json_object_get(v, "oldKey"), &old, e) ||
		       err_prefix(e, "key change: oldKey"));
	if (ok && !jwk_same(old, a->key))
		ok = err_set(e, ERR_MALFORMED,
		    "key change: \"oldKey\" is not the account's present key");
	free(url);
	json_decref(v);
	jwk_free(old);
	return ok;
}

static bool
check_inner(const struct acme *a, const struct jws *inner, struct jwk **ret,
    struct err *e)
{
	struct jwk *key = NULL;

	if (inner->nonce != NULL)
		return err_set(e, ERR_MALFORMED,
		    "key change: the inner JWS must have no nonce");
	if (strcmp(inner->url, a->jws->url) != 0)
		return err_set(e, ERR_MALFORMED,
		    "key change: the inner JWS has another url than the outer");
	if (!jws_check_alg(inner, e) || !jws_key(inner, &key, e) ||
	    !jws_verify(inner, key, e) || !check_inner_payload(a, inner, e)) {
		jwk_free(key);
		return err_prefix(e, "key change");
	}
	if (jwk_same(key, a->key)) {
		jwk_free(key);
		return err_set(e, ERR_MALFORMED,
		    "key change: the new key is the old one");
	}
	*ret = key;
	return true;
}

void
acme_on_key_change(struct acme *a)
{
	struct jws *inner = NULL;
	struct jwk *key = NULL;
	char other[ACME_ID_LEN] = "";
	struct err e;

	const bool ok =
	    jws_parse_json(a->payload, &inner, &e) && check_inner(a, inner, &key, &e) &&
	    acme_account_rekey(a->r->ca, &a->account, key, a->r->id, other, &e);
	jws_free(inner);
	jwk_free(key);
	if (!ok && other[0] != '\0') { /* whose it is (A128) */
		char *url = acme_url(a, "/account/%s", other);

		acme_location(a, url);
		free(url);
	}
	if (!ok) {
		acme_problem(a, &e, NULL, NULL);
		return;
	}
	a->r->wrote = true;
	answer_account(a, 200, &a->account);
}
