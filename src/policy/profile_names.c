/* SPDX-License-Identifier: Apache-2.0 */
/* Names against patterns.  What is asked for is text, never a pattern (R13). */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "policy/profile.h"

#define ALLOWED_MAX KIB(1) /* octets of a list that is shown */

static bool
ends_with(const char *s, const char *tail)
{
	const size_t n = strlen(s), t = strlen(tail);

	return n > t && strcmp(s + n - t, tail) == 0;
}

/*
 * "*.b.c" as a name is every name one label below b.c, so it ends like one of
 * them: a pattern lets it pass exactly when it lets all of them pass.  A plain
 * pattern "b.c" does not, it is for b.c alone.
 */
static bool
dns_matches(const char *pattern, const char *name)
{
	if (strcmp(pattern, "*") == 0)
		return true;
	if (strncmp(pattern, "*.", 2) == 0)
		return ends_with(name, pattern + 1);
	return strcmp(pattern, name) == 0;
}

/* R12: below the "*." at least two labels. */
static bool
dns_form_allowed(const struct conf_names *allowed, const char *name)
{
	if (strchr(name, '_') != NULL && !allowed->underscores)
		return false;
	if (strchr(name, '*') == NULL)
		return true;
	return allowed->wildcards && strncmp(name, "*.", 2) == 0 &&
	       strchr(name + 2, '*') == NULL && strchr(name + 2, '.') != NULL;
}

static bool
ip_matches(const char *pattern, const char *name)
{
	struct conf_cidr range;
	uint8_t ip[16];
	const size_t octets = name_ip_octets(name, ip);

	return octets > 0 && conf_cidr(pattern, &range) &&
	       conf_cidr_has(&range, ip, octets);
}

/* A path that can climb out of where its octets seem to be. */
static bool
uri_climbs(const char *rest)
{
	if (strcasestr(rest, "%2e") != NULL || strcasestr(rest, "%2f") != NULL)
		return true;
	while (*rest != '\0') {
		const size_t n = strcspn(rest, "/?#");

		if ((n == 1 && rest[0] == '.') ||
		    (n == 2 && rest[0] == '.' && rest[1] == '.'))
			return true;
		rest += n + (rest[n] != '\0' ? 1 : 0);
	}
	return false;
}

static bool
uri_matches(const char *pattern, const char *name)
{
	const size_t n = strlen(pattern);

	if (strcmp(pattern, "*") == 0 || strcmp(pattern, name) == 0)
		return true;
	return n > 0 && pattern[n - 1] == '/' && strncmp(name, pattern, n) == 0 &&
	       name[n] != '\0' && !uri_climbs(name + n);
}

static bool
email_matches(const char *pattern, const char *name)
{
	if (strcmp(pattern, "*") == 0 || strcmp(pattern, name) == 0)
		return true;
	return strncmp(pattern, "*@", 2) == 0 && ends_with(name, pattern + 1);
}

/* What each type of name needs: its list, how it is compared, its rule. */
static const struct kind {
	enum name_type type;
	size_t list; /* offset in conf_names */
	bool (*matches)(const char *pattern, const char *name);
	const char *rule;
} kinds[] = {
	/* clang-format off */
	{ NAME_TYPE_DNS,   offsetof(struct conf_names, dns),   dns_matches,   "profile.names.dns" },
	{ NAME_TYPE_IP,    offsetof(struct conf_names, ip),    ip_matches,    "profile.names.ip" },
	{ NAME_TYPE_URI,   offsetof(struct conf_names, uri),   uri_matches,   "profile.names.uri" },
	{ NAME_TYPE_EMAIL, offsetof(struct conf_names, email), email_matches, "profile.names.email" },
	/* clang-format on */
};

static const struct kind *
kind_of(enum name_type type)
{
	for (size_t i = 0; i < NITEMS(kinds); i++)
		if (kinds[i].type == type)
			return &kinds[i];
	return NULL;
}

static const struct strings *
list_of(const struct conf_names *allowed, const struct kind *k)
{
	return (const struct strings *)(const void *)((const char *)allowed + k->list);
}

bool
profile_name_allowed(const struct conf_names *allowed, const struct name *name)
{
	const struct kind *k = kind_of(name->type);

	if (k == NULL)
		return false;
	if (name->type == NAME_TYPE_DNS && !dns_form_allowed(allowed, name->text))
		return false;
	const struct strings *list = list_of(allowed, k);
	for (size_t i = 0; i < list->n; i++)
		if (k->matches(list->v[i], name->text))
			return true;
	return false;
}

char *
profile_names_text(const struct conf_names *allowed, enum name_type type)
{
	const struct kind *k = kind_of(type);
	const struct strings *list = k != NULL ? list_of(allowed, k) : NULL;
	struct buf b;

	if (list == NULL || list->n == 0)
		return mem_strdup("no names of this kind");
	buf_init(&b, ALLOWED_MAX);
	for (size_t i = 0; i < list->n; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", list->v[i]);
	if (type == NAME_TYPE_DNS)
		buf_printf(&b, " (wildcards: %s, underscores: %s)",
		    allowed->wildcards ? "yes" : "no",
		    allowed->underscores ? "yes" : "no");
	char *text = mem_strdup(buf_str(&b));
	buf_free(&b);
	return text;
}

static bool
check_count(size_t n, size_t max, struct verdict *v)
{
	const bool pass = n >= 1 && n <= max;

	if (!verdict_keeps(v, pass))
		return pass;
	char *count = mem_printf("%zu", n);
	char *allowed = mem_printf("1 to %zu names", max);
	verdict_add(v, pass, ERR_POLICY, "profile.names.count", "names", count,
	    allowed);
	free(count);
	free(allowed);
	return pass;
}

static bool
check_name(const struct conf_names *allowed, const struct name *name, size_t at,
    struct verdict *v)
{
	const struct kind *k = kind_of(name->type);
	const bool pass = profile_name_allowed(allowed, name);

	if (!verdict_keeps(v, pass))
		return pass;
	char *field = mem_printf("names[%zu]", at);
	char *text = profile_names_text(allowed, name->type);
	verdict_add(v, pass, ERR_POLICY, k != NULL ? k->rule : "profile.names", field,
	    name->text, text);
	free(field);
	free(text);
	return pass;
}

#define SPIFFE     "spiffe://"
#define SPIFFE_MAX 2048 /* octets */

/* One segment of a path: not empty, not "." or "..", nothing escaped. */
static bool
spiffe_segment(const char *s, size_t n)
{
	static const char let_in[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

	const bool dots = n <= 2 && strncmp(s, "..", n) == 0;

	return n > 0 && strspn(s, let_in) >= n && !dots;
}

/*
 * A workload's SPIFFE ID (P28): trust domain in lower case without user or port,
 * a path of plain segments, no query, no fragment.
 */
static bool
spiffe_form(const char *id)
{
	const char *s = id + strlen(SPIFFE);
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-._");

	if (n == 0 || n > 255 || s[n] != '/' || strlen(id) > SPIFFE_MAX)
		return false;
	for (s += n; *s == '/'; s += n) {
		s++;
		n = strcspn(s, "/");
		if (!spiffe_segment(s, n))
			return false;
	}
	return true;
}

/* P28: a SPIFFE ID is the only URI of its certificate. */
static bool
check_spiffe(const struct names *names, struct verdict *v)
{
	size_t uris = 0;
	const char *id = NULL;

	for (size_t i = 0; i < names->n; i++)
		if (names->v[i].type == NAME_TYPE_URI) {
			uris++;
			if (strncmp(names->v[i].text, SPIFFE, strlen(SPIFFE)) == 0)
				id = names->v[i].text;
		}
	if (id == NULL)
		return true;
	return verdict_add(v, uris == 1 && spiffe_form(id), ERR_POLICY,
	    "profile.names.spiffe", "names", id,
	    "one spiffe://trust-domain/path and no other URI beside it");
}

bool
profile_check_names(const struct conf_profile *p, const struct names *names, size_t max,
    struct verdict *v)
{
	bool pass = check_count(names->n, max, v);

	/* Over the limit nothing more is told: the answer would be as long. */
	if (names->n > max)
		return false;
	for (size_t i = 0; i < names->n; i++)
		if (!check_name(&p->names, &names->v[i], i, v))
			pass = false;
	return check_spiffe(names, v) && pass;
}
