/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "x509/serial.h"

#define YEAR_2026 INT64_C(1767225600)

/* P2, R20: positive, 20 octets, 128 random bits, minimal whatever the clock says. */
Test(serial, those_we_draw_are_long_positive_and_unlike)
{
	static const int64_t clocks[] = { INT64_MIN, -1, 0, 1577836800, YEAR_2026,
		INT64_C(4102444800), INT64_MAX };
	static struct serial drawn[500];
	struct err e = { 0 };

	for (size_t i = 0; i < NITEMS(drawn); i++) {
		struct serial back;

		cr_assert(serial_new(clocks[i % NITEMS(clocks)], &drawn[i], &e));
		cr_assert_eq(drawn[i].n, SERIAL_LEN);
		cr_assert(drawn[i].b[0] >= 1 && drawn[i].b[0] <= 0x7f);
		cr_assert(serial_from_der(serial_bytes(&drawn[i]), &back, &e));
		for (size_t k = 0; k < i; k++)
			cr_assert_neq(memcmp(drawn[i].b + 4, drawn[k].b + 4, 16), 0,
			    "random part");
	}
}

Test(serial, a_later_one_sorts_behind)
{
	struct serial a, b;
	struct err e = { 0 };

	cr_assert(serial_new(YEAR_2026, &a, &e));
	cr_assert(serial_new(YEAR_2026 + 1, &b, &e));
	cr_expect_lt(memcmp(a.b, b.b, SERIAL_LEN), 0);
}

/* P2: minimal, positive, not 0, at most 20 octets. */
Test(serial, der_that_is_no_serial_is_refused)
{
	static const uint8_t octets[21] = { 1 };
	static const uint8_t padded_long[21] = { 0, 0x80 };
	const struct {
		const uint8_t *p;
		size_t n;
	} bad[] = {
		{ NULL, 0 },
		{ (const uint8_t *)"\0", 1 },
		{ (const uint8_t *)"\x80", 1 },
		{ (const uint8_t *)"\xff\xff", 2 },
		{ (const uint8_t *)"\0\x7f", 2 },
		{ octets, 21 },
		{ padded_long, 21 },
	};

	for (size_t i = 0; i < NITEMS(bad); i++) {
		struct serial s = { .n = 9 };
		struct err e = { 0 };

		cr_expect_not(serial_from_der(bytes_of(bad[i].p, bad[i].n), &s, &e),
		    "row %zu", i);
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_eq(s.n, 9);
	}
}

/* P45, P74: the top bit costs an octet of DER and none of the magnitude. */
Test(serial, a_set_top_bit_is_not_part_of_the_magnitude)
{
	struct serial s, t;
	struct err e = { 0 };

	cr_assert(serial_from_der(bytes_of("\0\x80\1", 3), &s, &e));
	cr_expect_eq(s.n, 2);
	cr_expect_eq(serial_der_len(&s), 3);
	cr_assert(serial_from_bytes(bytes_of("\x80\1", 2), &t, &e));
	cr_expect(serial_eq(&s, &t));
	cr_assert(serial_from_bytes(bytes_of("\x7f", 1), &t, &e));
	cr_expect_eq(serial_der_len(&t), 1);
	cr_expect_not(serial_eq(&s, &t));
	cr_expect_not(serial_from_bytes(bytes_of("\0\1", 2), &t, &e));
}

Test(serial, hex_is_taken_as_people_paste_it)
{
	static const struct {
		const char *in, *out;
	} good[] = {
		{ "0a0B", "a0b" },
		{ "A:0B", "a0b" },
		{ "a0b", "a0b" },
		{ "00:ff:01", "ff01" },
		{ "7", "7" },
		{ "00ffffffffffffffffffffffffffffffffffffffff",
		    "ffffffffffffffffffffffffffffffffffffffff" },
	};
	static const char *const bad[] = { "", "0", "00:00", "xyz", "12 34", "0x12",
		"-1", ":", "1ffffffffffffffffffffffffffffffffffffffff" };
	struct serial s;
	struct err e = { 0 };

	for (size_t i = 0; i < NITEMS(good); i++) {
		char hex[SERIAL_HEX_LEN];

		cr_assert(serial_from_hex(bytes_str(good[i].in), &s, &e), "%s: %s",
		    good[i].in, e.detail);
		serial_to_hex(&s, hex);
		cr_expect_str_eq(hex + (hex[0] == '0' ? 1 : 0), good[i].out,
		    "octets are whole");
	}
	for (size_t i = 0; i < NITEMS(bad); i++)
		cr_expect_not(serial_from_hex(bytes_str(bad[i]), &s, &e), "%s", bad[i]);
}
