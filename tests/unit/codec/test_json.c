/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json.h"

static bool
reads(struct bytes in)
{
	struct err e = { 0 };
	json_t *v = NULL;

	if (json_read(in, &v, &e)) {
		json_decref(v);
		return true;
	}
	cr_expect_eq(e.code, ERR_MALFORMED);
	cr_expect_neq(e.detail[0], '\0');
	cr_expect_null(v);
	return false;
}

/* R85 */
Test(json, what_is_no_json_of_ours_is_refused)
{
	static const char *const bad[] = { "", " ", "{", "}", "{}x", "{} {}", "[1,]",
		"[,1]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{'a':1}",
		"{\"a\":1,\"a\":2}", "{\"b\":{\"a\":1,\"\\u0061\":2}}", "[01]", "[+1]",
		"[.5]", "[1.]", "[1e]", "[NaN]", "[Infinity]", "[-]", "[0x1]", "nul",
		"[TRUE]", "[\"\\x41\"]", "[\"\\u12\"]", "[\"\\ud800\"]",
		"[\"\\udc00\\ud800\"]", "[\"\\u0000\"]", "{\"\\u0000\":1}",
		"[\"a\nb\"]", "[\"\t\"]", "[\"abc", "[\"\xff\"]", "[\"\xc0\x80\"]",
		"[\"\xed\xa0\x80\"]", "// x\n[]", "[] # x", "\xef\xbb\xbf[]", "[1e400]",
		"[99999999999999999999]", "[1 2]", "[\"a\" \"b\"]", "[[]", "[]]",
		"{\"a\":}", "\f[]" };

	for (size_t i = 0; i < NITEMS(bad); i++)
		cr_expect_not(reads(bytes_str(bad[i])), "%s", bad[i]);
	cr_expect_not(reads(bytes_of("[]\0", 3)));
	cr_expect_not(reads(bytes_of("[\"a\0b\"]", 7)));
	cr_expect_not(reads(bytes_of("\0", 1)));
}

Test(json, every_cut_off_length_of_a_text_is_refused)
{
	static const char good[] =
	    "{\"a\":[1,-2.5e3,true,null],\"b\":\"\\u00e9\\\"[{\"}";

	for (size_t n = 0; n < sizeof(good) - 1; n++)
		cr_expect_not(reads(bytes_of(good, n)), "%zu", n);
	cr_expect(reads(bytes_str(good)));
}

/* R85 */
Test(json, depth_is_counted_outside_of_strings_and_ends_at_its_limit)
{
	char text[2 * JSON_DEPTH_MAX + 10];

	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	cr_expect(reads(bytes_of(text, 2 * JSON_DEPTH_MAX)));
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	cr_expect_not(reads(bytes_of(text, 2 * JSON_DEPTH_MAX + 2)));
	cr_expect(reads(
	    bytes_str("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[\\\\\",[]]")));
}

Test(json, what_is_written_is_compact_and_reads_back)
{
	struct err e = { 0 };
	struct buf b;
	json_t *v;

	buf_init(&b, 100);
	cr_assert(json_read(bytes_str(" { \"a\" : [ 1 , \"\\u00e9/\" ] } "), &v, &e));
	json_write(&b, v);
	cr_expect_str_eq(buf_str(&b), "{\"a\":[1,\"\xc3\xa9/\"]}\n");
	json_decref(v);
	buf_free(&b);
}

/* R85, R87 */
Test(json, an_object_holds_what_its_table_says_and_nothing_else)
{
	static const struct json_member members[] = {
		{ "name", JSON_STRING, true },
		{ "count", JSON_INTEGER, false },
		{ "on", JSON_TRUE, false },
		{ "list", JSON_ARRAY, false },
		{ NULL, JSON_NULL, false },
	};
	static const struct {
		const char *text;
		const char *says; /* NULL: good */
	} cases[] = {
		{ "{\"name\":\"n\"}", NULL },
		{ "{\"name\":\"n\",\"count\":1,\"on\":false,\"list\":[]}", NULL },
		{ "{\"name\":\"n\",\"on\":true}", NULL },
		{ "{}", "\"name\" is missing" },
		{ "{\"count\":1}", "\"name\" is missing" },
		{ "{\"name\":1}", "\"name\" must be a string" },
		{ "{\"name\":null}", "\"name\" must be a string" },
		{ "{\"name\":\"n\",\"count\":1.5}", "\"count\" must be an integer" },
		{ "{\"name\":\"n\",\"on\":1}", "\"on\" must be true or false" },
		{ "{\"name\":\"n\",\"Name\":\"n\"}", "unknown member \"Name\"" },
		{ "{\"name\":\"n\",\"\":1}", "unknown member \"\"" },
		{ "[]", "must be an object" },
		{ "\"name\"", "must be an object" },
	};

	for (size_t i = 0; i < NITEMS(cases); i++) {
		struct err e = { 0 };
		json_t *v;

		cr_assert(json_read(bytes_str(cases[i].text), &v, &e), "%s", e.detail);
		cr_expect_eq(json_check(v, members, &e), cases[i].says == NULL, "%s",
		    cases[i].text);
		if (cases[i].says != NULL)
			cr_expect_neq(strstr(e.detail, cases[i].says), NULL, "%s",
			    e.detail);
		else
			cr_expect_str_eq(json_text(v, "name"), "n");
		cr_expect_null(json_text(v, "absent"));
		json_decref(v);
	}
}

/* R90: of an answer that memory was short for, nothing leaves */
Test(json, its_memory_is_that_which_does_not_fail)
{
	json_malloc_t take = NULL;
	json_free_t give_back = NULL;
	struct err e;

	cr_assert(json_begin(&e), "%s", e.detail);
	json_get_alloc_funcs(&take, &give_back);
	cr_assert(take != malloc && give_back == free);
	void *p = take(0);
	cr_expect_not_null(p);
	give_back(p);
	json_t *v = json_pack("{s:[i,s]}", "a", 1, "b");
	struct buf b;
	buf_init(&b, 100);
	json_write(&b, v);
	cr_expect_str_eq(buf_str(&b), "{\"a\":[1,\"b\"]}\n");
	buf_free(&b);
	json_decref(v);
}
