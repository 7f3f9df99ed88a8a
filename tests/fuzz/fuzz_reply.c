/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP answers that the load generator reads of any server.  The first octet says in
 * how large pieces they come: however they do, the same is read.
 */
#include "bench/reply.h"
#include "fuzz.h"

static bool
feed(struct reply *r, struct bytes in, size_t step)
{
	struct err e = { 0 };

	reply_init(r);
	while (in.n > 0) {
		const size_t k = step < in.n ? step : in.n;

		if (!reply_feed(r, bytes_of(in.p, k), &e)) {
			told(&e);
			return false;
		}
		require(!r->done || (r->status >= 200 && r->status <= 999));
		in = bytes_skip(in, k);
	}
	return true;
}

FUZZ_TARGET(reply)
{
	struct reply whole, pieces;
	struct bytes a, b;

	if (n == 0)
		return 0;
	const struct bytes in = bytes_of(p + 1, n - 1);
	const bool ok = feed(&whole, in, in.n);
	const bool same = feed(&pieces, in, 1 + p[0] % 64);
	require(ok == same);
	if (ok) {
		require(whole.status == pieces.status && whole.done == pieces.done &&
			whole.close == pieces.close);
		require(!whole.done || bytes_eq(whole.body, pieces.body));
		if (whole.status != 0 && reply_header(&whole, "ETag", &a))
			require(reply_header(&pieces, "ETag", &b) && bytes_eq(a, b));
	}
	reply_free(&whole);
	reply_free(&pieces);
	return 0;
}
