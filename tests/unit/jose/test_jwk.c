/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "case.h"
#include "codec/base64.h"
#include "rfc.h"
#include "vectors.h"

static void
expect_hex(struct bytes got, const char *want)
{
	char hex[1200];

	cr_assert(got.n * 2 < sizeof(hex));
	hex_write(got, hex);
	cr_expect_str_eq(hex, want);
}

static void
refused_text(const char *text, enum err_code code, const char *part)
{
	struct jwk *k = NULL;
	struct err e = { 0 };

	cr_expect_not(jwk_read_text(bytes_str(text), &k, &e), "let through: %s", text);
	cr_expect_eq(e.code, code, "%s: %s", text, e.detail);
	cr_expect(strstr(e.detail, part) != NULL, "%s: \"%s\" lacks \"%s\"", text,
	    e.detail, part);
	cr_expect_eq(k, NULL, "ret is untouched on failure");
}

/* A114 */
Test(jwk, thumbprints_are_those_of_the_rfcs)
{
	for (size_t i = 0; i < NITEMS(rfc_thumbprints); i++) {
		struct jwk *k = case_jwk(rfc_thumbprints[i].jwk);

		cr_expect_str_eq(jwk_thumbprint_text(k), rfc_thumbprints[i].thumbprint,
		    "%s", rfc_thumbprints[i].where);
		jwk_free(k);
	}
}

/* A114, A54 */
Test(jwk, what_a_key_is_known_by_is_what_others_make_of_it)
{
	for (size_t i = 0; i < NITEMS(vectors); i++) {
		struct jwk *k = case_jwk(vectors[i].jwk);
		struct buf b;

		cr_expect_str_eq(jwk_thumbprint_text(k), vectors[i].thumbprint);
		buf_init(&b, 100);
		base64url_put(&b, jwk_thumbprint(k));
		cr_expect_str_eq(buf_str(&b), vectors[i].thumbprint);
		buf_free(&b);
		expect_hex(jwk_spki(k), vectors[i].spki_hex);
		expect_hex(jwk_key_hash(k), vectors[i].key_hash_hex);
		jwk_free(k);
	}
}

Test(jwk, the_canonical_text_reads_back_as_the_same_key_and_text)
{
	for (size_t i = 0; i < NITEMS(vectors); i++) {
		struct jwk *k = case_jwk(vectors[i].jwk), *back = case_jwk(jwk_text(k));
		struct buf b;

		cr_expect_str_eq(jwk_text(back), jwk_text(k));
		cr_expect(jwk_same(k, back));
		cr_expect_eq(jwk_alg(k), jwk_alg(back));
		buf_init(&b, KIB(4));
		jwk_write(&b, k);
		cr_expect_str_eq(buf_str(&b), jwk_text(k));
		buf_free(&b);
		for (size_t j = 0; j < NITEMS(vectors); j++) {
			struct jwk *other = case_jwk(vectors[j].jwk);

			cr_expect_eq(jwk_same(k, other), i == j);
			jwk_free(other);
		}
		jwk_free(back);
		jwk_free(k);
	}
}

/* A118: keys are compared, not their texts. */
Test(jwk, order_blanks_and_further_public_members_do_not_make_another_key)
{
	struct jwk *a = case_jwk(rfc_thumbprints[1].jwk);
	struct jwk *b =
	    case_jwk("{ \"use\": \"sig\", \"x\": "
		     "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
		     "\"key_ops\":[\"verify\"], \"kid\":\"1\", \"alg\":\"EdDSA\","
		     "\"crv\":\"Ed25519\", \"kty\":\"OKP\", \"nobody\":{\"knows\":1}}");

	cr_expect(jwk_same(a, b));
	cr_expect_str_eq(jwk_text(a), jwk_text(b));
	cr_expect_str_eq(jwk_thumbprint_text(a), jwk_thumbprint_text(b));
	jwk_free(a);
	jwk_free(b);
}

/* A53 */
Test(jwk, private_members_are_refused_whatever_they_hold)
{
	static const char *const names[] = { "d", "p", "q", "dp", "dq", "qi", "oth",
		"k" };
	static const char *const values[] = { "\"AA\"", "null", "1", "\"\"", "[]" };

	for (size_t i = 0; i < NITEMS(names); i++)
		for (size_t j = 0; j < NITEMS(values); j++)
			for (size_t v = 0; v < NITEMS(vectors); v++) {
				char text[1000];

				snprintf(text, sizeof(text), "{\"%s\":%s,%s", names[i],
				    values[j], vectors[v].jwk + 1);
				refused_text(text, ERR_MALFORMED, "private member");
			}
}

#define X "DEJ4pC5FUmBq4nR4pnJBUoyl_u43cAGGHyfveDssg2o"
#define Y "xmSMhSpx4ObiTP4tUu5_foeVU-cbuFGov_ODg_jr3mg"
#define EC(crv, x, y)                                                                  \
	"{\"kty\":\"EC\",\"crv\":\"" crv "\",\"x\":\"" x "\",\"y\":\"" y "\"}"
#define ED(x)     "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" x "\"}"
#define RSA(n, e) "{\"kty\":\"RSA\",\"n\":\"" n "\",\"e\":\"" e "\"}"
#define ZERO      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* A5, A21, A22, A51 */
Test(jwk, what_is_no_key_is_malformed)
{
	static const struct {
		const char *text, *part;
	} bad[] = {
		{ "", "empty" },
		{ "[]", "not an object" },
		{ "null", "not an object" },
		{ "\"key\"", "not an object" },
		{ "{}", "\"kty\" is missing" },
		{ "{\"kty\":1}", "must be a string" },
		{ "{\"kty\":\"EC\"}", "\"crv\" is missing" },
		{ "{\"kty\":\"EC\",\"crv\":[]}", "must be a string" },
		{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\"}",
		    "\"y\" is missing" },
		{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"y\":\"" Y "\"}",
		    "\"x\" is missing" },
		{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":1,\"y\":\"" Y "\"}",
		    "must be a string" },
		{ "{\"kty\":\"EC\",\"kty\":\"EC\"}", "duplicate" },
		{ EC("P-256", X "=", Y), "x: base64" },
		{ EC("P-256", X, Y "="), "y: base64" },
		{ EC("P-256", "+" X, Y), "x: base64" },
		{ EC("P-256", " " X, Y), "x: base64" },
		{ EC("P-256", X "\\u0000", Y), "JSON" },
		/* unused bits that are not zero: another text of the same octets */
		{ EC("P-256", "DEJ4pC5FUmBq4nR4pnJBUoyl_u43cAGGHyfveDssg2p", Y),
		    "unused bits" },
		{ RSA("AQ", "AQAB="), "padding" },
		{ RSA("A/A", "AQAB"), "alphabet" },
		{ ED("A"), "too many" },
		{ "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", "\"x\" is missing" },
		{ "{\"kty\":\"RSA\",\"n\":\"AQ\"}", "\"e\" is missing" },
	};

	for (size_t i = 0; i < NITEMS(bad); i++)
		refused_text(bad[i].text, ERR_MALFORMED, bad[i].part);
}

/* A50, A51 */
Test(jwk, kinds_and_points_that_are_not_fit_are_bad_keys)
{
	static const struct {
		const char *text, *part;
	} bad[] = {
		{ "{\"kty\":\"oct\"}", "\"oct\"" },
		{ "{\"kty\":\"ec\"}", "\"ec\"" },
		{ "{\"kty\":\"\"}", "\"\"" },
		{ EC("secp256k1", "v9tSdO4tJTFPIyGKTJZC2hZT4QNNVP5acihlw2Z2KRg",
		      "LjjvTEUT636n0LAIKcRTcRbNWUuW0hzlWzxARL5Tm6A"),
		    "secp256k1" },
		{ EC("P-224", X, Y), "P-224" },
		{ EC("Ed25519", X, Y), "Ed25519" },
		{ EC("P-384", X, Y), "48 octets" },
		{ EC("P-521", X, Y), "66 octets" },
		{ "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"}", "Ed448" },
		{ "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\"}", "X25519" },
		{ "{\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"" X "\"}", "curve" },
		/* of another length: empty, short, a zero octet in front */
		{ EC("P-256", "", Y), "32 octets" },
		{ EC("P-256", X, ""), "32 octets" },
		{ EC("P-256", "QnikLkVSYGridHimckFSjKX-7jdwAYYfJ-94OyyDag", Y),
		    "32 octets" },
		{ EC("P-256", "AAxCeKQuRVJgauJ0eKZyQVKMpf7uN3ABhh8n73g7LINq", Y),
		    "32 octets" },
		/* off the curve: another y, exchanged, zero, over the prime */
		{ EC("P-256", X, "xmSMhSpx4ObiTP4tUu5_foeVU-cbuFGov_ODg_jr3mk"),
		    "not on its curve" },
		{ EC("P-256", X, "xmSMhSpx4ObiTP4tUu5_foeVU-cbuFGov_ODg_jr3mw"),
		    "not on its curve" },
		{ EC("P-256", Y, X), "not on its curve" },
		{ EC("P-256", ZERO, ZERO), "not on its curve" },
		{ EC("P-256", ZERO, Y), "not on its curve" },
		{ EC("P-256", "__________________________________________8",
		      "__________________________________________8"),
		    "not on its curve" },
		{ ED(""), "32 octets" },
		{ ED("AAAA"), "32 octets" },
		{ ED("ANdamAGCsQq31Uv-08lkBzoO4XLz2qYjJa8CGmj3B1Ea"), "32 octets" },
		/* y = 2 has no x; y = p + 1 is 1 written otherwise */
		{ ED("AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
		    "not on its curve" },
		{ ED("7v_______________________________________38"),
		    "not on its curve" },
		/* of order 4, 1, 2, 8 */
		{ ED(ZERO), "small order" },
		{ ED("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "small order" },
		{ ED("7P_______________________________________38"), "small order" },
		{ ED("JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU"), "small order" },
		{ ED("xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o"), "small order" },
	};

	for (size_t i = 0; i < NITEMS(bad); i++)
		refused_text(bad[i].text, ERR_BAD_KEY, bad[i].part);
}

/* An RSA key whose modulus is 'n' octets of 'fill' between 'first' and 'last'. */
static void
rsa_text(char *ret, size_t size, size_t n, uint8_t first, uint8_t last, const char *x)
{
	static uint8_t octets[2000];
	struct buf b;

	memset(octets, 0x5a, n);
	if (n > 0) {
		octets[0] = first;
		octets[n - 1] = last;
	}
	buf_init(&b, KIB(4));
	base64url_put(&b, bytes_of(octets, n));
	snprintf(ret, size, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", buf_str(&b),
	    x);
	buf_free(&b);
}

/* A51 */
Test(jwk, rsa_keys_outside_2048_to_8192_bits_or_with_odd_exponents_are_bad_keys)
{
	static const struct {
		size_t n;
		uint8_t first, last;
		const char *exponent, *part;
	} bad[] = {
		{ 0, 0, 0, "AQAB", "empty" },
		{ 1, 0, 0, "AQAB", "zero octet" },
		{ 128, 0xc0, 1, "AQAB", "1024 bits" },
		{ 255, 0xc0, 1, "AQAB", "2040 bits" },
		{ 256, 0x7f, 1, "AQAB", "2047 bits" },
		{ 257, 0x01, 1, "AQAB", "2049 bits" },
		{ 257, 0x00, 1, "AQAB", "zero octet" },
		{ 1025, 0x01, 1, "AQAB", "8193 bits" },
		{ 1026, 0xc0, 1, "AQAB", "over 1025 octets" },
		{ 2000, 0xc0, 1, "AQAB", "over 1025 octets" },
		{ 256, 0xc0, 2, "AQAB", "modulus is even" },
		{ 256, 0xc0, 1, "", "empty" },
		{ 256, 0xc0, 1, "AA", "zero octet" },
		{ 256, 0xc0, 1, "AAEAAQ", "zero octet" },
		{ 256, 0xc0, 1, "AQ", "under 65537" },
		{ 256, 0xc0, 1, "Aw", "under 65537" },
		{ 256, 0xc0, 1, "__8", "under 65537" },
		{ 256, 0xc0, 1, "AQAC", "exponent is even" },
		{ 256, 0xc0, 1, "AQAAAAAAAAAB", "over 64 bits" },
	};
	char text[4000];

	for (size_t i = 0; i < NITEMS(bad); i++) {
		rsa_text(text, sizeof(text), bad[i].n, bad[i].first, bad[i].last,
		    bad[i].exponent);
		refused_text(text, ERR_BAD_KEY, bad[i].part);
	}
	static const size_t good[] = { 256, 257, 384, 512, 1024 }; /* octets */
	for (size_t i = 0; i < NITEMS(good); i++) {
		rsa_text(text, sizeof(text), good[i], 0x80, 1, "AQAB");
		jwk_free(case_jwk(text));
	}
	rsa_text(text, sizeof(text), 256, 0x80, 1, "AQAAAAAAAAE");
	jwk_free(case_jwk(text));
}

Test(jwk, every_cut_of_a_good_key_is_refused)
{
	for (size_t i = 0; i < NITEMS(vectors); i++)
		for (size_t n = 0; n < strlen(vectors[i].jwk); n++) {
			struct jwk *k = NULL;
			struct err e = { 0 };

			cr_assert_not(
			    jwk_read_text(bytes_of(vectors[i].jwk, n), &k, &e));
			cr_assert_eq(e.code, ERR_MALFORMED);
		}
}
