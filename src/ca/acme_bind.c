/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acme_bind.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/acme_order.h"
#include "ca/audit.h"
#include "ca/ca_state.h"
#include "policy/acme_pattern.h"
#include "policy/profile.h"

/* ---- the binding in a new-account request ---- */

/* The outer key must be what the MAC speaks for: as keys, not as octets. */
static bool
same_key(const struct jws *s, const struct jwk *outer, struct err *e)
{
	json_t *payload = NULL;
	struct jwk *inner = NULL;

	bool ok = jws_payload_object(s, &payload, e) && jwk_read(payload, &inner, e);
	if (!ok)
		err_prefix(e, "externalAccountBinding: its payload");
	else if (!jwk_same(inner, outer))
		ok = err_set(e, ERR_MALFORMED,
		    "externalAccountBinding: its payload is not the account's key");
	json_decref(payload);
	jwk_free(inner);
	return ok;
}

/* RFC 8555 7.3.4: no nonce, the same URL, a kid. */
static bool
check_header(const struct jws *s, const char *url, struct err *e)
{
	if (s->nonce != NULL)
		return err_set(e, ERR_MALFORMED,
		    "externalAccountBinding: its header must have no nonce");
	if (s->kid == NULL)
		return err_set(e, ERR_MALFORMED,
		    "externalAccountBinding: its header must name a key by kid");
	if (strcmp(s->url, url) != 0)
		return err_set(e, ERR_MALFORMED,
		    "externalAccountBinding: its url is not that of the request");
	return true;
}

/* An unknown kid has a MAC key too: what is wrong, the answer does not tell (R66). */
static bool
check_mac(struct ca *ca, const struct jws *s, bool known, struct err *e)
{
	uint8_t key[EAB_KEY_LEN];

	if (!acme_eab_key(ca, s->kid, key, e))
		return false;
	const bool ok = jws_verify_mac(s, bytes_of(key, sizeof(key)), e);
	mem_wipe(key, sizeof(key));
	if (ok && known)
		return true;
	if (!ok && e->code != ERR_FORBIDDEN)
		return err_prefix(e, "externalAccountBinding");
	return err_set(e, ERR_FORBIDDEN,
	    "externalAccountBinding: the key is unknown here, or the MAC is wrong");
}

static bool
check_use(const struct acme_eab *k, const char *directory, struct err *e)
{
	char at[CLOCK_RFC3339_LEN];

	if (strcmp(k->directory, directory) != 0)
		return err_set(e, ERR_FORBIDDEN,
		    "externalAccountBinding: the key is of another directory: "
		    "/acme/%s/directory",
		    k->directory);
	if (k->revoked_at != 0) {
		clock_rfc3339(k->revoked_at, at);
		return err_set(e, ERR_FORBIDDEN,
		    "externalAccountBinding: the key was revoked at %s; ask for a new "
		    "one",
		    at);
	}
	if (clock_now() >= k->expires_at) {
		clock_rfc3339(k->expires_at, at);
		return err_set(e, ERR_FORBIDDEN,
		    "externalAccountBinding: the key expired at %s; ask for a new one",
		    at);
	}
	if (k->accounts_n >= k->accounts_max)
		return err_set(e, ERR_FORBIDDEN,
		    "externalAccountBinding: the key was for %" PRId64
		    " account(s), which are there; ask for a new one",
		    k->accounts_max);
	return true;
}

static bool
look_up(struct ca *ca, const char *kid, struct acme_eab *ret, bool *ret_known,
    struct err *e)
{
	*ret_known = store_acme_eab_by_kid(ca->store, kid, ret, e);
	return *ret_known || e->code == ERR_NOT_FOUND;
}

static void
tell_used(struct ca *ca, const struct acme_account_ask *q, const struct acme_eab *k)
{
	char *object = mem_printf("eab %s", k->kid);
	char *address = mem_strndup(q->address);
	char *from = mem_printf("from %s", address);

	audit_add(ca, &(struct audit_event){ .kind = AUDIT_EAB_USED,
			  .request_id = q->request_id,
			  .profile = k->directory,
			  .object = object,
			  .reason = from });
	free(object);
	free(from);
	free(address);
}

bool
acme_bind_verify(struct ca *ca, const struct acme_account_ask *q, int64_t *ret_eab_num,
    struct err *e)
{
	struct jws *s = NULL;
	struct acme_eab k = { 0 };
	bool known = false;

	if (!jws_parse_json(q->eab, &s, e))
		return err_prefix(e, "externalAccountBinding");
	const bool ok = check_header(s, q->url, e) &&
			look_up(ca, s->kid, &k, &known, e) &&
			check_mac(ca, s, known, e) && same_key(s, q->key, e) &&
			check_use(&k, q->directory->name, e) &&
			store_acme_eab_bind(ca->store, k.num, e);
	if (ok) {
		*ret_eab_num = k.num;
		tell_used(ca, q, &k);
	}
	store_acme_eab_free(&k);
	jws_free(s);
	return ok;
}

/* ---- what it lets an account have ---- */

static bool
read_names(const struct acme_eab *k, struct conf_names *ret, struct err *e)
{
	json_t *list = NULL;

	if (k->names[0] == '\0')
		return true;
	const bool ok =
	    json_read(bytes_str(k->names), &list, e) && acme_pattern_read(list, ret, e);
	json_decref(list);
	return ok || err_prefix(e, "the names of an EAB key");
}

static void
judge_names(const struct conf_names *allowed, const struct names *names,
    struct verdict *v)
{
	bool pass = true;

	for (size_t i = 0; i < names->n; i++) {
		if (profile_name_allowed(allowed, &names->v[i]))
			continue;
		char *field = mem_printf("names[%zu]", i);
		char *text = profile_names_text(allowed, names->v[i].type);
		pass = verdict_add(v, false, ERR_IDENTIFIER, "eab.names", field,
		    names->v[i].text, text);
		free(field);
		free(text);
	}
	if (pass)
		verdict_add(v, true, ERR_NONE, "eab.names", "names", "all", "");
}

static void
judge_end(const struct acme_eab *k, struct verdict *v)
{
	char at[CLOCK_RFC3339_LEN] = "", now[CLOCK_RFC3339_LEN];

	clock_rfc3339(clock_now(), now);
	if (k->revoked_at != 0) {
		verdict_add(v, false, ERR_FORBIDDEN, "eab.end", "account", "revoked",
		    "a new account, with another key");
		return;
	}
	if (k->ends_at != 0)
		clock_rfc3339(k->ends_at, at);
	verdict_add(v, k->ends_at == 0 || clock_now() < k->ends_at, ERR_FORBIDDEN,
	    "eab.end", "account", now, at[0] != '\0' ? at : "no end");
}

static void
judge_quota(const struct acme_eab *k, int64_t under_way, struct verdict *v)
{
	const int64_t taken = k->certificates_n + under_way;
	char *n = mem_printf("%" PRId64 " issued", taken);
	char *max = k->certificates_max > 0
			? mem_printf("%" PRId64 " in all", k->certificates_max)
			: mem_strdup("no limit");

	verdict_add(v, k->certificates_max == 0 || taken < k->certificates_max,
	    ERR_RATE_LIMITED, "eab.quota", "account", n, max);
	free(n);
	free(max);
}

bool
acme_bind_judge(struct ca *ca, int64_t eab_num, const struct names *names,
    struct verdict *v, struct err *e)
{
	struct acme_eab k = { 0 };
	struct conf_names allowed = { 0 };
	int64_t under_way;

	bool ok = store_acme_eab_by_num(ca->store, eab_num, &k, e) &&
		  store_acme_eab_under_way(ca->store, eab_num, &under_way, e) &&
		  read_names(&k, &allowed, e);
	if (ok) {
		if (acme_pattern_count(&allowed) > 0)
			judge_names(&allowed, names, v);
		judge_end(&k, v);
		judge_quota(&k, under_way + acme_order_unkept_of(ca, eab_num), v);
	}
	acme_pattern_free(&allowed);
	store_acme_eab_free(&k);
	return ok;
}
