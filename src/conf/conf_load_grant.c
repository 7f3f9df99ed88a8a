/* SPDX-License-Identifier: Apache-2.0 */
/* Grants: who may do what. */
#include <stdlib.h>
#include <string.h>

#include "conf_load_impl.h"

#include "base/hex.h"
#include "base/mem.h"

#define FINGERPRINT_LEN 32 /* SHA-256 */

/* 64 hex digits, ':' let through, kept in lower case. */
static bool
read_fingerprint(const struct loading *l, const struct node *n, const char *text,
    char **ret)
{
	uint8_t v[FINGERPRINT_LEN];
	char hex[2 * FINGERPRINT_LEN + 1];
	size_t octets;

	if (text == NULL)
		return true;
	if (!hex_read(bytes_str(text), v, sizeof(v), &octets) || octets != sizeof(v))
		return conf_load_fault(l, n, "fingerprint",
		    "must be the SHA-256 of the certificate, 64 hex digits");
	hex_write(bytes_of(v, sizeof(v)), hex);
	*ret = mem_strdup(hex);
	return true;
}

static bool
read_pattern(const struct loading *l, const struct node *n, enum name_type type,
    const char *text, char **ret)
{
	if (text == NULL)
		return true;
	*ret = type == NAME_TYPE_DNS ? conf_load_lower(text) : mem_strdup(text);
	const char *fault = conf_load_pattern_fault(type, *ret);
	return fault == NULL || conf_load_fault(l, n, sets_name_type_word(type),
				    "\"%.80s\" %s", text, fault);
}

static bool
profile_exists(const struct conf *c, const char *name)
{
	const struct conf_profile *p = conf_profile_find(c, bytes_str(name));

	return p != NULL && !p->internal;
}

/* Does whoever proves a name get a certificate of it? */
static bool
is_acmes(const struct conf *c, const char *profile)
{
	for (size_t i = 0; i < c->n_profiles; i++) {
		const struct conf_profile *p = &c->profiles[i];

		if (p->acme.on && (strcmp(p->name, profile) == 0 ||
				      strings_has(&p->acme.profiles, profile)))
			return true;
	}
	return false;
}

/* Not whoever gets a certificate of an issuer's, or of a profile that is ACME's. */
static bool
is_somebody(const struct conf *c, const struct conf_who *w)
{
	return w->cn != NULL || w->dns != NULL || w->uri != NULL || w->email != NULL ||
	       w->fingerprint != NULL ||
	       (w->profile != NULL && !is_acmes(c, w->profile));
}

static bool
read_who(const struct loading *l, const struct node *grant, const struct raw_who *r,
    struct conf_who *w)
{
	const struct node *n = conf_load_member(grant, "who");

	if (!read_pattern(l, n, NAME_TYPE_DNS, r->dns, &w->dns) ||
	    !read_pattern(l, n, NAME_TYPE_URI, r->uri, &w->uri) ||
	    !read_pattern(l, n, NAME_TYPE_EMAIL, r->email, &w->email) ||
	    !read_fingerprint(l, n, r->fingerprint, &w->fingerprint) ||
	    !conf_load_flag(l, n, "any", r->any, &w->any))
		return false;
	w->cn = mem_strdup(r->cn);
	w->profile = mem_strdup(r->profile);
	w->issuer = mem_strdup(r->issuer);
	if (w->profile != NULL && !profile_exists(l->conf, w->profile))
		return conf_load_fault(l, n, "profile", "there is no profile \"%.40s\"",
		    w->profile);
	if (w->issuer != NULL &&
	    conf_issuer_find(l->conf, bytes_str(w->issuer)) == NULL)
		return conf_load_fault(l, n, "issuer", "there is no issuer \"%.40s\"",
		    w->issuer);
	if (!is_somebody(l->conf, w) && w->profile == NULL && w->issuer == NULL &&
	    !w->any)
		return conf_load_fault(l, grant, "who",
		    "\"who\" must name somebody: cn, dns, uri, email, profile, issuer, "
		    "fingerprint, or any: true");
	return true;
}

static bool
read_may(const struct loading *l, const struct node *n, const struct strings *raw,
    struct conf_grant *g)
{
	const struct node *list = conf_load_member(n, "may");

	for (size_t i = 0; i < raw->n; i++) {
		enum right right;

		if (!sets_right_from(bytes_str(raw->v[i]), &right))
			return conf_load_fault(l, conf_load_item(list, i), NULL,
			    "\"%.40s\" must be issue, renew, revoke, read or admin",
			    raw->v[i]);
		g->may |= right;
	}
	if ((g->may & RIGHT_ADMIN) != 0 && !is_somebody(l->conf, &g->who)) /* R45 */
		return conf_load_fault(l, n, "who",
		    "\"admin\" is not for whoever has a certificate: name somebody by "
		    "cn, dns, uri, email, fingerprint, or a profile that is not "
		    "ACME's");
	return g->may != 0 || conf_load_fault(l, n, "may",
				  "\"may\" needs at least one of issue, renew, revoke, "
				  "read, admin");
}

/* What a list of profiles would not narrow, and only seem to (S6, R54). */
static bool
check_narrows(const struct loading *l, const struct node *n, const struct strings *raw,
    const struct conf_grant *g)
{
	static const enum right whole[] = { RIGHT_READ, RIGHT_ADMIN };

	for (size_t i = 0; i < NITEMS(whole) && !strings_has(raw, "*"); i++)
		if ((g->may & whole[i]) != 0)
			return conf_load_fault(l, n, "profiles",
			    "\"%s\" is of all profiles: write a grant of its own "
			    "for it, without \"profiles\"",
			    sets_right_word(whole[i]));
	return true;
}

static bool
read_profiles(const struct loading *l, const struct node *n, const struct strings *raw,
    struct conf_grant *g)
{
	const struct node *list = conf_load_member(n, "profiles");

	for (size_t i = 0; i < raw->n; i++)
		if (strcmp(raw->v[i], "*") != 0 && !profile_exists(l->conf, raw->v[i]))
			return conf_load_fault(l, conf_load_item(list, i), NULL,
			    "there is no profile \"%.40s\"", raw->v[i]);
	conf_load_copy(&g->profiles, raw);
	if (raw->n > 0)
		return check_narrows(l, n, raw, g);
	if (list != NULL || (g->may & (RIGHT_ISSUE | RIGHT_RENEW)) != 0)
		return conf_load_fault(l, n, "profiles",
		    "\"profiles\" must name profiles, or \"*\" for all");
	strings_add(&g->profiles, "*");
	return true;
}

/* The list below 'n' in the tree, as libcyaml would have given it; borrows the texts. */
static struct strings
list_of(const struct node *n, const char *key)
{
	const struct node *list = conf_load_member(n, key);
	struct strings s = { 0 };

	if (list == NULL)
		return s;
	s.v = mem_zarray(list->n, sizeof(*s.v));
	for (; s.n < list->n; s.n++)
		s.v[s.n] = list->v[s.n]->text;
	return s;
}

static char *
text_of(const struct node *n, const char *key)
{
	const struct node *m = conf_load_member(n, key);

	return m != NULL ? m->text : NULL;
}

static bool
read_names(const struct loading *l, const struct node *grant, struct conf_grant *g)
{
	const struct node *n = conf_load_member(grant, "names");
	struct raw_names r;

	g->names_mode = GRANT_NAMES_OWN;
	if (n == NULL || (n->text != NULL && strcmp(n->text, "own") == 0))
		return true;
	g->names_mode = GRANT_NAMES_ANY;
	if (n->text != NULL)
		return strcmp(n->text, "any") == 0 ||
		       conf_load_fault(l, n, NULL,
			   "\"%.40s\" must be own, any, or a mapping of dns, ip, uri, "
			   "email",
			   n->text);
	g->names_mode = GRANT_NAMES_LIST;
	r = (struct raw_names){
		.dns = list_of(n, "dns"),
		.ip = list_of(n, "ip"),
		.uri = list_of(n, "uri"),
		.email = list_of(n, "email"),
		.wildcards = text_of(n, "wildcards"),
		.underscores = text_of(n, "underscores"),
	};
	const bool ok = conf_load_names(l, n, &r, &g->names);
	free(r.dns.v);
	free(r.ip.v);
	free(r.uri.v);
	free(r.email.v);
	return ok;
}

bool
conf_load_grants(const struct loading *l, const struct raw *r)
{
	const struct node *list = conf_load_member(l->root, "grants");
	struct conf *c = l->conf;

	c->grants = mem_zarray(r->n_grants, sizeof(*c->grants));
	for (size_t i = 0; i < r->n_grants; i++) {
		const struct node *n = conf_load_item(list, i);
		struct conf_grant *g = &c->grants[i];

		c->n_grants++; /* what is begun is freed */
		if (!read_who(l, n, &r->grants[i].who, &g->who) ||
		    !read_may(l, n, &r->grants[i].may, g) ||
		    !read_profiles(l, n, &r->grants[i].profiles, g) ||
		    !read_names(l, n, g))
			return false;
	}
	return true;
}
