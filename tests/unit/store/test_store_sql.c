/* SPDX-License-Identifier: Apache-2.0 */
#include "tmp_store.h"

#include <stdio.h>

#include "../../../src/store/store_impl.h"

static int64_t
answer(unsigned n, int64_t v)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "SELECT $1 + %u", n);
	struct stmt *q = store_sql_begin(st, sql, "add");
	stmt_int(q, 1, v);
	MUST(stmt_row(q, &e));
	const int64_t sum = stmt_col_int(q, 0);
	MUST(stmt_finish(q, &e));
	return sum;
}

Test(store_sql, each_text_is_its_own_statement_kept_or_not, .init = tmp_begin,
    .fini = tmp_end)
{
	for (unsigned round = 0; round < 3; round++)
		for (unsigned n = 0; n < STORE_SQL_MAX + 5; n++)
			cr_expect_eq(answer(n, round), n + round);
}

Test(store_sql, one_that_is_under_way_does_not_stand_in_for_another, .init = tmp_begin,
    .fini = tmp_end)
{
	struct stmt *outer = store_sql_begin(st, "SELECT $1 + 1", "add");

	stmt_int(outer, 1, 40);
	MUST(stmt_row(outer, &e));
	cr_expect_eq(answer(1, 1), 2);
	cr_expect_eq(stmt_col_int(outer, 0), 41);
	MUST(stmt_finish(outer, &e));
	cr_expect_eq(answer(1, 2), 3);
}

Test(store_sql, a_text_that_is_no_sql_fails_each_time, .init = tmp_begin,
    .fini = tmp_end)
{
	for (int round = 0; round < 2; round++) {
		struct stmt *q =
		    store_sql_begin(st, "SELECT nothing FROM nowhere", "ask");

		cr_expect_not(stmt_finish(q, &e));
		cr_expect_eq(answer(1, 2), 3);
	}
}
