/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_renewal.h"
#include "tmp_certificate.h"

TestSuite(store_renewal, .init = tmp_begin, .fini = tmp_end);

static struct renewal
renewal_of(int64_t id, int64_t start, const char *reason)
{
	return (struct renewal){ .certificate_id = id,
		.start_at = start,
		.end_at = start + 60,
		.ordered_at = start - 5,
		.ordered_by = (char *)(uintptr_t) "cert:admin",
		.reason = (char *)(uintptr_t)reason };
}

/* A228 */
Test(store_renewal, what_was_ordered_last_counts)
{
	struct renewal put = renewal_of(1, 1000, "first"), got = { 0 };

	tmp_add(1);
	cr_expect_not(store_renewal_get(st, 1, &got, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	MUST(store_renewal_put(st, &put, &e));
	put = renewal_of(1, 2000, NULL);
	MUST(store_renewal_put(st, &put, &e));
	MUST(store_renewal_get(st, 1, &got, &e));
	cr_expect_eq(got.start_at, 2000);
	cr_expect_eq(got.end_at, 2060);
	cr_expect_eq(got.ordered_at, 1995);
	cr_expect_str_eq(got.ordered_by, "cert:admin");
	cr_expect_str_eq(got.reason, "");
	store_renewal_free(&got);
	cr_expect_eq(tmp_number("SELECT COUNT(*) FROM renewal"), 1);
}

Test(store_renewal, it_is_found_by_its_key)
{
	struct stmt *q = stmt_begin_sql(store_db(st),
	    "EXPLAIN QUERY PLAN SELECT start_at FROM renewal WHERE certificate_id = 1",
	    "plan");

	cr_assert(stmt_step(q));
	cr_expect_not_null(strstr(stmt_col_text(q, 3), "PRIMARY KEY"), "%s",
	    stmt_col_text(q, 3));
	(void)!stmt_finish(q, &e);
}
