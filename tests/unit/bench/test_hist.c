/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/hist.h"

Test(hist, buckets_follow_each_other_without_gap_and_hold_their_values)
{
	int64_t least, end, before = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		struct hist h = { 0 };

		hist_bounds(i, &least, &end);
		cr_expect_eq(least, before, "bucket %u", i);
		cr_expect_lt(least, end);
		hist_add(&h, least);
		hist_add(&h, end - 1);
		cr_expect_eq(h.v[i], 2, "bucket %u", i);
		before = end;
	}
	cr_expect_gt(before, INT64_C(130000000));
}

Test(hist, percentiles_are_at_most_a_thirty_second_too_high)
{
	static const unsigned permille[] = { 1, 10, 500, 900, 990, 999 };
	struct hist h = { 0 };

	for (int64_t us = 1; us <= 100000; us++)
		hist_add(&h, us);
	for (size_t i = 0; i < NITEMS(permille); i++) {
		const int64_t right = 100 * (int64_t)permille[i];
		const int64_t said = hist_at(&h, permille[i]);

		cr_expect(said >= right && said <= right + right / 32 + 1,
		    "%u: %lld for %lld", permille[i], (long long)said,
		    (long long)right);
	}
	cr_expect_eq(hist_at(&h, 1000), 100000);
	cr_expect_eq(hist_mean(&h), 50000);
}

Test(hist, of_none_all_is_nothing_and_of_one_all_is_that)
{
	struct hist h = { 0 };
	struct hist_step steps[HIST_STEPS_MAX];
	struct buf b;

	buf_init(&b, KIB(4));
	cr_expect_eq(hist_at(&h, 500), 0);
	cr_expect_eq(hist_mean(&h), 0);
	cr_expect_eq(hist_steps(&h, steps), 0);
	hist_text(&h, &b);
	cr_expect_eq(b.n, 0);

	hist_add(&h, 12345);
	cr_expect_eq(hist_at(&h, 1), 12345);
	cr_expect_eq(hist_at(&h, 990), 12345);
	cr_expect_eq(hist_steps(&h, steps), 1);
	cr_expect(steps[0].least_us <= 12345 && steps[0].end_us > 12345);
	hist_text(&h, &b);
	cr_expect_not_null(strstr(buf_str(&b), "100.00 % ####"));
	buf_free(&b);
}

Test(hist, what_cannot_be_is_taken_for_the_nearest_that_can)
{
	struct hist h = { 0 };

	hist_add(&h, -5);
	hist_add(&h, INT64_MAX / 4);
	cr_expect_eq(h.n, 2);
	cr_expect_eq(h.v[0], 1);
	cr_expect_eq(h.v[HIST_BUCKETS - 1], 1);
}

Test(hist, two_merged_are_as_if_all_had_gone_into_one)
{
	struct hist a = { 0 }, b = { 0 }, both = { 0 };

	for (int64_t us = 1; us < 5000; us += 7) {
		hist_add(us % 2 == 0 ? &a : &b, us);
		hist_add(&both, us);
	}
	hist_merge(&a, &b);
	cr_expect_eq(memcmp(&a, &both, sizeof(a)), 0);
}

Test(hist, spans_are_written_in_the_unit_that_fits)
{
	static const struct {
		int64_t us;
		const char *text;
	} rows[] = { { 0, "0 us" }, { 999, "999 us" }, { 1250, "1.25 ms" },
		{ 45300, "45.3 ms" }, { 2500000, "2.50 s" } };

	for (size_t i = 0; i < NITEMS(rows); i++) {
		char text[HIST_SPAN_LEN];

		hist_span(rows[i].us, text);
		cr_expect_str_eq(text, rows[i].text);
	}
}
