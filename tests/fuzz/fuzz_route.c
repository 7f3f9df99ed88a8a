/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads of requests: framing (R81), routes (R47), content types.  A line each for
 * method, path, version, content type; headers.  Where the first octet is ff, a head
 * as it came.
 */
#include "fuzz.h"
#include "http/guard.h"
#include "http/route.h"

/* The next piece up to a line feed. */
static struct bytes
take(struct bytes *rest)
{
	const size_t len = bytes_index(*rest, '\n');
	const struct bytes piece = bytes_of(rest->p, len);

	*rest = bytes_skip(*rest, len + 1);
	return piece;
}

static void
check_match(const struct route_match *m, struct bytes path)
{
	for (size_t i = 0; i < ROUTE_PARAMS; i++) {
		const struct bytes v = m->params[i];

		if (v.n > 0 && (v.p < path.p || v.p + v.n > path.p + path.n))
			abort();
	}
	if (m->row >= routes_n)
		abort();
}

/* ---- a head as it came, in the way of a parser that reads on where it should stop ---- */

/* A C string: what stands behind a NUL is not seen. */
static struct bytes
seen(struct bytes b)
{
	return bytes_of(b.p, bytes_index(b, 0));
}

/* Up to a line feed, without the CR before it; false: none comes. */
static bool
take_head_line(struct bytes *rest, struct bytes *ret)
{
	const size_t n = bytes_index(*rest, '\n');

	if (n == rest->n)
		return false;
	*ret = bytes_of(rest->p, n > 0 && rest->p[n - 1] == '\r' ? n - 1 : n);
	*rest = bytes_skip(*rest, n + 1);
	return true;
}

/*
 * R81: two parsers can read what was let through in one way only.  But with a NUL in it:
 * libmicrohttpd overwrites line ends by NULs, and one beside a bare LF may look like
 * a CRLF then (http/guard.h).
 */
static void
one_way_only(struct bytes head)
{
	if (bytes_index(head, 0) < head.n)
		return;
	for (size_t i = 0; i < head.n; i++) {
		require(head.p[i] != '\n' || (i > 0 && head.p[i - 1] == '\r'));
		require(head.p[i] != '\r' || (i + 1 < head.n && head.p[i + 1] == '\n'));
	}
}

static void
whole_head(struct bytes in)
{
	struct bytes rest = in, line;
	struct guard g;
	struct err e = { 0 };

	if (!take_head_line(&rest, &line))
		return;
	const struct bytes method = bytes_of(line.p, bytes_index(line, ' '));
	const struct bytes from = bytes_skip(line, method.n + 1);
	const struct bytes target = bytes_of(from.p, bytes_index(from, ' '));
	guard_begin(&g, seen(method), seen(target),
	    seen(bytes_skip(from, target.n + 1)), target.p);
	for (;;) {
		if (!take_head_line(&rest, &line))
			return;
		if (line.n == 0)
			break;
		const struct bytes name = bytes_of(line.p, bytes_index(line, ':'));
		struct bytes value = bytes_skip(line, name.n + 1);

		/* Such a line libmicrohttpd refuses by itself. */
		if (name.n == line.n || bytes_has_nul(name))
			return;
		while (value.n > 0 && (value.p[0] == ' ' || value.p[0] == '\t'))
			value = bytes_skip(value, 1);
		guard_header(&g, seen(name), seen(value));
	}
	const struct bytes head = bytes_of(in.p, in.n - rest.n);
	if (guard_end(&g, head.n, &e))
		one_way_only(head);
	else
		require(e.code == ERR_MALFORMED || e.code == ERR_TOO_LARGE);
}

FUZZ_TARGET(route)
{
	if (n > 0 && p[0] == 0xff) {
		whole_head(bytes_of(p + 1, n - 1));
		return 0;
	}
	struct bytes rest = bytes_of(p, n);
	const struct bytes method = take(&rest), path = take(&rest);
	const struct bytes version = take(&rest), type = take(&rest);
	struct route_match m;
	struct guard g;
	char allow[64];
	struct err e;

	guard_begin(&g, method, path, version, NULL);
	while (rest.n > 0) {
		const struct bytes line = take(&rest);
		const size_t colon = bytes_index(line, ':');

		guard_header(&g, bytes_of(line.p, colon), bytes_skip(line, colon + 1));
	}
	const bool sound = guard_end(&g, n, &e);
	if (sound && memmem(path.p, path.n, "%00", 3) != NULL)
		abort();
	for (unsigned on = ON_API; on <= ON_UNIX; on <<= 1) {
		enum body_kind kind;

		if (!route_find(method, path, on, &m, allow, sizeof(allow), &e))
			continue;
		check_match(&m, path);
		if (route_body_check(&routes[m.row], type, &kind, &e) &&
		    kind != BODY_NONE && (routes[m.row].body & kind) == 0)
			abort();
	}
	return 0;
}
