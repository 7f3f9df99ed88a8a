/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "codec/token.h"

#define ZEROS "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const uint8_t root[TOKEN_ROOT_LEN] = { 1, 2, 3 };

/* R79 */
Test(token, a_new_one_is_read_back_and_no_two_are_alike)
{
	char text[TOKEN_TEXT_LEN], other[TOKEN_TEXT_LEN], id[TOKEN_ID_LEN];
	uint8_t hash[TOKEN_HASH_LEN];
	struct token t, got;
	struct err e = { 0 };

	cr_assert(token_new(root, &t, &e), "%s", e.detail);
	token_write(&t, text);
	cr_assert_eq(strlen(text), TOKEN_TEXT_LEN - 1);
	cr_assert(token_read(bytes_str(text), &got, &e), "%s", e.detail);
	cr_expect_arr_eq(got.root, root, TOKEN_ROOT_LEN);
	cr_expect_arr_eq(got.secret, t.secret, TOKEN_SECRET_LEN);
	cr_assert(token_hash(&t, hash, &e));
	token_id(hash, id);
	cr_expect_eq(strlen(id), TOKEN_ID_LEN - 1);
	cr_expect_null(strstr(text, id));
	cr_assert(token_new(root, &t, &e));
	token_write(&t, other);
	cr_expect_str_neq(text, other);
	cr_expect_eq(strncmp(text, other, 49), 0, "the root's part is the same");
}

Test(token, the_id_is_the_first_half_of_the_secrets_sha256)
{
	uint8_t hash[TOKEN_HASH_LEN];
	char id[TOKEN_ID_LEN];
	struct token t;
	struct err e = { 0 };

	cr_assert(token_read(bytes_str("hnp1." ZEROS "." ZEROS), &t, &e));
	cr_assert(token_hash(&t, hash, &e));
	token_id(hash, id);
	cr_expect_str_eq(id, "66687aadf862bd776c8fc18b8e9f8e20");
}

/* R55: the refusal quotes nothing. */
Test(token, every_cut_and_every_strange_octet_is_refused)
{
	static const char good[] = "hnp1." ZEROS "." ZEROS;
	static const char *const bad[] = { "hnp1." ZEROS "." ZEROS "A",
		"hnp2." ZEROS "." ZEROS, "HNP1." ZEROS "." ZEROS,
		"hnp1." ZEROS "A" ZEROS, "hnp1" ZEROS "A." ZEROS, "" };
	struct token t;
	struct err e = { 0 };

	for (size_t n = 0; n < sizeof(good) - 1; n++)
		cr_expect_not(token_read(bytes_of(good, n), &t, &e), "%zu octets", n);
	for (size_t i = 0; i < NITEMS(bad); i++)
		cr_expect_not(token_read(bytes_str(bad[i]), &t, &e), "%s", bad[i]);
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		char text[sizeof(good)];

		memcpy(text, good, sizeof(good));
		text[i] = '!';
		e = (struct err){ 0 };
		cr_expect_not(token_read(bytes_str(text), &t, &e));
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_null(strstr(e.detail, "AAAA"));
	}
}
