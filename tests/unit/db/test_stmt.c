/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tmp_db.h"

static const struct stmt_def all_def = { "SELECT id, name, b FROM t ORDER BY id",
	"list t" };

Test(stmt, parameters_go_by_their_number_and_not_by_their_order, .init = tmp_begin,
    .fini = tmp_end)
{
	const uint8_t octets[] = { 0, 1, 255 };
	struct stmt *q = stmt_begin(db, &tmp_insert_def); /* $2 stands first in it */

	stmt_bytes(q, 3, bytes_of(octets, 3));
	stmt_int(q, 1, INT64_MIN);
	stmt_text(q, 2, "it's");
	MUST(stmt_finish_one(q, &e));
	q = stmt_begin(db, &tmp_insert_def);
	stmt_int(q, 1, INT64_MAX);
	stmt_text(q, 2, NULL);
	stmt_bytes(q, 3, bytes_of(NULL, 0));
	MUST(stmt_finish_one(q, &e));
	cr_expect_eq(db_last_id(db), INT64_MAX);

	q = stmt_begin(db, &all_def);
	cr_assert(stmt_step(q));
	cr_expect_eq(stmt_col_int(q, 0), INT64_MIN);
	cr_expect_str_eq(stmt_col_text(q, 1), "it's");
	cr_expect(bytes_eq(stmt_col_bytes(q, 2), bytes_of(octets, 3)));
	cr_assert(stmt_step(q));
	cr_expect(stmt_col_is_null(q, 1));
	cr_expect_str_eq(stmt_col_text(q, 1), "");
	cr_expect_not(stmt_col_is_null(q, 2), "no octets are a value, not NULL");
	cr_expect_eq(stmt_col_bytes(q, 2).n, 0);
	cr_expect_not(stmt_step(q));
	cr_expect_not(stmt_step(q), "and it stays at its end");
	MUST(stmt_finish(q, &e));
}

Test(stmt, a_statement_is_used_again_and_a_nested_use_gets_its_own_handle,
    .init = tmp_begin, .fini = tmp_end)
{
	for (int i = 1; i <= 3; i++) {
		char name[8];
		snprintf(name, sizeof(name), "n%d", i);
		MUST(tmp_insert(i, name));
	}
	struct stmt *first = stmt_begin(db, &all_def);
	MUST(stmt_finish(first, &e));
	struct stmt *outer = stmt_begin(db, &all_def);
	cr_expect_eq(outer, first, "the same handle, prepared once");
	int seen = 0;
	while (stmt_step(outer)) {
		struct stmt *inner = stmt_begin(db, &all_def);
		cr_expect_neq(inner, outer);
		while (stmt_step(inner))
			seen++;
		MUST(stmt_finish(inner, &e));
	}
	MUST(stmt_finish(outer, &e));
	cr_expect_eq(seen, 9);

	/* Left in the middle, it begins anew with nothing bound. */
	outer = stmt_begin(db, &all_def);
	cr_assert(stmt_step(outer));
	MUST(stmt_finish(outer, &e));
	outer = stmt_begin(db, &all_def);
	cr_assert(stmt_step(outer));
	cr_expect_eq(stmt_col_int(outer, 0), 1);
	MUST(stmt_finish(outer, &e));
}

Test(stmt, the_first_error_sticks_and_the_finish_tells_it, .init = tmp_begin,
    .fini = tmp_end)
{
	static const struct stmt_def bad = { "SELECT x FROM nowhere WHERE a = $1",
		"ask nowhere" };

	for (int i = 0; i < 2; i++) {
		struct stmt *q = stmt_begin(db, &bad);
		stmt_int(q, 1, 7);
		stmt_text(q, 1, "x");
		cr_expect_not(stmt_step(q));
		e = (struct err){ 0 };
		cr_expect_not(stmt_finish(q, &e));
		cr_expect_eq(e.code, ERR_INTERNAL);
		cr_expect_not_null(strstr(e.detail, "ask nowhere: no such table"), "%s",
		    e.detail);
	}
	struct stmt *q = stmt_begin_sql(db, "SELECT id FROM t WHERE id = $1", "get");
	stmt_int(q, 1, 1);
	cr_expect_not(stmt_row(q, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);

	MUST(tmp_insert(1, "a"));
	cr_expect_not(tmp_insert(2, "a"));
	cr_expect_eq(e.code, ERR_CONFLICT);
	q = stmt_begin_sql(db, "UPDATE t SET name = 'b' WHERE id = 99", "move");
	cr_expect_not(stmt_finish_one(q, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	q = stmt_begin_sql(db, "INSERT INTO t (id) VALUES ('x')", "add");
	cr_expect_not(stmt_finish(q, &e));
	cr_expect_eq(e.code, ERR_INTERNAL, "a column's type is a bug of ours");
	cr_expect_eq(tmp_count(), 1);
}

/* R52 */
Test(stmt, bound_text_is_never_read_as_sql, .init = tmp_begin, .fini = tmp_end)
{
	static const char *const shapes[] = { "' OR '1'='1", "*)(cn=*",
		"1;DROP TABLE t", "'; DROP TABLE t; --", "$1", "%00", "\"t\"", "" };

	for (size_t i = 0; i < NITEMS(shapes); i++) {
		MUST(tmp_insert((int64_t)i, shapes[i]));
		struct stmt *q =
		    stmt_begin_sql(db, "SELECT id FROM t WHERE name = $1", "find");
		stmt_text(q, 1, shapes[i]);
		MUST(stmt_row(q, &e));
		cr_expect_eq(stmt_col_int(q, 0), (int64_t)i);
		cr_expect_not(stmt_step(q));
		MUST(stmt_finish(q, &e));
	}
	cr_expect_eq(tmp_count(), (int64_t)NITEMS(shapes));
}
