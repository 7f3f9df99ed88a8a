/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R89, R90, S87, S88: the journal, when the disk refuses any one call.  What journal_sync() has
 * said to be there is there afterwards; the rest may be or not; the chain is whole.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../faulty.h"
#include "journal/journal.h"

static char dir[64];
static uint64_t synced; /* records that were promised */

static void
remove_dir(void)
{
	static const char *const names[] = { "00000001.hj", "00000002.hj", "lock",
		"new" };
	char path[128];

	for (size_t i = 0; i < NITEMS(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

static void
make_dir(void)
{
	strcpy(dir, "/tmp/hnp-journal-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	synced = 0;
}

static void
make_journal(void)
{
	struct err e = { 0 };

	make_dir();
	cr_assert(journal_create(dir, &e), "%s", e.detail);
}

static bool
count(void *arg, const struct record *r, struct err *e)
{
	(void)r;
	(void)e;
	++*(size_t *)arg;
	return true;
}

static void
is_whole(bool ok, const struct err *ignored)
{
	struct err e = { 0 };
	struct journal *j = NULL;
	size_t n = 0, healed = 0;

	(void)ignored;
	cr_expect(journal_open(dir, count, &n, &j, &healed, &e), "%s: %s",
	    faulty_which(), e.detail);
	cr_expect_geq(n, synced, "%s: %zu of %lu", faulty_which(), n,
	    (unsigned long)synced);
	cr_expect(!ok || n == synced);
	journal_close(j);
	cr_expect(journal_verify(dir, NULL, NULL, &e), "%s: %s", faulty_which(),
	    e.detail);
	remove_dir();
}

static bool
add(struct journal *j, const char *body, struct err *e)
{
	struct bytes record;

	return journal_add(j, RECORD_CERTIFICATE, 0, bytes_str(body), &record, e);
}

/* Two batches; after a failure one more, which heals. */
static bool
work(struct err *e)
{
	struct journal *j = NULL;
	size_t healed;
	bool ok = false;

	if (!journal_open(dir, NULL, NULL, &j, &healed, e))
		return false;
	for (int batch = 0; batch < 3; batch++) {
		struct err why = { 0 };
		const uint64_t before = journal_last_seq(j);

		ok = add(j, "one", &why) && add(j, "and another", &why) &&
		     journal_sync(j, &why);
		if (ok) {
			synced += 2;
			cr_expect_eq(journal_last_seq(j), before + 2);
			continue;
		}
		journal_abandon(j);
		*e = why;
		cr_expect_eq(why.code, ERR_IO, "%s: %s", faulty_which(), why.detail);
	}
	journal_close(j);
	return e->code == ERR_NONE;
}

Test(journal_faulty, what_was_synced_is_there_whichever_call_failed)
{
	cr_expect_geq(faulty_sweep(ENOSPC, make_journal, work, is_whole), 10);
	cr_expect_geq(faulty_sweep(EIO, make_journal, work, is_whole), 10);
}

static void
is_done_and_whole(bool ok, const struct err *e)
{
	cr_expect(ok, "%s: %s", faulty_which(), e->detail);
	is_whole(ok, e);
}

Test(journal_faulty, writes_that_come_in_pieces_are_finished)
{
	cr_expect_geq(faulty_sweep(FAULTY_SHORT, make_journal, work, is_done_and_whole),
	    3);
}

static bool
create(struct err *e)
{
	return journal_create(dir, e);
}

/* What is left of a failed beginning does not stand in the way of the next. */
static void
can_be_made_again(bool ok, const struct err *ignored)
{
	struct err e = { 0 };

	(void)ignored;
	if (!ok && !journal_create(dir, &e))
		cr_expect_eq(e.code, ERR_CONFLICT, "%s: %s", faulty_which(), e.detail);
	is_whole(true, &e);
}

Test(journal_faulty, a_journal_is_made_whole_or_can_be_made_again)
{
	cr_expect_geq(faulty_sweep(ENOSPC, make_dir, create, can_be_made_again), 5);
}

static void
fill(void)
{
	struct err e = { 0 };

	make_journal();
	cr_assert(work(&e), "%s", e.detail);
}

static size_t seen;

static bool
verify(struct err *e)
{
	seen = 0;
	return journal_verify(dir, count, &seen, e);
}

static void
judged_of_all(bool ok, const struct err *e)
{
	cr_expect(!ok || seen == synced);
	cr_expect(ok || e->code == ERR_IO || e->code == ERR_INTERNAL, "%s: %s",
	    faulty_which(), e->detail);
	is_whole(true, e);
}

/* S87: a walk that could not read all says so, and never that all is well. */
Test(journal_faulty, a_walk_that_cannot_read_is_no_walk_without_findings)
{
	cr_expect_geq(faulty_sweep(EIO, fill, verify, judged_of_all), 4);
}

static bool
extent(struct err *e)
{
	struct journal_extent x = { 0 };

	seen = 0;
	return journal_extent(dir, count, &seen, &x, e);
}

Test(journal_faulty, how_far_it_reaches_is_told_of_what_could_be_read)
{
	cr_expect_geq(faulty_sweep(EIO, fill, extent, judged_of_all), 4);
}

static bool
open_by_mark(struct err *e)
{
	struct journal_mark m = { 0 };
	struct journal *j = NULL;
	size_t healed;

	seen = 0;
	if (!journal_open(dir, NULL, NULL, &j, &healed, e))
		return false;
	bool ok =
	    journal_mark(j, &m, e) && add(j, "behind it", e) && journal_sync(j, e);
	synced += ok ? 1 : 0;
	journal_close(j);
	j = NULL;
	ok = ok && journal_open_at(dir, &m, count, &seen, &j, &healed, e);
	if (ok)
		cr_expect_geq(seen, 1, "what is behind the mark");
	ok = ok && journal_read(j, 1, 100, count, &seen, e);
	journal_close(j);
	journal_mark_free(&m);
	return ok;
}

Test(journal_faulty, a_mark_that_cannot_be_made_or_met_is_told)
{
	cr_expect_geq(faulty_sweep(EIO, fill, open_by_mark, is_whole), 10);
}
