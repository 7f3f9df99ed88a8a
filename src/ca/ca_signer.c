/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the signer says, live or from its journal; and how the database comes
 * level with the journal again after a crash, a failed write or a restore.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "ca/acme_challenge.h"
#include "ca/acme_recovered.h"
#include "ca/audit.h"
#include "ca/ca_state.h"
#include "ca/caller.h"
#include "ca/census.h"
#include "ca/enroll.h"
#include "ca/ocsp_answer.h"
#include "ca/reconcile.h"
#include "ca/replay.h"
#include "ca/retention.h"
#include "ca/revoke.h"
#include "ca/searchable.h"

#define READY_ANYWAY_MS 5000

static void
end_role(struct ca *ca, const struct err *e)
{
	ca->hooks.fail(ca->hooks.arg, e);
}

void
ca_read_journal(struct ca *ca, uint64_t from_seq)
{
	const struct msg_journal_read m = { .from_seq = from_seq };
	struct buf b;

	buf_init(&b, 64);
	msg_journal_read_put(&b, &m);
	link_send(ca->signer, MSG_JOURNAL_READ, buf_bytes(&b));
	buf_free(&b);
}

void
ca_start(struct ca *ca, struct link *signer, bool recover)
{
	struct err e;

	ca->signer = signer;
	ca->recover = recover;
	ca->phase = CA_PROBING;
	if (!store_seq(ca->store, &ca->committed_seq, &e)) {
		end_role(ca, &e);
		return;
	}
	ca->flushed_seq = ca->committed_seq;
	ca_read_journal(ca,
	    UINT64_MAX); /* no record has this number: only the end comes */
}

/*
 * What front keeps that this record makes untrue.  At the start it keeps nothing yet:
 * OCSP is not answered before the journal is level.
 */
static void
forget(struct ca *ca, const struct record *r)
{
	struct record_revocation rr;
	struct record_certificate rc;
	struct serial serial;
	struct err ignored;

	if (r->type == RECORD_REVOCATION)
		caller_forget(ca);
	if (ca->phase != CA_RUNNING && ca->phase != CA_BEHIND)
		return;
	if (r->type == RECORD_REVOCATION &&
	    record_revocation_get(r->body, &rr, &ignored) &&
	    serial_from_bytes(rr.serial, &serial, &ignored)) {
		ocsp_answer_forget(ca, rr.issuer, &serial);
		revoke_issuers_heard(ca, &rr);
		if (ca->phase == CA_BEHIND) /* whoever asked has been refused */
			publish_revoked(ca, rr.issuer, rr.serial);
	}
	if (r->type == RECORD_CERTIFICATE &&
	    record_certificate_get(r->body, &rc, &ignored) &&
	    bytes_eq_str(rc.profile, "ocsp-responder"))
		ocsp_answer_forget_all(ca);
}

/*
 * Stores a record.  One that is there already, as after a resync, is no fault.
 * 'ret' as reconcile_apply()'s.
 */
static bool
take_in(struct ca *ca, const struct record *r, struct cert **ret, struct err *e)
{
	uint64_t seq;

	forget(ca, r);
	if (!store_seq(ca->store, &seq, e))
		return false;
	if (r->seq <= seq)
		return true;
	if (!reconcile_apply(ca->store, r, ret, e))
		return false;
	ca->parked_records++;
	if (r->type == RECORD_CERTIFICATE)
		searchable_add(ca->searchable);
	else
		ca->commit_now =
		    true; /* nobody reads a revoked one as good, or an old list */
	return true;
}

/* MSG_CERT_SIGNED, MSG_REVOKED, MSG_CRL_SIGNED */
static bool
on_recorded(void *ctx, const struct frame *f, struct err *e)
{
	struct ca *ca = ctx;
	struct msg_recorded m;
	struct record r;
	struct ask ask;

	if (!msg_recorded_get(f->body, &m, e) || !record_parse(m.record, &r, e))
		return false;
	if (!ask_take(ca, m.id, &ask))
		return err_set(e, ERR_MALFORMED,
		    "signer answers %" PRIu64 ", which nobody asked", m.id);

	struct ask_answer a = { .record = &r };
	struct cert *cert = NULL;
	struct err why;
	fault_point("core.store.before");
	if (ca->round_failed)
		a.refused = &ca->round_err;
	else if (!take_in(ca, &r, &cert, &why)) {
		if (ca->phase == CA_BEHIND)
			why = ca->behind; /* that it does not follow is no news */
		ca_round_fail(ca, &why);
		a.refused = &why;
	}
	fault_point("core.store.after");
	a.cert = cert;
	ask.cb(ask.arg, &a);
	cert_free(cert);
	return true;
}

static bool
on_refused(void *ctx, const struct frame *f, struct err *e)
{
	struct ca *ca = ctx;
	struct msg_refused m;
	struct ask ask;
	struct err why;

	if (!msg_refused_get(f->body, &m, e))
		return false;
	if (!ask_take(ca, m.id, &ask))
		return err_set(e, ERR_MALFORMED,
		    "signer refuses %" PRIu64 ", which nobody asked", m.id);
	err_set(&why, m.code, "%.*s", (int)m.detail.n, (const char *)m.detail.p);
	ask.cb(ask.arg, &(struct ask_answer){ .refused = &why });
	return true;
}

static bool
on_ocsp(void *ctx, const struct frame *f, struct err *e)
{
	struct ca *ca = ctx;
	struct msg_ocsp_signed m;
	struct ask ask;

	if (!msg_ocsp_signed_get(f->body, &m, e))
		return false;
	if (!ask_take(ca, m.id, &ask))
		return err_set(e, ERR_MALFORMED,
		    "signer answers OCSP that nobody asked");
	ask.cb(ask.arg, &(struct ask_answer){ .ocsp = &m });
	return true;
}

static bool
on_crl_part(void *ctx, const struct frame *f, struct err *e)
{
	struct msg_crl_part m;

	return msg_crl_part_get(f->body, &m, e) && publish_on_part(ctx, &m, e);
}

/* A record that nobody asked for: replayed, or a responder's certificate. */
static bool
on_journal_record(void *ctx, const struct frame *f, struct err *e)
{
	struct ca *ca = ctx;
	struct msg_recorded m;
	struct record r;
	struct err why;

	if (!msg_recorded_get(f->body, &m, e) || !record_parse(m.record, &r, e))
		return false;
	if (ca->round_failed)
		return true; /* it comes again */
	if (!take_in(ca, &r, NULL, &why))
		ca_round_fail(ca, &why);
	return true;
}

/* The journal's extent is known: may this database serve? (R91, design section 7) */
static void
compare(struct ca *ca, const struct msg_journal_end *m)
{
	struct err e;

	if (!reconcile_fits(ca->committed_seq, m->last_seq, m->stored_seq, ca->conf,
		&e) &&
	    !(e.code == ERR_UNAVAILABLE && ca->recover)) {
		end_role(ca, &e);
		return;
	}
	if (ca->committed_seq < m->stored_seq &&
	    (!enroll_recovered(ca, &e) || !acme_recovered(ca, &e))) {
		end_role(ca, &e);
		return;
	}
	ca->root_key = m->root_key;
	replay_begin(ca, ca->committed_seq + 1, m->last_seq);
	ca->phase = CA_REPLAYING;
	ca_read_journal(ca, ca->committed_seq + 1);
}

static void
tell_started(struct ca *ca)
{
	audit_add(ca, &(struct audit_event){ .kind = AUDIT_STARTED,
			  .identity = "system",
			  .object = "version " PACKAGE_VERSION });
	audit_configured(ca);
}

void
ca_stop(struct ca *ca)
{
	struct err e;

	acme_challenge_stop(ca);
	if (ca->phase != CA_RUNNING)
		return;
	audit_add(ca,
	    &(struct audit_event){ .kind = AUDIT_STOPPED, .identity = "system" });
	if (!ca->round_failed && !store_begin(ca->store, &e))
		ca_round_fail(ca, &e);
}

static void
get_ready(void *arg)
{
	struct ca *ca = arg;

	ca->ready_anyway = NULL;
	ca->ready = true;
	ca->hooks.ready(ca->hooks.arg);
}

/* A new CA waits for its first CRLs, so that no certificate points to nothing; not for ever. */
void
ca_published(struct ca *ca)
{
	if (ca->ready || !publish_complete(ca))
		return;
	loop_cancel(ca->ready_anyway);
	get_ready(ca);
}

/* All that was there has been told. */
static void
level(struct ca *ca, uint64_t last_seq)
{
	const bool first = ca->phase == CA_REPLAYING;
	uint64_t seq;
	struct err e;

	bool ok = store_seq(ca->store, &seq, &e);
	if (ok && seq < last_seq)
		ok = err_set(&e, ERR_INTERNAL,
		    "the journal's records up to %" PRIu64 " did not all arrive",
		    last_seq);
	if (!ok) {
		if (first)
			end_role(ca, &e);
		else
			ca_resync(ca);
		return;
	}
	ca->phase = CA_RUNNING;
	if (!first) {
		LOG(LOG_INFO, "database-level", LOG_NUM("seq", seq));
		acme_resume(ca);
		return;
	}
	if (!revoke_issuers_read(ca, &e) || !publish_start(ca, &e)) {
		end_role(ca, &e);
		return;
	}
	const int64_t newest_at = publish_newest(ca->publish);
	ending_begin(&ca->ending,
	    newest_at > ca->written_at ? newest_at : ca->written_at, clock_now(),
	    clock_boot_ms());
	tell_started(ca);
	acme_resume(ca);
	census_start(ca);
	retention_start(ca->retention);
	ca_published(ca);
	if (!ca->ready)
		ca->ready_anyway = loop_after(ca->loop, READY_ANYWAY_MS, get_ready, ca);
}

static bool
on_journal_end(void *ctx, const struct frame *f, struct err *e)
{
	struct ca *ca = ctx;
	struct msg_journal_end m;

	if (!msg_journal_end_get(f->body, &m, e))
		return false;
	if (ca->phase == CA_PROBING)
		compare(ca, &m);
	else if (ca->phase != CA_RUNNING)
		level(ca, m.last_seq);
	return true;
}

#define RECORDED_MAX (RECORD_MAX + 64)

const struct msg_rule ca_signer_rules[] = {
	/* clang-format off */
	/* message             from         once   octets        handler */
	{ MSG_CERT_SIGNED,     PEER_SIGNER, false, RECORDED_MAX, on_recorded },
	{ MSG_REVOKED,         PEER_SIGNER, false, RECORDED_MAX, on_recorded },
	{ MSG_CRL_PART,        PEER_SIGNER, false, MIB(1),       on_crl_part },
	{ MSG_CRL_SIGNED,      PEER_SIGNER, false, RECORDED_MAX, on_recorded },
	{ MSG_OCSP_SIGNED,     PEER_SIGNER, false, KIB(64),      on_ocsp },
	{ MSG_REFUSED,         PEER_SIGNER, false, KIB(4),       on_refused },
	{ MSG_JOURNAL_RECORD,  PEER_SIGNER, false, RECORDED_MAX, on_journal_record },
	{ MSG_JOURNAL_END,     PEER_SIGNER, false, 64,           on_journal_end },
	{ 0 }
	/* clang-format on */
};
