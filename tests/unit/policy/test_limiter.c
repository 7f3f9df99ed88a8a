/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "policy/limiter.h"

static void
key_of(unsigned n, uint8_t ret[static 16])
{
	memset(ret, 0, 16);
	memcpy(ret, &n, sizeof(n));
}

/* S32 */
Test(limiter, a_burst_passes_then_the_rate_holds_and_says_how_long)
{
	struct limiter *l = limiter_new(3600, 5); /* one a second */
	uint8_t a[16], b[16];
	int64_t wait = 0;

	key_of(1, a);
	key_of(2, b);
	for (int i = 0; i < 5; i++)
		cr_expect(limiter_take(l, a, 1000, &wait));
	cr_expect_not(limiter_take(l, a, 1000, &wait));
	cr_expect_eq(wait, 1);
	cr_expect(limiter_take(l, b, 1000, &wait), "another one is not slowed");
	cr_expect_not(limiter_take(l, a, 1900, &wait));
	cr_expect(limiter_take(l, a, 2000, &wait));
	cr_expect_not(limiter_take(l, a, 2000, &wait));
	cr_expect(limiter_take(l, a, 2000 + INT64_C(86400000) * 365, &wait));
	for (int i = 0; i < 4; i++)
		cr_expect(limiter_take(l, a, 2000 + INT64_C(86400000) * 365, &wait));
	cr_expect_not(limiter_take(l, a, 2000 + INT64_C(86400000) * 365, &wait));
	limiter_free(l);
}

/* S32: who asks again and again, or shares a bucket with such a one, gets what is due. */
Test(limiter, however_often_somebody_tries_the_rate_is_the_same)
{
	static const struct {
		uint32_t per_hour;
		int64_t each_ms;
	} cases[] = { { 5, 700 }, { 60, 50 }, { 500, 7 }, { 500, 8 }, { 7, 3 },
		{ 3600, 1 }, { 100000, 1 }, { 11, 999983 }, { 1, 1000 } };
	int64_t wait = 0;
	uint8_t a[16];

	key_of(1, a);
	for (size_t i = 0; i < NITEMS(cases); i++) {
		struct limiter *l = limiter_new(cases[i].per_hour, 2);
		int64_t now = 1000, end = now + 2 * INT64_C(3600000), taken = 0;

		cr_assert(
		    limiter_take(l, a, now, &wait) && limiter_take(l, a, now, &wait));
		while ((now += cases[i].each_ms) <= end)
			taken += limiter_take(l, a, now, &wait);
		int64_t due =
		    (now - cases[i].each_ms - 1000) * cases[i].per_hour / 3600000;
		if (due > 7200000 / cases[i].each_ms)
			due = 7200000 / cases[i].each_ms; /* all that were tried */
		cr_expect_eq(taken, due, "%u an hour, each %lld ms: %lld, not %lld",
		    cases[i].per_hour, (long long)cases[i].each_ms, (long long)taken,
		    (long long)due);
		limiter_free(l);
	}
}

/* S32: Retry-After is kept, and it is not told too late either. */
Test(limiter, after_the_time_that_was_told_there_is_one)
{
	int64_t wait = 0;
	uint8_t a[16];

	key_of(1, a);
	for (uint32_t per_hour = 1; per_hour <= 3600; per_hour += 7) {
		struct limiter *l = limiter_new(per_hour, 1);

		cr_assert(limiter_take(l, a, 1000, &wait));
		cr_assert_not(limiter_take(l, a, 1000, &wait));
		const int64_t last = 1000 + wait * 1000;
		cr_expect_leq((wait - 1) * per_hour, 3600, "%u an hour", per_hour);
		for (int64_t now = 1000; now < last - 1000; now += 313)
			cr_expect_not(limiter_take(l, a, now, &wait));
		cr_expect(limiter_take(l, a, last, &wait), "%u an hour", per_hour);
		limiter_free(l);
	}
}

Test(limiter, what_is_given_back_is_there_again_and_no_more)
{
	struct limiter *l = limiter_new(60, 1);
	uint8_t a[16];
	int64_t wait = 0;

	key_of(1, a);
	cr_expect(limiter_take(l, a, 1000, &wait));
	cr_expect_not(limiter_take(l, a, 31000, &wait), "half of one has come");
	limiter_give_back(l, a);
	limiter_give_back(l, a);
	cr_expect(limiter_take(l, a, 31000, &wait));
	cr_expect_not(limiter_take(l, a, 31000, &wait));
	cr_expect_eq(wait, 60);
	limiter_free(l);
}

/* A burst beyond an hour's worth comes back at the rate, too. */
Test(limiter, a_long_burst_is_back_when_its_time_has_passed)
{
	struct limiter *l = limiter_new(2, 10);
	const int64_t hour = INT64_C(3600000);
	uint8_t a[16];
	int64_t wait = 0;

	key_of(1, a);
	for (int i = 0; i < 10; i++)
		cr_expect(limiter_take(l, a, 1000, &wait));
	for (int i = 0; i < 6; i++)
		cr_expect(limiter_take(l, a, 1000 + 3 * hour, &wait));
	cr_expect_not(limiter_take(l, a, 1000 + 3 * hour, &wait));
	for (int i = 0; i < 10; i++)
		cr_expect(limiter_take(l, a, INT64_MAX, &wait));
	cr_expect_not(limiter_take(l, a, INT64_MAX, &wait));
	limiter_free(l);
}

/* S27: a clock that goes back gives nothing and takes nothing. */
Test(limiter, a_clock_that_goes_back_neither_gives_nor_takes)
{
	struct limiter *l = limiter_new(60, 1); /* one a minute */
	uint8_t a[16];
	int64_t wait = 0;

	key_of(1, a);
	cr_expect(limiter_take(l, a, 1000000, &wait));
	cr_expect_not(limiter_take(l, a, 500, &wait));
	cr_expect_eq(wait, 60);
	cr_expect(limiter_take(l, a, 60500, &wait));
	limiter_give_back(l, a);
	cr_expect(limiter_take(l, a, 60500, &wait));
	limiter_free(l);
}

Test(limiter, zero_is_no_limit_and_a_flood_of_keys_stays_in_its_table)
{
	struct limiter *none = limiter_new(0, 1), *l = limiter_new(1, 1);
	uint8_t a[16];
	int64_t wait = 0;

	for (unsigned i = 0; i < 100000; i++) {
		key_of(i * 2654435761u, a);
		cr_expect(limiter_take(none, a, 1, &wait));
		cr_expect(limiter_take(l, a, 1 + i, &wait));
	}
	limiter_free(none);
	limiter_free(l);
}
