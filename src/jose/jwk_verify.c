/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures in the form of JWS.  What makes two signatures of one, or lets one of
 * all zeros pass (CVE-2022-21449), is refused here, whatever the library would do.
 */
#include <assert.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "base/hex.h"
#include "jwk_part.h"

#define NUMBER_MAX 66 /* octets of the longest order */

static gnutls_datum_t
datum(struct bytes b)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)b.p, (unsigned)b.n };
}

static bool
is_zero(struct bytes v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] != 0)
			return false;
	return true;
}

/* 'v' is big-endian and as long as the order. */
static bool
is_below_order(const struct jwk_kind *kind, struct bytes v)
{
	uint8_t order[NUMBER_MAX];
	size_t n = 0;
	const bool ok = hex_read(bytes_str(kind->order), order, sizeof(order), &n);

	assert(ok && n == v.n);
	return memcmp(v.p, order, n) < 0;
}

/* RFC 7518 3.4: r and s side by side; FIPS 186-5 6.4.2: both in 1 to n - 1. */
static bool
ecdsa(const struct jwk *k, unsigned sign, const gnutls_datum_t *data, struct bytes sig)
{
	const size_t half = k->kind->octets;
	gnutls_datum_t der = { NULL, 0 };

	if (sig.n != 2 * half)
		return false;
	const struct bytes r = bytes_of(sig.p, half), s = bytes_skip(sig, half);
	if (is_zero(r) || is_zero(s) || !is_below_order(k->kind, r) ||
	    !is_below_order(k->kind, s))
		return false;
	const gnutls_datum_t dr = datum(r), ds = datum(s);
	if (gnutls_encode_rs_value(&der, &dr, &ds) < 0)
		return false;
	const bool ok = gnutls_pubkey_verify_data2(k->pub,
			    (gnutls_sign_algorithm_t)sign, 0, data, &der) >= 0;
	gnutls_free(der.data);
	return ok;
}

/* RFC 8032 5.1.7: S is little-endian and below the order. */
static bool
eddsa(const struct jwk *k, unsigned sign, const gnutls_datum_t *data, struct bytes sig)
{
	const size_t half = k->kind->octets;
	const gnutls_datum_t d = datum(sig);
	uint8_t s[NUMBER_MAX];

	if (sig.n != 2 * half)
		return false;
	for (size_t i = 0; i < half; i++)
		s[i] = sig.p[sig.n - 1 - i];
	return is_below_order(k->kind, bytes_of(s, half)) &&
	       gnutls_pubkey_verify_data2(k->pub, (gnutls_sign_algorithm_t)sign, 0,
		   data, &d) >= 0;
}

/* RFC 8017 8.2.2: as long as the modulus. */
static bool
rsa(const struct jwk *k, unsigned sign, const gnutls_datum_t *data, struct bytes sig)
{
	const gnutls_datum_t d = datum(sig);

	return sig.n == k->first.n &&
	       gnutls_pubkey_verify_data2(k->pub, (gnutls_sign_algorithm_t)sign, 0,
		   data, &d) >= 0;
}

bool
jwk_verify(const struct jwk *k, unsigned sign, struct bytes data, struct bytes sig,
    struct err *e)
{
	const gnutls_datum_t d = datum(data);
	bool ok = false;

	if (k->kind->alg == KEY_ALG_RSA)
		ok = rsa(k, sign, &d, sig);
	else if (k->kind->alg == KEY_ALG_ED25519)
		ok = eddsa(k, sign, &d, sig);
	else
		ok = ecdsa(k, sign, &d, sig);
	return ok || err_set(e, ERR_MALFORMED, "the signature does not verify");
}
