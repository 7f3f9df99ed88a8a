/* SPDX-License-Identifier: Apache-2.0 */
/* MSG_REVOKE: what is revoked stays so; a reason may only get worse (S43). */
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "daemon/signer.h"

/*
 * Until when it is on lists: its certificate's end as its issuer has signed it, or else
 * the issuer's own, which none outlives.  Core's word for it would do as much as leaving
 * the entry out (ADR 0006).  True: it is proven.  A certificate that proves nothing, be it
 * a lie, damaged in the database or of a key that the issuer had before, keeps nobody
 * from revoking.
 */
static bool
find_end(const struct signer_issuer *i, const struct msg_revoke *m,
    const struct serial *serial, int64_t *ret)
{
	struct cert *c = NULL;
	struct err why;

	*ret = i->cert->not_after;
	if (m->certificate.n == 0)
		return false;
	bool ok = cert_parse(m->certificate, &c, &why);
	if (ok && (!serial_eq(&c->serial, serial) || !cert_is_by(c, i->cert)))
		ok = err_set(&why, ERR_POLICY,
		    "the certificate is not one of this issuer and serial");
	if (ok)
		*ret = c->not_after;
	else
		LOG_ERR(LOG_WARN, "revocation-unproven", &why,
		    LOG_TEXT("issuer", i->name));
	cert_free(c);
	return ok;
}

/* It is revoked: the first time stays, neither its reason nor its end is taken back. */
static bool
judge_again(const struct signer_revoked *have, const struct msg_revoke *m, bool proven,
    struct signer_revoked *r, struct err *e)
{
	const enum reason was = (enum reason)have->reason;
	const bool raises = sets_reason_raises(m->reason, was);
	char at[CLOCK_RFC3339_LEN];

	clock_rfc3339(have->revoked_at, at);
	/* A later end that is proven: the one that is told was a lie of core's. */
	if (!raises && (!proven || r->not_after <= have->not_after))
		return err_set(e, ERR_ALREADY_REVOKED, "revoked at %s: %s", at,
		    sets_reason_word(was));
	if (!raises)
		r->reason = have->reason;
	if (r->not_after < have->not_after)
		r->not_after = have->not_after;
	r->revoked_at = have->revoked_at;
	return true;
}

/* What the record will say.  ERR_ALREADY_REVOKED is an honest core's too, the rest is not. */
static bool
judge(struct signer *s, const struct msg_revoke *m, struct signer_issuer **ret_issuer,
    struct signer_revoked *ret, struct err *e)
{
	const int64_t now = clock_now();
	struct signer_revoked r = { .revoked_at = m->revoked_at };

	if (!signer_state_stored(s, m->stored_seq, e) ||
	    !serial_from_bytes(m->serial, &r.serial, e))
		return false;
	struct signer_issuer *i = signer_issuer_find(s, m->issuer);
	if (i == NULL)
		return err_set(e, ERR_NOT_FOUND, "there is no such issuer");
	if (serial_eq(&r.serial, &s->issuers[0].cert->serial))
		return err_set(e, ERR_POLICY,
		    "a root is not revoked: it is trusted or not");
	const bool proven = find_end(i, m, &r.serial, &r.not_after);
	r.reason = r.was = (uint8_t)m->reason;

	const struct signer_revoked *have = signer_revoked_find(&i->revoked, &r.serial);
	if (have != NULL) {
		if (!judge_again(have, m, proven, &r, e))
			return false;
	} else if (m->revoked_at > now + SIGNER_SKEW_S)
		return err_set(e, ERR_POLICY, "a revocation does not begin in future");
	else
		/* P92: no earlier than any answer that says good.  Nobody backdates it. */
		r.revoked_at = now;
	*ret_issuer = i;
	*ret = r;
	return true;
}

/* A list that is being made has counted what is on it. */
static void
begin_lists_anew(struct signer *s, const struct signer_issuer *i,
    const struct signer_revoked *r)
{
	const struct signer_revoked *have =
	    signer_revoked_find(&i->revoked, &r->serial);
	struct err why;

	if (have == NULL || have->not_after >= r->not_after)
		return;
	err_set(&why, ERR_CONFLICT, "a revocation that was not on it is");
	signer_crl_fail(s, &why);
}

static bool
record(struct signer *s, const struct msg_revoke *m, struct signer_issuer *i,
    struct signer_revoked *r, struct err *e)
{
	const struct record_revocation v = {
		.issuer = bytes_str(i->name),
		.serial = m->serial,
		.not_after = r->not_after,
		.revoked_at = r->revoked_at,
		.reason = (enum reason)r->reason,
		.requester = m->requester,
		.request_id = m->request_id,
	};
	struct buf body;

	signer_responder_revoke(s, i, &r->serial);
	buf_init(&body, KIB(4));
	record_revocation_put(&body, &v);
	const bool ok = buf_ok(&body, "a revocation's record", e) &&
			signer_answer_record(s, MSG_REVOKED, m->id, RECORD_REVOCATION,
			    buf_bytes(&body), &r->seq, e);
	buf_free(&body);
	fault_point("signer.revoked");
	if (!ok)
		return false;
	begin_lists_anew(s, i, r);
	signer_state_revoke(s, i, r);
	return true;
}

bool
signer_on_revoke(void *ctx, const struct frame *f, struct err *e)
{
	struct signer *s = ctx;
	struct signer_issuer *i = NULL;
	struct signer_revoked r = { 0 };
	struct msg_revoke m;
	struct err why;

	if (!msg_revoke_get(f->body, &m, e))
		return false;
	/* An answer that still says good leaves before this one's, or not at all (R29). */
	signer_settle(s);
	if (!judge(s, &m, &i, &r, &why)) {
		if (why.code == ERR_ALREADY_REVOKED)
			signer_refuse(s, m.id, &why);
		else
			signer_refuse_oracle(s, m.id, "REVOKE", &why);
	} else if (!record(s, &m, i, &r, &why))
		signer_refuse(s, m.id, &why);
	return true;
}
