/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "codec/der.h"

static struct derw w;

static void
begin(void)
{
	derw_init(&w, KIB(64));
}

static void
end(void)
{
	derw_free(&w);
}

TestSuite(der, .init = begin, .fini = end);

static void
expect_hex(const char *want)
{
	char hex[512];
	const struct bytes got = der_bytes(&w);

	cr_assert_lt(got.n, sizeof(hex) / 2);
	hex_write(got, hex);
	cr_expect_str_eq(hex, want);
	cr_expect_not(w.bad);
	derw_free(&w);
}

/* P40: minimal lengths, booleans FF, no padding. */
Test(der, values_are_written_minimal)
{
	der_put_null(&w), expect_hex("0500");
	der_put_bool(&w, true), expect_hex("0101ff");
	der_put_bool(&w, false), expect_hex("010100");
	der_put_uint(&w, 0), expect_hex("020100");
	der_put_uint(&w, 127), expect_hex("02017f");
	der_put_uint(&w, 128), expect_hex("02020080");
	der_put_uint(&w, UINT64_MAX), expect_hex("020900ffffffffffffffff");
	der_put_enum(&w, 6), expect_hex("0a0106");
	der_put_integer(&w, bytes_of("\0\0\x80\1", 4)), expect_hex("0203008001");
	der_put_integer(&w, bytes_of(NULL, 0)), expect_hex("020100");
	der_put_tlv(&w, DER_CONTEXT(6), bytes_str("ab")), expect_hex("86026162");
}

/* P20, P40: no unused bits, trailing zero bits cut (X.690 11.2.2). */
Test(der, named_bits_lose_their_trailing_zeros)
{
	der_put_named_bits(&w, 0x8000), expect_hex("03020780");
	der_put_named_bits(&w, 0xa000), expect_hex("030205a0");
	der_put_named_bits(&w, 0x0600), expect_hex("03020106");
	der_put_named_bits(&w, 0x0080), expect_hex("0303070080");
	der_put_named_bits(&w, 0), expect_hex("030100");
}

Test(der, object_identifiers_go_out_and_come_back)
{
	static const struct {
		const char *text, *hex;
	} cases[] = {
		{ "1.2.840.113549.1.1.11", "06092a864886f70d01010b" },
		{ "2.5.29.15", "0603551d0f" },
		{ "2.999.3", "0603883703" },
		{ "0.0", "060100" },
		{ "1.39", "06014f" },
		{ "2.5.18446744073709551609", "060b5581ffffffffffffffff79" },
	};
	struct err e = { 0 };

	for (size_t i = 0; i < NITEMS(cases); i++) {
		char text[64] = "";
		struct der d;

		der_put_oid(&w, cases[i].text);
		cr_assert(der_whole(der_bytes(&w), DER_OID, &d, &e));
		cr_expect(der_get_oid(d.body, text, sizeof(text), &e), "%s", e.detail);
		cr_expect_str_eq(text, cases[i].text);
		expect_hex(cases[i].hex);
	}
}

Test(der, an_object_identifier_of_as_many_parts_as_can_be_read_is_written)
{
	char dotted[128] = "1.2", text[128] = "";
	struct der d;
	struct err e = { 0 };

	while (strlen(dotted) < sizeof(dotted) - 3)
		strncat(dotted, ".7", 3);
	der_put_oid(&w, dotted);
	cr_assert(der_whole(der_bytes(&w), DER_OID, &d, &e), "%s", e.detail);
	cr_expect(der_get_oid(d.body, text, sizeof(text), &e), "%s", e.detail);
	cr_expect_str_eq(text, dotted);
	derw_free(&w);
	der_put_oid(&w, "1.2.18446744073709551615");
	cr_expect(der_whole(der_bytes(&w), DER_OID, &d, &e), "%s", e.detail);
}

Test(der, text_that_is_no_object_identifier_spoils_the_writer)
{
	char more_than_can_be_read[200] = "1.2";
	const char *const bad[] = { "", "1", "3.1", "1.40", "1..2", ".1.2", "1.2.",
		"1.02", "a.b", "1.2 ", "1.2.18446744073709551616",
		"1.2.184467440737095516150", "0.40", "2.18446744073709551536",
		"2.18446744073709551615", more_than_can_be_read };
	struct buf out;

	for (int i = 2; i < 65; i++) /* 65 arcs */
		strncat(more_than_can_be_read, ".7", 3);
	buf_init(&out, 100);
	for (size_t i = 0; i < NITEMS(bad); i++) {
		struct err e = { 0 };

		der_put_null(&w);
		der_put_oid(&w, bad[i]);
		cr_expect_not(der_take(&w, "it", &out, &e), "\"%s\"", bad[i]);
		cr_expect_eq(e.code, ERR_INTERNAL);
		cr_expect_eq(out.n, 0);
		derw_free(&w);
	}
}

/* P7: UTCTime up to 2049, GeneralizedTime from 2050, Zulu, with seconds. */
Test(der, times_change_their_form_in_2050)
{
	der_put_time(&w, 0), expect_hex("170d3730303130313030303030305a");
	der_put_time(&w, 2524607999), expect_hex("170d3439313233313233353935395a");
	der_put_time(&w, 2524608000), expect_hex("180f32303530303130313030303030305a");
	der_put_time(&w, -631152001), expect_hex("180f31393439313233313233353935395a");
	der_put_generalized(&w, 1709208000), /* a leap day */
	    expect_hex("180f32303234303232393132303030305a");
	der_put_time(&w, INT64_C(253402300799)),
	    expect_hex("180f39393939313233313233353935395a");
	der_put_time(&w, INT64_C(253402300800));
	cr_expect(w.bad, "the year 10000");
}

/* The library's calendar is the judge of ours. */
Test(der, times_agree_with_the_calendar_of_the_system)
{
	for (int64_t at = INT64_C(-62167219200); at < INT64_C(253402300800);
	     at += INT64_C(86400) * 37 + 12345) {
		const time_t t = (time_t)at;
		struct tm tm;
		struct err e = { 0 };
		struct der d;
		uint8_t octets[DER_TIME_MAX];
		char want[32];
		int64_t back = -1;

		gmtime_r(&t, &tm);
		snprintf(want, sizeof(want), "%04d%02d%02d%02d%02d%02dZ",
		    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		    tm.tm_sec);
		cr_assert_eq(der_generalized(at, octets), 17);
		cr_assert_eq(memcmp(octets + 2, want, 15), 0, "%s", want);
		cr_assert(
		    der_whole(bytes_of(octets, 17), DER_GENERALIZED_TIME, &d, &e));
		cr_assert(der_get_time(&d, &back, &e), "%s", e.detail);
		cr_assert_eq(back, at);
	}
}

Test(der, times_that_do_not_exist_or_are_not_zulu_are_refused)
{
	static const struct {
		unsigned tag;
		const char *text;
	} bad[] = {
		{ DER_UTC_TIME, "" },
		{ DER_UTC_TIME, "2601311200Z" },
		{ DER_UTC_TIME, "260131120000" },
		{ DER_UTC_TIME, "260131120000+0100" },
		{ DER_UTC_TIME, "260231120000Z" },
		{ DER_UTC_TIME, "250229120000Z" },
		{ DER_UTC_TIME, "260001120000Z" },
		{ DER_UTC_TIME, "261301120000Z" },
		{ DER_UTC_TIME, "260100120000Z" },
		{ DER_UTC_TIME, "260101240000Z" },
		{ DER_UTC_TIME, "260101126000Z" },
		{ DER_UTC_TIME, "260101120060Z" },
		{ DER_UTC_TIME, "2601311 0000Z" },
		{ DER_UTC_TIME, "20260131120000Z" },
		{ DER_GENERALIZED_TIME, "260131120000Z" },
		{ DER_GENERALIZED_TIME, "20260131120000.5Z" },
		{ DER_GENERALIZED_TIME, "21000229120000Z" },
		{ DER_IA5_STRING, "260131120000Z" },
	};

	for (size_t i = 0; i < NITEMS(bad); i++) {
		const struct der d = { .tag = bad[i].tag,
			.body = bytes_str(bad[i].text) };
		struct err e = { 0 };
		int64_t at = 77;

		cr_expect_not(der_get_time(&d, &at, &e), "%s", bad[i].text);
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_eq(at, 77);
		cr_expect_eq(der_is_time(d.tag), d.tag != DER_IA5_STRING);
	}
}

Test(der, lengths_are_short_then_long_and_read_back)
{
	static const size_t lengths[] = { 0, 1, 127, 128, 255, 256, 4000, 60000 };
	static const uint8_t zeros[60000];
	struct err e = { 0 };

	for (size_t i = 0; i < NITEMS(lengths); i++) {
		struct der d;

		der_put_tlv(&w, DER_OCTET_STRING, bytes_of(zeros, lengths[i]));
		cr_expect(der_whole(der_bytes(&w), DER_OCTET_STRING, &d, &e));
		cr_expect_eq(d.body.n, lengths[i]);
		derw_free(&w);
	}
}

Test(der, structure_is_written_from_the_back)
{
	const size_t outer = der_mark(&w);

	der_put_null(&w);
	const size_t bits = der_mark(&w);
	der_put_raw(&w, bytes_of("\xab", 1));
	der_wrap_bits(&w, bits);
	der_put_oid(&w, "2.5.29.15");
	der_wrap(&w, DER_SEQUENCE, outer);
	expect_hex("300b0603551d0f030200ab0500");
}

Test(der, the_limit_of_a_writer_sticks)
{
	struct buf out;
	struct err e = { 0 };

	buf_init(&out, 100);
	derw_init(&w, 5);
	der_put_tlv(&w, DER_OCTET_STRING, bytes_str("abc"));
	cr_expect(der_take(&w, "it", &out, &e));
	der_put_null(&w);
	der_wrap(&w, DER_SEQUENCE, 0);
	cr_expect_not(der_take(&w, "it", &out, &e));
	cr_expect_eq(e.code, ERR_TOO_LARGE);
	cr_expect_eq(out.n, 5);
	buf_free(&out);
}

static void
put_one_of(struct derw *to, int i)
{
	switch (i) {
	case 0:
		der_put_null(to);
		break;
	case 1:
		der_put_bool(to, true);
		break;
	case 2:
		der_put_uint(to, 128);
		break;
	case 3:
		der_put_oid(to, "2.5.29.15");
		break;
	case 4:
		der_wrap_bits(to, 0);
		break;
	case 5:
		der_put_named_bits(to, 1);
		break;
	case 6:
		der_put_time(to, 0);
		break;
	default:
		der_wrap(to, DER_SEQUENCE, 9); /* the mark of what was not written */
	}
}

/* Whatever comes behind what did not fit is not written either, so nothing has a hole in it. */
Test(der, a_writer_that_is_full_takes_nothing_more)
{
	struct buf out;

	buf_init(&out, 100);
	for (int i = 0; i < 8; i++) {
		struct err e = { 0 };

		derw_init(&w, 3);
		der_put_raw(&w, bytes_str("abcd"));
		cr_expect(w.full);
		put_one_of(&w, i);
		cr_expect_eq(w.n, 0, "%d", i);
		cr_expect_eq(der_bytes(&w).n, 0, "%d", i);
		cr_expect_not(der_take(&w, "it", &out, &e));
		cr_expect_eq(e.code, ERR_TOO_LARGE);
		cr_expect_str_eq(e.detail, "it is over its limit of 3 octets");
		derw_free(&w);
	}
	buf_free(&out);
}

Test(der, a_writer_that_grows_keeps_what_is_there)
{
	uint8_t many[3000];
	struct der d, inner;
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = (uint8_t)(i * 7);
	for (int i = 0; i < 5; i++)
		der_put_tlv(&w, DER_OCTET_STRING, bytes_of(many, sizeof(many)));
	der_wrap(&w, DER_SEQUENCE, 0);
	cr_assert(der_whole(der_bytes(&w), DER_SEQUENCE, &d, &e), "%s", e.detail);
	for (int i = 0; i < 5; i++) {
		cr_assert(der_expect(&d.body, DER_OCTET_STRING, &inner, &e), "%s",
		    e.detail);
		cr_expect(bytes_eq(inner.body, bytes_of(many, sizeof(many))), "%d", i);
	}
	cr_expect_eq(d.body.n, 0);
}

Test(der, nothing_written_is_nothing_to_take)
{
	struct err e = { 0 };
	struct buf out;

	buf_init(&out, 4);
	cr_expect_null(der_bytes(&w).p);
	cr_expect(der_take(&w, "it", &out, &e), "%s", e.detail);
	cr_expect_eq(out.n, 0);
	der_put_raw(&w, bytes_of(NULL, 0));
	cr_expect_eq(der_mark(&w), 0);
	buf_free(&out);
}

Test(der, what_takes_from_a_writer_may_have_less_room_than_it)
{
	struct err e = { 0 };
	struct buf out;

	buf_init(&out, 4);
	buf_put(&out, bytes_str("ab"));
	der_put_bool(&w, true);
	cr_expect_not(der_take(&w, "it", &out, &e));
	cr_expect_eq(e.code, ERR_TOO_LARGE);
	cr_expect_str_eq(e.detail, "it is over its limit of 4 octets");
	cr_expect_eq(out.n, 2, "and nothing of it");
	buf_free(&out);
}

/* P40: the fewest octets that hold the length, up to all that 64 bits hold. */
Test(der, the_header_of_any_length_is_minimal)
{
	for (unsigned bits = 0; bits <= 64; bits++) {
		const uint64_t n = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
		const size_t octets = bits <= 7 ? 0 : (bits + 7) / 8;
		uint8_t header[DER_HEADER_MAX] = { 0 };
		uint64_t back = 0;

		cr_expect_eq(der_header(DER_SEQUENCE, n, header), 2 + octets, "%u",
		    bits);
		cr_expect_eq(header[0], DER_SEQUENCE);
		for (size_t i = 0; i < octets; i++)
			back = back << 8 | header[2 + i];
		cr_expect_eq(octets == 0 ? header[1] : back, n);
		cr_expect_eq(header[1], octets == 0 ? n : 0x80 | octets);
	}
}

Test(der, what_is_not_der_is_refused)
{
	static const struct {
		const char *hex, *why;
	} bad[] = {
		{ "", "empty" },
		{ "30", "no length" },
		{ "3080", "indefinite" },
		{ "30800000", "indefinite with its end" },
		{ "308100", "long form of 0" },
		{ "30817f", "long form of 127" },
		{ "3082007f", "padded length" },
		{ "3001", "cut off" },
		{ "3084ffffffff", "4 GiB" },
		{ "30850100000000", "a length of 5 octets" },
		{ "30ff", "reserved length" },
		{ "0000", "end of contents" },
		{ "1f8101", "tag of several octets" },
		{ "bf8101", "tag of several octets" },
		{ "1000", "SEQUENCE that is not constructed" },
		{ "1100", "SET that is not constructed" },
		{ "2400", "OCTET STRING in pieces" },
		{ "2300", "BIT STRING in pieces" },
		{ "2000", "constructed end of contents" },
	};

	for (size_t i = 0; i < NITEMS(bad); i++) {
		uint8_t octets[16];
		size_t n = 0;
		struct err e = { 0 };
		struct der d = { .tag = 77 };

		cr_assert(hex_read(bytes_str(bad[i].hex), octets, sizeof(octets), &n));
		struct bytes rest = bytes_of(octets, n);
		cr_expect_not(der_next(&rest, &d, &e), "%s", bad[i].why);
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_eq(rest.n, n, "nothing moves");
		cr_expect_eq(d.tag, 77);
	}
}

Test(der, elements_are_taken_one_by_one)
{
	static const uint8_t in[] = { 0x05, 0x00, 0x02, 0x01, 0x2a, 0x04, 0x00 };
	struct bytes rest = bytes_of(in, sizeof(in));
	struct err e = { 0 };
	struct der d;
	bool there = true;

	cr_assert(der_optional(&rest, DER_INTEGER, &d, &there, &e));
	cr_expect_not(there);
	cr_expect_not(der_expect(&rest, DER_INTEGER, &d, &e));
	cr_expect_eq(rest.n, sizeof(in));
	cr_assert(der_expect(&rest, DER_NULL, &d, &e));
	cr_assert(der_optional(&rest, DER_INTEGER, &d, &there, &e));
	cr_expect(there);
	cr_expect_eq(d.whole.n, 3);
	cr_expect_not(der_done(rest, "it", &e));
	cr_assert(der_next(&rest, &d, &e));
	cr_expect(der_done(rest, "it", &e));
	cr_assert(der_optional(&rest, DER_INTEGER, &d, &there, &e));
	cr_expect_not(there, "at the end");
	cr_expect_not(der_whole(bytes_of(in, sizeof(in)), DER_NULL, &d, &e));
}

Test(der, contents_are_checked_for_their_type)
{
	struct err e = { 0 };
	bool yes = false;
	uint64_t v = 5;
	struct bytes m = { 0 };
	char text[13] = "same";

	cr_expect(der_get_bool(bytes_of("\xff", 1), &yes, &e) && yes);
	cr_expect(der_get_bool(bytes_of("\0", 1), &yes, &e) && !yes);
	cr_expect_not(der_get_bool(bytes_of("\1", 1), &yes, &e));
	cr_expect_not(der_get_bool(bytes_of(NULL, 0), &yes, &e));

	cr_expect_not(der_get_uint(bytes_of(NULL, 0), &v, &e));
	cr_expect_not(der_get_uint(bytes_of("\x80", 1), &v, &e), "negative");
	cr_expect_not(der_get_uint(bytes_of("\0\1", 2), &v, &e), "padded");
	cr_expect_not(der_get_uint(bytes_of("\1\0\0\0\0\0\0\0\0", 9), &v, &e),
	    "over 64 bits");
	cr_expect_eq(v, 5);
	cr_expect(der_get_uint(bytes_of("\0\xff", 2), &v, &e));
	cr_expect_eq(v, 255);
	cr_expect(der_get_integer(bytes_of("\0", 1), &m, &e));
	cr_expect_eq(m.n, 1);
	cr_expect(der_get_integer(bytes_of("\0\x80", 2), &m, &e));
	cr_expect_eq(m.n, 1);

	cr_expect_not(der_get_oid(bytes_of(NULL, 0), text, sizeof(text), &e));
	cr_expect_not(der_is_oid(bytes_of(NULL, 0)));
	cr_expect_not(der_is_oid(bytes_of("\x55\x80\x01", 3)), "a padded part");
	cr_expect_not(der_is_oid(bytes_of("\x55\x81", 2)), "a part that does not end");
	cr_expect_not(der_is_oid(
			  bytes_of("\x55\x82\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11)),
	    "a part over 64 bits");
	cr_expect(
	    der_is_oid(bytes_of("\x55\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11)));
	cr_expect_not(der_get_oid(bytes_of("\x55\x80\x01", 3), text, sizeof(text), &e),
	    "padded");
	cr_expect_not(der_get_oid(bytes_of("\x55\x81", 2), text, sizeof(text), &e),
	    "cut off");
	cr_expect_not(der_get_oid(bytes_of("\x55\x1d\x1d\x1d", 4), text, 8, &e),
	    "does not fit");
	cr_expect_not(der_get_oid(bytes_of("\x55\x1d\x1d\x1d", 4), text, 12, &e),
	    "nor its NUL");
	cr_expect_str_eq(text, "same");
	cr_expect(der_get_oid(bytes_of("\x55\x1d\x1d\x1d", 4), text, 13, &e));
	cr_expect_str_eq(text, "2.5.29.29.29");

	cr_expect(der_get_bits(bytes_of("\0\xaa", 2), &m, &e));
	cr_expect_eq(m.n, 1);
	cr_expect_not(der_get_bits(bytes_of("\1\xaa", 2), &m, &e), "unused bits");
	cr_expect_not(der_get_bits(bytes_of(NULL, 0), &m, &e));
}
