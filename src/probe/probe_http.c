/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http-01 (RFC 8555 8.3): the key authorization lies at a path of the name's web
 * server.  Each hop of a redirect is resolved, judged and pinned anew.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe_impl.h"

struct http {
	struct redirect_path path;
	struct redirect_target hop;
	size_t attempt; /* of j->targets */
	bool begun;
	struct fetch *fetch;
};

static void
http_free(void *work)
{
	struct http *h = work;

	fetch_free(h->fetch);
	free(h);
}

static void attempt(struct probe_job *j);
static void go_to(struct probe_job *j, const char *url);

static bool
is_key_authorization(struct bytes body, struct bytes proof)
{
	/* RFC 8555 8.3: white space at the end is ignored. */
	while (body.n > 0 && memchr(" \t\r\n\v\f", body.p[body.n - 1], 6) != NULL)
		body.n--;
	return probe_is_proof(body, proof);
}

static void
judge(struct probe_job *j, const struct fetch_result *r)
{
	struct err e;

	if (r->location != NULL) {
		go_to(j, r->location);
		return;
	}
	probe_saw(j, r->body);
	if (r->status != 200)
		err_set(&e, ERR_PROBE_RESPONSE, "the web server answered %ld, not 200",
		    r->status);
	else if (r->encoded)
		err_set(&e, ERR_PROBE_RESPONSE,
		    "the web server answered with a Content-Encoding");
	else if (!is_key_authorization(r->body, j->ask.key_authorization))
		err_set(&e, ERR_PROBE_PROOF,
		    "the web server's answer is not the key authorization");
	else {
		probe_proved(j);
		return;
	}
	probe_failed(j, &e);
}

static void
on_fetched(void *arg, const struct fetch_result *r)
{
	struct probe_job *j = arg;
	struct http *h = j->work;
	struct fetch *done = h->fetch;
	struct err e;

	if (j->state == PROBE_ENDED)
		return;
	h->fetch = NULL;
	transcript_line(&j->log, probe_ms(j), r->connected ? "request" : "connect");
	transcript_text(&j->log, "name", bytes_str(h->hop.url));
	transcript_text(&j->log, "address", bytes_str(j->address));
	if (r->status != 0)
		transcript_num(&j->log, "status", r->status);
	if (r->code != ERR_NONE)
		transcript_text(&j->log, "error", bytes_str(r->why));
	probe_leave(j);
	if (r->code == ERR_NONE)
		judge(j, r);
	else if (!r->connected && ++h->attempt < j->n_targets)
		attempt(j);
	else {
		err_set(&e, r->code, "the web server could not be asked: %s", r->why);
		probe_failed(j, &e);
	}
	fetch_free(done);
}

static void
connect_now(struct probe_job *j)
{
	struct http *h = j->work;
	struct err e;

	if (!h->begun)
		probe_limit(j, PROBE_TALK_MS);
	h->begun = true;
	probe_waits_for(j, ERR_PROBE_CONNECTION,
	    "the web server did not answer in time");
	const struct fetch_request q = {
		.url = h->hop.url,
		.address = &j->at.any,
		.networks = &j->networks,
		.connect_ms = PROBE_CONNECT_MS,
		.total_ms = PROBE_TALK_MS,
	};
	if (!fetch_start(probe_fetcher(j->probe), &q, on_fetched, j, &h->fetch, &e))
		probe_failed(j, &e);
}

static void
attempt(struct probe_job *j)
{
	const struct http *h = j->work;

	probe_enter(j, &j->targets[h->attempt], connect_now);
}

static void
begin_attempts(struct probe_job *j)
{
	struct http *h = j->work;

	h->attempt = 0;
	attempt(j);
}

static void
go_to(struct probe_job *j, const char *url)
{
	struct http *h = j->work;
	struct err e;

	if (h->path.n > 0) {
		transcript_line(&j->log, probe_ms(j), "redirect");
		transcript_text(&j->log, "name", bytes_str(url));
	}
	if (!redirect_to(&h->path, h->path.n > 0 ? h->hop.url : NULL, url, &h->hop,
		&e)) {
		probe_failed(j, &e);
		return;
	}
	probe_target(j, h->hop.host, h->hop.port, begin_attempts);
}

void
probe_http_01(struct probe_job *j)
{
	struct http *h = mem_zalloc(sizeof(*h));
	char *name = mem_strndup(j->ask.name), *token = mem_strndup(j->ask.token);
	const bool v6 = j->ask.type == NAME_TYPE_IP && strchr(name, ':') != NULL;
	struct buf url;

	j->work = h;
	j->work_free = http_free;
	h->path.http_port = j->http_port;
	h->path.tls_port = j->tls_port;
	buf_init(&url, KIB(1));
	buf_printf(&url, v6 ? "http://[%s]" : "http://%s", name);
	if (j->http_port != 80)
		buf_printf(&url, ":%u", j->http_port);
	buf_printf(&url, "/.well-known/acme-challenge/%s", token);
	go_to(j, buf_str(&url));
	buf_free(&url);
	free(name);
	free(token);
}
