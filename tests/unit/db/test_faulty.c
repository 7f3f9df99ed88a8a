/* SPDX-License-Identifier: Apache-2.0 */
/* R90, R91: a database that cannot be looked at is not opened, not made anew, and not copied by half. */
#include <errno.h>
#include <string.h>

#include "../faulty.h"
#include "base/mem.h"
#include "tmp_db.h"
#include <sqlite3.h>

#define CALL FAULTY_CALL

/* clang-format off */
CALL(int, SQLITE_IOERR, sqlite3_exec, (sqlite3 *h, const char *sql, int (*f)(void *, int, char **, char **), void *arg,
    char **why), h, sql, f, arg, why)
CALL(int, SQLITE_IOERR, sqlite3_step, (sqlite3_stmt *q), q)
CALL(int, SQLITE_NOMEM, sqlite3_prepare_v3, (sqlite3 *h, const char *sql, int n, unsigned flags, sqlite3_stmt **ret,
    const char **tail), h, sql, n, flags, ret, tail)
CALL(int, SQLITE_NOTFOUND, sqlite3_file_control, (sqlite3 *h, const char *name, int op, void *arg), h, name, op, arg)
/* clang-format on */

static void
begin(void)
{
	tmp_begin();
	faulty_keeps_descriptors(); /* SQLite, as long as another connection is open */
}

TestSuite(db_faulty, .init = begin, .fini = tmp_end);

static struct db *second;
static char *copy;

static bool
open_second(struct err *why)
{
	second = NULL;
	return db_open(tmp_path, DB_READ, &second, why);
}

static void
close_second(bool ok, const struct err *why)
{
	cr_expect_eq(ok, second != NULL, "%s", faulty_which());
	cr_expect(ok || why->code == ERR_IO, "%s: %s", faulty_which(), why->detail);
	db_close(second);
	cr_expect_eq(tmp_count(), 1, "%s", faulty_which());
}

Test(db_faulty, one_that_cannot_be_looked_at_is_not_opened)
{
	MUST(tmp_insert(1, "a"));
	cr_expect_geq(faulty_sweep(EIO, NULL, open_second, close_second), 3);
}

static bool
make_copy(struct err *why)
{
	return db_copy(db, copy, why);
}

static void
is_whole_or_absent(bool ok, const struct err *why)
{
	struct err ignored;

	if (ok) {
		cr_expect(db_open(copy, DB_READ, &second, &ignored), "%s",
		    ignored.detail);
		cr_expect(db_check(second, &ignored), "%s", ignored.detail);
		db_close(second);
		unlink(copy);
	}
	cr_expect_neq(access(copy, F_OK), 0, "%s: %s", faulty_which(), why->detail);
}

/* S86 */
Test(db_faulty, a_copy_is_whole_or_absent)
{
	copy = mem_printf("%s.copy", tmp_path);
	MUST(tmp_insert(1, "a"));
	cr_expect_geq(faulty_sweep(ENOSPC, NULL, make_copy, is_whole_or_absent), 2);
	free(copy);
}

/* What was read before the change is a conflict for the writer, and a copy is refused over a file. */
Test(db_faulty, a_copy_takes_nobodys_place)
{
	copy = mem_printf("%s.copy", tmp_path);
	MUST(db_copy(db, copy, &e));
	cr_expect_not(db_copy(db, copy, &e));
	cr_expect_eq(e.code, ERR_CONFLICT, "%s", e.detail);
	unlink(copy);
	free(copy);
}

Test(db_faulty, files_that_are_kept_and_a_log_that_is_settled)
{
	struct err why = { 0 };

	MUST(db_keep_files(db, &e));
	MUST(tmp_insert(1, "a"));
	/* One who reads holds what was there when he began. */
	MUST(db_open(tmp_path, DB_READ, &second, &e));
	MUST(db_begin(second, &e));
	struct stmt *q = stmt_begin_sql(second, "SELECT count(*) FROM t", "count");
	MUST(stmt_row(q, &e));
	MUST(stmt_finish(q, &e));
	MUST(tmp_insert(2, "b"));
	cr_expect_not(db_settle(db, &why));
	cr_expect_eq(why.code, ERR_IO, "%s", why.detail);
	db_rollback(second);
	db_close(second);
	MUST(db_settle(db, &e));
	MUST(db_bulk(db, true, &e));
	MUST(tmp_insert(3, "c"));
	MUST(db_bulk(db, false, &e));
	cr_expect_eq(tmp_count(), 3);
}

/* ---- SQLite itself ---- */

static bool
count_names(const char *name, struct err *why)
{
	static const struct stmt_def def = { "SELECT count(*) FROM t WHERE name = $1",
		"count a name" };
	struct stmt *q = stmt_begin(db, &def);

	stmt_text(q, 1, name);
	if (!stmt_row(q, why))
		return false;
	const int64_t n = stmt_col_int(q, 0);
	return stmt_finish(q, why) &&
	       (n == 1 || err_set(why, ERR_NOT_FOUND, "%s is not there", name));
}

/* All that a daemon does with its database, one after the other, and what it was told. */
static unsigned told;

static bool
insert(int64_t id, const char *name, struct err *why)
{
	struct stmt *q = stmt_begin(db, &tmp_insert_def);

	stmt_int(q, 1, id);
	stmt_text(q, 2, name);
	stmt_null(q, 3);
	return stmt_finish_one(q, why);
}

static bool
live(struct err *why)
{
	told = 0;
	if (!db_open(tmp_path, DB_MUST_EXIST, &db, why) || !db_keep_files(db, why))
		return false;
	if (!db_begin(db, why) || !insert(10, "one", why) || !db_commit(db, why))
		return false;
	told = 1;
	if (!insert(11, "two", why))
		return false;
	told = 2;
	return db_bulk(db, true, why) && db_bulk(db, false, why) &&
	       count_names("one", why) && db_flush(db, why) && db_check(db, why) &&
	       db_settle(db, why);
}

static void
begin_anew(void)
{
	struct err why;

	cr_assert(db_open(tmp_path, DB_MUST_EXIST, &db, &why), "%s", why.detail);
	cr_assert(db_exec(db, "DELETE FROM t", &why), "%s", why.detail);
	db_close(db);
	db = NULL;
}

static void
all_told_is_there(bool ok, const struct err *why)
{
	struct err e2;

	if (db != NULL)
		db_rollback(db);
	db_close(db);
	db = NULL;
	cr_assert(db_open(tmp_path, DB_MUST_EXIST, &db, &e2), "%s", e2.detail);
	cr_expect(db_check(db, &e2), "%s: %s", faulty_which(), e2.detail);
	cr_expect(told < 1 || count_names("one", &e2), "%s: %s", faulty_which(),
	    e2.detail);
	cr_expect(told < 2 || count_names("two", &e2), "%s: %s", faulty_which(),
	    e2.detail);
	cr_expect(ok || why->code != ERR_NONE);
	db_close(db);
	db = NULL;
}

/* R90, S88 */
Test(db_faulty, what_was_told_is_there_whichever_step_of_sqlite_failed)
{
	db_close(db);
	db = NULL;
	cr_expect_geq(faulty_sweep(EIO, begin_anew, live, all_told_is_there), 15);
	MUST(db_open(tmp_path, DB_MUST_EXIST, &db, &e));
}
