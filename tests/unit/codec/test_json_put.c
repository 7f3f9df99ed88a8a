/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "codec/json.h"
#include "codec/json_put.h"

static struct buf b;
static struct json_put w;

static void
begin(void)
{
	buf_init(&b, KIB(64));
	w = (struct json_put){ .b = &b };
}

static void
end(void)
{
	buf_free(&b);
}

Test(json_put, an_object_reads_as_it_was_written, .init = begin, .fini = end)
{
	json_t *inner = json_pack("{s:[i,b,n]}", "x", 1, 0);

	json_put_open(&w, '{');
	json_put_member(&w, "a", "one");
	json_put_member(&w, "none", NULL);
	json_put_name(&w, "list");
	json_put_open(&w, '[');
	json_put_num(&w, INT64_MIN);
	json_put_num(&w, INT64_MAX);
	json_put_open(&w, '{');
	json_put_close(&w, '}');
	json_put_open(&w, '[');
	json_put_close(&w, ']');
	json_put_bool(&w, true);
	json_put_text(&w, "");
	json_put_close(&w, ']');
	json_put_name(&w, "value");
	json_put_value(&w, inner);
	json_put_name(&w, "no");
	json_put_bool(&w, false);
	json_put_close(&w, '}');
	cr_expect_str_eq(buf_str(&b),
	    "{\"a\":\"one\",\"none\":\"\",\"list\":[-9223372036854775808,"
	    "9223372036854775807,{},[],true,\"\"],\"value\":{\"x\":[1,false,null]},"
	    "\"no\":false}");
	json_decref(inner);
}

/* RFC 8259 7: what is written is what is read, octet for octet. */
Test(json_put, each_text_is_read_back, .init = begin, .fini = end)
{
	static const char *const texts[] = { "", "plain", "\"", "\\", "a\"b\\c", "/",
		"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
		"\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
		"gr\xc3\xbc\xc3\x9f dich \xe2\x9c\x93\n" };
	char all[128];

	for (int c = 1; c < 128; c++)
		all[c - 1] = (char)c;
	all[127] = '\0';
	for (size_t i = 0; i <= NITEMS(texts); i++) {
		const char *text = i < NITEMS(texts) ? texts[i] : all;
		json_t *v = NULL;
		struct err e = { 0 };

		buf_clear(&b);
		w.comma = false;
		json_put_text(&w, text);
		cr_assert(json_read(buf_bytes(&b), &v, &e), "%s: %s", text, e.detail);
		cr_expect_str_eq(json_string_value(v), text);
		json_decref(v);
	}
}

/* RFC 3629 3, 10: no octets of another form reach a client. */
Test(json_put, what_is_no_utf_8_is_shown_as_such, .init = begin, .fini = end)
{
	static const struct {
		const char *text, *want;
	} bad[] = {
		{ "\x80", "\xef\xbf\xbd" },
		{ "a\xff", "a\xef\xbf\xbd" },
		{ "\xc1\x80", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xc3", "\xef\xbf\xbd" },
		{ "\xc3(", "\xef\xbf\xbd(" },
		{ "\xe0\x80\x80x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx" },
		{ "\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe2\x82(", "\xef\xbf\xbd\xef\xbf\xbd(" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf4\x90\x80\x80",
		    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf5", "\xef\xbf\xbd" },
	};

	for (size_t i = 0; i < NITEMS(bad); i++) {
		json_t *v = NULL;
		struct err e = { 0 };

		buf_clear(&b);
		w.comma = false;
		json_put_text(&w, bad[i].text);
		cr_assert(json_read(buf_bytes(&b), &v, &e), "case %zu: %s", i,
		    e.detail);
		cr_expect_str_eq(json_string_value(v), bad[i].want, "case %zu", i);
		json_decref(v);
	}
}

Test(json_put, a_nul_is_escaped_and_a_limit_is_kept, .init = begin, .fini = end)
{
	struct err e = { 0 };
	struct buf small;

	json_put_bytes(&w, bytes_of("a\0b", 3));
	cr_expect_str_eq(buf_str(&b), "\"a\\u0000b\"");
	buf_init(&small, 8);
	w = (struct json_put){ .b = &small };
	json_put_text(&w, "1234567");
	json_put_text(&w, "1");
	cr_expect_not(buf_ok(&small, "it", &e));
	buf_free(&small);
}
