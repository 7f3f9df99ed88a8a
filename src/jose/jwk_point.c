/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points of Ed25519 (RFC 8032 5.1.3).  GnuTLS decompresses one only when it
 * verifies, so it is asked here, with plain arithmetic on public numbers.
 */
#include <assert.h>
#include <gmp.h>
#include <string.h>

#include "jwk_part.h"

#define OCTETS 32

static const char prime[] =
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";
static const char d_of_curve[] =
    "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3";

/* The y of all points of order 1, 4 and 8; of order 2 there is -1. */
static const char *const small_order[] = { "1", "0",
	"05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826",
	"7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7" };

static bool
is_of_small_order(const mpz_t y, const mpz_t p)
{
	bool is_small = false;
	mpz_t t;

	mpz_init(t);
	for (size_t i = 0; i < NITEMS(small_order); i++) {
		mpz_set_str(t, small_order[i], 16);
		is_small |= mpz_cmp(y, t) == 0;
	}
	mpz_sub_ui(t, p, 1);
	is_small |= mpz_cmp(y, t) == 0;
	mpz_clear(t);
	return is_small;
}

/* x^2 = (y^2 - 1) / (d y^2 + 1); a quotient is a square when the product is. */
static bool
has_x(const mpz_t y, const mpz_t p)
{
	mpz_t u, v;

	mpz_init(u);
	mpz_init_set_str(v, d_of_curve, 16);
	mpz_mul(u, y, y);
	mpz_mul(v, v, u);
	mpz_add_ui(v, v, 1);
	mpz_sub_ui(u, u, 1);
	mpz_mul(u, u, v);
	mpz_mod(u, u, p);
	const bool ok = mpz_legendre(u, p) == 1; /* 0: x is 0, of small order */
	mpz_clears(u, v, NULL);
	return ok;
}

bool
jwk_point_ed25519(struct bytes point, struct err *e)
{
	uint8_t octets[OCTETS];
	mpz_t p, y;

	assert(point.n == OCTETS);
	memcpy(octets, point.p, OCTETS);
	octets[OCTETS - 1] &= 0x7f; /* the sign of x */
	mpz_init_set_str(p, prime, 16);
	mpz_init(y);
	mpz_import(y, OCTETS, -1, 1, -1, 0, octets);
	const bool is_small = is_of_small_order(y, p);
	const bool is_on = mpz_cmp(y, p) < 0 && (is_small || has_x(y, p));
	mpz_clears(p, y, NULL);
	if (!is_on)
		return err_set(e, ERR_BAD_KEY, "Ed25519 point is not on its curve");
	if (is_small)
		return err_set(e, ERR_BAD_KEY, "Ed25519 point is of small order");
	return true;
}
