/* SPDX-License-Identifier: Apache-2.0 */
/* What front keeps of core's answers: the test is core, and says what may be kept. */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/front_ocsp.h"
#include "front_peer_stage.h"

#define HOST "Host: localhost\r\n"
#define TYPE "Content-Type: application/ocsp-request\r\n"
/* The same octets twice; front does not know that they are no OCSPRequest. */
#define POST "POST /ocsp HTTP/1.1\r\n" HOST TYPE "Content-Length: 3\r\n\r\nabc"
#define GET  "GET /ocsp/YWJj HTTP/1.1\r\n" HOST

TestSuite(front_peer_ocsp, .timeout = 60);

static void
hear(struct talker *t, const char *status, const char *body)
{
	char line[32], end[64];

	snprintf(line, sizeof(line), "HTTP/1.1 %s ", status);
	snprintf(end, sizeof(end), "\r\n\r\n%s", body);
	cr_assert(talker_hear(t, strcmp(status, "304") == 0));
	cr_expect_eq(strncmp(t->reply, line, strlen(line)), 0, "%s instead of %s",
	    t->reply, status);
	cr_assert_geq(t->n, strlen(end));
	cr_expect_str_eq(t->reply + t->n - strlen(end), end);
}

/* Core's answer to the question that it has just got. */
static void
respond(struct stage *s, uint64_t id, const char *body, const char *tag, int64_t life_s)
{
	const int64_t now = time(NULL);
	uint8_t octets[MSG_TAG_LEN] = { 0 };

	memcpy(octets, tag, strlen(tag));
	stage_respond(s,
	    &(struct msg_http_response){ .id = id,
		.status = 200,
		.content_type = bytes_str("application/ocsp-response"),
		.headers = bytes_str("Cache-Control: max-age=5\n"),
		.body = bytes_str(body),
		.keep = { tag[0] == '\0' ? bytes_str("")
					 : bytes_of(octets, sizeof(octets)),
		    bytes_str(tag[0] == '\0' ? "" : body), now, now + life_s } });
}

static void
forget(struct stage *s, const char *tag)
{
	uint8_t octets[MSG_TAG_LEN] = { 0 };

	memcpy(octets, tag, strlen(tag));
	stage_forget(s,
	    tag[0] == '\0' ? bytes_str("") : bytes_of(octets, sizeof(octets)));
}

/* A question that reaches core, and its answer. */
static void
live(struct stage *s, struct talker *t, const char *request, const char *body,
    const char *tag, int64_t life_s)
{
	struct msg_http_request m;

	talker_say(t, request);
	stage_request(s, &m);
	respond(s, m.id, body, tag, life_s);
	hear(t, "200", body);
}

/* An answer that comes although core says nothing. */
static void
kept(struct talker *t, const char *request, const char *status, const char *body)
{
	talker_say(t, request);
	hear(t, status, body);
}

/* Any other request of the link: when its answer is there, all before it was done. */
static void
revoke_call(struct stage *s, struct talker *t)
{
	struct msg_http_request m;

	talker_say(t, "POST /v1/certificates/01/revoke HTTP/1.1\r\n" HOST
		      "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
	stage_request(s, &m);
	stage_respond(s, &(struct msg_http_response){ .id = m.id, .status = 204 });
	cr_assert(talker_hear(t, true));
}

/* P91, P97 */
Test(front_peer_ocsp, what_core_lets_be_kept_is_answered_without_it)
{
	struct stage s;
	struct talker t;

	stage_open(&s);
	talker_open(&t, &s, s.http.port);
	live(&s, &t, GET "\r\n", "one", "t1", 600);
	kept(&t, GET "\r\n", "200", "one");
	cr_expect_not_null(strstr(t.reply, "ETag: \"one\"\r\n"));
	cr_expect_not_null(
	    strstr(t.reply, "Content-Type: application/ocsp-response\r\n"));
	cr_expect(strstr(t.reply, "max-age=600, public, no-transform") != NULL ||
		  strstr(t.reply, "max-age=59") != NULL);
	kept(&t, POST, "200", "one");
	kept(&t, "GET /ocsp/%59WJj HTTP/1.1\r\n" HOST "\r\n", "200", "one");
	kept(&t, GET "If-None-Match: \"one\"\r\n\r\n", "304", "");
	cr_expect_not_null(strstr(t.reply, "ETag: \"one\"\r\n"));
	cr_expect_not_null(strstr(t.reply, "max-age="));
	cr_expect_not_null(strstr(t.reply, "Expires: "));
	kept(&t, GET "If-None-Match: \"two\"\r\n\r\n", "200", "one");
	kept(&t, GET "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n", "200",
	    "one");
	kept(&t, GET "If-Modified-Since: Sun, 06 Nov 2094 08:49:37 GMT\r\n\r\n", "200",
	    "one");
	kept(&t,
	    "POST /ocsp HTTP/1.1\r\n" HOST TYPE
	    "If-None-Match: \"one\"\r\nContent-Length: 3\r\n\r\nabc",
	    "200", "one");
	live(&s, &t, "GET /ocsp/YWJk HTTP/1.1\r\n" HOST "\r\n", "other", "", 600);
	live(&s, &t, "GET /ocsp/YWJk HTTP/1.1\r\n" HOST "\r\n", "again", "", 600);
	kept(&t, GET "\r\n", "200", "one");
	talker_close(&t);
	talker_open(&t, &s, 0);
	kept(&t, POST, "200", "one");
	talker_close(&t);
	stage_close(&s);
}

/* P92 */
Test(front_peer_ocsp, what_is_forgotten_before_an_answer_is_not_given_after_it)
{
	struct stage s;
	struct talker t, admin;
	struct msg_http_request m;

	stage_open(&s);
	talker_open(&t, &s, s.http.port);
	talker_open(&admin, &s, 0);
	for (int i = 0; i < 200; i++) {
		live(&s, &t, i % 2 == 0 ? GET "\r\n" : POST, "good", "t1", 600);
		kept(&t, GET "\r\n", "200", "good");
		forget(&s, "t2");
		forget(&s, i % 5 == 0 ? "" : "t1");
		revoke_call(&s, &admin);
		live(&s, &t, i % 3 == 0 ? GET "\r\n" : POST, "revoked", "t1", 600);
		kept(&t, POST, "200", "revoked");
		forget(&s, "t1");
		revoke_call(&s, &admin);
	}
	/* Asked before, answered in front of the forgetting: in the order of the link. */
	talker_say(&t, GET "\r\n");
	stage_request(&s, &m);
	respond(&s, m.id, "good", "t1", 600);
	forget(&s, "t1");
	revoke_call(&s, &admin);
	hear(&t, "200", "good");
	live(&s, &t, GET "\r\n", "revoked", "t1", 600);
	talker_close(&t);
	talker_close(&admin);
	stage_close(&s);
}

/* P96, P87 */
Test(front_peer_ocsp,
    an_answer_is_renewed_by_one_question_and_never_given_after_its_end)
{
	struct stage s;
	struct talker t, admin;
	struct msg_http_request m;
	struct pollfd core;

	stage_open(&s);
	core = (struct pollfd){ chan_fd(s.core), POLLIN, 0 };
	talker_open(&t, &s, s.http.port);
	talker_open(&admin, &s, 0);
	live(&s, &t, GET "\r\n", "one", "t1", 4);
	while (poll(&core, 1, 20) == 0) /* until it asks anew by itself */
		kept(&t, GET "\r\n", "200", "one");
	for (int i = 0; i < 10; i++)
		kept(&t, POST, "200", "one");
	stage_request(&s, &m);
	cr_expect(bytes_eq_str(m.method, "POST"));
	cr_expect(bytes_eq_str(m.path, "/ocsp"));
	cr_expect(bytes_eq_str(m.body, "abc"));
	cr_expect_eq(m.peer, PEER_KIND_PLAIN);
	cr_expect_eq(poll(&core, 1, 50), 0, "one question at a time");
	respond(&s, m.id, "two", "t1", 4);
	revoke_call(&s, &admin); /* so that it has arrived */
	kept(&t, GET "\r\n", "200", "two");
	sleep(5);
	live(&s, &t, GET "\r\n", "three", "t1", 600);
	talker_close(&t);
	talker_close(&admin);
	stage_close(&s);
}

/* S32: more than core may have at once are told to try later, and what is kept is not among them. */
Test(front_peer_ocsp, too_many_at_once_are_told_to_try_later)
{
	static struct talker waiting[FRONT_OCSP_LIVE_MAX];
	struct msg_http_request m;
	struct stage s;
	struct talker t, admin;
	uint64_t ids[FRONT_OCSP_LIVE_MAX];

	stage_open(&s);
	talker_open(&t, &s, s.http.port);
	talker_open(&admin, &s, 0);
	live(&s, &t, GET "\r\n", "one", "t1", 600);
	for (size_t i = 0; i < FRONT_OCSP_LIVE_MAX; i++) {
		talker_open(&waiting[i], &s, s.http.port);
		talker_say(&waiting[i], "GET /ocsp/YWJk HTTP/1.1\r\n" HOST "\r\n");
		stage_request(&s, &m);
		ids[i] = m.id;
	}
	talker_say(&t, "GET /ocsp/YWJk HTTP/1.1\r\n" HOST "\r\n");
	cr_assert(talker_hear(&t, false));
	cr_expect_eq(strncmp(t.reply, "HTTP/1.1 503 ", 13), 0);
	cr_expect_not_null(strstr(t.reply, "Retry-After: 1\r\n"));
	cr_expect_not_null(strstr(t.reply, "Cache-Control: no-store\r\n"));
	cr_expect_not_null(
	    strstr(t.reply, "Content-Type: application/ocsp-response\r\n"));
	cr_expect_eq(memcmp(t.reply + t.n - 5, "\x30\x03\x0a\x01\x03", 5), 0);
	kept(&t, GET "\r\n", "200", "one");
	revoke_call(&s, &admin); /* others are not held back */
	for (size_t i = 0; i < FRONT_OCSP_LIVE_MAX; i++) {
		respond(&s, ids[i], "late", "", 0);
		hear(&waiting[i], "200", "late");
		talker_close(&waiting[i]);
	}
	live(&s, &t, "GET /ocsp/YWJk HTTP/1.1\r\n" HOST "\r\n", "now", "", 0);
	talker_close(&t);
	talker_close(&admin);
	stage_close(&s);
}
