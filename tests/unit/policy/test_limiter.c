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
