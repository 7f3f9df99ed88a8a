/* SPDX-License-Identifier: Apache-2.0 */
/* Request lines and headers up to where the memory of a connection ends, and beyond. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "small_server.h"

/* R82: a long head passes whole, a too long one is told so. */
Test(server_heads, a_head_may_be_long_but_not_endless)
{
	struct small_server s;
	static char head[70000], reply[16384];
	bool closed;

	small_server_start(&s, NULL, 1);
	for (int lines = 10; lines <= 640; lines *= 8) {
		int n = snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: a\r\n");

		for (int i = 0; i < lines; i++)
			n += snprintf(head + n, sizeof(head) - (size_t)n,
			    "X-%03d: %090d\r\n", i, i);
		snprintf(head + n, sizeof(head) - (size_t)n, "\r\n");
		small_talk(&s, head, strlen(head), reply, sizeof(reply), &closed);
		cr_expect_eq(strncmp(reply,
				 lines < 200 ? "HTTP/1.1 200" : "HTTP/1.1 431", 12),
		    0, "%d lines: %s", lines, reply);
	}
	small_server_stop(&s);
}

static size_t
long_request(char *ret, size_t size, const char *fill, size_t query, size_t header)
{
	struct buf b;

	buf_init(&b, size);
	buf_puts(&b, "GET /?");
	while (query > 0 && b.n < query)
		buf_puts(&b, fill);
	buf_puts(&b, " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: ");
	while (header > 0 && b.n < header)
		buf_puts(&b, fill);
	buf_puts(&b, "\r\n\r\n");
	cr_assert(bytes_to_str(buf_bytes(&b), ret, size));
	const size_t n = b.n;
	buf_free(&b);
	return n;
}

/* R82: also where the library's memory ends, an answer comes whole. */
Test(server_heads, of_any_length_are_answered)
{
	static const char *const fills[] = { "q", "a&" };
	struct small_server s;
	static char request[KIB(32)], reply[16384];
	bool closed;

	small_server_start(&s, NULL, 1);
	for (size_t n = 13000; n < 17000; n += 39)
		for (unsigned k = 0; k < 4; k++) {
			const bool in_query = k < 2;
			const size_t octets = long_request(request, sizeof(request),
			    fills[k % 2], in_query ? n : 0, in_query ? 0 : n);

			small_talk(&s, request, octets, reply, sizeof(reply), &closed);
			const unsigned long status = strtoul(reply + 9, NULL, 10);
			const char *length = strstr(reply, "Content-Length: ");
			const char *body = strstr(reply, "\r\n\r\n");
			cr_assert(closed && length != NULL && body != NULL,
			    "%zu octets (%u): %s", n, k, reply);
			cr_expect_eq(strlen(body + 4), strtoul(length + 16, NULL, 10));
			cr_expect(status == 414 || status == 431 ||
				      (status == 200 && !in_query && n < 14336),
			    "%zu octets (%u): %s", n, k, reply);
		}
	cr_expect_eq(server_busy(s.server), 0);
	small_server_stop(&s);
}

/* What nobody reads takes no memory. */
Test(server_heads, with_many_parameters_cost_no_more_than_others)
{
	struct small_server s;
	static char request[KIB(32)], reply[16384];
	bool closed;

	small_server_start(&s, NULL, 1);
	const size_t n = long_request(request, sizeof(request), "a=b&", 7000, 0);
	small_talk(&s, request, n, reply, sizeof(reply), &closed);
	cr_expect_eq(strncmp(reply, "HTTP/1.1 200 ", 13), 0, "%s", reply);
	small_server_stop(&s);
}
