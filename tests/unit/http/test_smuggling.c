/* SPDX-License-Identifier: Apache-2.0 */
/* Each shape goes through the real library: what it lets pass, the guard must not. */
#include <criterion/criterion.h>
#include <string.h>

#include "small_server.h"

#define HOST     "Host: a\r\n"
#define SMUGGLED "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

struct shape {
	const char *octets;
	size_t n;
};
#define SHAPE(s)                                                                       \
	{                                                                              \
		s, sizeof(s) - 1                                                       \
	}

static const struct shape faults[] = {
	SHAPE("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n"
	      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
	SHAPE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
	      "Content-Length: 40\r\n\r\n0\r\n\r\n" SMUGGLED),
	SHAPE("POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n"
	      "Content-Length: 38\r\n\r\n" SMUGGLED),
	SHAPE("POST / HTTP/1.1\r\n" HOST "Content-Length: 38\r\n"
	      "Content-Length: 0\r\n\r\n" SMUGGLED),
	SHAPE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n"
	      "Content-Length: 5\r\n\r\n0\r\n\r\n" SMUGGLED),
	SHAPE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
	      "Transfer-Encoding: x\r\n\r\n0\r\n\r\n" SMUGGLED),
	SHAPE("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: x\r\n\r\n" SMUGGLED),
	SHAPE("POST / HTTP/1.1\r\n" HOST
	      "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" SMUGGLED),
	SHAPE("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n"
	      "Connection: keep-alive\r\n\r\n0\r\n\r\n" SMUGGLED),
	SHAPE("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" SMUGGLED),
	SHAPE("GET / HTTP/1.1\r\n\r\n" SMUGGLED),
	SHAPE("GET / HTTP/1.1\r\nHost : a\r\n\r\n" SMUGGLED),
	SHAPE("GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n" SMUGGLED),
	SHAPE("GET / HTTP/1.1\r\n" HOST "X: a\0\r\n\r\n" SMUGGLED),
	SHAPE("GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n" SMUGGLED),
	SHAPE("GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n" SMUGGLED),
	SHAPE("GET / HTTP/1.1\r\n" HOST "X: a\r\n folded\r\n\r\n" SMUGGLED),
	SHAPE("GET / HTTP/1.1\r\n" HOST " Content-Length: 5\r\n\r\n" SMUGGLED),
	SHAPE("GET / HTTP/1.1\r\n" HOST "X y: a\r\n\r\n" SMUGGLED),
	SHAPE("GET / HTTP/1.1\r\nHost: a\n\r\n" SMUGGLED),
	SHAPE("GET / HTTP/1.1\nHost: a\n\n" SMUGGLED),
	SHAPE("GET / HTTP/1.1\r\n" HOST "\n" SMUGGLED),
	SHAPE("GET  / HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
	SHAPE("GET /a b HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
	SHAPE("GET /\0 HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
	SHAPE("GET /a\0/b HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
	SHAPE("GET /a%00 HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
	SHAPE("GET /?a=%00 HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
	SHAPE("GET /a\x80 HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
	SHAPE("GET http://a/ HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
	SHAPE("GET a HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
};

/* R81: answered by 400 and the end; what follows is never read as a request. */
Test(smuggling, nothing_behind_a_framing_fault_is_a_request)
{
	struct small_server s;
	char reply[8192];
	bool closed;

	small_server_start(&s, NULL, 1);
	for (size_t i = 0; i < NITEMS(faults); i++) {
		small_talk(&s, faults[i].octets, faults[i].n, reply, sizeof(reply),
		    &closed);
		cr_expect_eq(strncmp(reply, "HTTP/1.1 400 ", 13), 0, "%zu: %s got %s",
		    i, faults[i].octets, reply);
		cr_expect_eq(small_count(reply, "\r\nDate: "), 1, "%zu", i);
		cr_expect_not_null(strstr(reply, "urn:hanaper:problem:malformed"),
		    "%zu: %s", i, reply);
		cr_expect(closed, "%zu: the connection ends", i);
	}
	cr_expect_eq(atomic_load(&s.handed), 0);
	small_server_stop(&s);
}

/* R81: the library refuses these by itself, with a page of its own or by closing. */
Test(smuggling, what_the_library_cannot_read_reaches_nobody)
{
	static const struct shape shapes[] = {
		SHAPE(
		    "POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\n" SMUGGLED),
		SHAPE("POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\n" SMUGGLED),
		SHAPE(
		    "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\n" SMUGGLED),
		SHAPE("POST / HTTP/1.1\r\n" HOST
		      "Content-Length: 99999999999999999999999\r\n\r\n" SMUGGLED),
		SHAPE("GET / HTTP/1.1\r\nno colon\r\n\r\n" SMUGGLED),
		SHAPE("GET / HTTP/1.1\r\n" HOST "X\0Y: a\r\n\r\n" SMUGGLED),
		SHAPE("GET /\r\n\r\n" SMUGGLED),
		SHAPE("GET / HTTP/2.0\r\n" HOST "\r\n" SMUGGLED),
		SHAPE("GET\r\n\r\n" SMUGGLED),
		SHAPE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" SMUGGLED),
		SHAPE("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n" SMUGGLED),
	};
	struct small_server s;
	char reply[8192];
	bool closed;

	small_server_start(&s, NULL, 1);
	for (size_t i = 0; i < NITEMS(shapes); i++) {
		small_talk(&s, shapes[i].octets, shapes[i].n, reply, sizeof(reply),
		    &closed);
		cr_expect_eq(strncmp(reply, "HTTP/1.1 200", 12) == 0, 0, "%zu: %s", i,
		    reply);
		cr_expect(closed, "%zu: %s", i, reply);
	}
	cr_expect_eq(atomic_load(&s.handed), 0);
	small_server_stop(&s);
}

/* R81: bare LFs inside a chunked body, which the library takes. */
Test(smuggling, a_chunked_body_is_the_last_thing_on_its_connection)
{
	static const struct shape shapes[] = {
		SHAPE("POST / HTTP/1.1\r\n" HOST
		      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
		SHAPE("POST / HTTP/1.1\r\n" HOST
		      "Transfer-Encoding: chunked\r\n\r\n0\n\n" SMUGGLED),
		SHAPE("POST / HTTP/1.1\r\n" HOST
		      "Transfer-Encoding: chunked\r\n\r\n1;x\nZ\n0\n\r\n" SMUGGLED),
	};
	struct small_server s;
	char reply[8192];
	bool closed;

	small_server_start(&s, NULL, 1);
	for (size_t i = 0; i < NITEMS(shapes); i++) {
		small_talk(&s, shapes[i].octets, shapes[i].n, reply, sizeof(reply),
		    &closed);
		cr_expect_eq(small_count(reply, "\r\nDate: "), 1, "%zu: %s", i, reply);
		cr_expect(closed, "%zu", i);
		cr_expect_str_neq(s.seen, "/smuggled");
	}
	small_server_stop(&s);
}
