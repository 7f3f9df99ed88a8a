/* SPDX-License-Identifier: Apache-2.0 */
/* Values of one kind each: spans, numbers, switches, names, addresses, patterns. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "conf_load_impl.h"

#include "base/clock.h"
#include "base/mem.h"

bool
conf_load_span(const struct loading *l, const struct node *n, const char *key,
    const char *text, int64_t least, int64_t most, int64_t *value)
{
	char from[CLOCK_DURATION_LEN], to[CLOCK_DURATION_LEN];
	const struct bytes b = bytes_str(text);
	int64_t s = 0;
	struct err why;

	if (text == NULL)
		return true;
	if (!bytes_eq_str(b, "0") && !bytes_eq_str(b, "0s") &&
	    !clock_duration_parse(b, &s, &why))
		return conf_load_fault(l, n, key, "\"%.40s\" is %s", text, why.detail);
	if (s < least || s > most) {
		clock_duration(least, from);
		clock_duration(most, to);
		return conf_load_fault(l, n, key, "\"%.40s\" is not within %s and %s",
		    text, from, to);
	}
	*value = s;
	return true;
}

bool
conf_load_number(const struct loading *l, const struct node *n, const char *key,
    const char *text, size_t least, size_t most, size_t *value)
{
	size_t v = 0, digits = 0;

	if (text == NULL)
		return true;
	for (; text[digits] >= '0' && text[digits] <= '9' && digits < 10; digits++)
		v = v * 10 + (size_t)(text[digits] - '0');
	if (digits == 0 || text[digits] != '\0' || v < least || v > most)
		return conf_load_fault(l, n, key,
		    "\"%.40s\" is no number within %zu and %zu", text, least, most);
	*value = v;
	return true;
}

bool
conf_load_flag(const struct loading *l, const struct node *n, const char *key,
    const char *text, bool *value)
{
	if (text == NULL)
		return true;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return conf_load_fault(l, n, key, "\"%.40s\" must be true or false",
		    text);
	*value = text[0] == 't';
	return true;
}

bool
conf_load_name(const struct loading *l, const struct node *n, const char *text,
    const char *const *reserved)
{
	if (text == NULL)
		return conf_load_fault(l, n, NULL, "\"name\" is missing");
	if (!conf_is_name(text))
		return conf_load_fault(l, n, "name",
		    "\"%.40s\" must be of a-z, 0-9 and '-', not begin with '-', and "
		    "have at most %d characters",
		    text, CONF_NAME_MAX);
	for (; *reserved != NULL; reserved++)
		if (strcmp(*reserved, text) == 0)
			return conf_load_fault(l, n, "name",
			    "\"%s\" is reserved; take another name", text);
	return true;
}

void
conf_load_copy(struct strings *ret, const struct strings *from)
{
	for (size_t i = 0; i < from->n; i++)
		strings_add(ret, from->v[i]);
}

char *
conf_load_lower(const char *text)
{
	char *s = mem_strdup(text);

	for (char *p = s; p != NULL && *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return s;
}

/* LDH labels and underscores, in lower case, no dot at either end. */
static bool
is_host(const char *s)
{
	size_t label = 0;
	const size_t n = strlen(s);

	if (n == 0 || n > 253)
		return false;
	for (size_t i = 0; i <= n; i++) {
		if (i < n && s[i] != '.') {
			label++;
			if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", s[i]) ==
			    NULL)
				return false;
			continue;
		}
		if (label == 0 || label > 63 || s[i - 1] == '-' || s[i - label] == '-')
			return false;
		label = 0;
	}
	return true;
}

static bool
is_address(const char *s)
{
	struct conf_cidr c;

	return strchr(s, '/') == NULL && conf_cidr(s, &c);
}

/* All digits, or 0x and hex digits: programs read a name that ends so as an address. */
static bool
is_number(const char *label)
{
	const bool hex = strncmp(label, "0x", 2) == 0;
	const char *digits = label + (hex ? 2 : 0);

	return digits[strspn(digits, hex ? "0123456789abcdef" : "0123456789")] == '\0';
}

const char *
conf_load_host_fault(const char *host)
{
	for (const char *label = host;;) {
		const size_t n = strcspn(label, ".");

		if (n >= 4 && strncmp(label + 2, "--", 2) == 0 &&
		    strncmp(label, "xn", 2) != 0)
			return "has a label with hyphens third and fourth that is no "
			       "A-label (RFC 5890 2.3.1)";
		if (label[n] == '\0')
			return is_number(label) ? "reads as an address, and is none"
						: NULL;
		label += n + 1;
	}
}

bool
conf_load_is_mapped(const struct conf_cidr *c)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return c->octets == 16 && memcmp(c->ip, mapped, sizeof(mapped)) == 0;
}

char *
conf_load_host_normal(const char *host)
{
	char text[INET6_ADDRSTRLEN];
	struct conf_cidr c;

	if (!conf_cidr(host, &c))
		return conf_load_lower(host);
	const bool mapped = conf_load_is_mapped(&c);
	inet_ntop(c.octets == 4 || mapped ? AF_INET : AF_INET6,
	    mapped ? c.ip + sizeof(c.ip) - 4 : c.ip, text, sizeof(text));
	return mem_strdup(text);
}

static bool
is_port(const char *s)
{
	unsigned v = 0;
	size_t i = 0;

	for (; s[i] >= '0' && s[i] <= '9' && i < 5; i++)
		v = v * 10 + (unsigned)(s[i] - '0');
	return i > 0 && s[i] == '\0' && s[0] != '0' && v <= 65535;
}

bool
conf_load_host_port(const char *text, char **ret_host)
{
	const char *colon = strrchr(text, ':');
	char *host = NULL;
	bool ok;

	if (colon == NULL || !is_port(colon + 1))
		return false;
	if (text[0] == '[' && colon > text + 1 && colon[-1] == ']') {
		struct in6_addr v6;
		host = mem_strndup(bytes_of(text + 1, (size_t)(colon - text) - 2));
		ok = inet_pton(AF_INET6, host, &v6) == 1;
	} else {
		char *given = mem_strndup(bytes_of(text, (size_t)(colon - text)));
		host = conf_load_lower(given);
		free(given);
		ok = is_host(host);
	}
	if (ok && ret_host != NULL) {
		*ret_host = host;
		host = NULL;
	}
	free(host);
	return ok;
}

/* ---- patterns ---- */

static const char *
dns_fault(const char *s)
{
	if (strcmp(s, "*") == 0)
		return NULL;
	if (is_address(s))
		return "is an address; it belongs into \"ip\"";
	if (!is_host(strncmp(s, "*.", 2) == 0 ? s + 2 : s))
		return "must be a name, \"*.name\" for all below it, or \"*\"";
	return NULL;
}

static const char *
ip_fault(const char *s)
{
	struct conf_cidr c, top;

	if (!conf_cidr(s, &c))
		return "must be an address or a range, such as 10.0.0.0/8 or ::1/128";
	top = c;
	for (unsigned bit = c.bits; bit < c.octets * 8; bit++)
		top.ip[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
	return memcmp(top.ip, c.ip, sizeof(c.ip)) == 0
		   ? NULL
		   : "has bits set behind its prefix; is it the range that is meant?";
}

static const char *
uri_fault(const char *s)
{
	const char *colon = strchr(s, ':');

	if (strcmp(s, "*") == 0)
		return NULL;
	if (colon == NULL || colon == s || colon[1] == '\0' || strpbrk(s, "* \"<>") ||
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789+-.")] != ':')
		return "must be a URI, a prefix of URIs that ends in '/', or \"*\"";
	return NULL;
}

static const char *
email_fault(const char *s)
{
	const char *at = strrchr(s, '@');

	if (strcmp(s, "*") == 0)
		return NULL;
	if (at == NULL || at == s || !is_host(at + 1) ||
	    (strchr(s, '*') != NULL && strncmp(s, "*@", 2) != 0) ||
	    strchr(s, '@') != at || strchr(s, ' ') != NULL)
		return "must be an address, \"*@host\" for all of a host, or \"*\"";
	return NULL;
}

const char *
conf_load_pattern_fault(enum name_type type, const char *pattern)
{
	switch (type) {
	case NAME_TYPE_DNS:
		return dns_fault(pattern);
	case NAME_TYPE_IP:
		return ip_fault(pattern);
	case NAME_TYPE_URI:
		return uri_fault(pattern);
	case NAME_TYPE_EMAIL:
		return email_fault(pattern);
	}
	return "is of no known kind";
}

/* Copies a list of patterns, in lower case where case does not count. */
static bool
read_patterns(const struct loading *l, const struct node *n, enum name_type type,
    const struct strings *from, struct strings *ret)
{
	const struct node *list = conf_load_member(n, sets_name_type_word(type));

	for (size_t i = 0; i < from->n; i++) {
		char *p = type == NAME_TYPE_DNS ? conf_load_lower(from->v[i])
						: mem_strdup(from->v[i]);
		const char *fault = conf_load_pattern_fault(type, p);

		strings_add(ret, p);
		free(p);
		if (fault != NULL)
			return conf_load_fault(l, conf_load_item(list, i), NULL,
			    "\"%.80s\" %s", from->v[i], fault);
	}
	return true;
}

bool
conf_load_names(const struct loading *l, const struct node *n,
    const struct raw_names *r, struct conf_names *ret)
{
	return read_patterns(l, n, NAME_TYPE_DNS, &r->dns, &ret->dns) &&
	       read_patterns(l, n, NAME_TYPE_IP, &r->ip, &ret->ip) &&
	       read_patterns(l, n, NAME_TYPE_URI, &r->uri, &ret->uri) &&
	       read_patterns(l, n, NAME_TYPE_EMAIL, &r->email, &ret->email) &&
	       conf_load_flag(l, n, "wildcards", r->wildcards, &ret->wildcards) &&
	       conf_load_flag(l, n, "underscores", r->underscores, &ret->underscores);
}
