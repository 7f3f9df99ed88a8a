/* SPDX-License-Identifier: Apache-2.0 */
/* URIs of a SAN: RFC 5280 4.2.1.6, RFC 3986, P28.  What SPIFFE wants besides is the profile's. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "x509/names.h"
#include "x509/names_text.h"

#define PORT_DIGITS 5

struct parts {
	struct bytes scheme;
	bool has_authority;
	struct bytes user; /* with its '@' */
	struct bytes host; /* without brackets */
	bool bracketed;
	struct bytes port; /* with its ':' */
	struct bytes rest; /* path, query, fragment */
};

static bool
is_alpha(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* RFC 3986 2: reserved, unreserved, percent-encoded, nothing else. */
static const char *
characters_fault(struct bytes t)
{
	size_t fragments = 0;

	for (size_t i = 0; i < t.n; i++) {
		const uint8_t c = t.p[i];

		if (c > 0x7f)
			return "is not ASCII";
		if (c < 0x20 || c == 0x7f)
			return "holds a NUL or another control character";
		if (c == '%' &&
		    (t.n - i < 3 || !is_hex(t.p[i + 1]) || !is_hex(t.p[i + 2])))
			return "has a '%' without two hex digits";
		if (c == '#' && ++fragments > 1)
			return "has two fragments";
		if (!is_alpha(c) && !is_digit(c) &&
		    strchr("-._~:/?#[]@!$&'()*+,;=%", c) == NULL)
			return "holds a character that no URI has";
	}
	return NULL;
}

static const char *
split_authority(struct bytes a, struct parts *ret)
{
	size_t at = bytes_index(a, '@');

	ret->has_authority = true;
	if (at < a.n) {
		ret->user = (struct bytes){ a.p, at + 1 };
		a = bytes_skip(a, at + 1);
	}
	if (bytes_index(a, '@') < a.n)
		return "has two '@' before its host";
	ret->bracketed = bytes_starts(a, "[");
	if (ret->bracketed) {
		const size_t close = bytes_index(a, ']');

		if (close == a.n)
			return "has a '[' without its ']'";
		ret->host = (struct bytes){ a.p + 1, close - 1 };
		a = bytes_skip(a, close + 1);
	} else {
		ret->host = (struct bytes){ a.p, bytes_index(a, ':') };
		a = bytes_skip(a, ret->host.n);
	}
	ret->port = a;
	if (ret->host.n == 0)
		return "has no host";
	if (a.n == 0)
		return NULL;
	if (a.p[0] != ':' || a.n == 1 || a.n > 1 + PORT_DIGITS)
		return "has an invalid port";
	for (size_t i = 1; i < a.n; i++)
		if (!is_digit(a.p[i]))
			return "has an invalid port";
	return NULL;
}

static const char *
split(struct bytes t, struct parts *ret)
{
	*ret = (struct parts){ .scheme = { t.p, bytes_index(t, ':') } };
	if (ret->scheme.n == t.n || ret->scheme.n == 0 || !is_alpha(t.p[0]))
		return "has no scheme: only absolute URIs are accepted";
	for (size_t i = 0; i < ret->scheme.n; i++)
		if (!is_alpha(t.p[i]) && !is_digit(t.p[i]) &&
		    (t.p[i] == '\0' || strchr("+-.", t.p[i]) == NULL))
			return "has no scheme: only absolute URIs are accepted";
	ret->rest = bytes_skip(t, ret->scheme.n + 1);
	if (ret->rest.n == 0)
		return "has nothing behind its scheme";
	if (!bytes_starts(ret->rest, "//"))
		return NULL;

	struct bytes a = bytes_skip(ret->rest, 2);
	size_t n = 0;
	while (n < a.n && a.p[n] != '/' && a.p[n] != '?' && a.p[n] != '#')
		n++;
	ret->rest = bytes_skip(a, n);
	a.n = n;
	return split_authority(a, ret);
}

static void
put_lower(struct buf *b, struct bytes s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_putc(b,
		    (uint8_t)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]));
}

/* RFC 5280 4.2.1.6: an authority's host is a DNS name or an IP address. */
static bool
host_normal(const struct parts *p, char **ret, struct err *e)
{
	char z[sizeof("255.255.255.255")];
	uint8_t ip[16];

	if (p->bracketed) {
		if (bytes_index(p->host, ':') == p->host.n)
			return err_set(e, ERR_POLICY, "URI has no IPv6 address in []");
		return names_ip_normal(p->host, ret, e);
	}
	if (bytes_to_str(p->host, z, sizeof(z)) && name_ip_octets(z, ip) == 4)
		return names_ip_normal(p->host, ret, e);
	if (bytes_index(p->host, '*') < p->host.n)
		return err_set(e, ERR_POLICY, "URI has a wildcard in its host");
	return names_dns_normal(p->host, ret, e);
}

bool
names_uri_normal(struct bytes text, char **ret, struct err *e)
{
	char quoted[NAMES_QUOTE_LEN];
	struct parts p;
	struct buf b;
	char *host = NULL;

	names_quote(text, quoted);
	if (text.n > NAMES_URI_MAX)
		return err_set(e, ERR_POLICY, "URI \"%s\" is over %d characters",
		    quoted, NAMES_URI_MAX);
	const char *why = characters_fault(text);
	if (why == NULL)
		why = split(text, &p);
	if (why == NULL && (bytes_index(p.rest, '[') < p.rest.n ||
			       bytes_index(p.rest, ']') < p.rest.n))
		why = "has brackets elsewhere than around its host";
	if (why != NULL)
		return err_set(e, ERR_POLICY, "URI \"%s\" %s", quoted, why);
	if (p.has_authority && !host_normal(&p, &host, e))
		return err_prefix(e, quoted);

	buf_init(&b, 2 * NAMES_URI_MAX);
	put_lower(&b, p.scheme);
	buf_putc(&b, ':');
	if (p.has_authority) {
		buf_puts(&b, "//");
		buf_put(&b, p.user);
		buf_printf(&b, p.bracketed ? "[%s]" : "%s", host);
		buf_put(&b, p.port);
	}
	buf_put(&b, p.rest);
	*ret = mem_strndup(buf_bytes(&b));
	buf_free(&b);
	free(host);
	return true;
}

bool
names_uri_host(const char *uri, struct bytes *ret)
{
	struct parts p;

	if (split(bytes_str(uri), &p) != NULL || !p.has_authority)
		return false;
	*ret = p.host;
	return true;
}
