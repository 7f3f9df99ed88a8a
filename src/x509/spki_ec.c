/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a public key a point of its curve (P53)?  GnuTLS asks only when it
 * verifies, so it is asked here, with plain arithmetic on public numbers.
 */
#include <assert.h>
#include <gmp.h>
#include <string.h>

#include "spki_part.h"

/* FIPS 186-5, SP 800-186 3.2.1: y^2 = x^3 - 3x + b mod p. */
static const struct {
	enum key_alg alg;
	const char *p, *b;
} weierstrass[] = {
	{ KEY_ALG_ECDSA_P256,
	    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
	    "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b" },
	{ KEY_ALG_ECDSA_P384,
	    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
	    "ffffffff0000000000000000ffffffff",
	    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a"
	    "c656398d8a2ed19d2a85c8edd3ec2aef" },
	{ KEY_ALG_ECDSA_P521,
	    "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	    "ffff",
	    "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef1"
	    "09e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b50"
	    "3f00" },
};

bool
spki_ec_check(enum key_alg curve, struct bytes point, struct err *e)
{
	const size_t octets = point.n / 2;
	size_t i = 0;
	mpz_t p, b, x, y, t;

	while (i < NITEMS(weierstrass) && weierstrass[i].alg != curve)
		i++;
	assert(i < NITEMS(weierstrass));
	mpz_init_set_str(p, weierstrass[i].p, 16);
	mpz_init_set_str(b, weierstrass[i].b, 16);
	mpz_inits(x, y, t, NULL);
	mpz_import(x, octets, 1, 1, 1, 0, point.p + 1);
	mpz_import(y, octets, 1, 1, 1, 0, point.p + 1 + octets);

	mpz_mul(t, x, x); /* x^3 - 3x + b = (x^2 - 3) x + b */
	mpz_sub_ui(t, t, 3);
	mpz_mul(t, t, x);
	mpz_add(t, t, b);
	mpz_submul(t, y, y);
	const bool on = mpz_cmp(x, p) < 0 && mpz_cmp(y, p) < 0 && mpz_divisible_p(t, p);
	mpz_clears(p, b, x, y, t, NULL);
	if (!on)
		return err_set(e, ERR_BAD_KEY, "%s point is not on its curve",
		    sets_key_alg_word(curve));
	return true;
}

/* RFC 8032 5.1, 5.2: a x^2 + y^2 = 1 + d x^2 y^2 mod p; 'y8' are of order 8. */
static const struct {
	enum key_alg alg;
	int a;
	const char *p, *d;
	const char *y8[2];
} edwards[] = {
	{ KEY_ALG_ED25519, -1,
	    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed",
	    "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3",
	    { "05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826",
		"7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7" } },
	{ KEY_ALG_ED448, 1,
	    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
	    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	    "-98a9", /* -39081 */
	    { NULL, NULL } },
};

/* x^2 = (1 - y^2) / (a - d y^2) must be a square: a quotient is one if the product is. */
static bool
has_x(const mpz_t y, const mpz_t p, const mpz_t d, int a, bool sign)
{
	mpz_t u, v;

	mpz_inits(u, v, NULL);
	mpz_mul(v, y, y);
	mpz_ui_sub(u, 1, v);
	mpz_mul(v, v, d);
	mpz_neg(v, v);
	if (a > 0)
		mpz_add_ui(v, v, 1);
	else
		mpz_sub_ui(v, v, 1);
	mpz_mul(v, u, v);
	mpz_mod(v, v, p);
	const bool is_zero = mpz_sgn(v) == 0;
	const bool ok = is_zero ? !sign : mpz_legendre(v, p) == 1;
	mpz_clears(u, v, NULL);
	return ok;
}

bool
spki_ed_check(enum key_alg curve, struct bytes point, struct err *e)
{
	const size_t k = curve == KEY_ALG_ED25519 ? 0 : 1;
	uint8_t octets[57];
	mpz_t p, d, y, t;

	assert(edwards[k].alg == curve && point.n <= sizeof(octets));
	memcpy(octets, point.p, point.n);
	const bool sign = (octets[point.n - 1] & 0x80) != 0;
	octets[point.n - 1] &= 0x7f;
	mpz_init_set_str(p, edwards[k].p, 16);
	mpz_init_set_str(d, edwards[k].d, 16);
	mpz_inits(y, t, NULL);
	mpz_import(y, point.n, -1, 1, -1, 0, octets);

	bool ok = mpz_cmp(y, p) < 0 && has_x(y, p, d, edwards[k].a, sign);
	/* Order 1, 2 and 4 are y = 1, -1 and 0 on both curves. */
	mpz_sub_ui(t, p, 1);
	bool small = mpz_cmp_ui(y, 1) <= 0 || mpz_cmp(y, t) == 0;
	for (size_t i = 0; i < 2 && edwards[k].y8[i] != NULL; i++) {
		mpz_set_str(t, edwards[k].y8[i], 16);
		small |= mpz_cmp(y, t) == 0;
	}
	mpz_clears(p, d, y, t, NULL);
	if (!ok)
		return err_set(e, ERR_BAD_KEY, "%s point is not on its curve",
		    sets_key_alg_word(curve));
	if (small)
		return err_set(e, ERR_BAD_KEY, "%s point is of small order",
		    sets_key_alg_word(curve));
	return true;
}
