/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "case.h"
#include "codec/base64.h"
#include "rfc.h"
#include "vectors.h"

static const struct vector *
vector_of(const char *alg)
{
	size_t i = 0;

	while (i < NITEMS(vectors) && strcmp(vectors[i].alg, alg) != 0)
		i++;
	cr_assert_lt(i, NITEMS(vectors));
	return &vectors[i];
}

static void
does_not_verify(const char *what, const struct jws *s, const struct jwk *k,
    enum err_code code)
{
	struct err e = { 0 };

	cr_expect_not(jws_verify(s, k, &e), "%s verifies", what);
	cr_expect_eq(e.code, code, "%s: %s", what, e.detail);
}

/* A47 */
Test(jws_verify, the_examples_of_the_rfcs_verify)
{
	for (size_t i = 0; i < NITEMS(rfc_signatures); i++) {
		struct jwk *k = case_jwk(rfc_signatures[i].jwk);
		struct case_signed c;
		struct err e = { 0 };

		case_signed(&c, rfc_signatures[i].alg, rfc_signatures[i].input,
		    rfc_signatures[i].signature);
		cr_expect(jws_verify(&c.s, k, &e), "%s: %s", rfc_signatures[i].where,
		    e.detail);
		case_signed_free(&c);
		jwk_free(k);
	}
}

/* A47, A126 */
Test(jws_verify, a_request_signed_by_another_program_verifies_by_its_own_key)
{
	for (size_t i = 0; i < NITEMS(vectors); i++) {
		struct jws *s = case_jws(vectors[i].input, vectors[i].signature);
		struct jwk *k = NULL;
		struct err e = { 0 };

		cr_expect(jws_check_alg(s, &e));
		cr_assert(jws_key(s, &k, &e), "%s", e.detail);
		cr_expect(jws_verify(s, k, &e), "%s: %s", vectors[i].alg, e.detail);
		jwk_free(k);
		jws_free(s);
	}
	/* n - s is as right as s: RFC 7518 asks for no low s. */
	struct jwk *k = case_jwk(vectors[0].jwk);
	struct jws *s = case_jws(vectors[0].input, other_es256);
	struct err e = { 0 };
	cr_expect(jws_verify(s, k, &e), "%s", e.detail);
	jws_free(s);
	jwk_free(k);
}

/* A55, A56, R60: DER, zeros, the order, all ones, swapped, other hashes, loose RSA padding. */
Test(jws_verify, signatures_that_only_look_right_are_refused)
{
	for (size_t i = 0; i < NITEMS(bad_signatures); i++) {
		const struct vector *v = vector_of(bad_signatures[i].alg);
		struct jwk *k = case_jwk(v->jwk);
		struct jws *s = case_jws(v->input, bad_signatures[i].signature);

		does_not_verify(bad_signatures[i].what, s, k, ERR_MALFORMED);
		jws_free(s);
		jwk_free(k);
	}
}

/* A55, A58: every length but the right one, and octets in front. */
Test(jws_verify, signatures_of_another_length_are_refused)
{
	for (size_t i = 0; i < NITEMS(vectors); i++) {
		struct jwk *k = case_jwk(vectors[i].jwk);
		struct case_signed c;

		case_signed(&c, vectors[i].alg, vectors[i].input, vectors[i].signature);
		const size_t n = c.signature.n;
		for (size_t cut = 0; cut < n; cut++) {
			c.s.signature = bytes_of(c.signature.p, cut);
			does_not_verify("a cut signature", &c.s, k, ERR_MALFORMED);
		}
		uint8_t longer[600] = { 0 };
		memcpy(longer, c.signature.p, n);
		for (size_t more = n + 1; more < n + 4; more++) {
			c.s.signature = bytes_of(longer, more);
			does_not_verify("a longer signature", &c.s, k, ERR_MALFORMED);
		}
		memset(longer, 0, sizeof(longer));
		memcpy(longer + 1, c.signature.p, n);
		c.s.signature = bytes_of(longer, n + 1);
		does_not_verify("a zero octet in front", &c.s, k, ERR_MALFORMED);
		case_signed_free(&c);
		jwk_free(k);
	}
}

/* A56, A58, R60 */
Test(jws_verify, one_bit_changed_anywhere_in_the_signature_is_refused)
{
	for (size_t i = 0; i < NITEMS(vectors); i++) {
		struct jwk *k = case_jwk(vectors[i].jwk);
		struct case_signed c;

		case_signed(&c, vectors[i].alg, vectors[i].input, vectors[i].signature);
		for (size_t at = 0; at < c.signature.n; at++) {
			c.signature.p[at] ^= (uint8_t)(1u << at % 8);
			does_not_verify("a changed signature", &c.s, k, ERR_MALFORMED);
			c.signature.p[at] ^= (uint8_t)(1u << at % 8);
		}
		c.s.input = bytes_of(vectors[i].input, strlen(vectors[i].input) - 1);
		does_not_verify("a cut input", &c.s, k, ERR_MALFORMED);
		c.s.input = bytes_str("");
		does_not_verify("nothing", &c.s, k, ERR_MALFORMED);
		case_signed_free(&c);
		jwk_free(k);
	}
}

/* A56: r and s at the edges of their range, and a point for EdDSA that is none. */
Test(jws_verify, numbers_of_zeros_and_of_ones_are_refused_for_each_kind)
{
	static const uint8_t fills[] = { 0x00, 0xff, 0x7f, 0x01, 0x80 };

	for (size_t i = 0; i < NITEMS(vectors); i++)
		for (size_t f = 0; f < NITEMS(fills); f++) {
			struct jwk *k = case_jwk(vectors[i].jwk);
			struct case_signed c;

			case_signed(&c, vectors[i].alg, vectors[i].input,
			    vectors[i].signature);
			const size_t half = c.signature.n / 2;
			memset(c.signature.p + half, fills[f], half);
			does_not_verify("a filled second half", &c.s, k, ERR_MALFORMED);
			memset(c.signature.p, fills[f], half);
			does_not_verify("a filled signature", &c.s, k, ERR_MALFORMED);
			case_signed_free(&c);
			jwk_free(k);
		}
}

/* A50, R59 */
Test(jws_verify, an_algorithm_that_does_not_fit_the_key_is_a_bad_key)
{
	for (size_t i = 0; i < NITEMS(vectors); i++)
		for (size_t j = 0; j < NITEMS(vectors); j++) {
			struct jws *s =
			    case_jws(vectors[i].input, vectors[i].signature);
			struct jwk *k = case_jwk(vectors[j].jwk);

			if (i != j)
				does_not_verify(vectors[i].alg, s, k, ERR_BAD_KEY);
			jwk_free(k);
			jws_free(s);
		}
}

/* A58: another key of the same kind, and the detail says nothing of keys. */
Test(jws_verify, a_signature_by_another_key_of_the_kind_is_malformed)
{
	struct jws *s = case_jws(vectors[0].input, vectors[0].signature);
	struct jwk *k = case_jwk(rfc_signatures[1].jwk);
	struct err e = { 0 };

	cr_expect_not(jws_verify(s, k, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	cr_expect_str_eq(e.detail, "JWS: the signature does not verify");
	jwk_free(k);
	jws_free(s);
}

/* A48, R59 */
Test(jws_verify, other_algorithms_are_refused_and_the_supported_ones_named)
{
	static const char *const others[] = { "none", "NONE", "None", "", "HS256",
		"HS384", "HS512", "PS256", "RS384", "RS512", "RS1", "ES256K", "es256",
		"ES256 ", "Ed25519", "Ed448", "EDDSA", "A128KW", "dir" };
	static const char *const ours[] = { "ES256", "ES384", "ES512", "RS256",
		"EdDSA" };

	for (size_t i = 0; i < NITEMS(others); i++)
		for (size_t j = 0; j < NITEMS(vectors); j++) {
			struct jwk *k = case_jwk(vectors[j].jwk), *no = NULL;
			struct case_signed c;
			struct err e = { 0 };

			case_signed(&c, others[i], vectors[j].input,
			    vectors[j].signature);
			does_not_verify(others[i], &c.s, k, ERR_BAD_ALGORITHM);
			cr_expect_not(jws_check_alg(&c.s, &e));
			cr_expect_eq(e.code, ERR_BAD_ALGORITHM);
			for (size_t n = 0; n < NITEMS(ours); n++)
				cr_expect(strstr(e.detail, ours[n]) != NULL, "%s",
				    e.detail);
			e = (struct err){ 0 };
			cr_expect_not(jws_key(&c.s, &no, &e));
			cr_expect_eq(e.code, ERR_BAD_ALGORITHM, "before the key");
			c.s.signature = bytes_str("");
			does_not_verify(others[i], &c.s, k, ERR_BAD_ALGORITHM);
			case_signed_free(&c);
			jwk_free(k);
		}
	for (size_t n = 0; n < NITEMS(ours); n++)
		cr_expect_str_eq(jws_alg_name(n), ours[n]);
	cr_expect_eq(jws_alg_name(NITEMS(ours)), NULL);
}

/* R59: the public key, in each form that it is known by, as the key of a MAC. */
Test(jws_verify, a_mac_by_the_public_key_is_never_a_signature)
{
	for (size_t i = 0; i < NITEMS(macs); i++) {
		struct jws *s = case_jws(macs[i].input, macs[i].signature);
		struct jwk *k = case_jwk(vectors[0].jwk), *no = NULL;
		struct err e = { 0 };

		does_not_verify(macs[i].alg, s, k, ERR_BAD_ALGORITHM);
		cr_expect_not(jws_key(s, &no, &e));
		cr_expect_eq(no, NULL);
		cr_expect_not(jws_verify_mac(s, jwk_spki(k), &e));
		cr_expect_eq(e.code, ERR_FORBIDDEN);
		jwk_free(k);
		jws_free(s);
	}
}

/* A45: where a key is due, an account's name is malformed. */
Test(jws_verify, the_name_of_an_account_is_no_key)
{
	struct jws *s = case_jws(post_as_get[0], post_as_get[1]);
	struct jwk *k = NULL;
	struct err e = { 0 };

	cr_expect_not(jws_key(s, &k, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	cr_expect_eq(k, NULL);
	jws_free(s);
}

/* A118, A119, A66 */
Test(jws_verify, macs_verify_by_their_key_and_by_no_other)
{
	uint8_t key[32];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	for (size_t i = 0; i < NITEMS(macs); i++) {
		struct jws *s = case_jws(macs[i].input, macs[i].signature);
		const struct bytes whole = s->signature;
		struct err e = { 0 };

		cr_expect_str_eq(s->kid, "kid-1");
		cr_expect_str_eq(s->url, VECTOR_URL);
		cr_expect_eq(s->nonce, NULL);
		cr_expect(jws_verify_mac(s, bytes_of(key, 32), &e), "%s", e.detail);
		for (size_t n = 0; n < 32; n++) /* also the empty one */
			cr_expect_not(jws_verify_mac(s, bytes_of(key, n), &e));
		cr_expect_eq(e.code, ERR_FORBIDDEN);
		for (size_t n = 0; n < whole.n; n++) { /* a truncated MAC */
			e = (struct err){ 0 };
			s->signature = bytes_of(whole.p, n);
			cr_expect_not(jws_verify_mac(s, bytes_of(key, 32), &e));
			cr_expect_eq(e.code, ERR_FORBIDDEN);
		}
		for (size_t n = 0; n < whole.n; n++) {
			s->signature = whole;
			s->signature_b.p[n] ^= 0x10;
			cr_expect_not(jws_verify_mac(s, bytes_of(key, 32), &e));
			s->signature_b.p[n] ^= 0x10;
		}
		for (size_t j = 0; j < NITEMS(macs); j++) {
			s->alg = macs[j].alg;
			cr_expect_eq(jws_verify_mac(s, bytes_of(key, 32), &e), i == j);
		}
		jws_free(s);
	}
}

Test(jws_verify, the_mac_of_rfc_7515_a_1_verifies)
{
	struct case_signed c;
	struct buf key;
	struct err e = { 0 };

	buf_init(&key, 64);
	cr_assert(base64url_read(bytes_str(rfc_hs256_key), &key, &e));
	case_signed(&c, "HS256", rfc_hs256_input, rfc_hs256_mac);
	cr_expect(jws_verify_mac(&c.s, buf_bytes(&key), &e), "%s", e.detail);
	case_signed_free(&c);
	buf_free(&key);
}

/* A118 */
Test(jws_verify, what_is_no_mac_is_malformed_for_an_external_account)
{
	static const char *const others[] = { "none", "ES256", "RS256", "EdDSA",
		"hs256", "", "HS1", "HS25", "HS2566" };

	for (size_t i = 0; i < NITEMS(others); i++) {
		struct case_signed c;
		struct err e = { 0 };

		case_signed(&c, others[i], rfc_hs256_input, rfc_hs256_mac);
		cr_expect_not(jws_verify_mac(&c.s, bytes_str("key"), &e));
		cr_expect_eq(e.code, ERR_MALFORMED, "%s", others[i]);
		case_signed_free(&c);
	}
}
