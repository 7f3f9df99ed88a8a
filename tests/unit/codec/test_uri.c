/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "codec/uri.h"

static bool
decodes(const char *in, bool form, const char *want)
{
	struct err e = { 0 };
	struct buf b;
	bool ok;

	buf_init(&b, 100);
	buf_puts(&b, ">");
	ok = form ? uri_decode_query(bytes_str(in), &b, &e)
		  : uri_decode(bytes_str(in), &b, &e);
	if (!ok) {
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_str_eq(buf_str(&b), ">", "untouched on failure");
	} else {
		cr_expect_str_eq(buf_str(&b) + 1, want);
	}
	buf_free(&b);
	return ok;
}

Test(uri, percent_encoding_is_undone_and_plus_only_in_forms)
{
	cr_expect(decodes("", false, ""));
	cr_expect(decodes("a%20b%2Fc%2fd+e", false, "a b/c/d+e"));
	cr_expect(decodes("a%20b+c%2B", true, "a b c+"));
	cr_expect(decodes("%C3%A9", false, "\xc3\xa9"));
	cr_expect(decodes("%2525", false, "%25"));
}

/* R83 */
Test(uri, a_cut_off_escape_or_a_control_character_is_refused)
{
	static const char *const bad[] = { "%", "a%", "a%4", "%zz", "%4g", "%g4",
		"%%41", "%:4", "%4:", "%+1", "%00", "%0d%0a", "%1f", "%7F", "a\nb",
		"\x7f" };
	struct err e = { 0 };
	struct buf b;

	for (size_t i = 0; i < NITEMS(bad); i++) {
		cr_expect_not(decodes(bad[i], false, ""), "%s", bad[i]);
		cr_expect_not(decodes(bad[i], true, ""), "%s", bad[i]);
	}
	buf_init(&b, 100);
	cr_expect_not(uri_decode(bytes_of("a\0b", 3), &b, &e));
	buf_free(&b);
	buf_init(&b, 3);
	cr_expect_not(uri_decode(bytes_str("abcd"), &b, &e));
	cr_expect_eq(e.code, ERR_TOO_LARGE);
	buf_free(&b);
}

Test(uri, encoding_escapes_all_but_the_unreserved)
{
	struct buf b;

	buf_init(&b, 100);
	uri_encode(&b, bytes_of("aZ0-._~ /+%\0\xff", 13));
	cr_expect_str_eq(buf_str(&b), "aZ0-._~%20%2F%2B%25%00%FF");
	buf_free(&b);
}

Test(uri, a_query_is_walked_pair_by_pair)
{
	static const char *const want[] = { "a", "1", "b", "", "c", "x=y", "", "z", "d",
		"" };
	struct bytes rest = bytes_str("a=1&b&&c=x=y&=z&d=&"), key, value;
	size_t n = 0;

	while (uri_query_next(&rest, &key, &value)) {
		cr_assert_lt(n, NITEMS(want));
		cr_expect(bytes_eq_str(key, want[n]));
		cr_expect(bytes_eq_str(value, want[n + 1]));
		n += 2;
	}
	cr_expect_eq(n, NITEMS(want));
	rest = bytes_str("");
	cr_expect_not(uri_query_next(&rest, &key, &value));
}

/* R47, R83 */
Test(uri, only_the_one_spelling_of_a_path_is_canonical)
{
	static const char *const good[] = { "/", "/v1/certificates", "/acme/a:b@c",
		"/ca/main.pem", "/a/..b", "/...", "/a=b,c+d!$&'()*~" };
	static const char *const bad[] = { "", "v1", "//", "/v1/", "/v1//a", "/.",
		"/..", "/v1/./a", "/v1/../a", "/a/..", "/%2e", "/a%00", "/a\\b", "/a;b",
		"/a b", "/a\nb", "/\x7f", "/\xc3\xa9", "/a?b", "/a#b", "/<a>", "*",
		"http://h/a" };

	for (size_t i = 0; i < NITEMS(good); i++)
		cr_expect(uri_path_canonical(bytes_str(good[i])), "%s", good[i]);
	for (size_t i = 0; i < NITEMS(bad); i++)
		cr_expect_not(uri_path_canonical(bytes_str(bad[i])), "%s", bad[i]);
	cr_expect_not(uri_path_canonical(bytes_of("/a\0b", 4)));
}
