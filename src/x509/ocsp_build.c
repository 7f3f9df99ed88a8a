/* SPDX-License-Identifier: Apache-2.0 */
/* Answers (RFC 6960 4.2). */
#include "codec/der.h"
#include "x509/ocsp.h"

#define OID_BASIC    "1.3.6.1.5.5.7.48.1.1"
#define OID_NONCE    "1.3.6.1.5.5.7.48.1.2"
#define KEY_ID_LEN   20
#define DATA_MAX     KIB(64)
#define RESPONSE_MAX KIB(128)

enum {
	STATUS_GOOD,
	STATUS_REVOKED,
	STATUS_UNKNOWN,
	STATUS__MAX
};

void
ocsp_status_response(enum ocsp_status s, uint8_t ret[static 5])
{
	ret[0] = DER_SEQUENCE;
	ret[1] = 3;
	ret[2] = DER_ENUMERATED;
	ret[3] = 1;
	ret[4] = (uint8_t)s;
}

static void
put_revoked(struct derw *w, const struct ocsp_single *v)
{
	const size_t all = der_mark(w);

	if (v->reason != REASON_UNSPECIFIED) {
		der_put_enum(w, v->reason);
		der_wrap(w, DER_CONTEXT_CONSTRUCTED(0), all);
	}
	der_put_generalized(w, v->revoked_at);
	der_wrap(w, DER_CONTEXT_CONSTRUCTED(1), all);
}

static void
put_single(struct derw *w, const struct ocsp_spec *s, const struct ocsp_single *v)
{
	const size_t all = der_mark(w);

	der_put_generalized(w, s->next_update);
	der_wrap(w, DER_CONTEXT_CONSTRUCTED(0), all);
	der_put_generalized(w, s->this_update);
	if (v->status == STATUS_REVOKED)
		put_revoked(w, v);
	else
		der_put_tlv(w, DER_CONTEXT(v->status), bytes_of(NULL, 0));
	der_put_raw(w, v->cert_id);
	der_wrap(w, DER_SEQUENCE, all);
}

/* responseExtensions [1]: the nonce as it came, or nothing at all. */
static void
put_nonce(struct derw *w, struct bytes nonce)
{
	const size_t all = der_mark(w);

	if (nonce.n == 0)
		return;
	der_put_tlv(w, DER_OCTET_STRING, nonce);
	der_wrap(w, DER_OCTET_STRING, all);
	der_put_oid(w, OID_NONCE);
	der_wrap(w, DER_SEQUENCE, all);
	der_wrap(w, DER_SEQUENCE, all);
	der_wrap(w, DER_CONTEXT_CONSTRUCTED(1), all);
}

static bool
check_spec(const struct ocsp_spec *s, struct err *e)
{
	if (s->key_id_sha1.n != KEY_ID_LEN)
		return err_set(e, ERR_INTERNAL, "OCSP: a responder without key id");
	if (s->n == 0 || s->n > OCSP_SINGLES_MAX || s->nonce.n > OCSP_NONCE_MAX)
		return err_set(e, ERR_INTERNAL, "OCSP: an answer to no request");
	if (s->this_update > s->produced_at || s->next_update <= s->this_update)
		return err_set(e, ERR_INTERNAL, "OCSP: times that cannot be");
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].cert_id.n == 0 || s->v[i].status >= STATUS__MAX)
			return err_set(e, ERR_INTERNAL, "OCSP: a status of nothing");
	return true;
}

bool
ocsp_build_data(const struct ocsp_spec *s, struct buf *ret, struct err *e)
{
	struct derw w;

	if (!check_spec(s, e))
		return false;
	derw_init(&w, DATA_MAX);
	put_nonce(&w, s->nonce);
	const size_t singles = der_mark(&w);
	for (size_t i = s->n; i > 0; i--)
		put_single(&w, s, &s->v[i - 1]);
	der_wrap(&w, DER_SEQUENCE, singles);
	der_put_generalized(&w, s->produced_at);
	const size_t id = der_mark(&w);
	der_put_tlv(&w, DER_OCTET_STRING, s->key_id_sha1);
	der_wrap(&w, DER_CONTEXT_CONSTRUCTED(2), id);
	der_wrap(&w, DER_SEQUENCE, 0); /* version v1 is DEFAULT: absent */
	const bool ok = der_take(&w, "OCSP answer", ret, e);
	derw_free(&w);
	return ok;
}

bool
ocsp_assemble(struct bytes data, struct bytes sig_alg, struct bytes sig,
    struct bytes responder_cert, struct buf *ret, struct err *e)
{
	struct derw w;

	derw_init(&w, RESPONSE_MAX);
	if (responder_cert.n > 0) {
		der_put_raw(&w, responder_cert);
		der_wrap(&w, DER_SEQUENCE, 0);
		der_wrap(&w, DER_CONTEXT_CONSTRUCTED(0), 0);
	}
	const size_t bits = der_mark(&w);
	der_put_raw(&w, sig);
	der_wrap_bits(&w, bits);
	der_put_raw(&w, sig_alg);
	der_put_raw(&w, data);
	der_wrap(&w, DER_SEQUENCE, 0); /* BasicOCSPResponse */
	der_wrap(&w, DER_OCTET_STRING, 0);
	der_put_oid(&w, OID_BASIC);
	der_wrap(&w, DER_SEQUENCE, 0); /* ResponseBytes */
	der_wrap(&w, DER_CONTEXT_CONSTRUCTED(0), 0);
	der_put_enum(&w, OCSP_SUCCESSFUL);
	der_wrap(&w, DER_SEQUENCE, 0);
	const bool ok = der_take(&w, "OCSP answer", ret, e);
	derw_free(&w);
	return ok;
}
