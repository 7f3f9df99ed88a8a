/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/renew_plan.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#define HOUR_MS INT64_C(3600000)

static int64_t
life(const struct cert *c)
{
	return c->not_after + 1 - c->not_before;
}

int64_t
renew_plan_after(const struct cert *c)
{
	return c->not_before + life(c) * 2 / 3;
}

int64_t
renew_plan_due(const struct cert *c, int64_t renew_after)
{
	uint8_t hash[32] = { 0 };
	int64_t drawn = 0; /* of 2^16 */

	/* Fails only where GnuTLS has no SHA-256: then there is no jitter. */
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, c->der.p, c->der.n, hash) == 0)
		drawn = hash[0] * INT64_C(256) + hash[1];
	return renew_after + life(c) * drawn / 65536 / 10;
}

int64_t
renew_plan_wait_ms(unsigned n, const struct cert *c, int64_t retry_after_s)
{
	int64_t most = life(c) * 1000 / 20, wait = 1000;
	uint16_t drawn = 0;

	if (most > HOUR_MS)
		most = HOUR_MS;
	for (unsigned i = 1; i < n && wait < most; i++)
		wait *= 2;
	if (wait > most)
		wait = most > 1000 ? most : 1000;
	if (gnutls_rnd(GNUTLS_RND_NONCE, &drawn, sizeof(drawn)) != 0)
		drawn = 0;
	wait = wait / 2 + wait / 2 * drawn / UINT16_MAX;
	return wait > retry_after_s * 1000 ? wait : retry_after_s * 1000;
}

bool
renew_plan_passes(enum err_code code)
{
	static const enum err_code passing[] = { ERR_TIMEOUT, ERR_RATE_LIMITED,
		ERR_INTERNAL, ERR_IO, ERR_UNAVAILABLE };

	for (size_t i = 0; i < NITEMS(passing); i++)
		if (code == passing[i])
			return true;
	return false;
}
