/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a round: what is committed and when, what is flushed, and what becomes of
 * a round that failed.
 */
#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "ca/acme_challenge.h"
#include "ca/audit.h"
#include "ca/ca_state.h"
#include "ca/caller.h"
#include "ca/replay.h"
#include "ca/searchable.h"

#define RESYNC_MS      1000
#define FLUSH_LATE_MS  20 /* short: what the journal flushes meanwhile waits for it */
#define FLUSH_LAST_MS  100
#define PARKED_MS      20 /* others see a certificate so much later */
#define PARKED_RECORDS 64 /* a few milliseconds of commit */

static void
resync(void *arg)
{
	struct ca *ca = arg;
	uint64_t seq;
	struct err e;

	ca->resync = NULL;
	if (!store_seq(ca->store, &seq, &e)) {
		LOG_ERR(LOG_ERROR, "resync-failed", &e);
		ca_resync(ca);
		return;
	}
	ca_read_journal(ca, seq + 1);
}

void
ca_resync(struct ca *ca)
{
	if (ca->resync == NULL)
		ca->resync = loop_after(ca->loop, RESYNC_MS, resync, ca);
}

/* For the end of a round; in the middle of one, its answers would not know. */
static void
write_failed(struct ca *ca, const struct err *e)
{
	store_rollback(ca->store);
	ca->parked_records = 0;
	ca->committed_seq = ca->flushed_seq; /* at least */
	acme_challenge_undone(ca);
	acme_order_undone(ca);
	caller_forget(ca); /* it may have been found among what is undone */
	audit_flushed(ca->audit, false);
	/* Broken also by a commit that stood in the way of this write. */
	if (ca->phase == CA_PROBING || ca->phase == CA_REPLAYING ||
	    store_broken(ca->store)) {
		ca->hooks.fail(ca->hooks.arg, e);
		return;
	}
	LOG_ERR(LOG_ERROR, "database-behind", e);
	if (ca->phase != CA_BEHIND)
		ca->behind = *e;
	ca->phase = CA_BEHIND;
	ca_resync(ca);
}

/* Of this round nothing counts any more: the transaction it shared is undone. */
void
ca_round_fail(struct ca *ca, const struct err *e)
{
	ca->round_failed = true;
	ca->round_err = *e;
	write_failed(ca, e);
}

/* ---- flush ---- */

static void flush_late(void *arg);

/* Four fifths of a slow disk's time are the journal's. */
static int64_t
flush_wait_ms(const struct ca *ca)
{
	const int64_t ms = 4 * ca->flush.took_ms;

	return ms < FLUSH_LATE_MS   ? FLUSH_LATE_MS
	       : ms < FLUSH_LAST_MS ? ms
				    : FLUSH_LAST_MS;
}

/*
 * What the journal alone made us write is not flushed with its round: the journal is,
 * and a power cut has it replayed.  It follows soon, so that the signer hears how much the
 * database holds for good (ADR 0003).
 */
static void
note_flushed(struct ca *ca)
{
	if (!store_unflushed(ca->store))
		ca->flushed_seq = ca->committed_seq;
	else if (ca->flush_late == NULL && !ca->flush.busy) /* its end comes here */
		ca->flush_late =
		    loop_after(ca->loop, flush_wait_ms(ca), flush_late, ca);
}

static void
on_flush_work(struct aside_job *j)
{
	struct flush *f = (struct flush *)j;
	const int64_t began_ms = clock_mono_ms();

	f->error = fdatasync(f->fd) == 0 ? 0 : errno;
	f->took_ms = clock_mono_ms() - began_ms;
}

static void
on_flush_done(struct aside_job *j)
{
	struct flush *f = (struct flush *)j;
	struct ca *ca = f->ca;
	struct err e;

	f->busy = false;
	store_flush_end(ca->store, f->error == 0);
	if (f->error != 0) {
		errno = f->error;
		err_errno(&e, "flush the database");
		LOG_ERR(LOG_ERROR, "flush-failed", &e);
		ca->hooks.fail(ca->hooks.arg, &e);
		return;
	}
	if (f->seq > ca->flushed_seq)
		ca->flushed_seq = f->seq;
	note_flushed(ca);
}

/* Core's own thread does not wait for the disk here (ADR 0028). */
static bool
flush_aside(struct ca *ca)
{
	struct flush *f = &ca->flush;
	int fd;

	if (f->busy)
		return true;
	if (ca->aside == NULL || !store_flush_begin(ca->store, &fd))
		return false;
	*f = (struct flush){ { on_flush_work, on_flush_done }, ca, .fd = fd,
		.seq = ca->committed_seq, .busy = true };
	aside_add(ca->aside, &f->job);
	return true;
}

/* ---- commit ---- */

static void
committed(struct ca *ca)
{
	struct err ignored;

	ca->parked_records = 0;
	if (!store_seq(ca->store, &ca->committed_seq, &ignored))
		LOG_ERR(LOG_WARN, "seq-unread",
		    &ignored); /* only makes the signer's notes older */
	note_flushed(ca);
}

static void
commit_failed(struct ca *ca, const struct err *e)
{
	ca->tally.commits_failed++;
	write_failed(ca, e);
}

static bool
commit(struct ca *ca, struct err *e)
{
	const int64_t began_us = clock_mono_us();

	fault_point("core.commit.before");
	if (!store_commit(ca->store, e)) {
		commit_failed(ca, e);
		return false;
	}
	fault_point("core.commit.after");
	prom_observe(&ca->tally.commit_us, &prom_seconds,
	    (uint64_t)(clock_mono_us() - began_us));
	committed(ca);
	return true;
}

/* What is parked, on its own.  Its answers have left: the journal has all of it. */
static bool
commit_parked(struct ca *ca, struct err *e)
{
	const int64_t began_us = clock_mono_us();

	if (!store_parked(ca->store))
		return true;
	fault_point("core.parked.before");
	if (!store_unpark(ca->store, e)) {
		commit_failed(ca, e);
		return false;
	}
	prom_observe(&ca->tally.commit_us, &prom_seconds,
	    (uint64_t)(clock_mono_us() - began_us));
	committed(ca);
	return true;
}

static void
commit_late(void *arg)
{
	struct ca *ca = arg;
	struct err e;

	ca->commit_late = NULL;
	if (!commit_parked(ca, &e))
		LOG_ERR(LOG_ERROR, "commit-failed", &e);
}

/*
 * A round of certificates alone, which the journal has all of: it may share its
 * commit with those that follow at once (ADR 0030).
 */
static bool
park(struct ca *ca)
{
	const bool may = ca->phase == CA_RUNNING && !ca->commit_now;

	ca->commit_now = false;
	if (!may || ca->parked_records >= PARKED_RECORDS || !store_park(ca->store))
		return false;
	if (ca->commit_late == NULL)
		ca->commit_late = loop_after(ca->loop, PARKED_MS, commit_late, ca);
	return true;
}

/* What no commit of ours tells of: somebody ended the transaction that others waited in. */
static bool
is_lost(struct ca *ca, struct err *e)
{
	if (store_broken(ca->store))
		return !err_set(e, ERR_IO,
		    "a flush of the database failed: what the disk holds is not known");
	return store_lost(ca->store, e);
}

bool
ca_batch_end(struct ca *ca, struct err *e)
{
	if (ca->round_failed) {
		ca->round_failed = false;
		*e = ca->round_err;
		return false;
	}
	if (is_lost(ca, e)) {
		commit_failed(ca, e);
		return false;
	}
	if (!store_dirty(ca->store)) {
		/* Somebody's own transaction has taken with it what was parked. */
		if (ca->parked_records > 0 && !store_parked(ca->store))
			committed(ca);
		return true;
	}
	if (!audit_flush(ca->audit, e) || !searchable_batch_end(ca->searchable, e)) {
		write_failed(ca, e);
		return false;
	}
	if (replay_goes_on(ca) || park(ca))
		return true;
	if (!commit(ca, e))
		return false;
	audit_flushed(ca->audit, true);
	replay_end(ca);
	return true;
}

static void
flush_late(void *arg)
{
	struct ca *ca = arg;
	struct err e;

	ca->flush_late = NULL;
	if (flush_aside(ca))
		return;
	if (store_flush(ca->store, &e)) {
		note_flushed(ca);
		return;
	}
	LOG_ERR(LOG_ERROR, "flush-failed", &e);
	ca->hooks.fail(ca->hooks.arg, &e);
}

bool
ca_threads(struct ca *ca, struct err *e)
{
	return aside_new(ca->loop, &ca->aside, e);
}
