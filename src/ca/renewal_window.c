/* SPDX-License-Identifier: Apache-2.0 */
/* The windows of one order, apart from what stores them: nothing but numbers. */
#include "ca/renewal.h"

/* 0, 1/2, 1/4, 3/4, 1/8 …, of 2^32: the bits of 'n' the other way round. */
static uint64_t
spread(uint64_t n)
{
	uint64_t r = 0;

	for (int i = 0; i < 32; i++)
		r |= ((n >> i) & 1) << (31 - i);
	return r;
}

void
renewal_window(const struct renewal_order *o, uint64_t n, int64_t not_after,
    int64_t *ret_start, int64_t *ret_end)
{
	const int64_t left = not_after - o->at;
	const int64_t all = left < o->within_s ? left : o->within_s;
	const int64_t width = all / 20 > 0 ? all / 20 : 1;

	*ret_start = o->at + (all - width) * (int64_t)spread(n) / (INT64_C(1) << 32);
	*ret_end = *ret_start + width;
}
