/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/problem.h"
#include "client_impl.h"

#define CONNECT_MAX_S 10L
#define ANSWER_MAX_S  120L

static bool
open_handle(struct client *c, bool ok, struct client **ret, struct err *e)
{
	if (ok && (c->curl = curl_easy_init()) == NULL)
		ok = err_set(e, ERR_INTERNAL, "libcurl gave no handle");
	if (ok)
		*ret = c;
	else
		client_free(c);
	return ok;
}

bool
client_open(const struct options_common *o, struct client **ret, struct err *e)
{
	struct client *c = mem_zalloc(sizeof(*c));

	c->answer_max = CLIENT_ANSWER_MAX;
	return open_handle(c, client_where(c, o, e), ret, e);
}

bool
client_open_stranger(const char *url, const char *cacert, const char *bearer,
    struct client **ret, struct err *e)
{
	struct client *c = mem_zalloc(sizeof(*c));

	assert(bearer == NULL || cacert != NULL);
	c->answer_max = CLIENT_STRANGER_MAX;
	c->unverified = cacert == NULL;
	c->cacert = mem_strdup(cacert);
	if (bearer != NULL)
		c->authorization = mem_printf("Bearer %s", bearer);
	return open_handle(c, client_where_url(c, url, e), ret, e);
}

void
client_free(struct client *c)
{
	if (c == NULL)
		return;
	curl_easy_cleanup(c->curl);
	curl_slist_free_all(c->at);
	free(c->dir);
	free(c->socket);
	free(c->base);
	free(c->cert);
	free(c->key);
	free(c->cacert);
	if (c->authorization != NULL)
		mem_wipe_free(c->authorization, strlen(c->authorization));
	json_decref(c->problem);
	free(c);
}

void
client_connect_at(struct client *c, const char *address)
{
	char *rule = mem_printf("::%s", address); /* any host, any port */

	c->at = curl_slist_append(c->at, rule);
	free(rule);
}

bool
client_sent(const struct client *c)
{
	long octets = 0;

	curl_easy_getinfo(c->curl, CURLINFO_REQUEST_SIZE, &octets);
	return octets > 0;
}

bool
client_mistrusted(const struct client *c)
{
	return c->mistrusted;
}

int64_t
client_retry_after(const struct client *c)
{
	return c->retry_after;
}

const char *
client_dir(const struct client *c)
{
	return c->dir;
}

/* ---- one request ---- */

struct request {
	const char *url;
	const char *accept; /* NULL: JSON */
	const char *method; /* NULL: POST where there is a type, else GET */
	const char *type;   /* of the body; NULL: there is none */
	const char *once;   /* Idempotency-Key; NULL: none */
	struct bytes body;
};

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_put(b, bytes_of(p, size * n));
	return b->full ? 0 : size * n; /* 0 ends the transfer */
}

static void
set_peer(const struct client *c, CURL *curl)
{
	if (c == NULL) {
		curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
		return;
	}
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	if (c->socket != NULL) {
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, c->socket);
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
		return;
	}
	if (c->at != NULL) {
		curl_easy_setopt(curl, CURLOPT_CONNECT_TO, c->at);
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
	}
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (c->cert != NULL) {
		curl_easy_setopt(curl, CURLOPT_SSLCERT, c->cert);
		curl_easy_setopt(curl, CURLOPT_SSLKEY, c->key);
	}
	if (c->cacert != NULL) { /* and nothing beside it */
		curl_easy_setopt(curl, CURLOPT_CAINFO, c->cacert);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (c->unverified) {
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static struct curl_slist *
header(struct curl_slist *list, const char *name, const char *value)
{
	char *line = mem_printf("%s: %s", name, value);

	list = curl_slist_append(list, line);
	mem_wipe_free(line, strlen(line)); /* it may hold a token */
	return list;
}

static struct curl_slist *
headers_of(const struct client *c, const struct request *rq)
{
	struct curl_slist *list = NULL;

	list = header(list, "Accept",
	    rq->accept != NULL ? rq->accept : "application/json");
	list = curl_slist_append(list, "Expect:"); /* no pause before a body */
	if (rq->type != NULL)
		list = header(list, "Content-Type", rq->type);
	if (c != NULL && c->authorization != NULL)
		list = header(list, "Authorization", c->authorization);
	if (rq->once != NULL)
		list = header(list, "Idempotency-Key", rq->once);
	return list;
}

static void
headers_free(struct curl_slist *list)
{
	for (struct curl_slist *h = list; h != NULL; h = h->next)
		mem_wipe(h->data, strlen(h->data));
	curl_slist_free_all(list);
}

/* Sends and takes in whatever comes back; 'c' NULL: a plain http URL. */
static bool
perform(struct client *c, CURL *curl, const struct request *rq, long *ret_status,
    struct buf *ret, struct err *e)
{
	char said[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = headers_of(c, rq);
	CURLcode rc;

	curl_easy_reset(curl);
	set_peer(c, curl);
	curl_easy_setopt(curl, CURLOPT_URL, rq->url);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "hanaper");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (rq->type != NULL) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
		    rq->body.n > 0 ? (const char *)rq->body.p : "");
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)rq->body.n);
	}
	if (rq->method != NULL)
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, rq->method);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, said);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_MAX_S);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, ANSWER_MAX_S);
	rc = curl_easy_perform(curl);
	if (c != NULL)
		c->mistrusted = rc == CURLE_PEER_FAILED_VERIFICATION;
	headers_free(headers);
	/* The buffer on our stack must not outlive this call. */
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
	if (ret->full)
		return err_set(e, ERR_TOO_LARGE, "%s: the answer is too large",
		    rq->url);
	if (rc != CURLE_OK)
		return client_explain(c, curl, rc, rq->url, said, e);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	return true;
}

static bool
send_request(struct client *c, const char *path, struct request *rq, struct buf *ret,
    struct err *e)
{
	struct buf body;
	struct err unread;
	char *url = mem_printf("%s%s", c->base, path);
	long status = 0;
	bool ok = false;

	buf_init(&body, c->answer_max);
	json_decref(c->problem);
	c->problem = NULL;
	c->retry_after = 0;
	rq->url = url;
	if (!perform(c, c->curl, rq, &status, &body, e))
		goto out;
	curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &c->retry_after);
	if (status < 200 || status > 299) {
		if (!json_read(buf_bytes(&body), &c->problem, &unread))
			c->problem = NULL; /* some proxy's page: the status must do */
		problem_to_err(c->problem, status, e);
		goto out;
	}
	buf_put(ret, buf_bytes(&body));
	ok = buf_ok(ret, "the daemon's answer", e);
out:
	buf_free(&body);
	free(url);
	return ok;
}

bool
client_get(struct client *c, const char *path, const char *accept, struct buf *ret,
    struct err *e)
{
	struct request rq = { .accept = accept };

	return send_request(c, path, &rq, ret, e);
}

bool
client_post(struct client *c, const char *path, const char *type, struct bytes body,
    struct buf *ret, struct err *e)
{
	struct request rq = { .type = type, .body = body, .accept = "*/*" };

	return send_request(c, path, &rq, ret, e);
}

/* To a whole URL, without any client. */
static bool
ask_url(const struct request *rq, struct buf *ret, struct err *e)
{
	CURL *curl = curl_easy_init();
	long status = 0;
	bool ok;

	if (curl == NULL)
		return err_set(e, ERR_INTERNAL, "libcurl gave no handle");
	ok = perform(NULL, curl, rq, &status, ret, e);
	curl_easy_cleanup(curl);
	if (ok && (status < 200 || status > 299))
		return err_set(e, ERR_UNAVAILABLE, "%.200s answered HTTP %ld", rq->url,
		    status);
	return ok;
}

bool
client_post_url(const char *url, const char *type, struct bytes body, struct buf *ret,
    struct err *e)
{
	const struct request rq = { .url = url,
		.type = type,
		.body = body,
		.accept = "*/*" };

	return ask_url(&rq, ret, e);
}

bool
client_get_url(const char *url, struct buf *ret, struct err *e)
{
	return ask_url(&(struct request){ .url = url, .accept = "*/*" }, ret, e);
}

static bool
send_json(struct client *c, const char *path, struct request *rq, json_t **ret,
    struct err *e)
{
	struct buf answer;
	bool ok;

	buf_init(&answer, CLIENT_ANSWER_MAX);
	ok = send_request(c, path, rq, &answer, e);
	if (ok && !json_read(buf_bytes(&answer), ret, e))
		ok = err_prefix(e, "the daemon's answer");
	buf_free(&answer);
	return ok;
}

bool
client_get_json(struct client *c, const char *path, json_t **ret, struct err *e)
{
	struct request rq = { 0 };

	return send_json(c, path, &rq, ret, e);
}

bool
client_post_json(struct client *c, const char *path, json_t *body, json_t **ret,
    struct err *e)
{
	return client_post_json_once(c, path, body, NULL, ret, e);
}

bool
client_post_json_once(struct client *c, const char *path, json_t *body,
    const char *once, json_t **ret, struct err *e)
{
	struct buf text;
	bool ok;

	buf_init(&text, MIB(1));
	json_write(&text, body);
	json_decref(body);
	struct request rq = { .type = "application/json",
		.body = buf_bytes(&text),
		.once = once };

	ok = buf_ok(&text, "the request", e) && send_json(c, path, &rq, ret, e);
	buf_free(&text);
	return ok;
}

bool
client_delete_json(struct client *c, const char *path, json_t **ret, struct err *e)
{
	struct request rq = { .method = "DELETE" };

	return send_json(c, path, &rq, ret, e);
}

bool
client_ready(struct client *c)
{
	struct buf answer;
	struct err e;
	bool ok;

	buf_init(&answer, KIB(64));
	ok = client_get(c, "/readyz", NULL, &answer, &e);
	buf_free(&answer);
	return ok;
}

bool
client_answered_problem(const struct client *c)
{
	return c->problem != NULL;
}

int
client_fail(const struct client *c, const struct err *e)
{
	out_fail(e);
	if (c == NULL || c->problem == NULL)
		return OUT_FAILED; /* found here: the sentence says what to do */
	problem_print(c->problem, stderr);
	const char *hint = problem_hint(e->code, c->problem);
	if (hint != NULL)
		fprintf(stderr, "%s\n", hint);
	return OUT_FAILED;
}
