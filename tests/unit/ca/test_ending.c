/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "ca/ending.h"

#define WRITTEN INT64_C(1800000000)
#define DAY     86400
#define BOOT_MS 5000000 /* of the clock since the boot, at the start */

static struct ending x;

/* So many seconds after the start, by a clock that is so far from the right one. */
static int64_t
at(int64_t after_s, int64_t wrong_s)
{
	return ending_at(&x, WRITTEN + after_s + wrong_s, BOOT_MS + after_s * 1000) -
	       WRITTEN - after_s;
}

static void
begin(void)
{
	ending_begin(&x, WRITTEN, 0, BOOT_MS);
}

TestSuite(ending, .init = begin);

/* S27 */
Test(ending, a_clock_that_is_ahead_ends_no_more_than_a_day)
{
	cr_expect_eq(at(0, 0), 0);
	cr_expect_eq(at(10, -5000), -5000, "one that is behind ends less");
	cr_expect_eq(at(20, DAY), DAY);
	cr_expect_eq(at(30, DAY + 1), DAY);
	cr_expect_eq(at(40, 3650 * DAY), DAY);
	cr_expect_eq(at(50, 0), 0, "put right");
	cr_expect_eq(at(100 * DAY, 5), 5, "time goes on");
}

Test(ending, a_clock_that_goes_evenly_for_an_hour_is_believed)
{
	cr_expect_eq(at(0, 30 * DAY), DAY, "off for a month");
	cr_expect_eq(at(1800, 30 * DAY + 2), DAY);
	cr_expect_eq(at(3599, 30 * DAY), DAY);
	cr_expect_eq(at(3600, 30 * DAY), 30 * DAY);
	cr_expect_eq(at(3660, 30 * DAY), 30 * DAY);
	cr_expect_eq(at(3670, 31 * DAY + 1), 31 * DAY, "from there a day again");
}

Test(ending, a_clock_that_jumps_begins_its_hour_anew)
{
	cr_expect_eq(at(0, 30 * DAY), DAY);
	cr_expect_eq(at(3000, 40 * DAY), DAY);
	cr_expect_eq(at(3600, 40 * DAY), DAY);
	cr_expect_eq(at(5000, 30 * DAY), DAY);
	cr_expect_eq(at(7000, 0), 0);
	cr_expect_eq(at(7100, 30 * DAY), DAY, "nor does what was before count");
	cr_expect_eq(at(8600, 30 * DAY), DAY);
	cr_expect_eq(at(10700, 30 * DAY), 30 * DAY);
}

Test(ending, where_nothing_was_written_any_clock_is_believed)
{
	ending_begin(&x, 0, WRITTEN + 9 * DAY, BOOT_MS);
	cr_expect_eq(at(0, 9 * DAY), 9 * DAY);
	cr_expect_eq(at(0, 11 * DAY), 10 * DAY);
}
