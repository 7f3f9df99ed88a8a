/* SPDX-License-Identifier: Apache-2.0 */
/* MSG_SIGN_OCSP: core names the status, the signer holds it against its journal. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "daemon/signer.h"

#define RESPONSE_MAX  MSG_OCSP_RESPONSE_MAX
#define UNKNOWN_YET_S 120 /* so long may a revocation be on its way into the database */

/* What the request turned out to be: an honest core may meet the first two. */
enum finding {
	FINDING_GOOD,
	FINDING_LATER, /* core does not know of a revocation yet, or it waited for us */
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

/* Whoever asked has given up; that the signer kept it waiting is no lie of core's. */
static enum finding
check_time(const struct msg_sign_ocsp *m, struct err *e)
{
	const int64_t now = clock_now();
	const bool waited = m->this_update >= now - SIGNER_LATE_S;

	if (m->this_update >= now - SIGNER_SKEW_S)
		return FINDING_GOOD;
	err_set(e, waited ? ERR_UNAVAILABLE : ERR_INTERNAL,
	    "OCSP: of a time that is past");
	return waited ? FINDING_LATER : FINDING_LIE;
}

static enum finding
check_singles(const struct signer *s, const struct signer_issuer *i,
    const struct msg_sign_ocsp *m, struct ocsp_single *ret, struct err *e)
{
	const int64_t now = clock_now();

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
			/* A clock that was ahead told a time that is yet to come. */
			.revoked_at =
			    m->v[k].revoked_at < now ? m->v[k].revoked_at : now,
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
	o->next_update = ends[0];
	for (size_t k = 1; k < NITEMS(ends); k++)
		o->next_update = ends[k] < o->next_update ? ends[k] : o->next_update;
	if (o->next_update <= o->produced_at)
		return err_set(e, ERR_UNAVAILABLE, "OCSP: the issuer ends");
	return true;
}

struct answering { /* a ResponseData that is judged and built, to be signed */
	struct pool_job job;
	struct signer *signer;
	const struct signer_responder *responder; /* stays: see renew() */
	uint64_t id;
	int64_t produced_at, next_update;
	struct buf data, response;
	bool made;
	struct err why; /* not */
};

static void
answering_free(struct answering *a)
{
	buf_free(&a->data);
	buf_free(&a->response);
	free(a);
}

/* On any thread. */
static void
work(struct pool_job *job)
{
	struct answering *a = (struct answering *)job;
	const struct key *k = a->responder->key;
	struct buf sig;

	buf_init(&sig, KIB(2));
	a->made = key_sign(k, buf_bytes(&a->data), &sig, &a->why) &&
		  ocsp_assemble(buf_bytes(&a->data), key_sig_alg(k), buf_bytes(&sig),
		      buf_bytes(&a->responder->cert), &a->response, &a->why);
	buf_free(&sig);
}

/*
 * What it says was held against the journal when it was asked for.  No revocation was
 * recorded since: signer_on_revoke() lets all that is asked before be answered before.
 */
static void
done(struct pool_job *job)
{
	struct answering *a = (struct answering *)job;
	const struct msg_ocsp_signed out = {
		.id = a->id,
		.response = buf_bytes(&a->response),
		.produced_at = a->produced_at,
		.next_update = a->next_update,
	};
	struct buf b;

	if (a->made) {
		buf_init(&b, MSG_SIGN_FRAME_MAX);
		msg_ocsp_signed_put(&b, &out);
		signer_answer(a->signer, MSG_OCSP_SIGNED, a->id, false, &b);
	} else
		signer_refuse(a->signer, a->id, &a->why);
	answering_free(a);
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
	struct answering *a = mem_zalloc(sizeof(*a));

	buf_init(&a->data, RESPONSE_MAX);
	buf_init(&a->response, RESPONSE_MAX);
	if (!fill_times(s, i, m, &o, e) || !ocsp_build_data(&o, &a->data, e)) {
		answering_free(a);
		return false;
	}
	a->job = (struct pool_job){ .work = work, .done = done };
	a->signer = s;
	a->responder = &i->responder;
	a->id = m->id;
	a->produced_at = o.produced_at;
	a->next_update = o.next_update;
	pool_add(s->pool, &a->job);
	return true;
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
	enum finding found = check_time(&m, &why);
	if (found == FINDING_GOOD)
		found = check_singles(s, i, &m, singles, &why);
	if (found == FINDING_LIE)
		signer_refuse_oracle(s, m.id, "SIGN_OCSP", &why);
	else if (found == FINDING_LATER || !answer(s, i, &m, singles, &why))
		signer_refuse(s, m.id, &why);
	return true;
}
