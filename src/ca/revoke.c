/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/revoke.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/audit.h"
#include "ca/ocsp_answer.h"
#include "policy/grant.h"
#include "revoke_impl.h"
#include "store/store_certificate.h"
#include "store/store_revocation.h"

struct revoking {
	struct ca *ca;
	char *issuer;
	struct serial serial;
	bool responder;
	revoke_done *done;
	void *arg;
};

/* Its row is in the transaction already, by ca/reconcile. */
static void
tell_revoked(struct ca *ca, const struct record_revocation *rr, const char *issuer,
    const struct serial *serial)
{
	char *who = mem_strndup(rr->requester), *id = mem_strndup(rr->request_id);

	audit_log(&(struct audit_event){
	    .kind = AUDIT_REVOKED,
	    .request_id = id,
	    .identity = who,
	    .issuer = issuer,
	    .serial = serial,
	    .reason = sets_reason_word(rr->reason),
	});
	prom_count(&ca->tally.revoked, sets_reason_word(rr->reason), issuer);
	free(who);
	free(id);
}

bool
revoke_answer(struct ca *ca, const struct ask_answer *a, const char *issuer,
    const struct serial *serial, struct record_revocation *ret, struct err *e)
{
	if (a->refused != NULL) {
		*e = *a->refused;
		return false;
	}
	if (a->record == NULL || a->record->type != RECORD_REVOCATION ||
	    !record_revocation_get(a->record->body, ret, e) ||
	    !bytes_eq_str(ret->issuer, issuer) ||
	    !bytes_eq(ret->serial, serial_bytes(serial))) {
		err_set(e, ERR_MALFORMED, "it did not revoke what it was asked to");
		ask_lied(ca, e);
		return false;
	}
	tell_revoked(ca, ret, issuer, serial);
	publish_revoked(ca, bytes_str(issuer), ret->serial);
	return true;
}

struct revoke_result
revoke_result(const struct ca *ca, int64_t revoked_at, enum reason reason)
{
	const int64_t now = clock_now();

	return (struct revoke_result){
		.revoked_at = revoked_at,
		.reason = reason,
		.ocsp_at = now,
		.crl_at = now + ca->conf->crl_debounce_s + 1,
	};
}

static void
on_answer(void *arg, const struct ask_answer *a)
{
	struct revoking *it = arg;
	struct record_revocation rr;
	struct err e;

	if (revoke_answer(it->ca, a, it->issuer, &it->serial, &rr, &e)) {
		struct revoke_result r =
		    revoke_result(it->ca, rr.revoked_at, rr.reason);
		r.serials = &it->serial;
		r.n_serials = 1;
		if (it->responder)
			ocsp_answer_forget_all(it->ca);
		if (!publish_follows(it->ca, it->issuer))
			r.ocsp_at = r.crl_at = 0;
		it->done(it->arg, &r, NULL);
	} else {
		/* Another call's revocation may be on its way: what we answer now is no
		 * earlier than its end (P92). */
		if (e.code == ERR_ALREADY_REVOKED)
			ocsp_answer_forget(it->ca, bytes_str(it->issuer), &it->serial);
		it->done(it->arg, NULL, &e);
	}
	free(it->issuer);
	free(it);
}

bool
revoke_again(struct ca *ca, const struct revoke_before *b, enum reason reason,
    struct err *e)
{
	char at[CLOCK_RFC3339_LEN];
	int64_t end;

	if (!b->revoked || sets_reason_raises(reason, b->reason))
		return true;
	if (!store_revocation_end(ca->store, b->issuer, b->serial, &end, e))
		return false;
	if (end < b->not_after)
		return true;
	clock_rfc3339(b->revoked_at, at);
	return err_set(e, ERR_ALREADY_REVOKED, "it was revoked at %s, reason %s", at,
	    sets_reason_word(b->reason));
}

bool
revoke_again_row(struct ca *ca, const struct certificate_row *row, enum reason reason,
    struct err *e)
{
	const struct revoke_before before = {
		.issuer = row->issuer,
		.serial = &row->serial,
		.not_after = row->not_after,
		.revoked = row->revoked,
		.revoked_at = row->revoked_at,
		.reason = (enum reason)row->reason,
	};

	return revoke_again(ca, &before, reason, e);
}

static bool
is_own(const struct identity *who, const struct certificate_row *row)
{
	return who->kind == IDENTITY_CERT && strcmp(who->issuer, row->issuer) == 0 &&
	       serial_eq(&who->cert->serial, &row->serial);
}

static bool
may_read(struct ca *ca, const struct identity *who)
{
	return grant_has(ca->conf, who, RIGHT_READ, NULL);
}

/* Who may not read hears the same of what is not there and of what is not his (S72). */
static bool
refuse_unseen(const struct identity *who, struct verdict *v, struct err *e)
{
	char *value = mem_printf("revoke by %s", who->text);

	verdict_add(v, false, ERR_FORBIDDEN, "grant", "identity", value,
	    "its own certificate, and those of profiles that a grant with this right "
	    "is for");
	free(value);
	return verdict_ok(v, e);
}

static bool
check_grant(struct ca *ca, const struct revoke_request *q,
    const struct certificate_row *row, struct verdict *v, struct err *e)
{
	const struct conf_grant *grant;

	if (q->judged || is_own(q->who, row) ||
	    grant_has(ca->conf, q->who, RIGHT_REVOKE, row->profile))
		return true;
	if (!may_read(ca, q->who))
		return refuse_unseen(q->who, v, e);
	(void)grant_find(ca->conf, q->who, RIGHT_REVOKE, row->profile, &grant, v);
	return verdict_ok(v, e); /* the row "grant" has failed */
}

static bool
check(struct ca *ca, const struct revoke_request *q, const struct certificate_row *row,
    struct verdict *v, struct err *e)
{
	if (!check_grant(ca, q, row, v, e))
		return false;
	if (strcmp(row->issuer, "root") == 0)
		return err_set(e, ERR_FORBIDDEN,
		    "this is a CA certificate: it is not revoked by this route; an "
		    "administrator can: hanaper issuer revoke NAME|SERIAL");
	return q->lineage || revoke_again_row(ca, row, q->reason, e);
}

void
revoke_ask(struct ca *ca, const struct revoke_one *o, ask_cb *cb, void *arg)
{
	const struct msg_revoke m = {
		.id = ask_new(ca, cb, arg),
		.stored_seq = ca->flushed_seq,
		.issuer = bytes_str(o->issuer),
		.serial = serial_bytes(o->serial),
		.certificate = o->certificate,
		.revoked_at = o->revoked_at != 0 ? o->revoked_at : clock_now(),
		.reason = o->reason,
		.requester = bytes_str(o->requester),
		.request_id = bytes_str(o->request_id),
	};
	struct buf b;

	buf_init(&b, MSG_SIGN_FRAME_MAX);
	msg_revoke_put(&b, &m);
	link_send(ca->signer, MSG_REVOKE, buf_bytes(&b));
	buf_free(&b);
}

void
revoke_one_start(struct ca *ca, const struct revoke_one *o, revoke_done *done,
    void *arg)
{
	struct revoking *it = mem_zalloc(sizeof(*it));

	*it = (struct revoking){ .ca = ca,
		.issuer = mem_strdup(o->issuer),
		.serial = *o->serial,
		.responder = o->responder,
		.done = done,
		.arg = arg };
	revoke_ask(ca, o, on_answer, it);
}

void
revoke_read(struct ca *ca, int64_t id, struct buf *ret)
{
	_Static_assert(MSG_CERTIFICATE_MAX >= CERT_MAX, "any certificate can be told");
	struct err e;

	buf_init(ret, CERT_MAX);
	if (store_certificate_der(ca->store, id, ret, &e))
		return;
	buf_clear(ret);
	if (e.code != ERR_NOT_FOUND)
		LOG_ERR(LOG_ERROR, "certificate-unread", &e, LOG_NUM("id", id));
}

void
revoke_row_start(struct ca *ca, const struct certificate_row *row, enum reason reason,
    const struct identity *who, const char *request_id, revoke_done *done, void *arg)
{
	struct buf der;

	revoke_read(ca, row->id, &der);
	const struct revoke_one one = {
		.issuer = row->issuer,
		.serial = &row->serial,
		.certificate = buf_bytes(&der),
		.revoked_at = row->revoked ? row->revoked_at : 0,
		.reason = reason,
		.responder = strcmp(row->profile, "ocsp-responder") == 0,
		.requester = who->text,
		.request_id = request_id,
	};

	revoke_one_start(ca, &one, done, arg);
	buf_free(&der);
}

bool
revoke_start(struct ca *ca, const struct revoke_request *q, revoke_done *done,
    void *arg, struct verdict *v, struct err *e)
{
	struct certificate_row row;

	if (!ca_writable(ca, e))
		return false;
	if (!store_certificate_get(ca->store, NULL, &q->serial, &row, e)) {
		if (e->code == ERR_NOT_FOUND && !may_read(ca, q->who))
			return refuse_unseen(q->who, v, e);
		return false;
	}
	bool ok = check(ca, q, &row, v, e);
	if (ok && q->lineage)
		ok = revoke_lineage_start(ca, q, &row, done, arg, e);
	else if (ok)
		revoke_row_start(ca, &row, q->reason, q->who, q->request_id, done, arg);
	certificate_row_free(&row);
	return ok;
}
