/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "codec/json_flat.h"

static const char whole[] = " { \"a\" : \"1\", \"bc\":\"\"\n}\t";

Test(json_flat, an_object_of_plain_strings_is_read_in_place)
{
	struct json_flat o;

	cr_assert(json_flat_read(bytes_str(whole), &o));
	cr_expect_eq(o.n, 2);
	cr_expect(bytes_eq_str(*json_flat_find(&o, "a"), "1"));
	cr_expect(bytes_eq_str(*json_flat_find(&o, "bc"), ""));
	cr_expect_eq(json_flat_find(&o, "b"), NULL);
	cr_expect_eq((const char *)o.v[0].value.p, whole + 10);
}

Test(json_flat, what_is_cut_off_or_anything_else_is_left_to_the_json_reader)
{
	static const char nine[] =
	    "{\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\",\"e\":\"\","
	    "\"f\":\"\",\"g\":\"\",\"h\":\"\",\"i\":\"\"}";
	static const char *const others[] = {
		"",
		"{}",
		"[]",
		"\"a\"",
		"{\"a\":1}",
		"{\"a\":{\"b\":\"c\"}}",
		"{\"a\":\"1\",\"a\":\"2\"}",
		"{\"a\":\"1\",}",
		"{\"a\":\"\\u0041\"}",
		"{\"a\":\"\xc3\xa4\"}",
		"{\"a\":\"\x7f\"}",
		"{\"a\":\"1\"}x",
		nine,
	};
	struct json_flat o = { .n = 77 };

	for (size_t n = 0; n < sizeof(whole) - 3; n++)
		cr_expect_not(json_flat_read(bytes_of(whole, n), &o), "%zu octets", n);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		cr_expect_not(json_flat_read(bytes_str(others[i]), &o), "%s",
		    others[i]);
	cr_expect_eq(o.n, 77, "ret is untouched on failure");
}
