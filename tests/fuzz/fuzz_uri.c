/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request targets, queries (R47, R83) and the headers that a client chooses by:
 * a line each for path, query, Accept, If-None-Match, If-Modified-Since.
 */
#include "api/request.h"
#include "codec/uri.h"
#include "fuzz.h"
#include "http/freshness.h"

static void
decoded(struct bytes text)
{
	struct buf plain, coded, back;
	struct err e = { 0 };

	buf_init(&plain, MIB(1));
	buf_init(&coded, MIB(4));
	buf_init(&back, MIB(1));
	if (uri_decode(text, &plain, &e)) {
		require(plain.n <= text.n && !bytes_has_nul(buf_bytes(&plain)));
		uri_encode(&coded, buf_bytes(&plain));
		require(uri_decode(buf_bytes(&coded), &back, &e) &&
			bytes_eq(buf_bytes(&back), buf_bytes(&plain)));
	} else {
		told(&e);
	}
	buf_free(&plain);
	buf_free(&coded);
	buf_free(&back);
}

static void
path(struct bytes text)
{
	if (!uri_path_canonical(text))
		return;
	require(text.n > 0 && text.p[0] == '/');
	require(memmem(text.p, text.n, "//", 2) == NULL &&
		memmem(text.p, text.n, "/../", 4) == NULL &&
		memmem(text.p, text.n, "/./", 3) == NULL);
	require(memchr(text.p, '%', text.n) == NULL &&
		memchr(text.p, '\\', text.n) == NULL && !bytes_has_nul(text));
}

static void
query(struct bytes text)
{
	static const char *const known[] = { "profile", "validity", "metadata.*",
		NULL };
	const struct request r = { .in.query = text };
	struct bytes rest = text, k, v;
	char *key = NULL, *value = NULL;
	struct err e = { 0 };

	while (uri_query_next(&rest, &k, &v)) {
		require_within(k, text);
		require_within(v, text);
	}
	require(rest.n == 0);
	if (request_query(&r, "profile", &value, &e))
		free(value);
	if (request_query_nth(&r, "metadata.", 1, &key, &value, &e)) {
		require((key == NULL) == (value == NULL));
		free(key);
		free(value);
	}
	if (!request_query_known(&r, known, &e))
		told(&e);
	if (request_query_none(&r, &e))
		require(!request_query(&r, "profile", &value, &e) || value == NULL);
}

static void
accept_header(struct bytes text)
{
	static const char *const offers[] = { "application/json",
		"application/pem-certificate-chain", "application/pkix-cert", NULL };
	const struct request r = { .in.accept = text };
	const char *chosen = NULL;
	struct err e = { 0 };

	if (!request_accept(&r, offers, &chosen, &e)) {
		require(e.code == ERR_NOT_ACCEPTABLE);
		return;
	}
	require(chosen == offers[0] || chosen == offers[1] || chosen == offers[2]);
}

FUZZ_TARGET(uri)
{
	static const struct freshness kept = { "abc", 1800000000, 1800003600 };
	struct bytes rest = bytes_of(p, n), line[5];

	for (size_t i = 0; i < NITEMS(line); i++)
		line[i] = take_line(&rest);
	decoded(line[0]);
	path(line[0]);
	query(line[1]);
	accept_header(line[2]);
	if (freshness_holds(&kept, line[3], bytes_of(NULL, 0)))
		require(memmem(line[3].p, line[3].n, "abc", 3) != NULL ||
			memchr(line[3].p, '*', line[3].n) != NULL);
	if (freshness_holds(&kept, bytes_of(NULL, 0), line[4]))
		require(memmem(line[4].p, line[4].n, "2027", 4) != NULL);
	for (size_t i = 0; i < NITEMS(line); i++)
		free((void *)(uintptr_t)line[i].p);
	return 0;
}
