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

/* Of 2^16. */
static int64_t
drawn(const struct cert *c)
{
	uint8_t hash[32] = { 0 };

	/* Fails only where GnuTLS has no SHA-256: then there is no jitter. */
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, c->der.p, c->der.n, hash) != 0)
		return 0;
	return hash[0] * INT64_C(256) + hash[1];
}

int64_t
renew_plan_due(const struct cert *c, int64_t renew_after)
{
	/* Where most of the life lies before its issuance, little of it is left. */
	const int64_t left = c->not_after + 1 - renew_after;
	const int64_t span = 3 * left < life(c) ? 3 * left : life(c);

	return renew_after + span * drawn(c) / 65536 / 10;
}

int64_t
renew_plan_within(const struct cert *c, int64_t start, int64_t end)
{
	return start + (end - start) * drawn(c) / 65536;
}

int64_t
renew_plan_wait_ms(unsigned n, const struct cert *c, int64_t retry_after_s)
{
	int64_t most = life(c) * 1000 / 20, wait = 1000;
	uint16_t random = 0;

	if (most > HOUR_MS)
		most = HOUR_MS;
	for (unsigned i = 1; i < n && wait < most; i++)
		wait *= 2;
	if (wait > most)
		wait = most > 1000 ? most : 1000;
	if (gnutls_rnd(GNUTLS_RND_NONCE, &random, sizeof(random)) != 0)
		random = 0;
	wait = wait / 2 + wait / 2 * random / UINT16_MAX;
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
