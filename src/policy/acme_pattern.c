/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/acme_pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "x509/names.h"

#define SHOWN 80 /* characters of a pattern in an error */

static bool
add_ip(struct conf_names *ret, const char *text, struct err *e)
{
	struct conf_cidr c;

	if (!conf_cidr(text, &c))
		return err_set(e, ERR_MALFORMED,
		    "\"%.*s\" is no address and no range such as 10.0.0.0/8", SHOWN,
		    text);
	for (unsigned bit = c.bits; bit < c.octets * 8; bit++)
		if ((c.ip[bit / 8] & (0x80u >> bit % 8)) != 0)
			return err_set(e, ERR_MALFORMED,
			    "\"%.*s\" has bits set behind its prefix; is it the range "
			    "that is meant?",
			    SHOWN, text);
	strings_add(&ret->ip, text);
	return true;
}

static bool
add_dns(struct conf_names *ret, const char *text, struct err *e)
{
	const bool below = strncmp(text, "*.", 2) == 0;
	char *name;

	if (strcmp(text, "*") == 0) {
		strings_add(&ret->dns, text);
		return true;
	}
	if (strchr(below ? text + 2 : text, '*') != NULL)
		return err_set(e, ERR_MALFORMED,
		    "\"%.*s\" must be a name, \"*.name\" for all below it, or \"*\"",
		    SHOWN, text);
	if (!name_normal(NAME_TYPE_DNS, bytes_str(below ? text + 2 : text), &name, e)) {
		e->code = ERR_MALFORMED;
		return false;
	}
	char *pattern = mem_printf("%s%s", below ? "*." : "", name);
	strings_add(&ret->dns, pattern);
	free(pattern);
	free(name);
	return true;
}

static const struct {
	const char *type;
	bool (*add)(struct conf_names *ret, const char *text, struct err *e);
} kinds[] = {
	{ "dns:", add_dns },
	{ "ip:", add_ip },
};

bool
acme_pattern_add(struct conf_names *ret, struct bytes text, struct err *e)
{
	char *copy = mem_strndup(text);
	struct conf_cidr c;
	bool ok = false;
	size_t i = 0;

	ret->wildcards = ret->underscores = true;
	while (i < NITEMS(kinds) &&
	       strncmp(copy, kinds[i].type, strlen(kinds[i].type)) != 0)
		i++;
	if (strlen(copy) != text.n)
		err_set(e, ERR_MALFORMED, "a pattern holds a NUL");
	else if (i < NITEMS(kinds))
		ok = kinds[i].add(ret, copy + strlen(kinds[i].type), e);
	else
		ok = conf_cidr(copy, &c) ? add_ip(ret, copy, e) : add_dns(ret, copy, e);
	free(copy);
	return ok;
}

bool
acme_pattern_read(const json_t *list, struct conf_names *ret, struct err *e)
{
	const json_t *v;
	size_t i;

	if (!json_is_array(list))
		return err_set(e, ERR_MALFORMED, "names: must be a list of patterns");
	if (json_array_size(list) > ACME_PATTERNS_MAX)
		return err_set(e, ERR_MALFORMED, "names: at most %d patterns",
		    ACME_PATTERNS_MAX);
	json_array_foreach(list, i, v)
	{
		if (!json_is_string(v))
			return err_set(e, ERR_MALFORMED, "names[%zu]: must be a text",
			    i);
		const struct bytes text =
		    bytes_of(json_string_value(v), json_string_length(v));
		if (!acme_pattern_add(ret, text, e)) {
			char *at = mem_printf("names[%zu]", i);

			err_prefix(e, at);
			free(at);
			return false;
		}
	}
	return true;
}

void
acme_pattern_free(struct conf_names *n)
{
	strings_free(&n->dns);
	strings_free(&n->ip);
	*n = (struct conf_names){ 0 };
}

json_t *
acme_pattern_json(const struct conf_names *n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n->dns.n; i++)
		json_array_append_new(list, json_sprintf("dns:%s", n->dns.v[i]));
	for (size_t i = 0; i < n->ip.n; i++)
		json_array_append_new(list, json_sprintf("ip:%s", n->ip.v[i]));
	return list;
}

size_t
acme_pattern_count(const struct conf_names *n)
{
	return n->dns.n + n->ip.n;
}

/* ---- do two patterns have a name in common? ---- */

/* Is 'name', or all below "*.name", below 'pattern' ("*.x")? */
static bool
is_below(const char *pattern, const char *name)
{
	const size_t p = strlen(pattern), n = strlen(name);

	return strncmp(pattern, "*.", 2) == 0 && n >= p &&
	       strcmp(name + n - (p - 1), pattern + 1) == 0;
}

static bool
dns_meets(const char *a, const char *b)
{
	return strcmp(a, "*") == 0 || strcmp(b, "*") == 0 || strcmp(a, b) == 0 ||
	       is_below(a, b) || is_below(b, a);
}

static bool
ip_meets(const char *a, const char *b)
{
	struct conf_cidr x, y;

	return conf_cidr(a, &x) && conf_cidr(b, &y) &&
	       (conf_cidr_has(&x, y.ip, y.octets) || conf_cidr_has(&y, x.ip, x.octets));
}

static bool
any_meets(const struct strings *a, const struct strings *b,
    bool (*meets)(const char *a, const char *b))
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			if (meets(a->v[i], b->v[k]))
				return true;
	return false;
}

bool
acme_pattern_meets(const struct conf_names *a, const struct conf_names *b)
{
	return any_meets(&a->dns, &b->dns, dns_meets) ||
	       any_meets(&a->ip, &b->ip, ip_meets);
}
