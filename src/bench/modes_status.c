/* SPDX-License-Identifier: Apache-2.0 */
/* The public side: OCSP and CRLs. */
#include <gnutls/crypto.h>
#include <string.h>

#include "bench/modes.h"

#define OCSP_TYPE "application/ocsp-request"

static const struct world_status *
status_of(const struct world *w, uint64_t item)
{
	return &w->status[item % w->n_status];
}

bool
modes_ocsp_get(struct load_conn *c, struct err *e)
{
	const struct world *w = c->world;

	load_put(&c->request, w->plain.authority, "GET", status_of(w, c->item)->path,
	    "", NULL, bytes_str(NULL));
	return buf_ok(&c->request, "the request", e);
}

bool
modes_ocsp_post(struct load_conn *c, struct err *e)
{
	const struct world *w = c->world;

	load_put(&c->request, w->plain.authority, "POST", w->ocsp_path, "", OCSP_TYPE,
	    buf_bytes(&status_of(w, c->item)->plain));
	return buf_ok(&c->request, "the request", e);
}

/* Where the nonce stands in the request that is under way. */
static uint8_t *
nonce_of(struct load_conn *c)
{
	const struct world_status *s = status_of(c->world, c->item);

	return c->request.p + c->request.n - s->nonced.n + s->nonce_at;
}

bool
modes_ocsp_nonce(struct load_conn *c, struct err *e)
{
	const struct world *w = c->world;

	load_put(&c->request, w->plain.authority, "POST", w->ocsp_path, "", OCSP_TYPE,
	    buf_bytes(&status_of(w, c->item)->nonced));
	if (gnutls_rnd(GNUTLS_RND_NONCE, nonce_of(c), WORLD_NONCE_LEN) < 0)
		return err_set(e, ERR_INTERNAL, "the system gave no random octets");
	return buf_ok(&c->request, "the request", e);
}

enum load_next
modes_ocsp_answer(struct load_conn *c, const struct reply *r, struct err *e)
{
	const struct world *w = c->world;

	if (r->status != 200)
		return modes_wrong(r, e);
	load_keep_slot(c, (unsigned)(c->item % w->n_status % LOAD_SLOTS), r->body);
	return LOAD_ENDED;
}

/* What is kept: the nonce, then the answer. */
enum load_next
modes_nonce_answer(struct load_conn *c, const struct reply *r, struct err *e)
{
	struct buf both;

	if (r->status != 200)
		return modes_wrong(r, e);
	buf_init(&both, REPLY_BODY_MAX);
	buf_put(&both, bytes_of(nonce_of(c), WORLD_NONCE_LEN));
	buf_put(&both, r->body);
	load_keep(c, buf_bytes(&both));
	buf_free(&both);
	return LOAD_ENDED;
}

bool
modes_prove_ocsp(void *world, const struct load_kept *k, struct err *e)
{
	const struct world *w = world;

	return proof_ocsp(w->proof, k->octets, &status_of(w, k->item)->serial,
	    bytes_str(NULL), e);
}

bool
modes_prove_nonce(void *world, const struct load_kept *k, struct err *e)
{
	const struct world *w = world;

	return proof_ocsp(w->proof, bytes_skip(k->octets, WORLD_NONCE_LEN),
	    &status_of(w, k->item)->serial, bytes_of(k->octets.p, WORLD_NONCE_LEN), e);
}

bool
modes_crl(struct load_conn *c, struct err *e)
{
	const struct world *w = c->world;

	load_put(&c->request, w->plain.authority, "GET", w->crl_path, "", NULL,
	    bytes_str(NULL));
	return buf_ok(&c->request, "the request", e);
}

enum load_next
modes_crl_answer(struct load_conn *c, const struct reply *r, struct err *e)
{
	if (r->status != 200)
		return modes_wrong(r, e);
	load_keep_slot(c, 0, r->body);
	return LOAD_ENDED;
}

bool
modes_prove_crl(void *world, const struct load_kept *k, struct err *e)
{
	const struct world *w = world;

	return proof_crl(w->proof, k->octets, e);
}
