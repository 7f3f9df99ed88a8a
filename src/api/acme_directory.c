/* SPDX-License-Identifier: Apache-2.0 */
/* The directory and new-nonce (RFC 8555 7.1.1, 7.2). */
#include <stdlib.h>

#include "api/acme_impl.h"
#include "api/certificate_json.h"
#include "ca/acme.h"

static void
add_profile(json_t *to, const struct conf_profile *p)
{
	char at[96];

	/* In words: what it is good for, and for how long. */
	const int64_t days = p->validity_default_s / 86400;
	if (days > 0)
		snprintf(at, sizeof(at), "%lld day(s), at most %lld", (long long)days,
		    (long long)(p->validity_max_s / 86400));
	else
		snprintf(at, sizeof(at), "%lld minutes",
		    (long long)(p->validity_default_s / 60));
	json_object_set_new(to, p->name, json_string(at));
}

/* draft-aaron-acme-profiles 3: the directory's own, and those that an order may name. */
static json_t *
profiles(const struct conf *c, const struct conf_profile *directory)
{
	json_t *v = json_object();

	add_profile(v, directory);
	for (size_t i = 0; i < directory->acme.profiles.n; i++) {
		const struct conf_profile *p =
		    conf_profile_find(c, bytes_str(directory->acme.profiles.v[i]));

		if (p != NULL)
			add_profile(v, p);
	}
	return v;
}

/* Always there, however little it says: some clients ask no further than for it (A34). */
static json_t *
meta(const struct acme *a)
{
	const struct conf *c = ca_conf(a->r->ca);
	json_t *m = json_object();

	if (c->acme.terms != NULL)
		json_object_set_new(m, "termsOfService", json_string(c->acme.terms));
	if (c->acme.website != NULL)
		json_object_set_new(m, "website", json_string(c->acme.website));
	if (c->acme.caa_identities.n > 0)
		json_object_set_new(m, "caaIdentities",
		    certificate_json_strings(&c->acme.caa_identities));
	if (a->directory->acme.external_account)
		json_object_set_new(m, "externalAccountRequired", json_true());
	if (a->directory->acme.subdomains)
		json_object_set_new(m, "subdomainAuthAllowed", json_true());
	json_object_set_new(m, "profiles", profiles(c, a->directory));
	return m;
}

void
acme_on_directory(struct acme *a)
{
	static const struct {
		const char *member, *path;
	} members[] = {
		{ "newNonce", "/new-nonce" },
		{ "newAccount", "/new-account" },
		{ "newOrder", "/new-order" },
		{ "newAuthz", "/new-authz" },
		{ "revokeCert", "/revoke-cert" },
		{ "keyChange", "/key-change" },
		{ "renewalInfo", "/renewal-info" },
	};
	json_t *v = json_object();

	for (size_t i = 0; i < NITEMS(members); i++)
		acme_put(v, members[i].member, acme_url(a, "%s", members[i].path));
	json_object_set_new(v, "meta", meta(a));
	a->is_directory = true;
	/*
	 * A page that is shown again after a reload of the configuration must be the new
	 * one; one with a nonce is for a single client.
	 */
	request_header(a->r, "Cache-Control",
	    bytes_eq_str(a->r->in.method, "POST") ? "no-store" : "no-cache");
	acme_json(a, 200, v);
}

void
acme_on_new_nonce(struct acme *a)
{
	const bool head = bytes_eq_str(a->r->in.method, "HEAD");
	char nonce[NONCE_TEXT];
	struct err e;

	if (!acme_nonce_new(a->r->ca, nonce, &e)) {
		acme_problem(a, &e, NULL, NULL);
		return;
	}
	if (!bytes_eq_str(a->r->in.method, "POST")) /* which gets its own */
		request_header(a->r, "Replay-Nonce", nonce);
	acme_octets(a, head ? 200 : 204, "", bytes_str(""));
}
