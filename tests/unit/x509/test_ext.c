/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "make.h"
#include "x509/ext.h"

#define OID_63  "\x06\x03\x55\x1d\x63"
#define OID_64  "\x06\x03\x55\x1d\x64"
#define VALUE   "\x04\x02\x05\x00"
#define PLAIN   "\x30\x09" OID_63 VALUE
#define YES     "\x30\x0c" OID_63 "\x01\x01\xff" VALUE
#define NO      "\x30\x0c" OID_64 "\x01\x01\x00" VALUE
#define THREE   PLAIN NO YES
#define LIST    "\x30\x27" THREE
#define WITHIN  "\xa1\x29" LIST
#define OID_3   MAKE_T("\x55\x1d\x63")
#define OID_4   MAKE_T("\x55\x1d\x64")
#define VALUE_B MAKE_T("\x05\x00")

static void
is(struct bytes *list, struct bytes oid, bool flag_written, bool critical)
{
	struct ext x = { 0 };
	struct err e = { 0 };

	cr_assert(ext_next(list, &x, &e), "%s", e.detail);
	cr_expect(bytes_eq(x.oid, oid));
	cr_expect(bytes_eq(x.value, VALUE_B));
	cr_expect_eq(x.flag_written, flag_written);
	cr_expect_eq(x.critical, critical);
}

/* P48: FALSE that is spelled out can be told from FALSE that is left out. */
Test(ext, each_is_given_in_turn)
{
	struct bytes list = { 0 };
	struct err e = { 0 };

	cr_assert(ext_list(MAKE_T(LIST), &list, &e), "%s", e.detail);
	cr_expect(bytes_eq(list, MAKE_T(THREE)));
	is(&list, OID_3, false, false);
	is(&list, OID_4, true, false);
	is(&list, OID_3, true, true);
	cr_expect_eq(list.n, 0);
}

/* P17 */
Test(ext, one_that_was_there_before_is_told)
{
	const struct bytes list = MAKE_T(THREE);
	static const bool before[] = { false, false, true };
	struct bytes rest = list;
	struct err e = { 0 };
	struct ext x;

	for (size_t i = 0; i < NITEMS(before); i++) {
		cr_assert(ext_next(&rest, &x, &e), "%s", e.detail);
		cr_expect_eq(ext_seen_before(list, x.oid), before[i], "place %zu", i);
	}
}

static bool
no_list(struct bytes in, struct err *e)
{
	struct bytes list = OID_3;

	*e = (struct err){ 0 };
	const bool refused = !ext_list(in, &list, e);
	cr_expect(!refused || (e->code == ERR_MALFORMED && bytes_eq(list, OID_3)));
	return refused;
}

/* What is refused leaves what was there. */
Test(ext, a_list_is_one_sequence_that_holds_something)
{
	static const char list[] = LIST "\0";
	struct err e;

	for (size_t n = 0; n < sizeof(list) - 2; n++)
		cr_expect(no_list(bytes_of(list, n), &e), "%zu octets", n);
	cr_expect_not(no_list(bytes_of(list, sizeof(list) - 2), &e));
	cr_expect(no_list(bytes_of(list, sizeof(list) - 1), &e), "one too many");
	cr_expect(no_list(MAKE_T("\x31\x0b" PLAIN), &e), "a SET");
	cr_expect(no_list(MAKE_T("\x30\x00"), &e));
	cr_expect_str_eq(e.detail, "extensions that are none");
}

/* R17 */
Test(ext, one_that_is_wrong_is_refused)
{
	static const char good[] = YES;
	static const struct {
		const char *why;
		struct bytes in;
	} rows[] = {
		/* clang-format off */
		{ "a SET", MAKE_T("\x31\x09" OID_63 VALUE) },
		{ "empty", MAKE_T("\x30\x00") },
		{ "no identifier", MAKE_T("\x30\x04" VALUE) },
		{ "an identifier of no octets", MAKE_T("\x30\x06\x06\x00" VALUE) },
		{ "an identifier that does not end", MAKE_T("\x30\x09\x06\x03\x55\x1d\xe3" VALUE) },
		{ "an identifier that is padded", MAKE_T("\x30\x09\x06\x03\x55\x80\x63" VALUE) },
		{ "an identifier of another kind", MAKE_T("\x30\x09\x0d\x03\x55\x1d\x63" VALUE) },
		{ "TRUE as 1", MAKE_T("\x30\x0c" OID_63 "\x01\x01\x01" VALUE) },
		{ "a flag of no octets", MAKE_T("\x30\x0b" OID_63 "\x01\x00" VALUE) },
		{ "a flag of two", MAKE_T("\x30\x0d" OID_63 "\x01\x02\xff\xff" VALUE) },
		{ "two flags", MAKE_T("\x30\x0f" OID_63 "\x01\x01\xff\x01\x01\xff" VALUE) },
		{ "a flag behind the value", MAKE_T("\x30\x0c" OID_63 VALUE "\x01\x01\xff") },
		{ "no value", MAKE_T("\x30\x08" OID_63 "\x01\x01\xff") },
		{ "a value of another kind", MAKE_T("\x30\x09" OID_63 "\x0c\x02\x05\x00") },
		{ "two values", MAKE_T("\x30\x0d" OID_63 VALUE VALUE) },
		{ "one octet too many", MAKE_T("\x30\x0a" OID_63 VALUE "\0") },
		/* clang-format on */
	};
	struct bytes list = OID_4;
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(good) - 1 + NITEMS(rows); i++) {
		const bool cut = i < sizeof(good) - 1;
		const struct bytes in =
		    cut ? bytes_of(good, i) : rows[i - (sizeof(good) - 1)].in;
		struct ext x = { .oid = OID_3 };

		list = in;
		cr_expect_not(ext_next(&list, &x, &e), "%s",
		    cut ? "cut off" : rows[i - (sizeof(good) - 1)].why);
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect(bytes_eq(x.oid, OID_3));
		cr_expect(list.p == in.p && list.n == in.n);
	}
}

/* As in a request or an answer of OCSP, or a CRL. */
Test(ext, an_optional_list_may_be_absent_and_then_is_empty)
{
	static const char within[] = WITHIN "\x05\x00";
	struct bytes rest = bytes_of(within, sizeof(within) - 1), list = OID_3;
	struct err e = { 0 };

	cr_expect(ext_optional_list(&rest, 0, &list, &e), "of another number");
	cr_expect_eq(list.n, 0);
	cr_expect_eq(rest.n, sizeof(within) - 1);
	cr_expect(ext_optional_list(&rest, 1, &list, &e));
	cr_expect(bytes_eq(list, MAKE_T(THREE)));
	cr_expect(bytes_eq(rest, VALUE_B));
	rest = bytes_of(NULL, 0);
	cr_expect(ext_optional_list(&rest, 1, &list, &e));
	cr_expect_eq(list.n, 0);

	for (size_t n = 1; n < sizeof(WITHIN) - 1; n++) {
		rest = bytes_of(within, n);
		cr_expect_not(ext_optional_list(&rest, 1, &list, &e), "%zu octets", n);
	}
	rest = MAKE_T("\xa1\x00");
	cr_expect_not(ext_optional_list(&rest, 1, &list, &e), "nothing in it");
	rest = MAKE_T("\xa1\x02\x30\x00");
	cr_expect_not(ext_optional_list(&rest, 1, &list, &e), "none in it");
	rest = MAKE_T("\xa1\x0e\x30\x0b" PLAIN "\0");
	cr_expect_not(ext_optional_list(&rest, 1, &list, &e), "one octet too many");
}
