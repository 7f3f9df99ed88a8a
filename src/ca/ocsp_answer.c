/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/ocsp_answer.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/ca_state.h"
#include "ipc/msg_field.h"
#include "store/store_certificate.h"

/*
 * A revocation may be on its way between signer and database while we ask: then
 * the signer, who knows, refuses to say good.  Its answer to the revocation
 * comes first, so asking once more tells the truth.
 */
#define TRIES 2

/*
 * Which answers front may keep, and why none of them outlives a revocation (P92).
 *
 * An answer may be kept when it is good or revoked for one certificate that we
 * issued, and the request is nothing but the question for it: of such requests there
 * are no more than eight for a certificate, so nobody can fill front's memory with
 * spellings of one, and none of a serial that was never issued is kept at all.
 *
 * Front keeps what core's messages tell, in the order of the link, so core alone has
 * to see to the order:
 *
 *  - What core judged before it took in a revocation, and heard from the signer after
 *    that, is in the list of what is being asked: ocsp_answer_forget() marks it there,
 *    and it is not kept.
 *  - What it heard from the signer before stands in front of MSG_FORGET on the link:
 *    both go the way of all answers, which keeps their order (daemon/core.c), so it is
 *    kept and then forgotten.
 *  - What it judges afterwards reads the revocation in the very transaction that
 *    took it in, and says revoked.  If that transaction fails, nothing is answered
 *    until the database is level with the journal again.
 *
 * The answer to the revoke call is behind MSG_FORGET on the link: whoever hears it and
 * asks then finds nothing kept from before.  No answer is shared by requests that
 * came while it was being signed: one of them may have come after the revocation.
 */
struct ocsp_asked {
	struct ocsp_asked *next, **at; /* of those that may be kept; 'at' NULL: none */
	uint8_t tag[MSG_TAG_LEN];
	bool keep;
};

struct answering {
	struct ocsp_asked asked;
	struct ca *ca;
	struct buf request; /* own copy */
	ocsp_answer_done *done;
	void *arg;
	bool nonce;
	enum cert_status first;
	int64_t revoked_at; /* of the first; 0: it is not */
	const char *status; /* of the first certificate asked about, for the numbers */
	int tries;
};

static void ask(struct answering *it);

/* ---- what front may keep ---- */

static bool
make_tag(struct bytes issuer, const struct serial *serial,
    uint8_t ret[static MSG_TAG_LEN])
{
	const struct bytes number = serial_bytes(serial);
	uint8_t text[MSG_FIELD_NAME_MAX + 1 + SERIAL_LEN] = { 0 };

	if (issuer.n > MSG_FIELD_NAME_MAX)
		return false;
	memcpy(text, issuer.p, issuer.n); /* a NUL ends the name */
	memcpy(text + issuer.n + 1, number.p, number.n);
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, text, issuer.n + 1 + number.n,
		   ret) >= 0;
}

static void
asked_begin(struct ca *ca, struct ocsp_asked *a)
{
	a->next = ca->ocsp_asked;
	a->at = &ca->ocsp_asked;
	if (a->next != NULL)
		a->next->at = &a->next;
	ca->ocsp_asked = a;
	a->keep = true;
}

static void
asked_end(struct ocsp_asked *a)
{
	if (a->at == NULL)
		return;
	*a->at = a->next;
	if (a->next != NULL)
		a->next->at = a->at;
	a->at = NULL;
}

/* Nothing of an empty tag is kept: what cannot be told from others is all forgotten. */
static void
forget(struct ca *ca, struct bytes tag)
{
	for (struct ocsp_asked *a = ca->ocsp_asked; a != NULL; a = a->next)
		if (tag.n == 0 || memcmp(a->tag, tag.p, sizeof(a->tag)) == 0)
			a->keep = false;
	ca->hooks.forget(ca->hooks.arg, &(struct msg_forget){ .tag = tag });
}

void
ocsp_answer_forget(struct ca *ca, struct bytes issuer, const struct serial *serial)
{
	uint8_t tag[MSG_TAG_LEN];

	forget(ca,
	    make_tag(issuer, serial, tag) ? bytes_of(tag, sizeof(tag)) : bytes_str(""));
}

void
ocsp_answer_forget_all(struct ca *ca)
{
	forget(ca, bytes_str(""));
}

/* ---- answers ---- */

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

/* Nobody is given the status of another certificate than he asked for. */
static void
check_same(const struct answering *it, struct bytes response)
{
	struct ocsp_request q;
	struct err e;

	if (!ocsp_request_parse(buf_bytes(&it->request), &q, &e) ||
	    !ocsp_response_same(response, &q, it->first, &e))
		ask_lied(it->ca, &e);
}

static void
on_answer(void *arg, const struct ask_answer *a)
{
	struct answering *it = arg;

	const bool overtaken = it->asked.at != NULL && !it->asked.keep;

	asked_end(&it->asked);
	if (a->ocsp != NULL) {
		check_same(it, a->ocsp->response);
		/* P92: in that second, and in those before, it may have been told to be good. */
		const bool dated = it->revoked_at < a->ocsp->produced_at;
		const struct ocsp_answer answer = {
			.response = a->ocsp->response,
			.cacheable = !it->nonce && !overtaken,
			.produced_at = a->ocsp->produced_at,
			.modified_at = dated ? a->ocsp->produced_at : 0,
			.next_update = a->ocsp->next_update,
			.tag = it->asked.keep && dated
				   ? bytes_of(it->asked.tag, sizeof(it->asked.tag))
				   : bytes_str(""),
		};
		finish(it, &answer, OCSP_SUCCESSFUL);
		return;
	}
	if (a->refused != NULL) {
		LOG_ERR(LOG_WARN, "ocsp-refused", a->refused,
		    LOG_NUM("try", it->tries));
	} else {
		struct err e;

		err_set(&e, ERR_MALFORMED, "it answered OCSP with something else");
		ask_lied(it->ca, &e);
	}
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
mark_keep(struct answering *it, const struct ca_issuer *issuer,
    const struct ocsp_request *q, const struct msg_sign_ocsp *m)
{
	struct serial serial;
	struct err ignored;

	it->asked.keep = false;
	if (m->v[0].status != CERT_STATUS_UNKNOWN &&
	    ocsp_request_plain(buf_bytes(&it->request), q) &&
	    serial_from_der(q->v[0].serial, &serial, &ignored) &&
	    make_tag(bytes_str(issuer->name), &serial, it->asked.tag))
		asked_begin(it->ca, &it->asked);
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
	if (it->ca->phase != CA_RUNNING || !ask_prompt(it->ca, &e)) {
		finish(it, NULL, OCSP_TRY_LATER);
		return;
	}
	/* Of one that has ended nobody can answer, and never will (RFC 5019 2.2.3). */
	const struct ca_issuer *issuer = issuer_of(it->ca, &q);
	if (issuer == NULL || issuer->cert->not_after <= clock_now()) {
		finish(it, NULL, OCSP_UNAUTHORIZED);
		return;
	}
	if (!make_question(it->ca, issuer, &q, &m, &e)) {
		LOG_ERR(LOG_ERROR, "ocsp-lookup-failed", &e);
		finish(it, NULL, OCSP_INTERNAL);
		return;
	}
	it->nonce = q.nonce.n > 0;
	it->first = m.v[0].status;
	it->revoked_at = m.v[0].revoked_at;
	it->status = m.v[0].status == CERT_STATUS_GOOD      ? "good"
		     : m.v[0].status == CERT_STATUS_REVOKED ? "revoked"
							    : "unknown";
	mark_keep(it, issuer, &q, &m);
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
