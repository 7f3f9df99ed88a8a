/* SPDX-License-Identifier: Apache-2.0 */
#include "api/acme_objects.h"

#include <stdlib.h>

#include "api/acme_impl.h"
#include "api/certificate_json.h"

json_t *
acme_objects_identifier(enum name_type type, const char *value)
{
	return json_pack("{s:s, s:s}", "type", sets_name_type_word(type), "value",
	    value);
}

void
acme_objects_set_text(json_t *to, const char *member, const char *text)
{
	json_t *v = NULL;
	struct err unreadable;

	if (text != NULL && text[0] != '\0' &&
	    json_read(bytes_str(text), &v, &unreadable))
		json_object_set_new(to, member, v);
}

/* draft-ietf-acme-dns-persist: whose records count, and which account they name. */
static void
add_persist(const struct acme *a, json_t *v)
{
	const struct strings *ids = &ca_conf(a->r->ca)->acme.caa_identities;
	json_t *list = json_array();

	for (size_t i = 0; i < ids->n; i++)
		json_array_append_new(list, json_string(ids->v[i]));
	json_object_set_new(v, "issuer-domain-names", list);
	acme_put(v, "accounturi", acme_url(a, "/account/%s", a->account.id));
}

/* Never a null, never an "error" that is none: clients stumble over both. */
json_t *
acme_objects_challenge(const struct acme *a, const struct acme_challenge *c)
{
	json_t *v = json_object();

	json_object_set_new(v, "type", json_string(sets_challenge_word(c->type)));
	acme_put(v, "url", acme_url(a, "/challenge/%s", c->id));
	json_object_set_new(v, "status", json_string(acme_state_word(c->status)));
	json_object_set_new(v, "token", json_string(c->token));
	if (c->status == ACME_VALID)
		json_object_set_new(v, "validated",
		    certificate_json_time(c->validated_at));
	acme_objects_set_text(v, "error", c->error);
	if (c->type == CHALLENGE_DNS_PERSIST_01)
		add_persist(a, v);
	return v;
}

json_t *
acme_objects_authz(const struct acme *a, const struct acme_authz *authz)
{
	json_t *v = json_object(), *list = json_array();

	json_object_set_new(v, "status", json_string(acme_state_word(authz->status)));
	json_object_set_new(v, "identifier",
	    acme_objects_identifier(authz->type, authz->value));
	json_object_set_new(v, "expires", certificate_json_time(authz->expires_at));
	if (authz->wildcard)
		json_object_set_new(v, "wildcard", json_true());
	if (authz->subdomains)
		json_object_set_new(v, "subdomainAuthAllowed", json_true());
	for (size_t i = 0; i < authz->n_challenges; i++)
		json_array_append_new(list,
		    acme_objects_challenge(a, &authz->challenges[i]));
	json_object_set_new(v, "challenges", list);
	return v;
}
