/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/reconcile.h"
#include "journal/journal.h"
#include "store/store_audit.h"
#include "store/store_compare.h"

#define COMMIT_EACH 1000 /* records */

struct verify {
	struct store *have, *want;
	verify_say *say;
	void *arg;
	uint64_t ever_stored; /* the most that a record says the database held */
	bool unreadable;      /* a record of the chain cannot be taken in */
	struct err
	    broken; /* something failed that is no fault of journal or database */
	struct verify_result r;
};

static void
say(void *arg, const char *what)
{
	struct verify *v = arg;

	v->r.faults++;
	v->say(v->arg, what);
}

static void PRINTF_LIKE(2, 3) sayf(struct verify *v, const char *fmt, ...)
{
	char words[ERR_DETAIL_LEN + 200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	say(v, words);
}

/* ---- the journal ---- */

static bool
on_record(void *arg, const struct record *r, struct err *e)
{
	struct verify *v = arg;

	v->r.records = r->seq;
	v->r.certificates += r->type == RECORD_CERTIFICATE;
	v->r.revocations += r->type == RECORD_REVOCATION;
	v->r.crls += r->type == RECORD_CRL;
	if (r->stored > v->ever_stored)
		v->ever_stored = r->stored;
	if (r->seq > v->r.stored) /* not in the database yet */
		return true;
	v->unreadable = !reconcile_apply(v->want, r, NULL, e);
	if (v->unreadable)
		return false;
	if (r->seq % COMMIT_EACH != 0 || store_commit(v->want, e))
		return true;
	v->broken = *e;
	return false;
}

/* False: what follows cannot be compared. */
static bool
read_journal(struct verify *v, const char *journal)
{
	struct err e = { 0 };

	if (journal_verify(journal, on_record, v, &e))
		return true;
	if (v->broken.code != ERR_NONE)
		return false;
	/* A whole chain with less than a record behind it: ERR_CONFLICT. */
	v->r.torn = !v->unreadable && e.code == ERR_CONFLICT;
	if (v->r.torn)
		return true;
	sayf(v, "%s; the records before it are good, those behind it were not compared",
	    e.detail);
	return false;
}

/* ---- the two, side by side ---- */

/* A daemon at work commits more while the journal is read. */
static bool
holds_now(const char *database, uint64_t *ret, struct err *e)
{
	struct store *now;

	if (!store_open_read(database, &now, e))
		return false;
	const bool ok = store_seq(now, ret, e);
	store_close(now);
	return ok;
}

static bool
is_comparable(struct verify *v, const char *database)
{
	uint64_t now = 0;
	struct err e;

	if (v->r.records < v->r.stored) {
		sayf(v,
		    "the journal ends with record %" PRIu64
		    ", the database holds record %" PRIu64
		    ": the journal was cut, or an older one put in its place",
		    v->r.records, v->r.stored);
		return false;
	}
	if (v->r.stored < v->ever_stored && !holds_now(database, &now, &e)) {
		v->broken = e;
		return false;
	}
	if (v->r.stored < v->ever_stored && now < v->ever_stored)
		sayf(v,
		    "the database holds the records up to %" PRIu64
		    ", it once held record %" PRIu64
		    ": an old copy was put in its place (hanaperd --recover brings it "
		    "up)",
		    v->r.stored, v->ever_stored);
	return true;
}

static bool
compare(struct verify *v, struct err *e)
{
	struct audit_pruned pruned;
	uint64_t since;

	if (!store_audit_pruned(v->have, &pruned, e))
		return false;
	v->r.pruned_before = pruned.before;
	if (pruned.before > clock_now())
		say(v, "the audit says that rows were taken out for their age that are "
		       "from the future");
	/* A schema without an audit took in the first records, perhaps. */
	return store_audit_since(v->have, &since, e) &&
	       store_audit_forget(v->want, since, e) &&
	       store_audit_pruned_set(v->want, pruned.before, e) &&
	       store_commit(v->want, e) && store_compare(v->want, v->have, say, v, e) &&
	       store_compare_ends(v->want, say, v, e) &&
	       store_compare_gaps(v->have, say, v, e);
}

static bool
run(struct verify *v, const char *journal, const char *database, const char *scratch,
    struct err *e)
{
	/* First the database: whatever it holds the journal has held before. */
	if (!store_open_read(database, &v->have, e) || !store_begin(v->have, e) ||
	    !store_seq(v->have, &v->r.stored, e) ||
	    !store_scratch(scratch, &v->want, e) || !store_bulk(v->want, true, e))
		return false;
	const bool comparable = read_journal(v, journal) && is_comparable(v, database);
	if (v->broken.code != ERR_NONE) {
		*e = v->broken;
		return false;
	}
	return !comparable || compare(v, e);
}

bool
verify_run(const char *journal, const char *database, const char *scratch,
    verify_say *say_to, void *arg, struct verify_result *ret, struct err *e)
{
	struct verify v = { .say = say_to, .arg = arg };
	char *path = mem_printf("%s/journal.db", scratch);
	const bool ok = run(&v, journal, database, path, e);

	store_discard(v.want);
	store_close(v.have);
	if (ok)
		*ret = v.r;
	free(path);
	return ok;
}
