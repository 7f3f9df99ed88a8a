/* SPDX-License-Identifier: Apache-2.0 */
#include "ask_core.h"

#include <stdlib.h>
#include <unistd.h>

#include "acme_sign.h"
#include "api/instead.h"
#include "base/mem.h"
#include "ca/acme.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

struct core_answer answer;
struct api api;

static void
keep(const struct msg_http_response *m)
{
	answer.status = m->status;
	free(answer.body);
	free(answer.headers);
	answer.body = mem_strndup(m->body);
	answer.headers = mem_strndup(m->headers);
}

void
ask_core_answered(void *arg, const struct msg_http_response *m, bool wrote)
{
	(void)arg;
	cr_assert_not(answer.there, "answered twice");
	answer.there = true;
	answer.wrote = wrote;
	keep(m);
	loop_stop(paper.loop);
}

/* As daemon/core.c has it. */
static void
lose_answer(void)
{
	const struct msg_http_response had = { .headers = bytes_str(answer.headers) };
	struct msg_http_response m;
	struct buf b;
	struct err e = { 0 };

	buf_init(&b, KIB(24));
	instead_put(&b, &had, INSTEAD_LOST);
	MUST(msg_http_response_get(buf_bytes(&b), &m, &e));
	keep(&m);
	buf_free(&b);
}

static void
too_late(void *arg)
{
	(void)arg;
	loop_stop(paper.loop);
}

/* What the signer is asked meanwhile it does. */
static void
serve_signer(void)
{
	while (!answer.there && paper_asked()) {
		const struct frame f = paper_peek();

		if (f.type != MSG_SIGN_CERT && f.type != MSG_REVOKE)
			break;
		paper_sign(f.type);
	}
}

/* With a nonce of now: each is good once. */
static void
sign_question(const struct question *q, struct buf *ret)
{
	char *url = mem_printf("%s%s%s%s", ca_conf(paper.ca)->url_api, q->path,
	    q->query != NULL ? "?" : "", q->query != NULL ? q->query : "");
	char nonce[NONCE_TEXT];
	struct err e = { 0 };

	buf_init(ret, KIB(16));
	if (q->payload != NULL) {
		MUST(acme_nonce_new(paper.ca, nonce, &e));
		acme_sign(ret, q->kid, url, nonce, q->payload);
	} else if (q->body != NULL) {
		buf_puts(ret, q->body);
	}
	free(url);
}

void
send_question(const struct question *q)
{
	struct buf body;
	static uint64_t id;

	sign_question(q, &body);
	const struct msg_http_request m = {
		.id = ++id,
		.request_id = bytes_str("0123456789abcdef"),
		.method = bytes_str(q->method),
		.path = bytes_str(q->path),
		.query = bytes_str(q->query != NULL ? q->query : ""),
		.content_type = bytes_str(q->type != NULL ? q->type : ""),
		.accept = bytes_str(q->accept != NULL ? q->accept : ""),
		.authorization =
		    bytes_str(q->authorization != NULL ? q->authorization : ""),
		.body = buf_bytes(&body),
		.peer = q->cert.n > 0 ? PEER_KIND_TLS_CERT : PEER_KIND_UNIX,
		.peer_cert = q->cert,
	};
	struct buf frame;
	struct err e = { 0 };

	answer.there = false;
	buf_init(&frame, MIB(1));
	msg_http_request_put(&frame, &m);
	buf_free(&body);
	const uint32_t uid = geteuid();
	MUST(request_take(&api, buf_bytes(&frame), q->cert.n > 0 ? NULL : &uid, &e));
	buf_free(&frame);
	serve_signer();
}

void
await_answer(const struct question *q)
{
	struct err e = { 0 };

	if (!answer.there) { /* in slices */
		struct loop_timer *guard = loop_after(paper.loop, 5000, too_late, NULL);
		loop_run(paper.loop);
		if (answer.there)
			loop_cancel(guard);
	}
	cr_assert(answer.there, "%s %s: no answer", q->method, q->path);
	if (!ca_batch_end(paper.ca, &e) && answer.wrote)
		lose_answer();
}

void
ask(const struct question *q)
{
	send_question(q);
	await_answer(q);
}
