/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/ceiling.h"

#include "bench/usage.h"
#include "key/key.h"
#include "x509/spki.h"

#define ROUND 16 /* between two looks at the clock */

static const char text[600] = "as long as a TBSCertificate";

static bool
signs(const struct key *k, int64_t us, double *ret, struct buf *sig, struct err *e)
{
	const int64_t began = usage_self_us();
	uint64_t n = 0;
	int64_t took;

	do {
		for (unsigned i = 0; i < ROUND; i++, n++) {
			buf_clear(sig);
			if (!key_sign(k, bytes_of(text, sizeof(text)), sig, e))
				return false;
		}
		took = usage_self_us() - began;
	} while (took < us);
	*ret = (double)n * 1e6 / (double)took;
	return true;
}

static bool
verifies(const struct key *k, int64_t us, double *ret, const struct buf *sig,
    struct err *e)
{
	const int64_t began = usage_self_us();
	struct spki spki;
	uint64_t n = 0;
	int64_t took;

	if (!spki_parse(key_spki(k), &spki, e))
		return false;
	do {
		for (unsigned i = 0; i < ROUND; i++, n++)
			if (!spki_verify(&spki, key_sig_alg(k),
				bytes_of(text, sizeof(text)), buf_bytes(sig), e))
				return false;
		took = usage_self_us() - began;
	} while (took < us);
	*ret = (double)n * 1e6 / (double)took;
	return true;
}

bool
ceiling_take(enum key_alg alg, int64_t us, struct ceiling *ret, struct err *e)
{
	struct ceiling c = { 0 };
	struct key *k = NULL;
	struct buf sig;

	buf_init(&sig, KIB(4));
	const bool ok = key_generate(alg, 0, &k, e) &&
			signs(k, us, &c.signs, &sig, e) &&
			verifies(k, us, &c.verifies, &sig, e);
	buf_free(&sig);
	key_free(k);
	if (ok)
		*ret = c;
	return ok;
}
