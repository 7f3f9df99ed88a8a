/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/profiles: what may be asked for. */
#include <stdio.h>
#include <stdlib.h>

#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "base/mem.h"

static json_t *
keys_json(const struct conf_profile *p)
{
	json_t *list = json_array();
	char word[32];

	for (size_t i = 0; i < p->n_keys; i++) {
		if (p->keys[i].min_bits > 0)
			snprintf(word, sizeof(word), "%s-%u",
			    sets_key_alg_word(p->keys[i].alg), p->keys[i].min_bits);
		else
			snprintf(word, sizeof(word), "%s",
			    sets_key_alg_word(p->keys[i].alg));
		json_array_append_new(list, json_string(word));
	}
	return list;
}

static json_t *
names_json(const struct conf_names *n)
{
	json_t *v = json_object();

	json_object_set_new(v, "dns", certificate_json_strings(&n->dns));
	json_object_set_new(v, "ip", certificate_json_strings(&n->ip));
	json_object_set_new(v, "uri", certificate_json_strings(&n->uri));
	json_object_set_new(v, "email", certificate_json_strings(&n->email));
	json_object_set_new(v, "wildcards", json_boolean(n->wildcards));
	json_object_set_new(v, "underscores", json_boolean(n->underscores));
	return v;
}

static json_t *
challenges_json(unsigned challenges)
{
	json_t *list = json_array();

	for (unsigned bit = 1; bit != 0 && bit <= challenges; bit <<= 1)
		if ((challenges & bit) != 0)
			json_array_append_new(list,
			    json_string(sets_challenge_word(bit)));
	return list;
}

/* Where its ACME directory is, and what that wants. */
static json_t *
acme_json(const struct conf *c, const struct conf_profile *p)
{
	json_t *v = json_object();
	char *url = mem_printf("%s/acme/%s/directory", c->url_api, p->name);

	json_object_set_new(v, "directory", json_string(url));
	json_object_set_new(v, "challenges", challenges_json(p->acme.challenges));
	json_object_set_new(v, "external_account",
	    json_string(p->acme.external_account ? "required" : "optional"));
	json_object_set_new(v, "profiles", certificate_json_strings(&p->acme.profiles));
	free(url);
	return v;
}

static json_t *
profile_json(const struct conf *c, const struct conf_profile *p)
{
	json_t *v = json_object();

	json_object_set_new(v, "name", json_string(p->name));
	json_object_set_new(v, "issuer", json_string(p->issuer));
	json_object_set_new(v, "usages", certificate_json_usages(p->usages));
	json_object_set_new(v, "validity",
	    json_pack("{s:I, s:I, s:I}", "default", (json_int_t)p->validity_default_s,
		"max", (json_int_t)p->validity_max_s, "backdate",
		(json_int_t)p->backdate_s));
	json_object_set_new(v, "keys", keys_json(p));
	json_object_set_new(v, "names", names_json(&p->names));
	json_object_set_new(v, "no_rev_avail", json_boolean(p->no_rev_avail));
	json_object_set_new(v, "strict_lint", json_boolean(p->strict_lint));
	if (p->acme.on)
		json_object_set_new(v, "acme", acme_json(c, p));
	return v;
}

void
core_profiles(struct request *r)
{
	const struct conf *c = ca_conf(r->ca);
	struct err e;

	if (!request_query_none(r, &e)) {
		request_problem(r, &e, NULL);
		return;
	}
	json_t *list = json_array();
	for (size_t i = 0; i < c->n_profiles; i++)
		if (!c->profiles[i].internal)
			json_array_append_new(list, profile_json(c, &c->profiles[i]));
	request_json(r, 200, json_pack("{s:o}", "profiles", list));
}
