/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/json.h"
#include "codec/pem.h"
#include "load_test.h"

/* ---- revoke ---- */

static bool
revoke(struct load_conn *c, struct err *e)
{
	const struct world *w = c->world;
	const struct load_test *t = w->own;
	char hex[SERIAL_HEX_LEN], path[128];

	if (c->item >= t->n_serials)
		return false;
	serial_to_hex(&t->serials[c->item], hex);
	snprintf(path, sizeof(path), "/v1/certificates/%s/revoke", hex);
	load_put(&c->request, w->api.authority, "POST", path, "", "application/json",
	    bytes_str("{\"reason\":\"superseded\"}"));
	return buf_ok(&c->request, "the request", e);
}

/* What it was answered with is judged later, by the mode's proof. */
static enum load_next
took_200(struct load_conn *c, const struct reply *r, struct err *e)
{
	if (r->status != 200)
		return modes_wrong(r, e);
	load_keep(c, r->body);
	return LOAD_ENDED;
}

static bool
prove_revoked(void *world, const struct load_kept *k, struct err *e)
{
	const struct world *w = world;
	const struct load_test *t = w->own;
	char hex[SERIAL_HEX_LEN];
	json_t *v = NULL;

	if (!json_read(k->octets, &v, e))
		return false;
	const char *serial = json_text(v, "serial");

	serial_to_hex(&t->serials[k->item], hex);
	const bool ok = serial != NULL && strcmp(serial, hex) == 0 &&
			json_text(v, "revoked_at") != NULL;
	json_decref(v);
	return ok || err_set(e, ERR_MALFORMED, "that certificate is not revoked");
}

/* ---- show ---- */

static bool
show(struct load_conn *c, struct err *e)
{
	const struct world *w = c->world;
	const struct load_test *t = w->own;
	char hex[SERIAL_HEX_LEN], path[128];

	if (t->n_serials == 0)
		return false;
	serial_to_hex(&t->serials[c->item % t->n_serials], hex);
	snprintf(path, sizeof(path), "/v1/certificates/%s", hex);
	load_put(&c->request, w->api.authority, "GET", path, "", NULL, bytes_str(NULL));
	return buf_ok(&c->request, "the request", e);
}

static bool
prove_shown(void *world, const struct load_kept *k, struct err *e)
{
	const struct world *w = world;
	const struct load_test *t = w->own;
	char hex[SERIAL_HEX_LEN];
	json_t *v = NULL;

	if (!json_read(k->octets, &v, e))
		return false;
	const char *serial = json_text(v, "serial");

	serial_to_hex(&t->serials[k->item % t->n_serials], hex);
	const bool ok = serial != NULL && strcmp(serial, hex) == 0;
	json_decref(v);
	return ok || err_set(e, ERR_MALFORMED, "that is another certificate");
}

/* ---- renew ---- */

static bool
renew(struct load_conn *c, struct err *e)
{
	const struct world *w = c->world;

	c->item = c->index; /* whose names the presented certificate has */
	load_put(&c->request, w->api.authority, "POST", "/v1/renew", MODES_PEM_CHAIN,
	    "application/pkcs10", buf_bytes(&w->stock.v[c->item % w->stock.n].csr));
	return buf_ok(&c->request, "the request", e);
}

static enum load_next
created(struct load_conn *c, const struct reply *r, struct err *e)
{
	if (r->status != 201)
		return modes_wrong(r, e);
	load_keep(c, r->body);
	return LOAD_ENDED;
}

static bool
ask_certificate(struct world *w, const struct stock_item *s, struct buf *ret,
    struct err *e)
{
	char *path = mem_printf("/v1/certificates?profile=%s", w->profile);
	struct buf request;

	buf_init(&request, LOAD_REQUEST_MAX);
	load_put(&request, w->api.authority, "POST", path, MODES_PEM_CHAIN,
	    "application/pkcs10", buf_bytes(&s->csr));
	const bool ok = world_ask(&w->api, w->cred, buf_bytes(&request), 201, ret, e);
	buf_free(&request);
	free(path);
	return ok;
}

static bool
credential(const struct stock_item *s, const struct buf *cert, const char *roots,
    gnutls_certificate_credentials_t *ret, struct err *e)
{
	const gnutls_datum_t chain = { cert->p, (unsigned)cert->n };
	struct buf pem;

	buf_init(&pem, KIB(16));
	bool ok = talk_credentials(roots, NULL, NULL, ret, e) &&
		  key_save(s->key, NULL, &pem, e);
	const gnutls_datum_t key = { pem.p, (unsigned)pem.n };

	if (ok && gnutls_certificate_set_x509_key_mem(*ret, &chain, &key,
		      GNUTLS_X509_FMT_PEM) < 0)
		ok = err_set(e, ERR_INTERNAL, "the certificate does not fit its key");
	buf_wipe(&pem);
	return ok;
}

bool
load_test_renew(struct world *w, size_t n, gnutls_certificate_credentials_t *ret,
    const char *roots, struct err *e)
{
	bool ok = true;

	for (size_t i = 0; i < n && ok; i++) {
		struct buf cert;

		buf_init(&cert, KIB(64));
		ok = ask_certificate(w, &w->stock.v[i % w->stock.n], &cert, e) &&
		     credential(&w->stock.v[i % w->stock.n], &cert, roots, &ret[i], e);
		buf_free(&cert);
	}
	return ok;
}

/* ---- enroll ---- */

bool
load_test_tokens(struct world *w, size_t n, struct err *e)
{
	struct load_test *t = w->own;
	char *body =
	    mem_printf("{\"profile\":\"%s\",\"uses\":%d,\"names\":[{\"type\":\"dns\","
		       "\"value\":\"%s\"}]}",
		w->profile, TOKEN_USES, w->stock.v[0].names.v[0].text);
	struct buf request;
	bool ok = true;

	buf_init(&request, KIB(8));
	load_put(&request, w->api.authority, "POST", "/v1/tokens", "",
	    "application/json", bytes_str(body));
	free(body);
	t->tokens = mem_zarray(n, sizeof(*t->tokens));
	for (; t->n_tokens < n && ok; t->n_tokens++) {
		struct buf answer;
		json_t *v = NULL;

		buf_init(&answer, KIB(64));
		ok =
		    world_ask(&w->api, w->cred, buf_bytes(&request), 201, &answer, e) &&
		    json_read(buf_bytes(&answer), &v, e);
		t->tokens[t->n_tokens] = mem_strdup(ok ? json_text(v, "token") : "");
		json_decref(v);
		buf_free(&answer);
	}
	buf_free(&request);
	return ok;
}

static bool
enroll(struct load_conn *c, struct err *e)
{
	const struct world *w = c->world;
	const struct load_test *t = w->own;
	char more[512];

	if (c->item >= t->n_tokens * TOKEN_USES)
		return false;
	snprintf(more, sizeof(more), "Authorization: Bearer %s\r\n" MODES_PEM_CHAIN,
	    t->tokens[c->item % t->n_tokens]);
	load_put(&c->request, w->api.authority, "POST", "/v1/enroll", more,
	    "application/pkcs10", buf_bytes(&w->stock.v[c->item % w->stock.n].csr));
	return buf_ok(&c->request, "the request", e);
}

/* ---- cfssl ---- */

static bool
cfssl(struct load_conn *c, struct err *e)
{
	const struct world *w = c->world;
	struct buf pem, body;

	buf_init(&pem, KIB(16));
	buf_init(&body, KIB(32));
	pem_put(&pem, "CERTIFICATE REQUEST",
	    buf_bytes(&w->stock.v[c->item % w->stock.n].csr));
	json_t *v = json_pack("{s:s}", "certificate_request", buf_str(&pem));
	json_write(&body, v);
	json_decref(v);
	load_put(&c->request, w->api.authority, "POST", "/api/v1/cfssl/sign", "",
	    "application/json", buf_bytes(&body));
	buf_free(&pem);
	buf_free(&body);
	return buf_ok(&c->request, "the request", e);
}

static enum load_next
answered(struct load_conn *c, const struct reply *r, struct err *e)
{
	if (r->status != 200)
		return modes_wrong(r, e);
	load_keep(c, r->body);
	return LOAD_ENDED;
}

static bool
prove_cfssl(void *world, const struct load_kept *k, struct err *e)
{
	struct world *w = world;
	json_t *v = NULL;

	if (!json_read(k->octets, &v, e))
		return false;
	const char *pem = json_text(json_object_get(v, "result"), "certificate");
	const bool ok = pem != NULL ? proof_certificate(w->proof, bytes_str(pem),
					  &w->stock.v[k->item % w->stock.n], NULL, e)
				    : err_set(e, ERR_MALFORMED, "no certificate");
	json_decref(v);
	return ok;
}

const struct load_mode load_test_modes[] = {
	/* clang-format off */
	{ .name = "revoke", .help = "certificates revoked", .leaves = "a revocation",
	  .begin = revoke, .answer = took_200, .proof = prove_revoked },
	{ .name = "show", .help = "certificates looked up by serial",
	  .begin = show, .answer = took_200, .proof = prove_shown },
	{ .name = "renew", .help = "certificates renewed over mTLS", .leaves = "a certificate",
	  .begin = renew, .answer = created, .proof = modes_prove_certificate },
	{ .name = "enroll", .help = "first certificates by a token", .leaves = "a certificate",
	  .begin = enroll, .answer = created, .proof = modes_prove_certificate, .anonymous = true },
	{ .name = "acme", .help = "whole ACME flows with http-01", .leaves = "a certificate",
	  .begin = load_acme_begin, .answer = load_acme_answer, .proof = modes_prove_certificate,
	  .anonymous = true },
	{ .name = "cfssl", .help = "certificates signed by cfssl", .leaves = "a certificate",
	  .begin = cfssl, .answer = answered, .proof = prove_cfssl },
	{ 0 }
	/* clang-format on */
};
