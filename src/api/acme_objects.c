/* SPDX-License-Identifier: Apache-2.0 */
#include "api/acme_objects.h"

#include <stdlib.h>

#include "api/acme_impl.h"
#include "base/clock.h"

static json_t *
read_text(const char *text)
{
	json_t *v = NULL;
	struct err unreadable;

	return text != NULL && text[0] != '\0' &&
		       json_read(bytes_str(text), &v, &unreadable)
		   ? v
		   : NULL;
}

void
acme_objects_set_text(json_t *to, const char *member, const char *text)
{
	json_t *v = read_text(text);

	if (v != NULL)
		json_object_set_new(to, member, v);
}

void
acme_objects_put_json(struct json_put *w, const char *member, const char *text)
{
	json_t *v = read_text(text);

	if (v == NULL)
		return;
	json_put_name(w, member);
	json_put_value(w, v);
	json_decref(v);
}

void
acme_objects_put_time(struct json_put *w, const char *member, int64_t at)
{
	char text[CLOCK_RFC3339_LEN];

	clock_rfc3339(at, text);
	json_put_member(w, member, text);
}

void
acme_objects_put_identifier(struct json_put *w, enum name_type type, const char *value)
{
	json_put_open(w, '{');
	json_put_member(w, "type", sets_name_type_word(type));
	json_put_member(w, "value", value);
	json_put_close(w, '}');
}

/* draft-ietf-acme-dns-persist: whose records count, and which account they name. */
static void
put_persist(const struct acme *a, struct json_put *w)
{
	const struct strings *ids = &ca_conf(a->r->ca)->acme.caa_identities;

	json_put_name(w, "issuer-domain-names");
	json_put_open(w, '[');
	for (size_t i = 0; i < ids->n; i++)
		json_put_text(w, ids->v[i]);
	json_put_close(w, ']');
	acme_put_url(a, w, "accounturi", "/account/%s", a->account.id);
}

/* Never a null, never an "error" that is none: clients stumble over both. */
void
acme_objects_put_challenge(const struct acme *a, struct json_put *w,
    const struct acme_challenge *c)
{
	json_put_open(w, '{');
	json_put_member(w, "type", sets_challenge_word(c->type));
	acme_put_url(a, w, "url", "/challenge/%s", c->id);
	json_put_member(w, "status", acme_state_word(c->status));
	json_put_member(w, "token", c->token);
	if (c->status == ACME_VALID)
		acme_objects_put_time(w, "validated", c->validated_at);
	acme_objects_put_json(w, "error", c->error);
	if (c->type == CHALLENGE_DNS_PERSIST_01)
		put_persist(a, w);
	json_put_close(w, '}');
}

void
acme_objects_put_authz(const struct acme *a, struct json_put *w,
    const struct acme_authz *authz)
{
	json_put_open(w, '{');
	json_put_member(w, "status", acme_state_word(authz->status));
	json_put_name(w, "identifier");
	acme_objects_put_identifier(w, authz->type, authz->value);
	acme_objects_put_time(w, "expires", authz->expires_at);
	if (authz->wildcard) {
		json_put_name(w, "wildcard");
		json_put_bool(w, true);
	}
	if (authz->subdomains) {
		json_put_name(w, "subdomainAuthAllowed");
		json_put_bool(w, true);
	}
	json_put_name(w, "challenges");
	json_put_open(w, '[');
	for (size_t i = 0; i < authz->n_challenges; i++)
		acme_objects_put_challenge(a, w, &authz->challenges[i]);
	json_put_close(w, ']');
	json_put_close(w, '}');
}
