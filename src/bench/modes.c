/* SPDX-License-Identifier: Apache-2.0 */
/* The API's side: certificates signed, listed, searched. */
#include "bench/modes.h"

#include <string.h>

#include "codec/json.h"

#define LIST_PATH   "/v1/certificates?limit=50"
#define SEARCH_PATH "/v1/certificates?limit=20&q=bench%u."

const struct load_mode *
modes_find(const struct load_mode *table, const char *name)
{
	for (const struct load_mode *m = table; m->name != NULL; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

enum load_next
modes_wrong(const struct reply *r, struct err *e)
{
	err_set(e, ERR_UNAVAILABLE, "status %d: %.*s", r->status,
	    (int)(r->body.n < 300 ? r->body.n : 300),
	    r->body.n > 0 ? (const char *)r->body.p : "");
	return LOAD_WRONG;
}

static bool
sign(struct load_conn *c, struct err *e)
{
	const struct world *w = c->world;
	const struct stock_item *s = &w->stock.v[c->item % w->stock.n];
	char path[128];

	snprintf(path, sizeof(path), "/v1/certificates?profile=%s", w->profile);
	load_put(&c->request, w->api.authority, "POST", path, MODES_PEM_CHAIN,
	    "application/pkcs10", buf_bytes(&s->csr));
	return buf_ok(&c->request, "the request", e);
}

static enum load_next
signed_one(struct load_conn *c, const struct reply *r, struct err *e)
{
	if (r->status != 201)
		return modes_wrong(r, e);
	load_keep(c, r->body);
	return LOAD_ENDED;
}

bool
modes_prove_certificate(void *world, const struct load_kept *k, struct err *e)
{
	struct world *w = world;

	return proof_certificate(w->proof, k->octets, &w->stock.v[k->item % w->stock.n],
	    NULL, e);
}

static bool
list(struct load_conn *c, struct err *e)
{
	const struct world *w = c->world;

	load_put(&c->request, w->api.authority, "GET", LIST_PATH, "", NULL,
	    bytes_str(NULL));
	return buf_ok(&c->request, "the request", e);
}

static bool
search(struct load_conn *c, struct err *e)
{
	const struct world *w = c->world;
	char path[128];

	snprintf(path, sizeof(path), SEARCH_PATH, (unsigned)(c->item % LOAD_SLOTS));
	load_put(&c->request, w->api.authority, "GET", path, "", NULL, bytes_str(NULL));
	return buf_ok(&c->request, "the request", e);
}

static enum load_next
listed(struct load_conn *c, const struct reply *r, struct err *e)
{
	if (r->status != 200)
		return modes_wrong(r, e);
	load_keep_slot(c, (unsigned)(c->item % LOAD_SLOTS), r->body);
	return LOAD_ENDED;
}

static bool
prove_list(void *world, const struct load_kept *k, struct err *e)
{
	json_t *v = NULL;

	(void)world;
	const bool ok = json_read(k->octets, &v, e) &&
			(json_is_array(json_object_get(v, "certificates")) ||
			    err_set(e, ERR_MALFORMED, "no list of certificates"));
	json_decref(v);
	return ok;
}

const struct load_mode modes_table[] = {
	/* clang-format off */
	{ .name = "sign", .help = "certificates signed over mTLS", .leaves = "a certificate",
	  .begin = sign, .answer = signed_one, .proof = modes_prove_certificate },
	{ .name = "ocsp", .help = "OCSP by GET, as caches ask", .on_public = true,
	  .begin = modes_ocsp_get, .answer = modes_ocsp_answer, .proof = modes_prove_ocsp },
	{ .name = "ocsp-post", .help = "OCSP by POST, without a nonce", .on_public = true,
	  .begin = modes_ocsp_post, .answer = modes_ocsp_answer, .proof = modes_prove_ocsp },
	{ .name = "ocsp-nonce", .help = "OCSP by POST with a nonce: signed each time", .on_public = true,
	  .begin = modes_ocsp_nonce, .answer = modes_nonce_answer, .proof = modes_prove_nonce },
	{ .name = "crl", .help = "the revocation list fetched", .on_public = true,
	  .begin = modes_crl, .answer = modes_crl_answer, .proof = modes_prove_crl },
	{ .name = "list", .help = "the latest fifty certificates listed",
	  .begin = list, .answer = listed, .proof = prove_list },
	{ .name = "search", .help = "certificates searched by a part of a name",
	  .begin = search, .answer = listed, .proof = prove_list },
	{ 0 }
	/* clang-format on */
};
