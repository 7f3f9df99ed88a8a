/* SPDX-License-Identifier: Apache-2.0 */
#include "http/route.h"

#include <stdio.h>
#include <string.h>

#include "codec/uri.h"

const struct route routes[] = {
#define ROUTE(method, path, on, gate, body_max, body, side, handler)                   \
	{ method, path, on, gate, body_max, body, side },
#include "tbl/routes.h"
#undef ROUTE
};
const size_t routes_n = NITEMS(routes);

/* What "*" takes: something, visible ASCII only.  Its handler looks it up or decodes it. */
static bool
is_rest(struct bytes rest)
{
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] <= 0x20 || rest.p[i] >= 0x7f)
			return false;
	return rest.n > 0;
}

/* Does a pattern without "*" fit? */
static bool
segments_fit(const char *pattern, struct bytes path, struct bytes params[ROUTE_PARAMS])
{
	size_t n = 0;

	while (*pattern != '\0' && path.n > 0) {
		if (*pattern == ':') {
			const size_t len = bytes_index(path, '/');

			if (len == 0 || n == ROUTE_PARAMS)
				return false;
			params[n++] = bytes_of(path.p, len);
			path = bytes_skip(path, len);
			pattern += strcspn(pattern, "/");
		} else if ((uint8_t)*pattern == path.p[0]) {
			path = bytes_skip(path, 1);
			pattern++;
		} else {
			return false;
		}
	}
	return *pattern == '\0' && path.n == 0;
}

static bool
path_fits(const char *pattern, struct bytes path, struct bytes params[ROUTE_PARAMS])
{
	const size_t n = strlen(pattern);

	if (pattern[n - 1] != '*')
		return segments_fit(pattern, path, params) && uri_path_canonical(path);
	if (path.n < n || memcmp(path.p, pattern, n - 1) != 0)
		return false;
	params[0] = bytes_skip(path, n - 1);
	return is_rest(params[0]);
}

static void
add_method(char *allow, size_t size, const char *method)
{
	const size_t n = strlen(allow);

	snprintf(allow + n, size - n, "%s%s", n > 0 ? ", " : "", method);
	if (strcmp(method, "GET") == 0)
		add_method(allow, size, "HEAD");
}

bool
route_find(struct bytes method, struct bytes path, unsigned listener,
    struct route_match *ret, char *ret_allow, size_t allow_size, struct err *e)
{
	const struct bytes wanted =
	    bytes_eq_str(method, "HEAD") ? bytes_str("GET") : method;
	char allow[64] = "";

	for (size_t i = 0; i < routes_n; i++) {
		struct route_match m = { .row = i };

		if ((routes[i].on & listener) == 0 ||
		    !path_fits(routes[i].path, path, m.params))
			continue;
		if (bytes_eq_str(wanted, routes[i].method)) {
			*ret = m;
			return true;
		}
		add_method(allow, sizeof(allow), routes[i].method);
	}
	if (allow[0] == '\0')
		return err_set(e, ERR_NOT_FOUND,
		    "nothing is at this path on this listener");
	snprintf(ret_allow, allow_size, "%s", allow);
	return err_set(e, ERR_METHOD, "this path takes %s", allow);
}

/* The content types of each kind of body; "text/" stands for all that begin so. */
static const struct {
	enum body_kind kind;
	const char *type;
} types[] = {
	/* clang-format off */
	{ BODY_JSON, "application/json" },
	{ BODY_CSR,  "application/pkcs10" },
	{ BODY_CSR,  "application/x-pem-file" },
	{ BODY_CSR,  "application/x-www-form-urlencoded" },
	{ BODY_CSR,  "text/" },
	{ BODY_CSR,  "" },
	{ BODY_OCSP, "application/ocsp-request" },
	/* clang-format on */
};

static bool
type_fits(struct bytes type, const char *row)
{
	const size_t n = strlen(row);

	if (n > 0 && row[n - 1] == '/')
		return type.n > n && bytes_eq_nocase(bytes_of(type.p, n), row);
	return bytes_eq_nocase(type, row);
}

/* The types worth naming to somebody who sent a wrong one. */
static const char *
wanted_types(unsigned body)
{
	if ((body & BODY_JSON) != 0 && (body & BODY_CSR) != 0)
		return "application/json, or a CSR as application/pkcs10 or text";
	if ((body & BODY_JSON) != 0)
		return "application/json";
	if ((body & BODY_OCSP) != 0)
		return "application/ocsp-request";
	return "application/pkcs10 or a text type";
}

bool
route_body_check(const struct route *r, struct bytes content_type, enum body_kind *ret,
    struct err *e)
{
	const struct bytes type =
	    bytes_trim(bytes_of(content_type.p, bytes_index(content_type, ';')));

	/* No octet of a body passes: the type says nothing. */
	if (r->body == BODY_NONE) {
		*ret = BODY_NONE;
		return true;
	}
	if (r->body == BODY_ANY) {
		*ret = BODY_ANY;
		return true;
	}
	/* No type, and none is implied: the handler takes an empty body for this. */
	if (type.n == 0 && r->body == BODY_JSON) {
		*ret = BODY_NONE;
		return true;
	}
	for (size_t i = 0; i < NITEMS(types); i++)
		if ((r->body & types[i].kind) != 0 && type_fits(type, types[i].type)) {
			*ret = types[i].kind;
			return true;
		}
	return err_set(e, ERR_MEDIA_TYPE, "send Content-Type: %s",
	    wanted_types(r->body));
}

size_t
route_body_max(const struct route *r, size_t configured)
{
	return (r->body & BODY_CSR) != 0 ? configured : r->body_max;
}
