/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "http/freshness.h"

#define AT_1994 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */

static bool
fresh(const char *none_match, const char *since)
{
	const struct freshness f = { .etag = "abc", .modified_at = AT_1994 };

	return freshness_holds(&f, bytes_str(none_match), bytes_str(since));
}

/* RFC 9110 13.1.2, 13.1.3, 13.2.2 */
Test(freshness, a_copy_is_fresh_by_its_tag_or_else_by_its_date)
{
	static const struct {
		const char *none_match, *since;
		bool fresh;
	} cases[] = {
		{ "", "", false },
		{ "\"abc\"", "", true },
		{ "W/\"abc\"", "", true },
		{ "\"x\", \"abc\"", "", true },
		{ "\"x\",W/\"abc\" ,\"y\"", "", true },
		{ "*", "", true },
		{ "abc", "", false },
		{ "\"ab\"", "", false },
		{ "\"abcd\"", "", false },
		{ "\"ABC\"", "", false },
		{ "\"abc", "", false },
		{ ",,", "", false },
		{ "\"x\"", "Sun, 06 Nov 1994 08:49:37 GMT",
		    false }, /* the tag decides */
		{ "", "Sun, 06 Nov 1994 08:49:37 GMT", true },
		{ "", "Sun, 06 Nov 1994 08:49:38 GMT", false },
		{ "", "Sun, 06 Nov 1994 08:49:36 GMT", false },
		{ "", "Sun, 06 Nov 1994 08:49:37 GMT x", false },
		{ "", "Sun, 06 Nov 1994 08:49:37", false },
		{ "", "Sunday, 06-Nov-94 08:49:37 GMT", false },
		{ "", "now", false },
	};

	for (size_t i = 0; i < NITEMS(cases); i++)
		cr_expect_eq(fresh(cases[i].none_match, cases[i].since), cases[i].fresh,
		    "%s %s", cases[i].none_match, cases[i].since);
}

Test(freshness, without_a_date_of_its_own_it_has_none_and_none_holds)
{
	const struct freshness f = { "abc", 0, AT_1994 };
	struct buf b;

	cr_expect_not(freshness_holds(&f, bytes_str(""),
	    bytes_str("Thu, 01 Jan 1970 00:00:00 GMT")));
	cr_expect(freshness_holds(&f, bytes_str("\"abc\""), bytes_str("")));
	buf_init(&b, KIB(1));
	freshness_put(&b, &f, AT_1994);
	cr_expect_null(strstr(buf_str(&b), "Last-Modified"));
	cr_expect_not_null(
	    strstr(buf_str(&b), "Expires: Sun, 06 Nov 1994 08:49:37 GMT\n"));
	buf_free(&b);
}

/* R41 */
Test(freshness, a_copy_is_good_to_its_end_and_no_second_longer)
{
	static const struct {
		int64_t now;
		const char *control, *expires;
	} cases[] = {
		{ AT_1994, "max-age=60,", "Expires: Sun, 06 Nov 1994 08:50:37 GMT\n" },
		{ AT_1994 + 59, "max-age=1,",
		    "Expires: Sun, 06 Nov 1994 08:50:37 GMT\n" },
		{ AT_1994 + 60, "max-age=0,",
		    "Expires: Sun, 06 Nov 1994 08:50:37 GMT\n" },
		{ AT_1994 + 61, "max-age=0,",
		    "Expires: Sun, 06 Nov 1994 08:50:38 GMT\n" },
	};
	const struct freshness f = { "abc", AT_1994, AT_1994 + 60 };
	struct buf b;

	for (size_t i = 0; i < NITEMS(cases); i++) {
		buf_init(&b, KIB(1));
		freshness_put(&b, &f, cases[i].now);
		cr_expect_not_null(strstr(buf_str(&b), cases[i].control));
		cr_expect_not_null(strstr(buf_str(&b), cases[i].expires));
		cr_expect_not_null(strstr(buf_str(&b), "ETag: \"abc\"\n"));
		cr_expect_not_null(strstr(buf_str(&b),
		    "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n"));
		cr_expect_not_null(
		    strstr(buf_str(&b), ", public, no-transform, must-revalidate\n"));
		buf_free(&b);
	}
}
