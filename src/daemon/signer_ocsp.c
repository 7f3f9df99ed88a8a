/* SPDX-License-Identifier: Apache-2.0 */
/* MSG_SIGN_OCSP: core names the status, the signer holds it against its journal. */
#include "base/clock.h"
#include "daemon/signer.h"

#define RESPONSE_MAX  MSG_OCSP_RESPONSE_MAX
#define UNKNOWN_YET_S 120 /* so long may a revocation be on its way into the database */

/* What the request turned out to be: an honest core may meet the first two. */
enum finding {
	FINDING_GOOD,
	FINDING_LATER, /* core does not know of a revocation yet */
	FINDING_LIE
};

/* Does core tell of this certificate what the journal tells? (R29, R30) */
static enum finding
check_status(const struct signer *s, const struct signer_issuer *i,
    const struct ocsp_cert_id *id, const struct msg_ocsp_single *m)
{
	const struct signer_revoked *r = NULL;
	struct serial serial;
	struct err ignored;

	if (serial_from_der(id->serial, &serial, &ignored))
		r = signer_revoked_find(&i->revoked, &serial);
	else if (m->status != CERT_STATUS_UNKNOWN)
		return FINDING_LIE; /* nobody ever issued such a serial */
	if (r == NULL)
		return m->status == CERT_STATUS_REVOKED ? FINDING_LIE : FINDING_GOOD;
	if (m->status == CERT_STATUS_REVOKED && m->revoked_at == r->revoked_at &&
	    m->reason == r->reason)
		return FINDING_GOOD;
	if (r->seq > s->stored && clock_now() < r->revoked_at + UNKNOWN_YET_S &&
	    m->status != CERT_STATUS_UNKNOWN)
		return FINDING_LATER;
	if (r->seq > s->stored && m->status == CERT_STATUS_REVOKED &&
	    m->revoked_at == r->revoked_at && m->reason == r->was)
		return FINDING_LATER; /* the reason was just raised */
	return FINDING_LIE;
}

static enum finding
check_singles(const struct signer *s, const struct signer_issuer *i,
    const struct msg_sign_ocsp *m, struct ocsp_single *ret, struct err *e)
{
	for (size_t k = 0; k < m->n; k++) {
		struct ocsp_cert_id id;

		if (!ocsp_cert_id_parse(m->v[k].cert_id, &id, e))
			return FINDING_LIE;
		if (!ocsp_issuer_is(&i->ocsp, &id)) { /* P83, R32 */
			err_set(e, ERR_INTERNAL,
			    "OCSP: a certificate of another issuer");
			return FINDING_LIE;
		}
		const enum finding f = check_status(s, i, &id, &m->v[k]);
		if (f == FINDING_LATER)
			err_set(e, ERR_UNAVAILABLE, "OCSP: being revoked just now");
		if (f == FINDING_LIE)
			err_set(e, ERR_INTERNAL,
			    "OCSP: not the status that the journal tells");
		if (f != FINDING_GOOD)
			return f;
		ret[k] = (struct ocsp_single){
			.cert_id = m->v[k].cert_id,
			.status = m->v[k].status,
			.revoked_at = m->v[k].revoked_at,
			.reason = m->v[k].reason,
		};
	}
	return FINDING_GOOD;
}

/* Within now, the configured validity, and the life of issuer and responder (P87). */
static bool
fill_times(const struct signer *s, const struct signer_issuer *i,
    const struct msg_sign_ocsp *m, struct ocsp_spec *o, struct err *e)
{
	const int64_t ends[] = { m->next_update,
		o->produced_at + s->conf->ocsp_validity_s, i->responder.not_after,
		i->cert->not_after };

	o->this_update =
	    m->this_update < o->produced_at ? m->this_update : o->produced_at;
	if (o->produced_at - o->this_update > SIGNER_SKEW_S)
		return err_set(e, ERR_INTERNAL, "OCSP: of a time that is past");
	o->next_update = ends[0];
	for (size_t k = 1; k < NITEMS(ends); k++)
		o->next_update = ends[k] < o->next_update ? ends[k] : o->next_update;
	if (o->next_update <= o->produced_at)
		return err_set(e, ERR_UNAVAILABLE, "OCSP: the issuer ends");
	return true;
}

static bool
sign(const struct signer_issuer *i, const struct ocsp_spec *o, struct buf *ret,
    struct err *e)
{
	const struct key *k = i->responder.key;
	struct buf data, sig;

	buf_init(&data, RESPONSE_MAX);
	buf_init(&sig, KIB(2));
	const bool ok = ocsp_build_data(o, &data, e) &&
			key_sign(k, buf_bytes(&data), &sig, e) &&
			ocsp_assemble(buf_bytes(&data), key_sig_alg(k), buf_bytes(&sig),
			    buf_bytes(&i->responder.cert), ret, e);
	buf_free(&data);
	buf_free(&sig);
	return ok;
}

static bool
answer(struct signer *s, struct signer_issuer *i, const struct msg_sign_ocsp *m,
    const struct ocsp_single *singles, struct err *e)
{
	if (!signer_responder_ready(s, i, e))
		return false;
	struct ocsp_spec o = {
		.key_id_sha1 =
		    bytes_of(i->responder.key_id, sizeof(i->responder.key_id)),
		.produced_at = clock_now(),
		.nonce = m->nonce,
		.v = singles,
		.n = m->n,
	};
	struct buf response, b;

	buf_init(&response, RESPONSE_MAX);
	const bool ok = fill_times(s, i, m, &o, e) && sign(i, &o, &response, e);
	if (ok) {
		const struct msg_ocsp_signed out = {
			.id = m->id,
			.response = buf_bytes(&response),
			.produced_at = o.produced_at,
			.next_update = o.next_update,
		};
		buf_init(&b, MSG_SIGN_FRAME_MAX);
		msg_ocsp_signed_put(&b, &out);
		signer_answer(s, MSG_OCSP_SIGNED, m->id, false, &b);
	}
	buf_free(&response);
	return ok;
}

bool
signer_on_ocsp(void *ctx, const struct frame *f, struct err *e)
{
	struct signer *s = ctx;
	struct ocsp_single singles[MSG_OCSP_MAX];
	struct signer_issuer *i = NULL;
	struct msg_sign_ocsp m;
	struct err why;

	if (!msg_sign_ocsp_get(f->body, &m, e))
		return false;
	if (!signer_issuer_ready(s, m.issuer, &i, &why)) {
		if (why.code == ERR_UNAVAILABLE)
			signer_refuse(s, m.id, &why);
		else
			signer_refuse_oracle(s, m.id, "SIGN_OCSP", &why);
		return true;
	}
	const enum finding found = check_singles(s, i, &m, singles, &why);
	if (found == FINDING_LIE)
		signer_refuse_oracle(s, m.id, "SIGN_OCSP", &why);
	else if (found == FINDING_LATER || !answer(s, i, &m, singles, &why))
		signer_refuse(s, m.id, &why);
	return true;
}
