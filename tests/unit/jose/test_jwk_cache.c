/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <gnutls/abstract.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "case.h"
#include "codec/base64.h"
#include "jose/jwk_cache.h"
#include "vectors.h"

static struct jwk *
cached(struct jwk_cache *c, const char *text)
{
	struct jwk *k = NULL;
	struct err e = { 0 };

	cr_assert(jwk_cache_read(c, bytes_str(text), &k, &e), "%s: %s", text, e.detail);
	return k;
}

/* A coordinate is as long as its field. */
static void
put_coordinate(struct buf *b, gnutls_datum_t v)
{
	uint8_t octets[32] = { 0 };

	cr_assert(v.size <= sizeof(octets));
	memcpy(octets + sizeof(octets) - v.size, v.data, v.size);
	base64url_put(b, bytes_of(octets, sizeof(octets)));
	gnutls_free(v.data);
}

/* The text of a key that nobody has had before. */
static char *
new_text(void)
{
	gnutls_privkey_t key;
	gnutls_datum_t x, y;
	struct buf b;

	cr_assert_eq(gnutls_privkey_init(&key), 0);
	cr_assert_eq(gnutls_privkey_generate(key, GNUTLS_PK_ECDSA,
			 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
	    0);
	cr_assert_eq(gnutls_privkey_export_ecc_raw2(key, NULL, &x, &y, NULL,
			 GNUTLS_EXPORT_FLAG_NO_LZ),
	    0);
	buf_init(&b, KIB(1));
	buf_puts(&b, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
	put_coordinate(&b, x);
	buf_puts(&b, "\",\"y\":\"");
	put_coordinate(&b, y);
	buf_puts(&b, "\"}");
	char *text = mem_strdup(buf_str(&b));
	buf_free(&b);
	gnutls_privkey_deinit(key);
	return text;
}

Test(jwk_cache, a_text_gives_its_own_key_whatever_was_read_before)
{
	struct jwk_cache *c = jwk_cache_new();
	struct jwk *before = NULL;

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < NITEMS(vectors); i++) {
			struct jwk *read = case_jwk(vectors[i].jwk);
			struct jwk *k = cached(c, jwk_text(read));
			struct jws *s =
			    case_jws(vectors[i].input, vectors[i].signature);
			struct err e = { 0 };

			cr_expect(jwk_same(k, read));
			cr_expect_str_eq(jwk_text(k), jwk_text(read));
			cr_expect(jws_verify(s, k, &e), "%s", e.detail);
			cr_expect(before == NULL || !jwk_same(k, before));
			jws_free(s);
			jwk_free(read);
			jwk_free(before);
			before = k;
		}
	jwk_free(before);
	jwk_cache_free(c);
}

Test(jwk_cache, a_key_that_was_given_out_outlives_its_place_and_the_cache)
{
	struct jwk_cache *c = jwk_cache_new();
	char *first = new_text();
	struct jwk *k = cached(c, first), *again = cached(c, first);

	cr_expect_eq(k, again, "it was read once");
	for (size_t i = 0; i < 2 * JWK_CACHE_MAX; i++) { /* some take its place */
		char *text = new_text();

		jwk_free(cached(c, text));
		free(text);
	}
	cr_expect_str_eq(jwk_text(k), first);
	jwk_free(again);
	again = cached(c, first);
	cr_expect(jwk_same(k, again));
	jwk_cache_free(c);
	cr_expect_str_eq(jwk_text(again), first);
	jwk_free(again);
	cr_expect_str_eq(jwk_text(k), first);
	jwk_free(k);
	free(first);
}

Test(jwk_cache, what_is_no_key_is_refused_each_time)
{
	struct jwk_cache *c = jwk_cache_new();
	static const char *const bad[] = { "", "{}", "[]", "{\"kty\":\"EC\"}" };

	for (size_t i = 0; i < NITEMS(bad); i++)
		for (int round = 0; round < 2; round++) {
			struct jwk *k = NULL;
			struct err e = { 0 };

			cr_expect_not(jwk_cache_read(c, bytes_str(bad[i]), &k, &e));
			cr_expect_neq(e.detail[0], '\0');
			cr_expect_eq(k, NULL);
		}
	jwk_cache_free(c);
	jwk_cache_free(NULL);
}
