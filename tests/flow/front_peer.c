/* SPDX-License-Identifier: Apache-2.0 */
/* The real hanaper-front between a parent, a core and clients that the test plays. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "front_peer_stage.h"

#define HOST "Host: localhost\r\n"

TestSuite(front_peer, .timeout = 60);

static const struct paper_leaf good = { .cn = "svc",
	.purpose = GNUTLS_KP_TLS_WWW_CLIENT,
	.from = -60,
	.to = PAPER_DAY };

static void
expect_status(const struct talker *t, const char *status)
{
	char line[32];

	snprintf(line, sizeof(line), "HTTP/1.1 %s ", status);
	cr_expect_eq(strncmp(t->reply, line, strlen(line)), 0, "%s instead of %s",
	    t->reply, status);
}

static void
ask(struct talker *t, const char *request, const char *status)
{
	const bool head_only =
	    strncmp(request, "HEAD", 4) == 0 || strcmp(status, "304") == 0;

	talker_say(t, request);
	cr_assert(talker_hear(t, head_only), "%s", request);
	expect_status(t, status);
}

Test(front_peer, it_is_alive_on_every_listener_that_has_the_route)
{
	struct stage s;
	struct talker t;

	stage_open(&s);
	talker_open_tls(&t, &s, NULL, NULL);
	ask(&t, "GET /healthz HTTP/1.1\r\n" HOST "\r\n", "200");
	talker_close(&t);
	talker_open(&t, &s, s.metrics.port);
	ask(&t, "GET /healthz HTTP/1.1\r\n" HOST "\r\n", "200");
	ask(&t, "GET /v1/profiles HTTP/1.1\r\n" HOST "\r\n", "404");
	talker_close(&t);
	talker_open(&t, &s, 0);
	ask(&t, "GET /healthz HTTP/1.1\r\n" HOST "\r\n", "200");
	talker_close(&t);
	talker_open(&t, &s, s.http.port);
	ask(&t, "GET /healthz HTTP/1.1\r\n" HOST "\r\n", "404");
	ask(&t, "PUT /ca/x HTTP/1.1\r\n" HOST "\r\n", "405");
	cr_expect_not_null(strstr(t.reply, "Allow: GET, HEAD\r\n"));
	talker_close(&t);
	stage_close(&s);
}

/* S10 */
Test(front_peer, a_request_reaches_core_whole_and_the_answer_comes_back)
{
	struct stage s;
	struct talker t;
	struct msg_http_request m;

	stage_open(&s);
	talker_open(&t, &s, 0);
	talker_say(&t, "POST /v1/certificates?profile=server HTTP/1.1\r\n" HOST
		       "Content-Type: text/plain\r\nAccept: application/json\r\n"
		       "Authorization: Bearer x\r\nIdempotency-Key: k1\r\n"
		       "X-SSL-Client-S-DN: CN=admin\r\nContent-Length: 5\r\n\r\nhello");
	stage_request(&s, &m);
	cr_expect(bytes_eq_str(m.method, "POST"));
	cr_expect(bytes_eq_str(m.path, "/v1/certificates"));
	cr_expect(bytes_eq_str(m.query, "profile=server"));
	cr_expect(bytes_eq_str(m.content_type, "text/plain"));
	cr_expect(bytes_eq_str(m.accept, "application/json"));
	cr_expect(bytes_eq_str(m.authorization, "Bearer x"));
	cr_expect(bytes_eq_str(m.idempotency_key, "k1"));
	cr_expect(bytes_eq_str(m.body, "hello"));
	cr_expect_eq(m.request_id.n, 16);
	cr_expect_eq(m.peer, PEER_KIND_UNIX);
	cr_expect_eq(m.uid, getuid());
	cr_expect_eq(m.address.n, 0);
	cr_expect_eq(m.peer_cert.n, 0);
	stage_respond(&s, &(struct msg_http_response){ .id = m.id,
			      .status = 201,
			      .content_type = bytes_str("application/json"),
			      .headers = bytes_str("Location: /v1/certificates/0a\n"),
			      .body = bytes_str("{}\n") });
	cr_assert(talker_hear(&t, false));
	expect_status(&t, "201");
	cr_expect_not_null(strstr(t.reply, "Location: /v1/certificates/0a\r\n"));
	cr_expect_not_null(strstr(t.reply, "Cache-Control: no-store\r\n"));
	cr_expect_not_null(strstr(t.reply, "X-Request-Id: "));
	cr_expect_not_null(strstr(t.reply, "\r\n\r\n{}\n"));
	talker_close(&t);
	stage_close(&s);
}

/* S4, R44: front says what is missing, or why the certificate is none. */
Test(front_peer, a_stranger_gets_401_and_core_hears_nothing)
{
	static const struct {
		struct paper_leaf leaf;
		const char *why;
	} cases[] = {
		{ { .cn = "server",
		      .purpose = GNUTLS_KP_TLS_WWW_SERVER,
		      .from = -60,
		      .to = PAPER_DAY },
		    "not for client authentication" },
		{ { .cn = "old",
		      .purpose = GNUTLS_KP_TLS_WWW_CLIENT,
		      .from = -PAPER_DAY,
		      .to = -60 },
		    "has expired" },
	};
	struct stage s;
	struct talker t;
	struct msg_http_request m;

	stage_open(&s);
	talker_open_tls(&t, &s, NULL, NULL);
	ask(&t, "GET /v1/whoami HTTP/1.1\r\n" HOST "\r\n", "401");
	cr_expect_not_null(strstr(t.reply, "urn:hanaper:problem:unauthenticated"));
	cr_expect_not_null(strstr(t.reply, "present a client certificate"));
	talker_close(&t);
	for (size_t i = 0; i < NITEMS(cases); i++) {
		talker_open_tls(&t, &s, &cases[i].leaf, &s.ca);
		ask(&t, "GET /v1/whoami HTTP/1.1\r\n" HOST "\r\n", "401");
		cr_expect_not_null(strstr(t.reply, cases[i].why), "%s", t.reply);
		talker_close(&t);
	}
	/* The first request that core sees is this one. */
	talker_open_tls(&t, &s, &good, &s.ca);
	for (int i = 0; i < 2; i++) {
		talker_say(&t, "GET /v1/whoami HTTP/1.1\r\n" HOST "\r\n");
		stage_request(&s, &m);
		cr_expect(bytes_eq_str(m.path, "/v1/whoami"));
		cr_expect_eq(m.peer, PEER_KIND_TLS_CERT);
		cr_expect_gt(m.peer_cert.n, 100);
		cr_expect_eq(m.peer_cert.p[0], 0x30);
		cr_expect(bytes_eq_str(m.address, "127.0.0.1"));
		stage_respond(&s,
		    &(struct msg_http_response){ .id = m.id, .status = 204 });
		cr_assert(talker_hear(&t, true));
		expect_status(&t, "204");
	}
	talker_close(&t);
	stage_close(&s);
}

/* R44: and nothing else; core judges the rest. */
Test(front_peer, a_certificate_for_servers_may_ask_for_its_renewal)
{
	static const struct paper_leaf leaf = { .cn = "server",
		.purpose = GNUTLS_KP_TLS_WWW_SERVER,
		.from = -60,
		.to = PAPER_DAY };
	struct stage s;
	struct talker t;
	struct msg_http_request m;

	stage_open(&s);
	talker_open_tls(&t, &s, &leaf, &s.ca);
	talker_say(&t, "POST /v1/renew HTTP/1.1\r\n" HOST
		       "Content-Type: text/plain\r\nContent-Length: 3\r\n\r\ncsr");
	stage_request(&s, &m);
	cr_expect(bytes_eq_str(m.path, "/v1/renew"));
	cr_expect_eq(m.peer, PEER_KIND_TLS_CERT);
	stage_respond(&s, &(struct msg_http_response){ .id = m.id, .status = 204 });
	cr_assert(talker_hear(&t, true));
	expect_status(&t, "204");
	talker_close(&t);
	stage_close(&s);
}

static void
waiting_for(struct stage *s, struct talker *t, const char *request, const char *text)
{
	/* Messages and requests take different ways: ask until it is there. */
	for (int i = 0; i < 500; i++) {
		talker_open(t, s, s->http.port);
		talker_say(t, request);
		cr_assert(talker_hear(t, false));
		if (strstr(t->reply, text) != NULL)
			return;
		talker_close(t);
		usleep(5000);
	}
	cr_assert_fail("no \"%s\" came", text);
}

#define GET_CRL "GET /crl/main.crl HTTP/1.1\r\n" HOST

/* R41, R83 */
Test(front_peer, what_is_published_is_served_and_replaced)
{
	struct stage s;
	struct talker t;

	stage_open(&s);
	talker_open(&t, &s, s.http.port);
	ask(&t, GET_CRL "\r\n", "404");
	talker_close(&t);
	stage_publish(&s, "/crl/main.crl", "crl/main.crl", bytes_str("one"), "e1",
	    false);
	waiting_for(&s, &t, GET_CRL "\r\n", "\r\n\r\none");
	cr_expect_not_null(strstr(t.reply, "ETag: \"e1\"\r\n"));
	cr_expect_not_null(
	    strstr(t.reply, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"));
	cr_expect_not_null(strstr(t.reply, "Content-Type: application/pkix-crl\r\n"));
	const char *age = strstr(t.reply, "max-age=");
	cr_assert_not_null(age);
	const long left = strtol(age + 8, NULL, 10);
	cr_expect(left > 500 && left <= 600, "%ld", left);
	ask(&t, GET_CRL "If-None-Match: \"e1\"\r\n\r\n", "304");
	cr_expect_not_null(strstr(t.reply, "ETag: \"e1\"\r\n"));
	ask(&t, GET_CRL "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
	    "304");
	/* That of a download: the copy may be of the list before (RFC 9110 13.1.3). */
	ask(&t, GET_CRL "If-Modified-Since: Sun, 06 Nov 1994 08:49:38 GMT\r\n\r\n",
	    "200");
	ask(&t, "HEAD /crl/main.crl HTTP/1.1\r\n" HOST "\r\n", "200");
	cr_expect_not_null(strstr(t.reply, "Content-Length: 3\r\n"));
	ask(&t, "GET /crl/../root.crt HTTP/1.1\r\n" HOST "\r\n", "404");
	ask(&t, "GET /crl/main.crl/ HTTP/1.1\r\n" HOST "\r\n", "404");
	ask(&t, GET_CRL "If-None-Match: \"e0\"\r\n\r\n", "200");
	talker_close(&t);
	talker_open(&t, &s, 0);
	ask(&t, GET_CRL "\r\n", "200");
	talker_close(&t);
	talker_open_tls(&t, &s, NULL, NULL);
	ask(&t, GET_CRL "\r\n", "404"); /* not on_api */
	talker_close(&t);

	stage_publish(&s, "/crl/main.crl", "crl/main.crl", bytes_str("second"), "e2",
	    true);
	waiting_for(&s, &t, GET_CRL "If-None-Match: \"e1\"\r\n\r\n", "second");
	talker_close(&t);
	talker_open_tls(&t, &s, NULL, NULL);
	ask(&t, GET_CRL "\r\n", "200");
	talker_close(&t);
	stage_close(&s);
}

/* R41 */
Test(front_peer, what_cannot_be_opened_when_core_tells_of_it_is_served_when_it_can)
{
	struct stage s;
	struct talker t;

	stage_open(&s);
	stage_publish(&s, "/crl/main.crl", "crl/main.crl", bytes_str("one"), "e1",
	    false);
	waiting_for(&s, &t, GET_CRL "\r\n", "one");
	talker_close(&t);
	stage_announce(&s, "/crl/main.crl", "crl/next.crl", "e2", false);
	stage_announce(&s, "/crl/main.crl", "crl/next.crl", "e3", false);
	/* Another path: front has heard what came before it. */
	stage_publish(&s, "/crl/next.crl", "crl/next.crl", bytes_str("two"), "x",
	    false);
	waiting_for(&s, &t, GET_CRL "\r\n", "ETag: \"e3\"\r\n");
	cr_expect_not_null(strstr(t.reply, "\r\n\r\ntwo"));
	talker_close(&t);
	stage_close(&s);
}

Test(front_peer, a_client_that_leaves_and_a_late_answer_do_no_harm)
{
	struct stage s;
	struct talker t;
	struct msg_http_request m;

	stage_open(&s);
	for (int i = 0; i < 10; i++) {
		talker_open(&t, &s, 0);
		talker_say(&t, "GET /v1/whoami HTTP/1.1\r\n" HOST "\r\n");
		stage_request(&s, &m);
		talker_close(&t);
		const struct msg_http_response a = { .id = m.id,
			.status = 200,
			.content_type = bytes_str("text/plain"),
			.body = bytes_str("x") };
		stage_respond(&s, &a);
		stage_respond(&s, &a); /* nobody waits for it any more */
	}
	talker_open(&t, &s, 0);
	ask(&t, "GET /healthz HTTP/1.1\r\n" HOST "\r\n", "200");
	talker_close(&t);
	stage_close(&s);
}

/* What was accepted is answered; then it ends in order. */
Test(front_peer, stopping_waits_for_what_is_in_flight)
{
	struct stage s;
	struct talker t, idle;
	struct msg_http_request m;

	stage_open(&s);
	talker_open(&idle, &s, s.http.port);
	talker_open(&t, &s, 0);
	talker_say(&t, "GET /v1/whoami HTTP/1.1\r\n" HOST "\r\n");
	stage_request(&s, &m);
	stage_stop(&s);
	usleep(100000);
	stage_respond(&s, &(struct msg_http_response){ .id = m.id,
			      .status = 200,
			      .content_type = bytes_str("text/plain"),
			      .body = bytes_str("last") });
	cr_assert(talker_hear(&t, false));
	expect_status(&t, "200");
	cr_expect_not_null(strstr(t.reply, "Connection: close"));
	cr_expect_eq(stage_wait(&s), 0);
	talker_close(&t);
	talker_close(&idle);
	stage_close(&s);
}

/* S83 */
Test(front_peer, a_message_that_core_must_not_send_ends_it)
{
	static const unsigned types[] = { MSG_SIGN_CERT, MSG_HTTP_REQUEST, MSG_CONF,
		MSG_HTTP_RESPONSE, MSG_TLS_CERT, MSG_PUBLISH, 999 };

	for (size_t i = 0; i < NITEMS(types); i++) {
		struct stage s;
		struct err e;
		bool left;

		stage_open(&s);
		chan_send(s.core, types[i], bytes_str("?"));
		cr_assert(chan_flush(s.core, &left, &e));
		(void)stage_expect(s.parent, MSG_FAILED);
		cr_expect_eq(stage_wait(&s), 1, "%u", types[i]);
		stage_close(&s);
	}
}

/* S32: more than core is given at once are told to come again. */
Test(front_peer, a_core_that_does_not_answer_leaves_open_routes_served)
{
	enum {
		ASKING = 200
	};
	struct stage s;
	static struct talker asking[ASKING], t;

	stage_open(&s);
	for (size_t i = 0; i < ASKING; i++) {
		talker_open(&asking[i], &s, s.http.port);
		talker_say(&asking[i], "POST /ocsp HTTP/1.1\r\n" HOST
				       "Content-Type: application/ocsp-request\r\n"
				       "Content-Length: 1\r\n\r\nx");
	}
	const int64_t began = time(NULL);
	talker_open(&t, &s, s.metrics.port);
	ask(&t, "GET /healthz HTTP/1.1\r\n" HOST "\r\n", "200");
	talker_close(&t);
	talker_open_tls(&t, &s, NULL, NULL);
	ask(&t, "GET /healthz HTTP/1.1\r\n" HOST "\r\n", "200");
	talker_close(&t);
	cr_expect_leq(time(NULL) - began, 2);
	stage_stop(&s);
	cr_expect_eq(stage_wait(&s), 0);
	for (size_t i = 0; i < ASKING; i++)
		talker_close(&asking[i]);
	stage_close(&s);
}

#define LARGE MIB(16) /* more than the kernel takes for a client that does not read */
#define CROWD 400

/* What comes, at most 'n' octets of it; nothing more when it is false. */
static bool
take(const struct talker *t, size_t n, size_t *taken)
{
	static char octets[KIB(128)];
	const ssize_t got = recv(t->fd, octets, n, MSG_DONTWAIT);

	if (got > 0)
		*taken += (size_t)got;
	return got > 0 || (got < 0 && errno == EAGAIN);
}

static void
ask_large(struct talker *t, const struct stage *s)
{
	const int window = KIB(64);

	talker_open(t, s, s->http.port);
	setsockopt(t->fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
	talker_say(t, "GET /crl/large.crl HTTP/1.1\r\n" HOST "\r\n");
}

/* S61, S62 */
Test(front_peer, in_a_crowd_a_large_list_goes_on_to_who_takes_it_and_to_nobody_else)
{
	/* Few places, so that a crowd is small. */
	const struct rlimit few = { 512, 512 };
	static struct talker crowd[CROWD];
	struct talker t, steady, stuck;
	struct stage s;
	struct buf large;
	size_t taken = 0, left = 0;

	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	stage_open(&s);
	buf_init(&large, LARGE);
	memset(buf_reserve(&large, LARGE), 0, LARGE);
	stage_publish(&s, "/crl/large.crl", "crl/large.crl", buf_bytes(&large), "e1",
	    false);
	buf_free(&large);
	stage_publish(&s, "/crl/main.crl", "crl/main.crl", bytes_str("one"), "e2",
	    false);
	waiting_for(&s, &t, GET_CRL "\r\n", "one");
	talker_close(&t);
	ask_large(&steady, &s);
	ask_large(&stuck, &s);
	for (size_t i = 0; i < CROWD; i++)
		talker_open(&crowd[i], &s, s.http.port);
	while (taken < LARGE && take(&steady, KIB(100), &taken))
		usleep(50000); /* 2 MiB a second */
	cr_expect_geq(taken, LARGE);
	while (take(&stuck, KIB(100), &left)) {
	}
	cr_expect_lt(left, LARGE);
	for (size_t i = 0; i < CROWD; i++)
		talker_close(&crowd[i]);
	talker_close(&steady);
	talker_close(&stuck);
	stage_close(&s);
}
