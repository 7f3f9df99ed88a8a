/* SPDX-License-Identifier: Apache-2.0 */
/* R90, R91: a database that cannot be looked at is not opened, not made anew, and not copied by half. */
#include <errno.h>
#include <string.h>

#include "../faulty.h"
#include "base/mem.h"
#include "tmp_db.h"

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
