/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "key/key_impl.h"

/* A key whose public half is another's: as after a fault, no signature of it verifies. */
static void
check_faulty(enum key_alg alg, unsigned bits)
{
	struct key *k = NULL, *other = NULL;
	struct key_stream *s = NULL;
	struct err e = { 0 };
	struct buf sig;

	buf_init(&sig, KIB(2));
	cr_assert(key_generate(alg, bits, &k, &e), "%s", e.detail);
	cr_assert(key_generate(alg, bits, &other, &e), "%s", e.detail);
	gnutls_pubkey_t own = k->pub;
	k->pub = other->pub;
	cr_expect_not(key_sign(k, bytes_str("octets"), &sig, &e));
	cr_expect_eq(e.code, ERR_INTERNAL);
	cr_expect_not_null(strstr(e.detail, "does not verify"), "%s", e.detail);
	cr_expect_eq(sig.n, 0);

	/* RSA is verified every time, the others at first use and by sample. */
	*k->signs = 0;
	cr_assert(key_stream_begin(k, &s, &e));
	key_stream_add(s, bytes_str("octets"));
	cr_expect_not(key_stream_end(s, &sig, &e));
	cr_expect_eq(sig.n, 0);
	const bool again = key_sign(k, bytes_str("octets"), &sig, &e);
	cr_expect_eq(again, alg != KEY_ALG_RSA);

	k->pub = own;
	buf_free(&sig);
	key_free(k);
	key_free(other);
}

/* P46, R26 */
Test(key_sign, a_signature_that_does_not_verify_never_leaves)
{
	check_faulty(KEY_ALG_ECDSA_P256, 256);
	check_faulty(KEY_ALG_ED25519, 256);
	check_faulty(KEY_ALG_RSA, 2048);
}

/* P46, R26: one in 256, counted from the key's first use on */
Test(key_sign, the_sample_comes_round)
{
	struct key *k = NULL, *other = NULL;
	struct err e = { 0 };
	struct buf sig;
	int refused = 0;

	buf_init(&sig, KIB(200));
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 256, &k, &e));
	cr_assert(key_generate(KEY_ALG_ECDSA_P256, 256, &other, &e));
	gnutls_pubkey_t own = k->pub;
	k->pub = other->pub;
	for (int i = 0; i < 2 * 256 + 1; i++)
		refused += !key_sign(k, bytes_str("octets"), &sig, &e);
	cr_expect_eq(refused, 3);
	k->pub = own;
	buf_free(&sig);
	key_free(k);
	key_free(other);
}
