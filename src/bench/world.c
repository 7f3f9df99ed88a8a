/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/world.h"

#include <gnutls/ocsp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "codec/uri.h"
#include "proof_impl.h"
#include "sys/file.h"
#include "x509/ocsp.h"

#define ROOTS_MAX KIB(256)
#define ASK_MS    10000
#define SHA1_LEN  20

void
world_free(struct world *w)
{
	talk_place_free(&w->api);
	talk_place_free(&w->plain);
	if (w->cred != NULL)
		gnutls_certificate_free_credentials(w->cred);
	if (w->anyone != NULL)
		gnutls_certificate_free_credentials(w->anyone);
	free(w->profile);
	stock_free(&w->stock);
	proof_free(w->proof);
	for (size_t i = 0; i < w->n_status; i++) {
		buf_free(&w->status[i].plain);
		buf_free(&w->status[i].nonced);
		free(w->status[i].path);
	}
	free(w->status);
	free(w->ocsp_path);
	free(w->crl_path);
}

bool
world_trust(struct world *w, const char *roots, const char *cert, const char *key,
    struct err *e)
{
	struct buf text;

	buf_init(&text, ROOTS_MAX);
	const bool ok = file_read_named(roots, &text, e) &&
			proof_new(buf_bytes(&text), &w->proof, e) &&
			talk_credentials(roots, cert, key, &w->cred, e) &&
			talk_credentials(roots, NULL, NULL, &w->anyone, e);
	buf_free(&text);
	return ok;
}

/* CertID by SHA-1, which every responder knows. */
static bool
put_request(const struct cert *issuer, const struct serial *s, bool nonced,
    struct buf *ret, size_t *ret_nonce_at, struct err *e)
{
	static uint8_t nonce[WORLD_NONCE_LEN] = "where the nonce is to be put in";
	const gnutls_datum_t word = { nonce, sizeof(nonce) };
	struct ocsp_issuer i;
	gnutls_ocsp_req_t req = NULL;
	gnutls_datum_t der = { 0 };

	ocsp_issuer_init(&i, issuer->subject_dn, issuer->key.key_bits);
	const gnutls_datum_t name = { i.name[OCSP_SHA1], SHA1_LEN },
			     key = { i.key[OCSP_SHA1], SHA1_LEN },
			     serial = proof_datum(serial_bytes(s));
	const bool ok = gnutls_ocsp_req_init(&req) >= 0 &&
			gnutls_ocsp_req_add_cert_id(req, GNUTLS_DIG_SHA1, &name, &key,
			    &serial) >= 0 &&
			(!nonced || gnutls_ocsp_req_set_nonce(req, 0, &word) >= 0) &&
			gnutls_ocsp_req_export(req, &der) >= 0;

	if (ok) {
		const uint8_t *at = memmem(der.data, der.size, nonce, sizeof(nonce));

		buf_put(ret, bytes_of(der.data, der.size));
		*ret_nonce_at = at != NULL ? (size_t)(at - der.data) : 0;
	}
	gnutls_free(der.data);
	if (req != NULL)
		gnutls_ocsp_req_deinit(req);
	return ok || err_set(e, ERR_INTERNAL, "GnuTLS made no OCSP request");
}

/* RFC 6960 A.1 */
static char *
get_path(const char *front, struct bytes der)
{
	struct buf text, path;

	buf_init(&text, KIB(4));
	buf_init(&path, KIB(16));
	base64_put(&text, der);
	buf_puts(&path, front);
	if (path.n == 0 || path.p[path.n - 1] != '/')
		buf_putc(&path, '/');
	uri_encode(&path, buf_bytes(&text));
	char *ret = mem_strdup(buf_str(&path));
	buf_free(&text);
	buf_free(&path);
	return ret;
}

bool
world_add_status(struct world *w, const struct serial *s, struct err *e)
{
	const struct cert *issuer = proof_issuer(w->proof);
	struct world_status *v;
	size_t unused;

	if (issuer == NULL)
		return err_set(e, ERR_NOT_FOUND, "no issuer is known");
	w->status = mem_grow(w->status, w->n_status + 1, sizeof(*w->status));
	v = &w->status[w->n_status++];
	*v = (struct world_status){ .serial = *s };
	buf_init(&v->plain, KIB(4));
	buf_init(&v->nonced, KIB(4));
	if (!put_request(issuer, s, false, &v->plain, &unused, e) ||
	    !put_request(issuer, s, true, &v->nonced, &v->nonce_at, e))
		return false;
	v->path = get_path(w->ocsp_path, buf_bytes(&v->plain));
	return true;
}

static enum talk_state
wait_for(struct talk *t, struct err *e)
{
	const int64_t end_ms = clock_mono_ms() + ASK_MS;
	enum talk_state s;

	while ((s = talk_go(t, e)) == TALK_READS || s == TALK_WRITES) {
		struct pollfd p = { talk_fd(t), s == TALK_READS ? POLLIN : POLLOUT, 0 };
		const int64_t left = end_ms - clock_mono_ms();

		if (left <= 0) {
			err_set(e, ERR_UNAVAILABLE, "no answer for ten seconds");
			return TALK_FAILED;
		}
		poll(&p, 1, (int)left);
	}
	return s;
}

bool
world_ask(const struct talk_place *place, gnutls_certificate_credentials_t cred,
    struct bytes request, int status, struct buf *ret, struct err *e)
{
	struct talk *t = talk_new(place, cred);
	const struct reply *r = talk_reply(t);
	bool ok = false;

	talk_ask(t, request);
	if (wait_for(t, e) == TALK_DONE) {
		ok = r->status == status;
		if (ok)
			buf_put(ret, r->body);
		else
			err_set(e, ERR_UNAVAILABLE, "status %d: %.*s", r->status,
			    (int)(r->body.n < 300 ? r->body.n : 300),
			    (const char *)r->body.p);
	}
	talk_free(t);
	return ok && buf_ok(ret, "the answer", e);
}
