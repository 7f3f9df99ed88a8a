/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "cli/renew_plan.h"

#define NOW INT64_C(1800000000)

static void
a_cert(struct cert *c, int64_t life, unsigned n)
{
	*c = (struct cert){ .not_before = NOW, .not_after = NOW + life - 1 };
	buf_init(&c->der, 64);
	buf_printf(&c->der, "certificate %u", n);
}

Test(renew_plan, it_is_due_between_two_thirds_and_a_tenth_more_always_the_same)
{
	int64_t least = INT64_MAX, most = 0;

	for (unsigned n = 0; n < 1000; n++) {
		struct cert c;

		a_cert(&c, 30000, n);
		cr_expect_eq(renew_plan_after(&c), NOW + 20000);
		const int64_t due = renew_plan_due(&c, NOW + 20000);
		cr_expect_eq(renew_plan_due(&c, NOW + 20000), due);
		least = due < least ? due : least;
		most = due > most ? due : most;
		buf_free(&c.der);
	}
	cr_expect_geq(least, NOW + 20000);
	cr_expect_lt(least, NOW + 20100, "spread over all of it");
	cr_expect_lt(most, NOW + 23000);
	cr_expect_geq(most, NOW + 22900);
}

Test(renew_plan, of_a_life_that_was_mostly_backdated_it_leaves_some)
{
	for (unsigned n = 0; n < 1000; n++) {
		struct cert c;

		a_cert(&c, 360, n); /* a minute, and five before it */
		const int64_t due = renew_plan_due(&c, NOW + 340);
		cr_expect_geq(due, NOW + 340);
		cr_expect_lt(due, NOW + 346);
		buf_free(&c.der);
	}
}

Test(renew_plan, it_waits_longer_each_time_up_to_a_part_of_the_life)
{
	static const struct {
		int64_t life;
		unsigned n;
		int64_t retry_after, least, most; /* ms */
	} rows[] = {
		{ 30, 1, 0, 500, 1000 },
		{ 30, 2, 0, 500, 1500 },
		{ 30, 1000, 0, 500, 1500 },
		{ 86400, 1, 0, 500, 1000 },
		{ 86400, 2, 0, 1000, 2000 },
		{ 86400, 5, 0, 8000, 16000 },
		{ 86400, 1000000, 0, 1800000, 3600000 },
		{ 30 * 86400, 1000, 0, 1800000, 3600000 },
		{ 30 * 86400, 1, 7, 7000, 7000 },
		{ 30 * 86400, 8, 1, 64000, 128000 },
		{ 5, 3, 0, 500, 1000 },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct cert c;

		a_cert(&c, rows[i].life, 1);
		for (int k = 0; k < 50; k++) {
			const int64_t ms =
			    renew_plan_wait_ms(rows[i].n, &c, rows[i].retry_after);
			cr_expect_geq(ms, rows[i].least, "%zu: %ld", i, (long)ms);
			cr_expect_leq(ms, rows[i].most, "%zu: %ld", i, (long)ms);
		}
		buf_free(&c.der);
	}
}

Test(renew_plan, what_passes_is_told_from_what_a_person_must_mend)
{
	cr_expect(renew_plan_passes(ERR_UNAVAILABLE));
	cr_expect(renew_plan_passes(ERR_RATE_LIMITED));
	cr_expect(renew_plan_passes(ERR_IO));
	cr_expect_not(renew_plan_passes(ERR_UNAUTHENTICATED));
	cr_expect_not(renew_plan_passes(ERR_FORBIDDEN));
	cr_expect_not(renew_plan_passes(ERR_NOT_RENEWABLE));
	cr_expect_not(renew_plan_passes(ERR_POLICY));
	cr_expect_not(renew_plan_passes(ERR_BAD_KEY));
}
