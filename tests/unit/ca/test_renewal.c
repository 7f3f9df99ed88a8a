/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "ca/renewal.h"

#define NOW INT64_C(1767225600)

/* A233: however many there are, no part of the time gets more than its share and one. */
Test(renewal, windows_are_spread_evenly_for_any_number_of_them)
{
	const struct renewal_order o = { .at = NOW, .within_s = 21600 };
	unsigned tenths[10] = { 0 };
	int64_t start, end;

	for (uint64_t n = 0; n < 1000; n++) {
		renewal_window(&o, n, NOW + 10 * 86400, &start, &end);
		cr_assert(start >= NOW && start < end && end <= NOW + o.within_s);
		tenths[(start - NOW) * 10 / (o.within_s * 19 / 20)]++;
		if (n + 1 == 10 || n + 1 == 100 || n + 1 == 1000)
			for (size_t i = 0; i < NITEMS(tenths); i++) {
				cr_expect_leq(tenths[i], (n + 1) / 10 + 2);
				cr_expect_geq(tenths[i] + 2, (n + 1) / 10);
			}
	}
}

/* A233 */
Test(renewal, a_window_ends_before_its_certificate)
{
	const struct renewal_order o = { .at = NOW, .within_s = 21600 };
	int64_t start, end;

	for (int64_t left = 1; left < 30000; left = left * 2 + 1)
		for (uint64_t n = 0; n < 70; n++) {
			renewal_window(&o, n, NOW + left, &start, &end);
			cr_assert(start >= NOW && start < end);
			cr_assert_leq(end, NOW + left, "%lld left", (long long)left);
		}
	renewal_window(&o, UINT64_MAX, NOW + 86400, &start, &end);
	cr_expect(start >= NOW && end <= NOW + o.within_s);
}
