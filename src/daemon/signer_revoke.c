/* SPDX-License-Identifier: Apache-2.0 */
/* MSG_REVOKE: what is revoked stays so; a reason may only get worse (S43). */
#include "base/clock.h"
#include "base/fault.h"
#include "daemon/signer.h"

/* What the record will say.  ERR_ALREADY_REVOKED is an honest core's too, the rest is not. */
static bool
judge(struct signer *s, const struct msg_revoke *m, struct signer_issuer **ret_issuer,
    struct signer_revoked *ret, struct err *e)
{
	const int64_t now = clock_now();
	struct signer_revoked r = { .not_after = m->not_after,
		.revoked_at = m->revoked_at };
	char at[CLOCK_RFC3339_LEN];

	if (!signer_state_stored(s, m->stored_seq, e) ||
	    !serial_from_bytes(m->serial, &r.serial, e))
		return false;
	struct signer_issuer *i = signer_issuer_find(s, m->issuer);
	if (i == NULL)
		return err_set(e, ERR_NOT_FOUND, "there is no such issuer");
	if (serial_eq(&r.serial, &s->issuers[0].cert->serial))
		return err_set(e, ERR_POLICY,
		    "a root is not revoked: it is trusted or not");
	r.reason = r.was = (uint8_t)m->reason;

	const struct signer_revoked *have = signer_revoked_find(&i->revoked, &r.serial);
	if (have != NULL) {
		clock_rfc3339(have->revoked_at, at);
		if (!sets_reason_raises(m->reason, (enum reason)have->reason))
			return err_set(e, ERR_ALREADY_REVOKED, "revoked at %s: %s", at,
			    sets_reason_word(have->reason));
		r.not_after = have->not_after;
		r.revoked_at = have->revoked_at; /* the first time stays */
	} else if (m->revoked_at > now + SIGNER_SKEW_S)
		return err_set(e, ERR_POLICY, "a revocation does not begin in future");
	else if (m->revoked_at < now - SIGNER_SKEW_S)
		r.revoked_at = now; /* it waited, or is backdated: it is not refused */
	*ret_issuer = i;
	*ret = r;
	return true;
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
		.reason = m->reason,
		.requester = m->requester,
		.request_id = m->request_id,
	};
	struct buf body;

	buf_init(&body, KIB(4));
	record_revocation_put(&body, &v);
	const bool ok = buf_ok(&body, "a revocation's record", e) &&
			signer_answer_record(s, MSG_REVOKED, m->id, RECORD_REVOCATION,
			    buf_bytes(&body), &r->seq, e);
	buf_free(&body);
	fault_point("signer.revoked");
	if (ok)
		signer_state_revoke(s, i, r);
	return ok;
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
