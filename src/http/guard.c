/* SPDX-License-Identifier: Apache-2.0 */
#include "http/guard.h"

#include <string.h>

#define LENGTH_DIGITS_MAX 18 /* far below overflow, far above any limit */

/* RFC 9110 5.6.2 */
static bool
is_token(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		const uint8_t c = b.p[i];
		const bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
				   (c >= 'a' && c <= 'z');

		if (!alnum && (c == 0 || strchr("!#$%&'*+-.^_`|~", c) == NULL))
			return false;
	}
	return b.n > 0;
}

/* RFC 9110 5.5: no control character but a tab; octets above ASCII are opaque. */
static bool
is_value(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if ((b.p[i] < 0x20 && b.p[i] != '\t') || b.p[i] == 0x7f)
			return false;
	return true;
}

static void
fault(struct guard *g, enum err_code code, const char *why)
{
	if (g->bad.code == ERR_NONE)
		err_set(&g->bad, code, "%s", why);
}

/* Origin form only (RFC 9112 3.2.1): visible ASCII, no fragment, no hidden NUL. */
static void
check_target(struct guard *g, struct bytes target)
{
	if (target.n > GUARD_TARGET_MAX)
		fault(g, ERR_TARGET_TOO_LONG, "the request target is over 8 KiB");
	if (target.n == 0 || target.p[0] != '/')
		fault(g, ERR_MALFORMED, "the request target does not begin with '/'");
	for (size_t i = 0; i < target.n; i++) {
		if (target.p[i] <= 0x20 || target.p[i] >= 0x7f || target.p[i] == '#')
			fault(g, ERR_MALFORMED,
			    "the request target holds a character that has to be "
			    "percent-encoded");
		if (target.p[i] == '%' && target.n - i >= 3 &&
		    memcmp(target.p + i, "%00", 3) == 0)
			fault(g, ERR_MALFORMED, "the request target holds %00");
	}
}

static void
check_place(struct guard *g, bool ok)
{
	if (g->head != 0 && !ok)
		fault(g, ERR_MALFORMED,
		    "the request's head holds octets that are no part of a header");
}

void
guard_begin(struct guard *g, struct bytes method, struct bytes target,
    struct bytes version, const void *target_at)
{
	*g = (struct guard){ .http_1_0 = bytes_eq_str(version, "HTTP/1.0") };
	if (target_at != NULL) {
		const uintptr_t at = (uintptr_t)target_at;

		g->head = (uintptr_t)method.p;
		g->next = (uintptr_t)version.p + version.n + 2;
		check_place(g, at == g->head + method.n + 1);
		check_place(g, (uintptr_t)version.p == at + target.n + 1);
	}
	if (!is_token(method))
		fault(g, ERR_MALFORMED, "the method is no token");
	check_target(g, target);
	if (!g->http_1_0 && !bytes_eq_str(version, "HTTP/1.1"))
		fault(g, ERR_MALFORMED, "only HTTP/1.1 and HTTP/1.0 are spoken here");
}

static void
on_length(struct guard *g, struct bytes value)
{
	uint64_t v = 0;

	for (size_t i = 0; i < value.n && i <= LENGTH_DIGITS_MAX; i++) {
		if (value.p[i] < '0' || value.p[i] > '9') {
			fault(g, ERR_MALFORMED, "Content-Length is no number");
			return;
		}
		v = v * 10 + (uint64_t)(value.p[i] - '0');
	}
	if (value.n == 0)
		fault(g, ERR_MALFORMED, "Content-Length is no number");
	if (value.n > LENGTH_DIGITS_MAX)
		fault(g, ERR_TOO_LARGE, "Content-Length is beyond all limits");
	if (g->lengths++ > 0)
		fault(g, ERR_MALFORMED, "Content-Length is given twice");
	g->has_length = true;
	g->length = v;
}

static void
on_transfer_encoding(struct guard *g, struct bytes value)
{
	if (!bytes_eq_nocase(value, "chunked"))
		fault(g, ERR_MALFORMED, "Transfer-Encoding is not just \"chunked\"");
	if (g->http_1_0)
		fault(g, ERR_MALFORMED, "HTTP/1.0 has no Transfer-Encoding");
	if (g->encodings++ > 0)
		fault(g, ERR_MALFORMED, "Transfer-Encoding is given twice");
	g->chunked = true;
}

static void
on_host(struct guard *g, struct bytes value)
{
	if (g->hosts++ > 0)
		fault(g, ERR_MALFORMED, "Host is given twice");
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] <= 0x20 || value.p[i] >= 0x7f ||
		    strchr("/\\@,?#\"<>", value.p[i]) != NULL)
			fault(g, ERR_MALFORMED, "Host is no host");
}

static void
on_content_type(struct guard *g, struct bytes value)
{
	(void)value;
	if (g->types++ > 0)
		fault(g, ERR_MALFORMED, "Content-Type is given twice");
}

static void
on_authorization(struct guard *g, struct bytes value)
{
	(void)value;
	if (g->credentials++ > 0)
		fault(g, ERR_MALFORMED, "Authorization is given twice");
}

static void
on_content_encoding(struct guard *g, struct bytes value)
{
	(void)value;
	g->encoded = true;
}

static const struct {
	const char *name;
	void (*on)(struct guard *g, struct bytes value);
} watched[] = {
	{ "Content-Length", on_length },
	{ "Transfer-Encoding", on_transfer_encoding },
	{ "Host", on_host },
	{ "Content-Type", on_content_type },
	{ "Authorization", on_authorization },
	{ "Content-Encoding", on_content_encoding },
};

void
guard_header(struct guard *g, struct bytes name, struct bytes value)
{
	const uintptr_t colon = (uintptr_t)name.p + name.n;

	check_place(g, (uintptr_t)name.p == g->next && (uintptr_t)value.p > colon);
	g->next = (uintptr_t)value.p + value.n + 2; /* the CRLF */
	if (!is_token(name))
		fault(g, ERR_MALFORMED, "a header's name is no token");
	if (!is_value(value))
		fault(g, ERR_MALFORMED, "a header holds a control character");
	for (size_t i = 0; i < NITEMS(watched); i++)
		if (bytes_eq_nocase(name, watched[i].name))
			watched[i].on(g, value);
}

bool
guard_end(struct guard *g, size_t octets, struct err *e)
{
	if (!g->http_1_0 && g->hosts == 0)
		fault(g, ERR_MALFORMED, "HTTP/1.1 needs a Host");
	if (g->chunked && g->lengths > 0)
		fault(g, ERR_MALFORMED,
		    "both Content-Length and Transfer-Encoding are given");
	check_place(g, g->next + 2 == g->head + octets);
	if (g->bad.code == ERR_NONE)
		return true;
	*e = g->bad;
	return false;
}

bool
guard_has_body(const struct guard *g)
{
	return g->chunked || (g->has_length && g->length > 0);
}
