/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "codec/tar.h"

static struct tar_entry
entry(const char *path, uint64_t size)
{
	struct tar_entry t = { .mode = 0640, .size = size, .modified_at = 1700000000 };

	snprintf(t.path, sizeof(t.path), "%s", path);
	return t;
}

Test(tar, a_header_arrives_as_it_was_put)
{
	static const uint64_t sizes[] = { 0, 1, 511, 512, 513, 8589934591, 8589934592,
		UINT64_C(1) << 40 };
	char deep[161];

	memset(deep, 'd', sizeof(deep) - 1);
	deep[80] = '/';
	deep[160] = '\0';
	const char *const paths[] = { "a", "journal/00000001.hj", "a.b-c_D9", deep,
		"issuers/our key.pem", "\xc3\xa4.key", "\xe4", "..a/b..c/...", "-a\\" };
	for (size_t p = 0; p < NITEMS(paths); p++)
		for (size_t i = 0; i < NITEMS(sizes); i++) {
			const struct tar_entry t = entry(paths[p], sizes[i]);
			uint8_t block[TAR_BLOCK];
			struct tar_entry back;
			struct err e = { 0 };

			cr_assert(tar_put(&t, block, &e), "%s", e.detail);
			cr_assert(tar_get(block, &back, &e), "%s", e.detail);
			cr_expect_str_eq(back.path, t.path);
			cr_expect_eq(back.mode, t.mode);
			cr_expect_eq(back.size, t.size);
			cr_expect_eq(back.modified_at, t.modified_at);
		}
}

/* S86 */
Test(tar, a_header_with_one_bit_flipped_is_refused)
{
	const struct tar_entry t = entry("hanaper.db", 12345);
	uint8_t block[TAR_BLOCK];
	struct tar_entry back;
	struct err e = { 0 };

	cr_assert(tar_put(&t, block, &e));
	for (size_t i = 0; i < TAR_BLOCK * 8; i++) {
		block[i / 8] ^= (uint8_t)(1 << i % 8);
		cr_expect_not(tar_get(block, &back, &e), "bit %zu", i);
		cr_expect_eq(e.code, ERR_MALFORMED);
		block[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	memset(block, 0, sizeof(block));
	cr_expect_not(tar_get(block, &back, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND, "zeros are the end");
}

Test(tar, a_path_that_leads_elsewhere_has_no_header)
{
	static const char *const paths[] = { "", "/etc/passwd", "../x", "a/../b", ".",
		"a/.", "a//b", "a/", "./a", "a\nb", "a\x7f", "\x1b[2J" };
	uint8_t block[TAR_BLOCK];
	char name[TAR_PATH_SIZE];
	struct err e = { 0 };

	for (size_t i = 0; i < NITEMS(paths); i++) {
		const struct tar_entry t = entry(paths[i], 1);

		cr_expect_not(tar_put(&t, block, &e), "%s", paths[i]);
	}
	memset(name, 'n', sizeof(name));
	name[101] = '\0';
	const struct tar_entry t = entry(name, 1);
	cr_expect_not(tar_put(&t, block, &e), "no slash to part it at");
}

Test(tar, contents_are_padded_to_whole_blocks)
{
	cr_expect_eq(tar_padding(0), 0);
	cr_expect_eq(tar_padding(1), 511);
	cr_expect_eq(tar_padding(512), 0);
	cr_expect_eq(tar_padding(513), 511);
}
