/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is an RSA key fit (P52, R15, R16)?  What its form tells is looked at first:
 * no arithmetic is done on a key of the wrong size.
 */
#include <gmp.h>

#include "codec/der.h"
#include "spki_part.h"

#define BITS_MIN      2048
#define BITS_MAX      8192
#define FERMAT_ROUNDS 100

/* All odd primes under 752 (CA/Browser Forum TLS BR 6.1.6). */
static const uint16_t primes[] = {
	/* clang-format off */
	3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73,
	79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157,
	163, 167, 173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229, 233, 239,
	241, 251, 257, 263, 269, 271, 277, 281, 283, 293, 307, 311, 313, 317, 331,
	337, 347, 349, 353, 359, 367, 373, 379, 383, 389, 397, 401, 409, 419, 421,
	431, 433, 439, 443, 449, 457, 461, 463, 467, 479, 487, 491, 499, 503, 509,
	521, 523, 541, 547, 557, 563, 569, 571, 577, 587, 593, 599, 601, 607, 613,
	617, 619, 631, 641, 643, 647, 653, 659, 661, 673, 677, 683, 691, 701, 709,
	719, 727, 733, 739, 743, 751,
	/* clang-format on */
};
#define ROCA_PRIMES 38 /* the first of them, to 167, divide ROCA's generator */

static bool
has_small_factor(const mpz_t n)
{
	for (size_t i = 0; i < NITEMS(primes); i++)
		if (mpz_divisible_ui_p(n, primes[i]))
			return true;
	return false;
}

/* Is r a power of 65537 mod p? */
static bool
is_power_of_f4(unsigned r, unsigned p)
{
	unsigned v = 1;

	for (unsigned i = 1; i < p; i++) {
		if (v == r)
			return true;
		v = v * (65537 % p) % p;
	}
	return false;
}

/*
 * CVE-2017-15361: Infineon's primes are k * M + (65537^a mod M), M a product of
 * the first primes; so the modulus is a power of 65537 modulo each of them.
 * Of other moduli one in 2^27 looks so.
 */
static bool
is_roca(const mpz_t n)
{
	for (size_t i = 0; i < ROCA_PRIMES; i++)
		if (!is_power_of_f4((unsigned)mpz_fdiv_ui(n, primes[i]), primes[i]))
			return false;
	return true;
}

/*
 * Fermat: n = a^2 - b^2 with a near sqrt(n) when the two primes are close
 * (CVE-2022-26320).  b^2 of the next round is b^2 + 2a + 1.
 */
static bool
has_close_primes(const mpz_t n)
{
	mpz_t a, bb;
	bool found = false;

	mpz_inits(a, bb, NULL);
	mpz_sqrt(a, n);
	mpz_mul(bb, a, a);
	mpz_sub(bb, bb, n); /* not positive: the floor of the root was taken */
	for (int i = 0; !found && i <= FERMAT_ROUNDS; i++) {
		found = mpz_sgn(bb) >= 0 && mpz_perfect_square_p(bb);
		mpz_addmul_ui(bb, a, 2);
		mpz_add_ui(bb, bb, 1);
		mpz_add_ui(a, a, 1);
	}
	mpz_clears(a, bb, NULL);
	return found;
}

static unsigned
bits_of(struct bytes magnitude)
{
	unsigned bits = (unsigned)magnitude.n * 8;

	for (unsigned top = magnitude.p[0]; bits > 0 && (top & 0x80) == 0; top <<= 1)
		bits--;
	return bits;
}

/* All that can be said without arithmetic. */
static bool
check_form(struct bytes n, struct bytes x, unsigned *ret_bits, struct err *e)
{
	if (n.n > BITS_MAX / 8 + 1)
		return err_set(e, ERR_BAD_KEY, "RSA key of over %d bits", BITS_MAX);
	const unsigned bits = bits_of(n);
	if (bits < BITS_MIN || bits > BITS_MAX)
		return err_set(e, ERR_BAD_KEY,
		    "RSA key of %u bits; %d to %d are accepted", bits, BITS_MIN,
		    BITS_MAX);
	if (bits % 8 != 0)
		return err_set(e, ERR_BAD_KEY,
		    "RSA key of %u bits, not a multiple of 8", bits);
	if ((n.p[n.n - 1] & 1) == 0)
		return err_set(e, ERR_BAD_KEY, "RSA modulus is even");
	if (x.n > 8)
		return err_set(e, ERR_BAD_KEY, "RSA exponent of over 64 bits");
	if ((x.p[x.n - 1] & 1) == 0)
		return err_set(e, ERR_BAD_KEY, "RSA exponent is even");
	if (bits_of(x) < 17)
		return err_set(e, ERR_BAD_KEY, "RSA exponent under 65537");
	*ret_bits = bits;
	return true;
}

bool
spki_rsa_check(struct bytes key, unsigned *ret_bits, struct err *e)
{
	struct der seq, d[2];
	struct bytes n, x;
	const char *why = NULL;
	mpz_t m;

	if (!der_whole(key, DER_SEQUENCE, &seq, e) ||
	    !der_expect(&seq.body, DER_INTEGER, &d[0], e) ||
	    !der_expect(&seq.body, DER_INTEGER, &d[1], e) ||
	    !der_done(seq.body, "RSAPublicKey", e) ||
	    !der_get_integer(d[0].body, &n, e) || !der_get_integer(d[1].body, &x, e) ||
	    !check_form(n, x, ret_bits, e))
		return false;

	mpz_init(m);
	mpz_import(m, n.n, 1, 1, 1, 0, n.p);
	if (has_small_factor(m))
		why = "RSA modulus has a small factor";
	else if (is_roca(m))
		why = "RSA key of the ROCA kind (CVE-2017-15361): it can be factored";
	else if (has_close_primes(m))
		why = "RSA primes are close: the key can be factored";
	mpz_clear(m);
	return why == NULL || err_set(e, ERR_BAD_KEY, "%s", why);
}
