/* SPDX-License-Identifier: Apache-2.0 */
/* One whole ACME flow is one operation: order, challenge, finalize, certificate (RFC 8555 7.4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "load_test.h"

#define URL_MAX 512
#define POLL_US 2000 /* between two looks at what is pending */
#define JOSE    "application/jose+json"

enum step {
	NONCE, /* these two once per connection */
	ACCOUNT,
	ORDER,
	AUTHZ, /* to find the challenge, then until it is valid */
	CHALLENGE,
	VALIDATION,
	FINALIZE,
	ISSUANCE,
	CERTIFICATE
};

struct acme { /* of one connection */
	enum step step;
	bool known;     /* it has its account */
	unsigned again; /* times that the nonce was bad */
	char nonce[URL_MAX], kid[URL_MAX], order[URL_MAX], authz[URL_MAX],
	    challenge[URL_MAX], finalize[URL_MAX], certificate[URL_MAX];
};

static const struct stock_item *
stock_of(const struct load_conn *c)
{
	const struct world *w = c->world;

	return &w->stock.v[c->item % w->stock.n];
}

static bool
copy(char ret[static URL_MAX], const char *text)
{
	return text != NULL && strlen(text) < URL_MAX &&
	       snprintf(ret, URL_MAX, "%s", text) >= 0;
}

static const char *
path_of(const char *url)
{
	const char *slashes = strstr(url, "://");
	const char *path = slashes != NULL ? strchr(slashes + 3, '/') : NULL;

	return path != NULL ? path : "/";
}

static bool
post(struct load_conn *c, const char *url, const char *payload, struct err *e)
{
	const struct world *w = c->world;
	struct acme *a = c->own;
	struct buf jws;

	buf_init(&jws, LOAD_REQUEST_MAX);
	buf_clear(&c->request);
	const bool ok = load_acme_jws(w->own, url, a->nonce, a->known ? a->kid : NULL,
	    payload, &jws, e);
	load_put(&c->request, w->api.authority, "POST", path_of(url), "", JOSE,
	    buf_bytes(&jws));
	buf_free(&jws);
	return ok && buf_ok(&c->request, "the request", e);
}

bool
load_test_directory(struct world *w, const char *path, struct err *e)
{
	struct load_test *t = w->own;
	struct buf request, answer;
	json_t *v = NULL;

	buf_init(&request, KIB(4));
	buf_init(&answer, KIB(64));
	load_put(&request, w->api.authority, "GET", path, "", NULL, bytes_str(NULL));
	const bool ok =
	    world_ask(&w->api, w->anyone, buf_bytes(&request), 200, &answer, e) &&
	    json_read(buf_bytes(&answer), &v, e);

	t->new_nonce = mem_strdup(json_text(v, "newNonce"));
	t->new_account = mem_strdup(json_text(v, "newAccount"));
	t->new_order = mem_strdup(json_text(v, "newOrder"));
	json_decref(v);
	buf_free(&request);
	buf_free(&answer);
	if (ok &&
	    (t->new_nonce == NULL || t->new_account == NULL || t->new_order == NULL))
		return err_set(e, ERR_MALFORMED, "%s is no ACME directory", path);
	return ok;
}

static bool
post_order(struct load_conn *c, struct err *e)
{
	const struct world *w = c->world;
	const struct load_test *t = w->own;
	char *payload =
	    mem_printf("{\"identifiers\":[{\"type\":\"dns\",\"value\":\"%s\"}]}",
		stock_of(c)->names.v[0].text);
	const bool ok = post(c, t->new_order, payload, e);

	free(payload);
	return ok;
}

static bool
post_csr(struct load_conn *c, struct err *e)
{
	struct buf text;

	buf_init(&text, KIB(64));
	buf_puts(&text, "{\"csr\":\"");
	base64url_put(&text, buf_bytes(&stock_of(c)->csr));
	buf_puts(&text, "\"}");
	const bool ok = post(c, ((struct acme *)c->own)->finalize, buf_str(&text), e);
	buf_free(&text);
	return ok;
}

static bool
send_step(struct load_conn *c, struct err *e)
{
	const struct world *w = c->world;
	const struct load_test *t = w->own;
	struct acme *a = c->own;

	switch (a->step) {
	case NONCE:
		buf_clear(&c->request);
		load_put(&c->request, w->api.authority, "GET", path_of(t->new_nonce),
		    "", NULL, bytes_str(NULL));
		return true;
	case ACCOUNT:
		return post(c, t->new_account, "{\"termsOfServiceAgreed\":true}", e);
	case ORDER:
		return post_order(c, e);
	case AUTHZ:
	case VALIDATION:
		return post(c, a->authz, NULL, e);
	case CHALLENGE:
		return post(c, a->challenge, "{}", e);
	case FINALIZE:
		return post_csr(c, e);
	case ISSUANCE:
		return post(c, a->order, NULL, e);
	case CERTIFICATE:
		return post(c, a->certificate, NULL, e);
	}
	abort();
}

bool
load_acme_begin(struct load_conn *c, struct err *e)
{
	struct acme *a = c->own;

	if (a == NULL)
		a = c->own = mem_zalloc(sizeof(*a));
	a->step = a->known ? ORDER : NONCE;
	a->again = 0;
	return send_step(c, e);
}

/* ---- what the answers say ---- */

static bool
read_order(struct acme *a, const json_t *v)
{
	return copy(a->authz,
		   json_string_value(
		       json_array_get(json_object_get(v, "authorizations"), 0))) &&
	       copy(a->finalize, json_text(v, "finalize"));
}

static bool
read_challenge(struct acme *a, const json_t *authz)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(authz, "challenges"), i,
	    v) if (json_text(v, "type") != NULL &&
		   strcmp(json_text(v, "type"), "http-01") ==
		       0) return copy(a->challenge, json_text(v, "url"));
	return false;
}

static bool
has_status(const json_t *v, const char *status)
{
	const char *text = json_text(v, "status");

	return text != NULL && strcmp(text, status) == 0;
}

/* Moves on by an answer of status 2xx; false: it is not what has to be there. */
static bool
move(struct load_conn *c, const json_t *v)
{
	struct acme *a = c->own;

	switch (a->step) {
	case NONCE:
		a->step = ACCOUNT;
		return true;
	case ACCOUNT:
		a->known = true;
		a->step = ORDER;
		return a->kid[0] != '\0';
	case ORDER:
		a->step = AUTHZ;
		return read_order(a, v);
	case AUTHZ:
		a->step = CHALLENGE;
		return has_status(v, "pending") && read_challenge(a, v);
	case CHALLENGE:
		a->step = VALIDATION;
		c->wait_us = POLL_US;
		return true;
	case VALIDATION:
		if (has_status(v, "valid"))
			a->step = FINALIZE;
		else
			c->wait_us = POLL_US;
		return has_status(v, "valid") || has_status(v, "pending");
	case FINALIZE:
	case ISSUANCE:
		a->step = ISSUANCE;
		c->wait_us = POLL_US;
		if (!has_status(v, "valid"))
			return has_status(v, "processing");
		a->step = CERTIFICATE;
		c->wait_us = 0;
		return copy(a->certificate, json_text(v, "certificate"));
	case CERTIFICATE:
		return true;
	}
	abort();
}

static void
take_headers(struct acme *a, const struct reply *r)
{
	struct bytes v;

	if (reply_header(r, "Replay-Nonce", &v) &&
	    !bytes_to_str(v, a->nonce, sizeof(a->nonce)))
		a->nonce[0] = '\0';
	if (!reply_header(r, "Location", &v))
		return;
	if (!bytes_to_str(v, a->step == ACCOUNT ? a->kid : a->order, URL_MAX))
		a->order[0] = '\0';
}

static bool
is_bad_nonce(const struct reply *r)
{
	return r->status == 400 && memmem(r->body.p, r->body.n, "badNonce", 8) != NULL;
}

enum load_next
load_acme_answer(struct load_conn *c, const struct reply *r, struct err *e)
{
	struct acme *a = c->own;
	json_t *v = NULL;
	struct err unread;

	take_headers(a, r);
	if (is_bad_nonce(r) && a->again++ < 2)
		return send_step(c, e) ? LOAD_MORE : LOAD_WRONG;
	if (r->status / 100 != 2)
		return modes_wrong(r, e);
	if (a->step == CERTIFICATE) {
		load_keep(c, r->body);
		return LOAD_ENDED;
	}
	if (r->body.n > 0 && !json_read(r->body, &v, &unread))
		v = NULL; /* no step goes on with it */
	const bool ok = move(c, v);
	json_decref(v);
	if (!ok) {
		modes_wrong(r, e);
		return LOAD_WRONG;
	}
	return send_step(c, e) ? LOAD_MORE : LOAD_WRONG;
}
