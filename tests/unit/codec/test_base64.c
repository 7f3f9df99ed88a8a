/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "codec/base64.h"

typedef bool reader(struct bytes s, struct buf *ret, struct err *e);

/* Reads 's' behind an "x" that is there; NULL 'want': it must be refused and nothing appended. */
static void
try(reader *f, const char *s, const char *want)
{
	struct buf b;
	struct err e = { 0 };

	buf_init(&b, 100);
	buf_putc(&b, 'x');
	const bool ok = f(bytes_str(s), &b, &e);
	cr_expect_eq(ok, want != NULL, "\"%s\": %s", s, e.detail);
	cr_expect_str_eq(buf_str(&b) + 1, want == NULL ? "" : want, "\"%s\"", s);
	if (!ok)
		cr_expect_eq(e.code, ERR_MALFORMED);
	buf_free(&b);
}

Test(base64, the_vectors_of_rfc_4648_go_both_ways)
{
	static const char *const vectors[][3] = {
		{ "", "", "" },
		{ "f", "Zg==", "Zg" },
		{ "fo", "Zm8=", "Zm8" },
		{ "foo", "Zm9v", "Zm9v" },
		{ "foob", "Zm9vYg==", "Zm9vYg" },
		{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "+//+", "-__-" },
	};

	for (size_t i = 0; i < NITEMS(vectors); i++) {
		struct buf b;

		buf_init(&b, 100);
		base64_put(&b, bytes_str(vectors[i][0]));
		cr_expect_str_eq(buf_str(&b), vectors[i][1]);
		buf_clear(&b);
		base64url_put(&b, bytes_str(vectors[i][0]));
		buf_putc(&b, '.');
		cr_expect_eq(strncmp(buf_str(&b), vectors[i][2], b.n - 1), 0);
		cr_expect_eq(b.n - 1, strlen(vectors[i][2]));
		buf_free(&b);
		try(base64_read, vectors[i][1], vectors[i][0]);
		try(base64_read_lax, vectors[i][1], vectors[i][0]);
		try(base64_read_lax,
		    strcmp(vectors[i][2], "-__-") == 0 ? "+//+" : vectors[i][2],
		    vectors[i][0]);
		try(base64url_read, vectors[i][2], vectors[i][0]);
	}
}

Test(base64, what_no_encoder_makes_is_refused)
{
	static const char *const never[] = { "Z", "Zg=", "Zg===", "Zm9vY",
		"Zh==", "Zm9=", "Zm 9v", "Zm9v\n", " Zm9v",
		"Zm9v=", "Zm9v==", "Zm9v====", "=",
		"==", "====", "Z===", "Zg==Zg==", "Z*9v", "Zm9\xc3", "Zm9v." };

	for (size_t i = 0; i < NITEMS(never); i++) {
		try(base64_read, never[i], NULL);
		try(base64_read_lax, never[i], NULL);
		try(base64url_read, never[i], NULL);
	}
	/* padding where it is due, only where it is due */
	try(base64_read, "Zg", NULL);
	try(base64_read, "Zm8", NULL);
	try(base64url_read, "Zg==", NULL);
	try(base64url_read, "Zm8=", NULL);
	/* one alphabet each */
	try(base64_read, "-__-", NULL);
	try(base64_read_lax, "-__-", NULL);
	try(base64url_read, "+//+", NULL);
}

Test(base64, every_octet_and_length_comes_back_and_a_nul_does_not_end_it)
{
	uint8_t all[256];

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	for (size_t n = 0; n <= sizeof(all); n++) {
		struct buf text, back;
		struct err e = { 0 };

		buf_init(&text, 1000);
		buf_init(&back, n);
		base64_put(&text, bytes_of(all, n));
		cr_assert(base64_read(buf_bytes(&text), &back, &e), "%s", e.detail);
		cr_assert(bytes_eq(buf_bytes(&back), bytes_of(all, n)));
		buf_free(&back);
		buf_init(&back, n);
		buf_clear(&text);
		base64url_put(&text, bytes_of(all, n));
		cr_assert(base64url_read(buf_bytes(&text), &back, &e), "%s", e.detail);
		cr_assert(bytes_eq(buf_bytes(&back), bytes_of(all, n)));
		buf_free(&back);
		buf_free(&text);
	}
	const struct bytes nul = { (const uint8_t *)"Zm9\0", 4 };
	struct buf b;
	struct err e = { 0 };
	buf_init(&b, 10);
	cr_expect_not(base64_read(nul, &b, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
}

Test(base64, what_does_not_fit_is_told)
{
	struct buf b;
	struct err e = { 0 };

	buf_init(&b, 2);
	cr_expect_not(base64_read(bytes_str("Zm9v"), &b, &e));
	cr_expect_eq(e.code, ERR_TOO_LARGE);
	buf_free(&b);
}
