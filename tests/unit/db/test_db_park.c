/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions that wait for more of their kind: ADR 0030. */
#include "tmp_db.h"

static void
join(int64_t id, const char *name)
{
	db_replaying(db, true);
	MUST(db_begin(db, &e));
	MUST(tmp_insert(id, name));
	db_replaying(db, false);
}

static void
park(int64_t id, const char *name)
{
	join(id, name);
	cr_assert(db_park(db));
	cr_assert(db_parked(db));
	cr_assert_not(db_in_transaction(db));
}

/* What a reader beside us counts. */
static int64_t
others_count(void)
{
	struct db *mine = db;

	MUST(db_open(tmp_path, DB_READ, &db, &e));
	const int64_t n = tmp_count();
	db_close(db);
	db = mine;
	return n;
}

/* R89 */
Test(db_park, what_is_parked_is_seen_by_us_alone_until_it_is_committed,
    .init = tmp_begin, .fini = tmp_end)
{
	park(1, "a");
	cr_expect_eq(tmp_count(), 1);
	cr_expect(db_parked(db), "reading does not end it");
	cr_expect_eq(others_count(), 0);
	park(2, "b");
	MUST(db_unpark(db, &e));
	cr_expect_eq(others_count(), 2);
	cr_expect(db_unflushed(db));
	MUST(db_unpark(db, &e)); /* nothing */
	MUST(db_flush(db, &e));
}

/* R89 */
Test(db_park, another_kind_of_write_stands_on_its_own, .init = tmp_begin,
    .fini = tmp_end)
{
	park(1, "a");
	MUST(db_begin(db, &e));
	cr_expect_eq(others_count(), 1);
	MUST(tmp_insert(2, "known here alone 2"));
	db_rollback(db);
	cr_expect_eq(tmp_count(), 1, "what was parked is not undone with it");

	/* Outside of a transaction, too. */
	park(3, "c");
	MUST(tmp_insert(4, "known here alone 4"));
	cr_expect_not(db_parked(db));
	cr_expect_eq(others_count(), 3);

	park(5, "e");
	MUST(db_exec(db, "CREATE TABLE more (id INTEGER PRIMARY KEY)", &e));
	cr_expect_eq(others_count(), 4);
}

/* R89 */
Test(db_park, what_stands_nowhere_else_cannot_wait, .init = tmp_begin, .fini = tmp_end)
{
	join(1, "a");
	MUST(tmp_insert(2, "known here alone 2"));
	cr_expect_not(db_park(db));
	MUST(db_commit(db, &e));

	MUST(db_begin(db, &e)); /* began to be flushed */
	cr_expect_not(db_park(db));
	db_rollback(db);
	cr_expect_not(db_park(db), "nothing is open");
}

Test(db_park, a_reading_that_fails_takes_nothing_with_it, .init = tmp_begin,
    .fini = tmp_end)
{
	static const struct stmt_def bad = { "SELECT json_extract('{', '$.a')",
		"read" };

	park(1, "a");
	struct stmt *q = stmt_begin(db, &bad);
	cr_expect_not(stmt_step(q));
	cr_expect_not(stmt_finish(q, &e));
	cr_expect_not(db_lost(db, &e));
	MUST(db_unpark(db, &e));
	cr_expect_eq(others_count(), 1);
}

Test(db_park, a_write_that_fails_undoes_what_it_joined, .init = tmp_begin,
    .fini = tmp_end)
{
	park(1, "a");
	db_replaying(db, true);
	MUST(db_begin(db, &e));
	cr_expect_not(tmp_insert(2, "a"), "the name is there");
	db_replaying(db, false);
	cr_expect_not(db_park(db));
	cr_expect_not(db_commit(db, &e));
	cr_expect(db_lost(db, &e), "whoever commits need not know what he undid");
	cr_expect_eq(e.code, ERR_IO);
	db_rollback(db);
	cr_expect_eq(tmp_count(), 0);
	MUST(tmp_insert(1, "again"));
}

/* R90 */
Test(db_park, who_undoes_his_own_says_what_went_with_it, .init = tmp_begin,
    .fini = tmp_end)
{
	park(1, "a");
	join(2, "b");
	db_undo(db);
	cr_expect(db_lost(db, &e));
	cr_expect_not(db_in_transaction(db));
	db_undo(db);
	cr_expect(db_lost(db, &e), "it is not forgotten");
	db_rollback(db);
	cr_expect_eq(tmp_count(), 0);

	/* What nobody waits for is his alone, also behind one that was committed. */
	for (int way = 0; way < 3; way++) {
		park(1 + way, way == 0 ? "a" : way == 1 ? "b" : "c");
		if (way == 0)
			MUST(db_unpark(db, &e));
		if (way == 1) {
			join(10, "j");
			MUST(db_commit(db, &e));
		}
		MUST(db_begin(db, &e));
		MUST(tmp_insert(20, "x"));
		db_undo(db);
		cr_expect_not(db_lost(db, &e));
	}
	cr_expect_eq(tmp_count(), 4);
}

/* R90 */
Test(db_park, a_late_commit_that_fails_is_not_overlooked, .init = tmp_begin,
    .fini = tmp_end)
{
	MUST(db_exec(db,
	    "CREATE TABLE child (t INTEGER REFERENCES t (id) DEFERRABLE INITIALLY "
	    "DEFERRED)",
	    &e));
	for (int way = 0; way < 3; way++) {
		db_replaying(db, true);
		MUST(db_begin(db, &e));
		struct stmt *q =
		    stmt_begin_sql(db, "INSERT INTO child (t) VALUES (99)", "add");
		MUST(stmt_finish(q, &e));
		db_replaying(db, false);
		cr_assert(db_park(db));
		cr_expect_not(db_lost(db, &e));
		if (way == 0)
			cr_expect_not(db_unpark(db, &e));
		else if (way == 1)
			cr_expect_not(db_begin(db, &e));
		else
			cr_expect_not(tmp_insert(1, "a"));
		cr_expect(db_lost(db, &e));
		cr_expect_not(db_parked(db));
		/* Of what is gone nobody is told that it never was. */
		q = stmt_begin_sql(db, "SELECT count(*) FROM child", "count");
		cr_expect_not(stmt_row(q, &e));
		cr_expect_eq(e.code, ERR_IO);
		cr_expect_not(db_begin(db, &e));
		cr_expect_not(tmp_insert(1, "a"));
		db_rollback(db);
		cr_expect_not(db_lost(db, &e));
		MUST(tmp_insert(10 + way, way == 0 ? "x" : way == 1 ? "y" : "z"));
	}
	cr_expect_eq(tmp_count(), 3);
}

/* R90 */
Test(db_park, a_rollback_of_sqlite_itself_is_seen, .init = tmp_begin, .fini = tmp_end)
{
	park(1, "a");
	/* As SQLite does where the disk is full. */
	struct stmt *q = stmt_begin_sql(db, "ROLLBACK", "undo");
	MUST(stmt_finish(q, &e));
	cr_expect(db_lost(db, &e));
	cr_expect_eq(e.code, ERR_IO);
	db_rollback(db);
	MUST(tmp_insert(1, "again"));
}

/* R89 */
Test(db_park, a_flush_elsewhere_counts_for_what_was_there_when_it_began,
    .init = tmp_begin, .fini = tmp_end)
{
	int fd = -1;

	park(1, "a");
	MUST(db_unpark(db, &e));
	cr_expect_not(db_flush_begin(db, &fd), "there is no descriptor yet");
	MUST(db_keep_files(db, &e));

	cr_assert(db_flush_begin(db, &fd));
	cr_expect_eq(fdatasync(fd), 0);
	db_flush_end(db, true);
	cr_expect_not(db_unflushed(db));
	cr_expect_not(db_flush_begin(db, &fd), "nothing waits");

	park(2, "b");
	MUST(db_unpark(db, &e));
	cr_assert(db_flush_begin(db, &fd));
	park(3, "c");
	MUST(db_unpark(db, &e));
	db_flush_end(db, true);
	cr_expect(db_unflushed(db), "the third came later");

	cr_assert(db_flush_begin(db, &fd));
	db_flush_end(db, false);
	cr_expect(db_broken(db));
}
