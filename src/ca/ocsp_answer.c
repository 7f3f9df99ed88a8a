/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ocsp_answer.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/ca_state.h"
#include "store/store_certificate.h"

/*
 * A revocation may be on its way between signer and database while we ask: then
 * the signer, who knows, refuses to say good.  Its answer to the revocation
 * comes first, so asking once more tells the truth.
 */
#define TRIES 2

struct answering {
	struct ca *ca;
	struct buf request; /* own copy */
	ocsp_answer_done *done;
	void *arg;
	bool nonce;
	const char *status; /* of the first certificate asked about, for the numbers */
	int tries;
};

static void ask(struct answering *it);

/* An answer that is a status and nothing else. */
static void
tell_status(enum ocsp_status status, ocsp_answer_done *done, void *arg)
{
	uint8_t octets[5];

	ocsp_status_response(status, octets);
	done(arg,
	    &(struct ocsp_answer){ .response = bytes_of(octets, sizeof(octets)) });
}

static void
finish(struct answering *it, const struct ocsp_answer *a, enum ocsp_status otherwise)
{
	static const char *const words[] = {
		[OCSP_SUCCESSFUL] = "good",
		[OCSP_MALFORMED] = "malformed",
		[OCSP_INTERNAL] = "internal_error",
		[OCSP_TRY_LATER] = "try_later",
		[OCSP_UNAUTHORIZED] = "unauthorized",
	};

	prom_count(&it->ca->tally.ocsp, a != NULL ? it->status : words[otherwise],
	    NULL);
	if (a != NULL)
		it->done(it->arg, a);
	else
		tell_status(otherwise, it->done, it->arg);
	buf_free(&it->request);
	free(it);
}

static void
on_answer(void *arg, const struct ask_answer *a)
{
	struct answering *it = arg;

	if (a->ocsp != NULL) {
		const struct ocsp_answer answer = {
			.response = a->ocsp->response,
			.cacheable = !it->nonce,
			.produced_at = a->ocsp->produced_at,
			.next_update = a->ocsp->next_update,
		};
		finish(it, &answer, OCSP_SUCCESSFUL);
		return;
	}
	if (a->refused != NULL)
		LOG_ERR(LOG_WARN, "ocsp-refused", a->refused,
		    LOG_NUM("try", it->tries));
	if (it->tries < TRIES)
		ask(it);
	else
		finish(it, NULL, OCSP_TRY_LATER);
}

/* The one issuer of ours that all of them name; NULL otherwise (P83, R32). */
static const struct ca_issuer *
issuer_of(const struct ca *ca, const struct ocsp_request *q)
{
	for (size_t i = 0; i < ca->n_issuers; i++)
		if (ocsp_issuer_is(&ca->issuers[i].ocsp, &q->v[0])) {
			for (size_t k = 1; k < q->n; k++)
				if (!ocsp_issuer_is(&ca->issuers[i].ocsp, &q->v[k]))
					return NULL;
			return &ca->issuers[i];
		}
	return NULL;
}

/* What the database says of one serial.  What was never issued is unknown (P84). */
static bool
judge(struct ca *ca, const char *issuer, const struct ocsp_cert_id *id,
    struct msg_ocsp_single *ret, struct err *e)
{
	struct certificate_brief brief;
	struct serial serial;

	*ret = (struct msg_ocsp_single){ .cert_id = id->whole,
		.status = CERT_STATUS_UNKNOWN };
	if (!serial_from_der(id->serial, &serial, e))
		return true;
	if (!store_certificate_brief(ca->store, issuer, &serial, &brief, e))
		return e->code == ERR_NOT_FOUND;
	ret->status = brief.revoked ? CERT_STATUS_REVOKED : CERT_STATUS_GOOD;
	if (brief.revoked) {
		ret->revoked_at = brief.revoked_at;
		ret->reason = (enum reason)brief.reason;
	}
	return true;
}

static bool
make_question(struct ca *ca, const struct ca_issuer *issuer,
    const struct ocsp_request *q, struct msg_sign_ocsp *ret, struct err *e)
{
	const int64_t now = clock_now();

	ret->issuer = bytes_str(issuer->name);
	ret->nonce = q->nonce;
	ret->this_update = now;
	ret->next_update = now + ca->conf->ocsp_validity_s;
	ret->n = q->n;
	for (size_t i = 0; i < q->n; i++)
		if (!judge(ca, issuer->name, &q->v[i], &ret->v[i], e))
			return false;
	return true;
}

static void
send_question(struct answering *it, struct msg_sign_ocsp *m)
{
	struct buf b;

	it->tries++;
	m->id = ask_new(it->ca, on_answer, it);
	buf_init(&b, KIB(64));
	msg_sign_ocsp_put(&b, m);
	link_send(it->ca->signer, MSG_SIGN_OCSP, buf_bytes(&b));
	buf_free(&b);
}

static void
ask(struct answering *it)
{
	struct ocsp_request q;
	struct msg_sign_ocsp m = { 0 };
	struct err e;

	if (!ocsp_request_parse(buf_bytes(&it->request), &q, &e)) {
		finish(it, NULL, OCSP_MALFORMED);
		return;
	}
	/* While behind, the newest revocations may not be in the database. */
	if (it->ca->phase != CA_RUNNING) {
		finish(it, NULL, OCSP_TRY_LATER);
		return;
	}
	const struct ca_issuer *issuer = issuer_of(it->ca, &q);
	if (issuer == NULL) {
		finish(it, NULL, OCSP_UNAUTHORIZED);
		return;
	}
	if (!make_question(it->ca, issuer, &q, &m, &e)) {
		LOG_ERR(LOG_ERROR, "ocsp-lookup-failed", &e);
		finish(it, NULL, OCSP_INTERNAL);
		return;
	}
	it->nonce = q.nonce.n > 0;
	it->status = m.v[0].status == CERT_STATUS_GOOD      ? "good"
		     : m.v[0].status == CERT_STATUS_REVOKED ? "revoked"
							    : "unknown";
	send_question(it, &m);
}

void
ocsp_answer_start(struct ca *ca, struct bytes request, ocsp_answer_done *done,
    void *arg)
{
	struct answering *it = mem_zalloc(sizeof(*it));

	*it = (struct answering){ .ca = ca, .done = done, .arg = arg };
	buf_init(&it->request, KIB(16));
	buf_put(&it->request, request);
	ask(it);
}
