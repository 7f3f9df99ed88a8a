/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "bench/reply.h"

static const char *const good[] = {
	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Y:  z \r\n\r\nhello",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	"2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\n\r\n",
	"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: "
	"5\r\n\r\nhello",
};

Test(reply, it_is_whole_at_its_last_octet_and_not_before)
{
	for (size_t i = 0; i < NITEMS(good); i++)
		for (size_t cut = 0; cut <= strlen(good[i]); cut++) {
			struct reply r;
			struct err e = { 0 };

			reply_init(&r);
			cr_assert(reply_feed(&r, bytes_of(good[i], cut), &e),
			    "%zu %zu: %s", i, cut, e.detail);
			cr_expect_eq(r.done, cut == strlen(good[i]), "%zu %zu", i, cut);
			if (!r.done) /* the rest octet by octet */
				for (size_t at = cut; at < strlen(good[i]); at++)
					cr_assert(reply_feed(&r,
					    bytes_of(good[i] + at, 1), &e));
			cr_expect(r.done);
			cr_expect_eq(r.status, 200);
			cr_expect(bytes_eq_str(r.body, "hello"));
			reply_free(&r);
		}
}

Test(reply, an_octet_too_many_is_refused)
{
	for (size_t i = 0; i < NITEMS(good); i++)
		for (unsigned apart = 0; apart < 2; apart++) {
			char *more = mem_printf("%sx", good[i]);
			const size_t n = strlen(good[i]) + (apart == 0);
			struct reply r;
			struct err e = { 0 };

			reply_init(&r);
			cr_expect_eq(reply_feed(&r, bytes_of(more, n), &e), apart == 1);
			if (apart == 1)
				cr_expect_not(reply_feed(&r, bytes_str("x"), &e));
			cr_expect_eq(e.code, ERR_MALFORMED);
			reply_free(&r);
			free(more);
		}
}

Test(reply, a_limit_is_the_same_whether_it_comes_at_once_or_in_pieces)
{
	char line[100], *text;
	struct reply r;
	struct err e = { 0 };

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	text = mem_printf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			  "1;%s\r\na\r\n0\r\n\r\n",
	    line);
	reply_init(&r);
	cr_expect_not(reply_feed(&r, bytes_str(text), &e));
	reply_free(&r);
	free(text);
}

Test(reply, any_number_of_interim_answers_is_passed_over)
{
	static const char one[] = "HTTP/1.1 100 \r\n\r\n";
	struct reply r;
	struct buf many;
	struct err e = { 0 };

	buf_init(&many, MIB(1));
	for (size_t i = 0; i < 10000; i++)
		buf_puts(&many, one);
	reply_init(&r);
	cr_assert(reply_feed(&r, buf_bytes(&many), &e), "%s", e.detail);
	cr_assert(reply_feed(&r, bytes_str(good[0]), &e), "%s", e.detail);
	cr_expect(r.done);
	reply_free(&r);
	buf_free(&many);
}

Test(reply, what_is_no_answer_or_does_not_say_its_end_is_refused)
{
	static const char *const bad[] = {
		"HTTP/1.2 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
		"\r\n\r\n",
	};

	for (size_t i = 0; i < NITEMS(bad); i++) {
		struct reply r;
		struct err e = { 0 };

		reply_init(&r);
		cr_expect_not(reply_feed(&r, bytes_str(bad[i]), &e), "%s", bad[i]);
		reply_free(&r);
	}
}

Test(reply, no_content_has_no_body_and_headers_are_found_whatever_their_case)
{
	struct reply r;
	struct bytes v;
	struct err e = { 0 };

	reply_init(&r);
	cr_assert(reply_feed(&r,
	    bytes_str("HTTP/1.1 204 No Content\r\nReplay-Nonce: abc\r\n"
		      "CONNECTION: close\r\n\r\n"),
	    &e));
	cr_expect(r.done && r.close && r.body.n == 0);
	cr_assert(reply_header(&r, "replay-nonce", &v));
	cr_expect(bytes_eq_str(v, "abc"));
	cr_expect_not(reply_header(&r, "Nonce", &v));
	reply_clear(&r);
	cr_expect(!r.done && r.status == 0);
	reply_free(&r);
}

Test(reply, a_server_of_http_1_0_closes_unless_it_says_otherwise)
{
	static const struct {
		const char *text;
		bool close;
	} rows[] = {
		{ "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", true },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n"
		  "Connection: keep-alive\r\n\r\n",
		    false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct reply r;
		struct err e = { 0 };

		reply_init(&r);
		cr_assert(reply_feed(&r, bytes_str(rows[i].text), &e));
		cr_expect(r.done);
		cr_expect_eq(r.close, rows[i].close);
		reply_free(&r);
	}
}
