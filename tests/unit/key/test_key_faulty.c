/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, when GnuTLS fails at any call: a refusal, no half of a key, and no octet of a signature. */
#include <criterion/criterion.h>
#include <string.h>

#include "../faulty.h"
#include "key/key.h"

static const struct {
	enum key_alg alg;
	unsigned bits;
} kinds[] = { { KEY_ALG_ECDSA_P256, 0 }, { KEY_ALG_ECDSA_P384, 0 },
	{ KEY_ALG_ED25519, 0 }, { KEY_ALG_RSA, 2048 } };
static size_t kind;
static struct key *key, *made;
static struct buf out;
static const char *passphrase;

static void
begin(void)
{
	buf_init(&out, KIB(16));
	made = NULL;
}

static void
end(bool ok, const struct err *e)
{
	cr_expect(ok || e->code == ERR_INTERNAL || e->code == ERR_MALFORMED ||
		      e->code == ERR_BAD_KEY || e->code == ERR_TOO_LARGE,
	    "%s: %s", faulty_which(), e->detail);
	cr_expect_not_null(faulty_which());
	cr_expect(ok || out.n == 0, "%s: %zu octets are out", faulty_which(), out.n);
	key_free(made);
	buf_wipe(&out);
}

static bool
generate(struct err *e)
{
	const bool ok = key_generate(kinds[kind].alg, kinds[kind].bits, &made, e);

	cr_expect_eq(ok, made != NULL, "%s", faulty_which());
	return ok;
}

static bool
sign(struct err *e)
{
	return key_sign(key, bytes_str("octets"), &out, e);
}

static bool
stream(struct err *e)
{
	struct key_stream *s = NULL;

	if (!key_stream_begin(key, &s, e))
		return false;
	key_stream_add(s, bytes_str("oct"));
	key_stream_add(s, bytes_str("ets"));
	return key_stream_end(s, &out, e);
}

static bool
save(struct err *e)
{
	return key_save(key, passphrase, &out, e);
}

static struct buf pem;

static bool
load(struct err *e)
{
	const bool ok = key_load(buf_bytes(&pem), passphrase, &made, e);

	cr_expect_eq(ok, made != NULL, "%s", faulty_which());
	return ok;
}

static void
sweep(bool (*act)(struct err *), unsigned least)
{
	const unsigned n = faulty_sweep(1, begin, act, end);

	cr_expect_geq(n, least, "kind %zu: %u calls", kind, n);
}

/* R26, S26 */
Test(key_faulty, a_key_is_made_whole_or_not_at_all)
{
	for (kind = 0; kind < NITEMS(kinds); kind++)
		sweep(generate, 5);
}

/* R26: also the verification that cannot be done lets no signature out. */
Test(key_faulty, nothing_is_signed_when_a_step_fails)
{
	struct err e = { 0 };

	for (kind = 0; kind < NITEMS(kinds); kind++) {
		cr_assert(key_generate(kinds[kind].alg, kinds[kind].bits, &key, &e));
		sweep(sign, 1);
		sweep(stream, 1);
		key_free(key);
	}
}

Test(key_faulty, a_key_is_kept_and_read_whole_or_not_at_all)
{
	struct err e = { 0 };

	for (kind = 0; kind < NITEMS(kinds); kind++)
		for (int locked = 0; locked < 2; locked++) {
			passphrase = locked ? "words" : NULL;
			cr_assert(
			    key_generate(kinds[kind].alg, kinds[kind].bits, &key, &e));
			sweep(save, 1);
			buf_init(&pem, KIB(16));
			cr_assert(key_save(key, passphrase, &pem, &e), "%s", e.detail);
			sweep(load, 5);
			buf_wipe(&pem);
			key_free(key);
		}
}
