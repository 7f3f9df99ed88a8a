/* SPDX-License-Identifier: Apache-2.0 */
/* The benchmark, when GnuTLS or the system fails at any call: it says so, and counts nothing. */
#include <criterion/criterion.h>
#include <string.h>

#include "../faulty.h"
#include "bench/ceiling.h"
#include "bench/stock.h"

static bool
take_ceiling(struct err *e)
{
	struct ceiling c = { 0 };
	const bool ok = ceiling_take(KEY_ALG_ECDSA_P256, 1, &c, e);

	cr_expect_eq(ok, c.signs > 0, "%s", faulty_which());
	return ok;
}

Test(bench_faulty, a_ceiling_is_of_what_was_signed_and_verified)
{
	cr_expect_geq(faulty_sweep(1, NULL, take_ceiling, NULL), 8);
}

static struct stock stock;

static bool
make_stock(struct err *e)
{
	stock = (struct stock){ 0 };
	return stock_make(2, "example.test", false, &stock, e);
}

static void
is_full_or_empty(bool ok, const struct err *e)
{
	(void)e;
	cr_expect_eq(stock.n, ok ? 2 : 0, "%s", faulty_which());
	stock_free(&stock);
}

Test(bench_faulty, requests_are_in_stock_or_it_is_told_why_not)
{
	cr_expect_geq(faulty_sweep(1, NULL, make_stock, is_full_or_empty), 8);
}
