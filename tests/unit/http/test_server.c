/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "small_server.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static void
talk(struct small_server *s, const char *octets, char reply[static 16384])
{
	bool closed;

	small_talk(s, octets, strlen(octets), reply, 16384, &closed);
}

Test(server, requests_on_one_connection_are_answered_in_order_with_the_headers_due)
{
	struct small_server s;
	char reply[16384];

	small_server_start(&s, NULL, 2);
	talk(&s, GET("/a") GET("/none") GET("/b"), reply);
	cr_expect_eq(small_count(reply, "HTTP/1.1 200 OK"), 2, "%s", reply);
	cr_expect_eq(small_count(reply, "HTTP/1.1 404 Not Found"), 1, "%s", reply);
	cr_expect_eq(small_count(reply, "X-Content-Type-Options: nosniff"), 3);
	cr_expect_eq(small_count(reply, "X-Request-Id: "), 3);
	cr_expect_eq(small_count(reply, "Cache-Control: no-store"), 3);
	cr_expect_eq(small_count(reply, "Content-Type: application/problem+json"), 1);
	cr_expect_not_null(strstr(reply, "\"detail\":\"nothing here\""));
	small_server_stop(&s);
}

/* A connection's requests share their memory: nothing of one may show in the next. */
Test(server, nothing_of_a_request_is_left_for_the_next_one)
{
	static char sent[8192];
	struct small_server s;
	char reply[16384], ids[3][16], pad[2001] = "";
	const char *at = reply;

	memset(pad, 'p', sizeof(pad) - 1);
	small_server_start(&s, NULL, 1);
	snprintf(sent, sizeof(sent),
	    GET("/allow?%s") "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: "
			     "6\r\n\r\nsecret" GET("/c"),
	    pad);
	talk(&s, sent, reply);
	for (size_t i = 0; i < NITEMS(ids); i++) {
		at = strstr(at, "X-Request-Id: ");
		cr_assert_not_null(at, "%s", reply);
		memcpy(ids[i], at += strlen("X-Request-Id: "), sizeof(ids[i]));
		for (size_t j = 0; j < i; j++)
			cr_expect_neq(memcmp(ids[i], ids[j], sizeof(ids[i])), 0);
	}
	cr_expect_eq(small_count(reply, "Allow: "), 1);
	cr_expect_eq(small_count(reply, "Content-Type: application/problem+json"), 1);
	cr_expect_eq(small_count(reply, "Content-Type: text/plain"), 2);
	cr_expect_eq(small_count(reply, "secret"), 1);
	cr_expect_eq(small_count(reply, "hello"), 1);
	cr_expect_str_eq(s.seen, "/c");
	small_server_stop(&s);
}

Test(server, HEAD_has_the_length_and_no_body)
{
	struct small_server s;
	char reply[16384];

	small_server_start(&s, NULL, 1);
	talk(&s, "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n", reply);
	cr_expect_not_null(strstr(reply, "Content-Length: 5\r\n"), "%s", reply);
	cr_expect_null(strstr(reply, "hello"));
	small_server_stop(&s);
}

Test(server, the_target_comes_as_it_was_sent)
{
	struct small_server s;
	char reply[16384];

	small_server_start(&s, NULL, 1);
	talk(&s, GET("/a%2fb%zz+;c?d=e&f"), reply);
	cr_expect_str_eq(s.seen, "/a%2fb%zz+;c");
	small_server_stop(&s);
}

/* R82, S64: one that is far too large, or asks before it is sent. */
Test(server, a_large_body_gets_413_before_it_is_read)
{
	struct small_server s;
	char reply[16384];

	small_server_start(&s, NULL, 1);
	talk(&s, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n",
	    reply);
	cr_expect_eq(strncmp(reply, "HTTP/1.1 413 ", 13), 0, "%s", reply);
	cr_expect_not_null(strstr(reply, "Connection: close"));
	talk(&s,
	    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
	    "Content-Length: 1001\r\n\r\n",
	    reply);
	cr_expect_eq(strncmp(reply, "HTTP/1.1 413 ", 13), 0, "no 100: %s", reply);
	cr_expect_eq(atomic_load(&s.handed), 0);
	small_server_stop(&s);
}

static size_t
post(const struct small_server *s, size_t length, bool chunked, char *reply,
    size_t size, bool *closed)
{
	char head[256];
	char *all = malloc(length + 512);
	int n = snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nHost: a\r\n");

	n += chunked ? snprintf(head + n, sizeof(head) - (size_t)n,
			   "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", length)
		     : snprintf(head + n, sizeof(head) - (size_t)n,
			   "Content-Length: %zu\r\n\r\n", length);
	memcpy(all, head, (size_t)n);
	memset(all + n, 'x', length);
	memcpy(all + (size_t)n + length, "\r\n0\r\n\r\n", 7);
	const size_t got = small_talk(s, all, (size_t)n + length + (chunked ? 7 : 0),
	    reply, size, closed);
	free(all);
	return got;
}

/* R82 */
Test(server, the_limit_of_a_body_is_exact_however_it_comes)
{
	struct small_server s;
	static char reply[65536];
	bool closed;

	small_server_start(&s, NULL, 1);
	for (int chunked = 0; chunked < 2; chunked++) {
		post(&s, SMALL_BODY_MAX, chunked, reply, sizeof(reply), &closed);
		cr_expect_eq(strncmp(reply, "HTTP/1.1 200 ", 13), 0, "%s", reply);
		cr_expect_eq(small_count(reply, "xxxxxxxxxx"), SMALL_BODY_MAX / 10);
		post(&s, SMALL_BODY_MAX + 1, chunked, reply, sizeof(reply), &closed);
		cr_expect_eq(strncmp(reply, "HTTP/1.1 413 ", 13), 0, "%s", reply);
		cr_expect_eq(closed, chunked != 0);
	}
	cr_expect_eq(atomic_load(&s.handed), 2);
	post(&s, 4000000, true, reply, sizeof(reply), &closed);
	cr_expect(closed, "who goes on for ever is cut off");
	cr_expect_eq(atomic_load(&s.handed), 2);
	small_server_stop(&s);
}

/* What curl sends before a larger body. */
Test(server, Expect_100_continue_is_answered)
{
	struct small_server s;
	char reply[16384];
	bool closed;

	small_server_start(&s, NULL, 1);
	const int fd = small_connect(&s);
	static const char head[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
				   "Expect: 100-continue\r\n\r\n";
	small_send(fd, head, sizeof(head) - 1);
	small_read(fd, reply, sizeof(reply), 300, &closed);
	cr_expect_eq(strncmp(reply, "HTTP/1.1 100 ", 13), 0, "%s", reply);
	small_send(fd, "abc", 3);
	small_read(fd, reply, sizeof(reply), 300, &closed);
	cr_expect_not_null(strstr(reply, "abc"));
	close(fd);
	small_server_stop(&s);
}

/* S64 */
Test(server, compressed_bodies_are_refused)
{
	struct small_server s;
	char reply[16384];

	small_server_start(&s, NULL, 1);
	talk(&s,
	    "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\n"
	    "Content-Length: 3\r\n\r\nabc",
	    reply);
	cr_expect_eq(strncmp(reply, "HTTP/1.1 415 ", 13), 0, "%s", reply);
	small_server_stop(&s);
}

Test(server, a_refusal_bears_the_headers_that_go_with_it)
{
	struct small_server s;
	char reply[16384];

	small_server_start(&s, NULL, 1);
	talk(&s, GET("/allow"), reply);
	cr_expect_eq(strncmp(reply, "HTTP/1.1 405 ", 13), 0);
	cr_expect_not_null(strstr(reply, "Allow: GET, HEAD\r\n"));
	small_server_stop(&s);
}

Test(server, a_held_exchange_is_answered_from_another_thread)
{
	struct small_server s;
	char reply[16384];
	bool closed;

	small_server_start(&s, NULL, 2);
	atomic_store(&s.keep, true);
	const int fd = small_connect(&s);
	small_send(fd, GET("/a"), sizeof(GET("/a")) - 1);
	struct exchange *x = small_server_held(&s);
	cr_expect_eq(small_read(fd, reply, sizeof(reply), 50, &closed), 0);
	cr_expect_eq(server_busy(s.server), 1);
	exchange_answer(x,
	    &(struct answer){ .status = 201,
		.content_type = bytes_str("text/plain"),
		.headers = bytes_str("Location: /a\nCache-Control: private\n"),
		.body = bytes_str("later") });
	small_read(fd, reply, sizeof(reply), 300, &closed);
	cr_expect_eq(strncmp(reply, "HTTP/1.1 201 ", 13), 0, "%s", reply);
	cr_expect_not_null(strstr(reply, "Location: /a\r\n"));
	cr_expect_not_null(strstr(reply, "Cache-Control: private\r\n"));
	cr_expect_null(strstr(reply, "no-store"));
	cr_expect_not_null(strstr(reply, "later"));
	close(fd);
	small_server_stop(&s);
}

Test(server, a_client_that_leaves_while_its_request_is_held_does_no_harm)
{
	struct small_server s;

	small_server_start(&s, NULL, 1);
	atomic_store(&s.keep, true);
	for (int i = 0; i < 20; i++) {
		const int fd = small_connect(&s);

		small_send(fd, GET("/a"), sizeof(GET("/a")) - 1);
		struct exchange *x = small_server_held(&s);
		const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
		if (i % 2 == 0)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
		usleep(2000);
		atomic_store(&s.held, NULL);
		exchange_answer(x, &(struct answer){ .status = 200,
				       .content_type = bytes_str("text/plain"),
				       .body = bytes_str("late") });
	}
	for (int i = 0; server_busy(s.server) > 0 && i < 1000; i++)
		usleep(1000);
	cr_expect_eq(server_busy(s.server), 0);
	cr_expect_eq(atomic_load(&s.done), 20);
	small_server_stop(&s);
}

Test(server, a_header_that_would_split_the_answer_is_not_sent)
{
	static const char *const headers[] = { "X: a\rb\n", "no colon\n",
		"Content-Length: 3\n", "Transfer-Encoding: chunked\n", "X y: z\n" };
	struct small_server s;
	char reply[16384];
	bool closed;

	small_server_start(&s, NULL, 1);
	atomic_store(&s.keep, true);
	for (size_t i = 0; i < NITEMS(headers); i++) {
		const int fd = small_connect(&s);

		small_send(fd, GET("/a"), sizeof(GET("/a")) - 1);
		struct exchange *x = small_server_held(&s);
		atomic_store(&s.held, NULL);
		exchange_answer(x, &(struct answer){ .status = 200,
				       .headers = bytes_str(headers[i]) });
		cr_expect_eq(small_read(fd, reply, sizeof(reply), 300, &closed), 0,
		    "%s", reply);
		cr_expect(closed, "%s", headers[i]);
		close(fd);
	}
	small_server_stop(&s);
}

static atomic_size_t by_kernel, by_hand; /* octets of files on their way */

/* The library's calls end here: a large CRL must not pass through front's memory. */
ssize_t
sendfile64(int to, int from, off64_t *at, size_t n)
{
	const ssize_t sent = syscall(SYS_sendfile, to, from, at, n);

	if (sent > 0)
		atomic_fetch_add(&by_kernel, (size_t)sent);
	return sent;
}

ssize_t
pread64(int fd, void *to, size_t n, off64_t at)
{
	const ssize_t got = syscall(SYS_pread64, fd, to, n, at);

	if (got > 0)
		atomic_fetch_add(&by_hand, (size_t)got);
	return got;
}

Test(server, shared_content_goes_out_whole_from_memory_and_from_a_file)
{
	struct small_server s;
	static char octets[300000], reply[400000];
	char path[] = "/tmp/hanaper-content.XXXXXX";
	bool closed;

	memset(octets, 'c', sizeof(octets));
	const int fd = mkstemp(path);
	unlink(path);
	cr_assert_eq(write(fd, octets, sizeof(octets)), (ssize_t)sizeof(octets));
	small_server_start(&s, NULL, 1);
	for (int i = 0; i < 2; i++) {
		content_unref(s.content);
		s.content = i == 0 ? content_new(bytes_of(octets, sizeof(octets)))
				   : content_new_file(fd, sizeof(octets), NULL);
		for (int k = 0; k < 3; k++) {
			small_talk(&s, GET("/content"), sizeof(GET("/content")) - 1,
			    reply, sizeof(reply), &closed);
			const char *body = strstr(reply, "\r\n\r\n");
			cr_assert_not_null(body);
			cr_expect_eq(strlen(body + 4), sizeof(octets), "round %d", i);
			cr_expect_not_null(strstr(reply, "max-age=5\r\n"));
		}
	}
	cr_expect_eq(atomic_load(&by_kernel), 3 * sizeof(octets));
	cr_expect_eq(atomic_load(&by_hand), 0);
	small_server_stop(&s);
}

/* The library has a descriptor of its own, which it closes when the answer is over for us. */
Test(server, a_files_last_descriptor_is_ours)
{
	struct small_server s;
	static char reply[400000];
	char path[] = "/tmp/hanaper-content.XXXXXX";
	bool closed;

	const int file = mkstemp(path);
	unlink(path);
	cr_assert_eq(ftruncate(file, 300000), 0);
	small_server_start(&s, NULL, 1);
	content_unref(s.content);
	s.content = content_new_file(file, 300000, NULL);
	const int fd = small_connect(&s);
	small_send(fd, GET("/content"), sizeof(GET("/content")) - 1);
	small_read(fd, reply, sizeof(reply), 300, &closed);
	content_unref(s.content); /* a newer one is there */
	s.content = content_new(bytes_str("new"));
	cr_expect_geq(fcntl(file, F_GETFD), 0, "the connection has it still");
	small_send(fd, GET("/content"), sizeof(GET("/content")) - 1);
	small_read(fd, reply, sizeof(reply), 300, &closed);
	cr_expect_not_null(strstr(reply, "new"));
	cr_expect_lt(fcntl(file, F_GETFD), 0, "until its next request");
	close(fd);
	small_server_stop(&s);
}

/* S10: who is at the other end of the unix socket. */
Test(server, a_unix_socket_is_told_from_the_others)
{
	struct small_server s;
	char reply[16384];

	small_server_start_unix(&s);
	talk(&s, GET("/a"), reply);
	cr_expect_eq(strncmp(reply, "HTTP/1.1 200 ", 13), 0, "%s", reply);
	cr_expect(s.client.local);
	cr_expect_not(s.client.tls);
	small_server_stop(&s);
}

Test(server, quiescing_takes_no_more_and_lets_go_of_what_is_answered)
{
	struct small_server s;
	char reply[16384];
	bool closed;

	small_server_start(&s, NULL, 2);
	atomic_store(&s.keep, true);
	const int fd = small_connect(&s);
	small_send(fd, GET("/a"), sizeof(GET("/a")) - 1);
	struct exchange *x = small_server_held(&s);
	server_quiesce(s.server);
	exchange_answer(x, &(struct answer){ .status = 200,
			       .content_type = bytes_str("text/plain"),
			       .body = bytes_str("last") });
	small_read(fd, reply, sizeof(reply), 300, &closed);
	cr_expect_not_null(strstr(reply, "last"));
	cr_expect_not_null(strstr(reply, "Connection: close"));
	cr_expect(closed);
	close(fd);
	small_server_stop(&s);
}
