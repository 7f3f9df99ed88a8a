/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/grant.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "base/mem.h"
#include "policy/profile.h"

static bool
is_local(const struct identity *who)
{
	return who->kind == IDENTITY_ADMIN || who->kind == IDENTITY_SYSTEM;
}

/* Is one of the certificate's names of this type within the pattern? */
static bool
name_fits(const struct names *names, enum name_type type, char *pattern)
{
	const struct strings one = { &pattern, 1 };
	const struct conf_names allowed = {
		.dns = one,
		.uri = one,
		.email = one,
		.wildcards = true,
		.underscores = true,
	};

	for (size_t i = 0; i < names->n; i++)
		if (names->v[i].type == type &&
		    profile_name_allowed(&allowed, &names->v[i]))
			return true;
	return false;
}

static bool
text_fits(const char *wanted, const char *is)
{
	return is != NULL && is[0] != '\0' && strcmp(wanted, is) == 0;
}

static bool
fingerprint_fits(const char *wanted, const struct identity *who)
{
	char hex[2 * sizeof(who->fingerprint) + 1];

	hex_write(bytes_of(who->fingerprint, sizeof(who->fingerprint)), hex);
	return strcasecmp(wanted, hex) == 0;
}

/* Every member that is set must fit; none set: nobody. */
static bool
who_fits(const struct conf_who *w, const struct identity *who)
{
	const struct names *names = &who->cert->names;
	const struct {
		const char *wanted;
		bool fits;
	} members[] = {
		/* clang-format off */
		{ w->cn,          w->cn && text_fits(w->cn, who->cert->cn) },
		{ w->dns,         w->dns && name_fits(names, NAME_TYPE_DNS, w->dns) },
		{ w->uri,         w->uri && name_fits(names, NAME_TYPE_URI, w->uri) },
		{ w->email,       w->email && name_fits(names, NAME_TYPE_EMAIL, w->email) },
		{ w->profile,     w->profile && text_fits(w->profile, who->profile) },
		{ w->issuer,      w->issuer && text_fits(w->issuer, who->issuer) },
		{ w->fingerprint, w->fingerprint && fingerprint_fits(w->fingerprint, who) },
		/* clang-format on */
	};
	bool some = w->any;

	for (size_t i = 0; i < NITEMS(members); i++) {
		if (members[i].wanted == NULL)
			continue;
		if (!members[i].fits)
			return false;
		some = true;
	}
	return some;
}

static bool
profile_fits(const struct strings *profiles, const char *profile)
{
	return strings_has(profiles, "*") || strings_has(profiles, profile);
}

/* By an internal profile only the daemon issues, whatever a grant says. */
static bool
is_reachable(const struct conf *c, const struct identity *who, enum right right,
    const char *profile)
{
	const struct conf_profile *p =
	    profile != NULL ? conf_profile_find(c, bytes_str(profile)) : NULL;

	return p == NULL || !p->internal || who->kind == IDENTITY_SYSTEM ||
	       (right & (RIGHT_ISSUE | RIGHT_RENEW)) == 0;
}

static const struct conf_grant *
first_fit(const struct conf *c, const struct identity *who, enum right right,
    const char *profile)
{
	if (who->kind != IDENTITY_CERT || who->cert == NULL)
		return NULL;
	for (size_t i = 0; i < c->n_grants; i++) {
		const struct conf_grant *g = &c->grants[i];

		if ((g->may & right) != 0 &&
		    (profile == NULL || profile_fits(&g->profiles, profile)) &&
		    who_fits(&g->who, who))
			return g;
	}
	return NULL;
}

/* A token, or an ACME order, is the grant, and it is for one thing. */
static bool
is_own_grant(const struct identity *who)
{
	return who->kind == IDENTITY_TOKEN || who->kind == IDENTITY_ACME;
}

static bool
is_granted_by_itself(const struct identity *who, enum right right, const char *profile)
{
	return is_own_grant(who) && right == RIGHT_ISSUE && profile != NULL &&
	       text_fits(profile, who->profile);
}

static const char *
without_grant(const struct identity *who, bool pass)
{
	if (is_own_grant(who))
		return who->kind == IDENTITY_TOKEN ? "what the token was made for"
						   : "what the order is for";
	return pass ? "a local identity needs no grant"
		    : "a grant that fits this identity and gives this right";
}

/* NULL for who needs none. */
static bool
judge(const struct conf *c, const struct identity *who, enum right right,
    const char *profile, const struct conf_grant **ret)
{
	const bool reachable = is_reachable(c, who, right, profile);

	*ret = reachable ? first_fit(c, who, right, profile) : NULL;
	return reachable && (*ret != NULL || is_local(who) ||
				is_granted_by_itself(who, right, profile));
}

bool
grant_has(const struct conf *c, const struct identity *who, enum right right,
    const char *profile)
{
	const struct conf_grant *ignored;

	return judge(c, who, right, profile, &ignored);
}

bool
grant_find(const struct conf *c, const struct identity *who, enum right right,
    const char *profile, const struct conf_grant **ret, struct verdict *v)
{
	const struct conf_grant *g;
	const bool pass = judge(c, who, right, profile, &g);
	char *value = mem_printf("%s%s%s by %s", sets_right_word(right),
	    profile != NULL ? " " : "", profile != NULL ? profile : "",
	    who->text != NULL ? who->text : "nobody");
	char *allowed = g != NULL ? mem_printf("grants[%zu]", (size_t)(g - c->grants))
				  : mem_strdup(without_grant(who, pass));

	verdict_add(v, pass,
	    who->kind == IDENTITY_NONE ? ERR_UNAUTHENTICATED : ERR_FORBIDDEN, "grant",
	    "identity", value, allowed);
	free(value);
	free(allowed);
	if (pass)
		*ret = g;
	return pass;
}

static bool
name_granted(const struct conf_grant *g, const struct identity *who,
    const struct name *name)
{
	if (g == NULL)
		return !is_own_grant(who) ||
		       names_have(who->names, name->type, name->text);
	switch (g->names_mode) {
	case GRANT_NAMES_ANY:
		return true;
	case GRANT_NAMES_LIST:
		return profile_name_allowed(&g->names, name);
	case GRANT_NAMES_OWN: /* no parent, wildcard or sibling (S5) */
		return who->cert != NULL &&
		       names_have(&who->cert->names, name->type, name->text);
	}
	return false;
}

static char *
names_granted(const struct conf_grant *g, enum name_type type)
{
	if (g == NULL)
		return mem_strdup("the names that the token or order is for");
	return g->names_mode == GRANT_NAMES_LIST
		   ? profile_names_text(&g->names, type)
		   : mem_strdup("the names of your own certificate");
}

bool
grant_names(const struct conf_grant *g, const struct identity *who,
    const struct names *names, struct verdict *v)
{
	bool pass = true;

	for (size_t i = 0; i < names->n; i++) {
		if (name_granted(g, who, &names->v[i]))
			continue;
		char *field = mem_printf("names[%zu]", i);
		char *allowed = names_granted(g, names->v[i].type);
		pass = verdict_add(v, false, ERR_FORBIDDEN, "grant.names", field,
		    names->v[i].text, allowed);
		free(field);
		free(allowed);
	}
	if (pass)
		verdict_add(v, true, ERR_NONE, "grant.names", "names", "all",
		    g != NULL ? "" : "what the profile allows");
	return pass;
}
