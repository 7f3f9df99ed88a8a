/* SPDX-License-Identifier: Apache-2.0 */
/* R26, S26: what has no random octets or no hash makes nothing. */
#include <criterion/criterion.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "../faulty.h"
#include "codec/base64.h"
#include "codec/token.h"

FAULTY_CALL(int, GNUTLS_E_MEMORY_ERROR, gnutls_base64_encode2,
    (const gnutls_datum_t *in, gnutls_datum_t *ret), in, ret)
FAULTY_CALL(int, GNUTLS_E_MEMORY_ERROR, gnutls_hash_fast,
    (gnutls_digest_algorithm_t alg, const void *p, size_t n, void *ret), alg, p, n, ret)

static struct token token;
static struct buf text;

static void
clear(void)
{
	memset(&token, 0xee, sizeof(token));
	buf_free(&text);
	buf_init(&text, 200);
}

static bool
draw(struct err *e)
{
	const uint8_t root[TOKEN_ROOT_LEN] = { 1 };
	uint8_t hash[TOKEN_HASH_LEN];

	clear();
	return token_new(root, &token, e) && token_hash(&token, hash, e);
}

static void
is_drawn_or_untouched(bool ok, const struct err *e)
{
	const uint8_t none[TOKEN_SECRET_LEN] = { 0 };

	cr_expect(ok || e->code == ERR_INTERNAL);
	if (strcmp(faulty_which(), "gnutls_rnd") == 0)
		cr_expect_eq(token.root[0], 0xee, "nothing is given");
	else
		cr_expect_neq(memcmp(token.secret, none, sizeof(none)), 0);
}

/* S26 */
Test(codec_faulty, without_random_octets_or_hash_there_is_no_token)
{
	cr_expect_eq(faulty_sweep(1, NULL, draw, is_drawn_or_untouched), 2);
	buf_free(&text);
}

Test(codec_faulty, base64_that_cannot_be_made_spoils_the_buffer)
{
	struct err e = { 0 };

	for (int url = 0; url < 2; url++) {
		clear();
		faulty_arm(1, 1);
		if (url)
			base64url_put(&text, bytes_str("octets"));
		else
			base64_put(&text, bytes_str("octets"));
		cr_expect(faulty_disarm());
		cr_expect_eq(text.n, 0);
		cr_expect_not(buf_ok(&text, "text", &e));
		cr_expect_eq(e.code, ERR_TOO_LARGE);
	}
	buf_free(&text);
}
