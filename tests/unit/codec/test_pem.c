/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "codec/pem.h"

#define GOOD "-----BEGIN X Y-----\nZm9vYmFy\n-----END X Y-----\n"

static bool
next(const char *text, struct bytes *rest, struct buf *der, struct err *e)
{
	struct bytes label = { 0 };

	*rest = bytes_str(text);
	buf_init(der, 1000);
	const bool ok = pem_next(rest, &label, der, e);
	if (!ok) {
		cr_expect_eq(rest->n, strlen(text), "rest is untouched on failure");
		cr_expect_eq(label.p, NULL);
		cr_expect_eq(der->n, 0);
	}
	return ok;
}

static void
refused(const char *text, enum err_code code)
{
	struct bytes rest;
	struct buf der;
	struct err e = { 0 };

	cr_expect_not(next(text, &rest, &der, &e), "%s", text);
	cr_expect_eq(e.code, code, "%s: %s", text, e.detail);
	buf_free(&der);
}

static void
read_as_foobar(const char *text)
{
	struct bytes rest;
	struct buf der;
	struct err e = { 0 };

	cr_expect(next(text, &rest, &der, &e), "%s: %s", text, e.detail);
	cr_expect_str_eq(buf_str(&der), "foobar");
	buf_free(&der);
}

/* P42 */
Test(pem, is_written_in_64_columns_with_a_final_newline)
{
	uint8_t octets[100] = { 0 };
	struct buf b;

	buf_init(&b, 1000);
	pem_put(&b, "CERTIFICATE", bytes_of(octets, 48));
	cr_expect_str_eq(buf_str(&b),
	    "-----BEGIN CERTIFICATE-----\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	    "-----END CERTIFICATE-----\n");
	buf_clear(&b);
	pem_put(&b, "X", bytes_of(octets, 49));
	cr_expect_str_eq(buf_str(&b),
	    "-----BEGIN X-----\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	    "AA==\n"
	    "-----END X-----\n");
	buf_free(&b);
}

Test(pem, what_was_written_is_read_back_block_by_block)
{
	struct buf text, der;
	struct bytes rest, label;
	struct err e = { 0 };

	buf_init(&text, 10000);
	buf_puts(&text, "subject=CN = web\n");
	pem_put(&text, "ONE", bytes_str("first"));
	buf_puts(&text, "and then\n");
	pem_put(&text, "TWO", bytes_str("second"));
	rest = buf_bytes(&text);
	buf_init(&der, 100);
	cr_assert(pem_next(&rest, &label, &der, &e), "%s", e.detail);
	cr_expect(bytes_eq_str(label, "ONE"));
	cr_assert(pem_next(&rest, &label, &der, &e), "%s", e.detail);
	cr_expect(bytes_eq_str(label, "TWO"));
	cr_expect_str_eq(buf_str(&der), "firstsecond", "blocks are appended");
	cr_expect_not(pem_next(&rest, &label, &der, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	buf_free(&der);
	buf_free(&text);
}

Test(pem, blanks_line_ends_and_widths_of_others_are_borne)
{
	read_as_foobar(GOOD);
	read_as_foobar("-----BEGIN X Y-----\r\nZm9v\r\nYmFy\r\n-----END X Y-----\r\n");
	read_as_foobar("-----BEGIN X Y----- \nZm9v \n\n YmFy\t\n-----END X Y-----  ");
	read_as_foobar("-----BEGIN A-B-----\nZm9vYmFy\n-----END A-B-----");
	read_as_foobar("text\n -----BEGIN\n\n" GOOD);
}

Test(pem, damaged_blocks_are_refused)
{
	static const char *const bad[] = {
		"-----BEGIN X-----\nZm9v\n-----END Y-----\n",
		"-----BEGIN X-----\nZm9v\n-----END X----\n",
		"-----BEGIN X-----\nZm9v\n-----END X-----z\n",
		"-----BEGIN X----\nZm9v\n-----END X-----\n",
		"-----BEGIN X-----Zm9v-----END X-----\n",
		"-----BEGIN -----\nZm9v\n-----END -----\n",
		"-----BEGIN  X-----\nZm9v\n-----END  X-----\n",
		"-----BEGIN X  Y-----\nZm9v\n-----END X  Y-----\n",
		"-----BEGIN X\x01-----\nZm9v\n-----END X\x01-----\n",
		"-----BEGIN X-----\n-----END X-----\n",
		"-----BEGIN X-----\nZm9\n-----END X-----\n",
		"-----BEGIN X-----\nZm9v!\n-----END X-----\n",
		"-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nZm9v\n-----END X-----\n",
		"-----BEGIN X-----\n-----BEGIN X-----\nZm9v\n-----END X-----\n",
		"-----BEGIN X-----\nZm9v\n----END X-----\n",
	};

	for (size_t i = 0; i < NITEMS(bad); i++)
		refused(bad[i], ERR_MALFORMED);
}

Test(pem, a_block_cut_short_anywhere_is_refused)
{
	for (size_t n = 0; n < strlen(GOOD) - 1; n++) {
		char text[sizeof(GOOD)] = GOOD;

		text[n] = '\0';
		/* less than "-----BEGIN " is no block at all */
		refused(text, n < 11 ? ERR_NOT_FOUND : ERR_MALFORMED);
	}
}

Test(pem, is_told_by_a_begin_at_the_start_of_a_line)
{
	cr_expect(pem_looks_like(bytes_str(GOOD)));
	cr_expect(pem_looks_like(bytes_str("x\n-----BEGIN ")));
	cr_expect_not(pem_looks_like(bytes_str("x-----BEGIN ")));
	cr_expect_not(pem_looks_like(bytes_str("-----BEGIN")));
	cr_expect_not(pem_looks_like(bytes_of(NULL, 0)));
	cr_expect_not(pem_looks_like(bytes_of("0\x82\0\0", 4)));
}

Test(pem, holds_only_what_every_begin_in_it_says)
{
	static const struct {
		const char *text;
		bool only;
	} rows[] = {
		{ "", true },
		{ "no block", true },
		{ "-----BEGIN A B-----\nAAAA\n-----END A B-----\nmore\n-----BEGIN A "
		  "B----- \r\n",
		    true },
		{ "-----BEGIN A-----\nAAAA\n-----END A-----\n", false },
		{ "-----BEGIN A B-----\nAAAA\n-----END A B-----\n-----BEGIN "
		  "KEY-----\nProc-Type: 4,ENCRYPTED\n",
		    false },
		{ "-----BEGIN A B-----\nAAAA\n-----END A B----- -----BEGIN KEY-----\n",
		    false },
		{ "-----BEGIN A B", false },
	};

	for (size_t i = 0; i < NITEMS(rows); i++)
		cr_expect_eq(pem_holds_only(bytes_str(rows[i].text), "A B"),
		    rows[i].only, "%s", rows[i].text);
}
