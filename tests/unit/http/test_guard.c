/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "http/guard.h"

/* Reads a head as the library does: in place, CRLF or LF, values up to a NUL. */
static bool
judge(const char *text, size_t n, struct guard *g, struct err *e)
{
	char *head = malloc(n + 1), *at = head;
	bool first = true;

	memcpy(head, text, n);
	head[n] = '\0';
	*e = (struct err){ 0 };
	for (;;) {
		char *lf = memchr(at, '\n', n - (size_t)(at - head));
		char *next = lf + 1;

		cr_assert_not_null(lf);
		*lf = '\0';
		if (lf > at && lf[-1] == '\r')
			lf[-1] = '\0';
		if (*at == '\0') {
			at = next;
			break;
		}
		if (first) {
			char *target = strchr(at, ' ') + 1;
			char *version = target + strlen(target) + 1;

			if (memrchr(target, ' ', (size_t)(lf - target)) != NULL)
				version = (char *)memrchr(target, ' ',
					      (size_t)(lf - target)) +
					  1;
			target[-1] = '\0';
			version[-1] = '\0';
			guard_begin(g, bytes_str(at), bytes_str(target),
			    bytes_str(version), target);
		} else {
			char *value = strchr(at, ':');

			cr_assert_not_null(value);
			*value++ = '\0';
			while (*value == ' ' || *value == '\t')
				value++;
			guard_header(g, bytes_str(at), bytes_str(value));
		}
		first = false;
		at = next;
	}
	const bool ok = guard_end(g, (size_t)(at - head), e);
	free(head);
	return ok;
}

#define LINE "GET / HTTP/1.1\r\n"
#define HOST "Host: a\r\n"

Test(guard, what_clients_send_passes)
{
	static const char *const heads[] = {
		LINE HOST "\r\n",
		LINE "Host:a\r\nAccept:   */*\r\nX-Empty:\r\nX-Blank: \r\n\r\n",
		LINE HOST "Content-Length: 0\r\n\r\n",
		"POST /v1/certificates?profile=server&x=%2F HTTP/1.1\r\n" HOST
		"Content-Length: 12\r\nContent-Type: application/json\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: [::1]:8443\r\nTransfer-Encoding: "
		"chunked\r\n\r\n",
		"POST / HTTP/1.0\r\nContent-Length: 70\r\n\r\n",
		"GET / HTTP/1.0\r\nHost: localhost:80\r\n\r\n",
		LINE HOST "X-Text: \xc3\xa9 \t tab\r\n\r\n",
	};
	struct guard g;
	struct err e;

	for (size_t i = 0; i < NITEMS(heads); i++)
		cr_expect(judge(heads[i], strlen(heads[i]), &g, &e), "%s: %s", heads[i],
		    e.detail);
}

static const struct {
	const char *head;
	size_t n;
} faulty[] = {
#define HEAD(s)                                                                        \
	{                                                                              \
		s, sizeof(s) - 1                                                       \
	}
	HEAD(LINE HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
	HEAD(LINE HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"),
	HEAD(LINE HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"),
	HEAD(LINE HOST "Content-Length: 5, 5\r\n\r\n"),
	HEAD(LINE HOST "Content-Length: +5\r\n\r\n"),
	HEAD(LINE HOST "Content-Length: -1\r\n\r\n"),
	HEAD(LINE HOST "Content-Length: 0x5\r\n\r\n"),
	HEAD(LINE HOST "Content-Length: 5 \r\n\r\n"),
	HEAD(LINE HOST "Content-Length:\r\n\r\n"),
	HEAD(LINE HOST "content-length: 5\r\nCONTENT-LENGTH: 5\r\n\r\n"),
	HEAD(LINE HOST
	    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
	HEAD(LINE HOST "Transfer-Encoding: identity\r\n\r\n"),
	HEAD(LINE HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"),
	HEAD(LINE HOST "Transfer-Encoding: xchunked\r\n\r\n"),
	HEAD(LINE HOST "Transfer-Encoding : chunked\r\n\r\n"),
	HEAD(LINE HOST "Transfer-Encoding: chunked \r\n\r\n"),
	HEAD("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
	HEAD(LINE "\r\n"),
	HEAD(LINE HOST HOST "\r\n"),
	HEAD(LINE HOST "host: b\r\n\r\n"),
	HEAD("GET / HTTP/1.0\r\n" HOST HOST "\r\n"),
	HEAD(LINE "Host: a, b\r\n\r\n"),
	HEAD(LINE "Host: a@b\r\n\r\n"),
	HEAD(LINE "Host: a/b\r\n\r\n"),
	HEAD(LINE "Host : a\r\n\r\n"),
	HEAD(LINE HOST "Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n"),
	HEAD(LINE HOST "Authorization: a\r\nAuthorization: b\r\n\r\n"),
	HEAD(LINE HOST "X y: z\r\n\r\n"),
	HEAD(LINE HOST ": z\r\n\r\n"),
	HEAD(LINE HOST "X\x80: z\r\n\r\n"),
	HEAD(LINE HOST "X: a\x01\r\n\r\n"),
	HEAD(LINE HOST "X: a\x7f\r\n\r\n"),
	HEAD(LINE HOST "X: a\rb\r\n\r\n"),
	HEAD(LINE HOST "X: a\0b\r\n\r\n"),
	HEAD(LINE HOST "X: a\0\r\n\r\n"),
	HEAD(LINE "Host: a\n\r\n"),
	HEAD(LINE HOST "\n"),
	HEAD("GET / HTTP/1.1\n" HOST "\r\n"),
	HEAD("GET / HTTP/1.1\nHost: a\n\n"),
	HEAD("GET / HTTP/1.1\nHost: a\r\nX: a\0\r\n\r\n"), /* one less, one more */
	HEAD("GET  / HTTP/1.1\r\n" HOST "\r\n"),
	HEAD("GET /\0 HTTP/1.1\r\n" HOST "\r\n"),
	HEAD("GET /a\0b HTTP/1.1\r\n" HOST "\r\n"),
	HEAD("GET /a%00b HTTP/1.1\r\n" HOST "\r\n"),
	HEAD("GET /a#b HTTP/1.1\r\n" HOST "\r\n"),
	HEAD("GET /a\x7f HTTP/1.1\r\n" HOST "\r\n"),
	HEAD("GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"),
	HEAD("GET http://a/ HTTP/1.1\r\n" HOST "\r\n"),
	HEAD("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"),
	HEAD("G@T / HTTP/1.1\r\n" HOST "\r\n"),
	HEAD("GET / HTTP/1.2\r\n" HOST "\r\n"),
	HEAD("GET / HTTP/2.0\r\n" HOST "\r\n"),
	HEAD("GET / http/1.1\r\n" HOST "\r\n"),
#undef HEAD
};

/* R81 */
Test(guard, what_two_parsers_can_read_in_two_ways_is_refused)
{
	struct guard g;
	struct err e;

	for (size_t i = 0; i < NITEMS(faulty); i++) {
		cr_expect_not(judge(faulty[i].head, faulty[i].n, &g, &e), "%zu: %s", i,
		    faulty[i].head);
		cr_expect_eq(e.code, ERR_MALFORMED, "%zu: %s", i, faulty[i].head);
	}
}

Test(guard, sizes_beyond_all_limits_are_told_apart)
{
	struct guard g;
	struct err e;
	static const char head[] =
	    LINE HOST "Content-Length: 99999999999999999999999\r\n\r\n";

	cr_expect_not(judge(head, sizeof(head) - 1, &g, &e));
	cr_expect_eq(e.code, ERR_TOO_LARGE);

	char *target = malloc(GUARD_TARGET_MAX + 2);
	memset(target, 'a', GUARD_TARGET_MAX + 1);
	target[0] = '/';
	target[GUARD_TARGET_MAX + 1] = '\0';
	for (size_t over = 0; over < 2; over++) {
		guard_begin(&g, bytes_str("GET"),
		    bytes_of(target, GUARD_TARGET_MAX + over), bytes_str("HTTP/1.1"),
		    NULL);
		guard_header(&g, bytes_str("Host"), bytes_str("a"));
		cr_expect_eq(guard_end(&g, 0, &e), over == 0);
	}
	cr_expect_eq(e.code, ERR_TARGET_TOO_LONG);
	free(target);
}

Test(guard, what_it_learned_is_told)
{
	static const char head[] =
	    "POST / HTTP/1.1\r\n" HOST
	    "Content-Length: 65536\r\nContent-Encoding: gzip\r\n\r\n";
	struct guard g;
	struct err e;

	cr_assert(judge(head, sizeof(head) - 1, &g, &e));
	cr_expect_eq(g.length, 65536);
	cr_expect(guard_has_body(&g));
	cr_expect(g.encoded);
	cr_expect_not(g.chunked);
}
