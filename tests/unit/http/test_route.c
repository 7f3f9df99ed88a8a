/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "http/route.h"

static const unsigned listeners[] = { ON_API, ON_HTTP, ON_METRICS, ON_UNIX };

static bool
find(const char *method, const char *path, unsigned on, struct route_match *m,
    char allow[static 64], struct err *e)
{
	*e = (struct err){ 0 };
	allow[0] = '\0';
	return route_find(bytes_str(method), bytes_str(path), on, m, allow, 64, e);
}

static enum err_code
refusal(const char *method, const char *path, unsigned on)
{
	struct route_match m = { .row = 999 };
	char allow[64];
	struct err e;

	if (find(method, path, on, &m, allow, &e))
		return ERR_NONE;
	cr_expect_eq(m.row, 999, "ret is untouched on failure");
	return e.code;
}

/* A path that the pattern takes. */
static void
example(const char *pattern, char ret[static 128])
{
	size_t n = 0;

	for (; *pattern != '\0'; pattern++) {
		if (*pattern == ':') {
			n += (size_t)snprintf(ret + n, 128 - n, "0a1b");
			pattern += strcspn(pattern, "/") - 1;
		} else if (*pattern == '*') {
			n += (size_t)snprintf(ret + n, 128 - n, "x/y.z");
		} else {
			ret[n++] = *pattern;
		}
	}
	ret[n] = '\0';
}

/* S4: every row, on every listener. */
Test(route, every_row_is_found_on_its_listeners_and_on_no_other)
{
	for (size_t i = 0; i < routes_n; i++)
		for (size_t k = 0; k < NITEMS(listeners); k++) {
			struct route_match m = { .row = 999 };
			char path[128], allow[64];
			struct err e;

			example(routes[i].path, path);
			const bool found =
			    find(routes[i].method, path, listeners[k], &m, allow, &e);
			if ((routes[i].on & listeners[k]) == 0) {
				cr_expect_not(found, "%s on %u", path, listeners[k]);
				continue;
			}
			cr_expect(found, "%s %s: %s", routes[i].method, path, e.detail);
			cr_expect_eq(m.row, i, "%s gave row %zu", path, m.row);
		}
}

Test(route, no_two_rows_take_the_same_request)
{
	for (size_t i = 0; i < routes_n; i++)
		for (size_t k = i + 1; k < routes_n; k++)
			cr_expect((routes[i].on & routes[k].on) == 0 ||
				  strcmp(routes[i].method, routes[k].method) != 0 ||
				  strcmp(routes[i].path, routes[k].path) != 0);
}

/* S4: what is no GATE_OPEN row is on no plain listener. */
Test(route, what_needs_an_identity_is_only_where_there_can_be_one)
{
	for (size_t i = 0; i < routes_n; i++)
		if (routes[i].gate != GATE_OPEN)
			cr_expect_eq(routes[i].on & (ON_HTTP | ON_METRICS), 0u, "%s",
			    routes[i].path);
}

/* R47 */
Test(route, other_methods_are_refused_with_what_is_allowed)
{
	static const char *const others[] = { "PUT", "DELETE", "PATCH", "OPTIONS",
		"TRACE", "CONNECT", "get", "POST ", "", "X-HTTP-METHOD" };
	struct route_match m;
	char allow[64];
	struct err e;

	for (size_t i = 0; i < NITEMS(others); i++) {
		cr_expect_not(
		    find(others[i], "/v1/certificates", ON_API, &m, allow, &e));
		cr_expect_eq(e.code, ERR_METHOD, "%s", others[i]);
		cr_expect_str_eq(allow, "POST, GET, HEAD");
	}
	cr_expect_eq(refusal("POST", "/v1/profiles", ON_API), ERR_METHOD);
	cr_expect_eq(refusal("GET", "/ocsp", ON_HTTP), ERR_METHOD);
	cr_expect_eq(refusal("DELETE", "/nowhere", ON_API), ERR_NOT_FOUND);
	cr_expect_eq(refusal("GET", "/v1/certificates", ON_HTTP), ERR_NOT_FOUND);
}

Test(route, HEAD_is_taken_where_GET_is)
{
	struct route_match head, get;
	char allow[64];
	struct err e;

	cr_assert(find("HEAD", "/v1/certificates/0a", ON_API, &head, allow, &e));
	cr_assert(find("GET", "/v1/certificates/0a", ON_API, &get, allow, &e));
	cr_expect_eq(head.row, get.row);
	cr_expect(bytes_eq_str(get.params[0], "0a"));
	cr_expect_eq(refusal("HEAD", "/v1/certificates/0a/revoke", ON_API), ERR_METHOD);
}

/* R47: 21 spellings of paths that have a rule; only the canonical one is taken. */
Test(route, twenty_one_spellings_of_a_path_are_none)
{
	static const char *const spellings[] = {
		"/v1/certificates/",
		"//v1/certificates",
		"/v1//certificates",
		"/v1/./certificates",
		"/./v1/certificates",
		"/v1/certificates/.",
		"/v1/x/../certificates",
		"/../v1/certificates",
		"/v1/certificates/..",
		"/V1/certificates",
		"/v1/Certificates",
		"/v1/%63ertificates",
		"/v1%2fcertificates",
		"/v1/certificates%2f",
		"/v1/certificates%20",
		"/v1/certificates;a=b",
		"/v1\\certificates",
		"/v1/certificates\t",
		"v1/certificates",
		"/v1/certificates%00",
		"/v1/certificate\xc5\x9f",
	};

	cr_expect_eq(NITEMS(spellings), 21);
	for (size_t i = 0; i < NITEMS(spellings); i++)
		for (size_t k = 0; k < NITEMS(listeners); k++)
			cr_expect_eq(refusal("POST", spellings[i], listeners[k]),
			    ERR_NOT_FOUND, "%s", spellings[i]);
	cr_expect_eq(refusal("POST", "/v1/certificates", ON_API), ERR_NONE);
}

/* R83: parameters and rests take nothing that could leave their place. */
Test(route, traversal_ends_in_nothing_or_in_a_rest_that_is_only_looked_up)
{
	static const char *const nothing[] = { "/v1/certificates/../profiles",
		"/v1/certificates/%2e%2e", "/v1/certificates/a/b/revoke",
		"/v1/certificates//revoke", "/v1/certificates/0a/revoke/",
		"/v1/certificates/0a/revokex", "/v1/certificates/0a/revok", "/ca",
		"/ca/", "/crl/", "/ca/a b", "/ca/a\x01", "/ca/\x7f", "/cax/y", "", "/",
		"*" };
	struct route_match m;
	char allow[64];
	struct err e;

	for (size_t i = 0; i < NITEMS(nothing); i++)
		cr_expect_eq(refusal("GET", nothing[i], ON_API), ERR_NOT_FOUND, "%s",
		    nothing[i]);
	cr_assert(find("GET", "/ca/../root.key", ON_API, &m, allow, &e));
	cr_expect_str_eq(routes[m.row].path, "/ca/*");
	cr_expect(bytes_eq_str(m.params[0], "../root.key"));
	cr_assert(find("GET", "/ocsp/MEk%2B//A==", ON_HTTP, &m, allow, &e));
	cr_expect(bytes_eq_str(m.params[0], "MEk%2B//A=="));
}

static const struct route *
row_of(const char *method, const char *path, unsigned on)
{
	struct route_match m;
	char allow[64];
	struct err e;

	cr_assert(find(method, path, on, &m, allow, &e));
	return &routes[m.row];
}

Test(route, a_body_has_a_type_that_the_row_takes)
{
	static const struct {
		const char *method, *path, *type;
		enum body_kind kind; /* 0: refused */
	} cases[] = {
		/* clang-format off */
		{ "POST", "/v1/certificates", "application/json", BODY_JSON },
		{ "POST", "/v1/certificates", "Application/JSON ; charset=utf-8", BODY_JSON },
		{ "POST", "/v1/certificates", "application/pkcs10", BODY_CSR },
		{ "POST", "/v1/certificates", "text/plain", BODY_CSR },
		{ "POST", "/v1/certificates", "application/x-pem-file", BODY_CSR },
		{ "POST", "/v1/certificates", "application/x-www-form-urlencoded", BODY_CSR },
		{ "POST", "/v1/certificates", "", BODY_CSR },
		{ "POST", "/v1/certificates", "text/", BODY_NONE },
		{ "POST", "/v1/certificates", "text", BODY_NONE },
		{ "POST", "/v1/certificates", "application/jsonx", BODY_NONE },
		{ "POST", "/v1/certificates", "application/xml", BODY_NONE },
		{ "POST", "/v1/certificates", "multipart/form-data; boundary=x", BODY_NONE },
		{ "POST", "/v1/certificates", "application/ocsp-request", BODY_NONE },
		{ "POST", "/v1/certificates/0a/revoke", "application/json", BODY_JSON },
		{ "POST", "/v1/certificates/0a/revoke", "text/plain", BODY_NONE },
		{ "POST", "/ocsp", "application/ocsp-request", BODY_OCSP },
		{ "POST", "/ocsp", "application/json", BODY_NONE },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(cases); i++) {
		const struct route *r = row_of(cases[i].method, cases[i].path, ON_UNIX);
		enum body_kind kind = BODY_NONE;
		struct err e = { 0 };

		const bool ok =
		    route_body_check(r, bytes_str(cases[i].type), &kind, &e);
		cr_expect_eq(kind, cases[i].kind, "%s with %s", cases[i].path,
		    cases[i].type);
		cr_expect_eq(ok, cases[i].kind != BODY_NONE);
		if (!ok)
			cr_expect_eq(e.code, ERR_MEDIA_TYPE);
	}
}

Test(route, a_row_that_takes_JSON_takes_no_type_for_no_body)
{
	enum body_kind kind = BODY_JSON;
	struct err e;

	cr_expect(route_body_check(row_of("POST", "/v1/certificates/0a/revoke", ON_API),
	    bytes_str(""), &kind, &e));
	cr_expect_eq(kind, BODY_NONE);
}

Test(route, a_row_without_a_body_does_not_care_for_its_type)
{
	enum body_kind kind = BODY_JSON;
	struct err e;

	cr_expect(route_body_check(row_of("GET", "/v1/profiles", ON_API),
	    bytes_str("application/json"), &kind, &e));
	cr_expect_eq(kind, BODY_NONE);
}
