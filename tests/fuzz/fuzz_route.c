/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_route - request heads: guard, routes, content types.  clang -fsanitize=fuzzer. */
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

FUZZ_TARGET(route)
{
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
