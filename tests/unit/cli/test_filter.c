/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "cli/filter.h"

#define NOW 1900000000 /* 2030-03-17T17:46:40Z */

Test(filter, a_time_is_a_span_from_now_a_date_or_itself)
{
	static const struct {
		const char *text;
		enum filter_when when;
		const char *at;
	} rows[] = {
		{ "1h", FILTER_AGO, "2030-03-17T16:46:40Z" },
		{ "1h", FILTER_AHEAD, "2030-03-17T18:46:40Z" },
		{ "1d12h", FILTER_AHEAD, "2030-03-19T05:46:40Z" },
		{ "2026-11-22", FILTER_AGO, "2026-11-22T00:00:00Z" },
		{ "2026-11-22", FILTER_AHEAD, "2026-11-22T00:00:00Z" },
		{ "2026-11-22T10:00:00Z", FILTER_AGO, "2026-11-22T10:00:00Z" },
		{ "2026-11-22T10:00:00+02:00", FILTER_AHEAD, "2026-11-22T08:00:00Z" },
	};
	char at[CLOCK_RFC3339_LEN];
	struct err e = { 0 };

	clock_hold(NOW);
	for (size_t i = 0; i < NITEMS(rows); i++) {
		cr_assert(filter_time("--x", rows[i].text, rows[i].when, at, &e), "%s",
		    e.detail);
		cr_expect_str_eq(at, rows[i].at, "%s: %s", rows[i].text, at);
	}
}

Test(filter, what_is_no_time_is_quoted)
{
	static const char *const wrong[] = { "", "soon", "0s", "-1h", "1h ago",
		"2026-02-30", "2026-11-2", "2026-11-22 ", "2026/11/22", "1",
		"2026-11-22T10:00:00" };
	char at[CLOCK_RFC3339_LEN] = "as it was";

	for (size_t i = 0; i < NITEMS(wrong); i++) {
		struct err e = { 0 };

		cr_expect_not(filter_time("--since", wrong[i], FILTER_AGO, at, &e),
		    "%s", wrong[i]);
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_eq(strncmp(e.detail, "--since ", 8), 0);
		cr_expect_neq(strstr(e.detail, wrong[i]), NULL, "%s", e.detail);
		cr_expect_str_eq(at, "as it was");
	}
}

Test(filter, a_span_and_a_word_that_are_none_are_quoted_with_what_there_is)
{
	static const char *const words[] = { "valid", "revoked" };
	struct err e = { 0 };
	int64_t span;

	cr_expect(filter_word("--status", NULL, words, 2, &e));
	cr_expect(filter_word("--status", "revoked", words, 2, &e));
	cr_expect_not(filter_word("--status", "gone", words, 2, &e));
	cr_expect_str_eq(e.detail, "--status gone: must be one of valid, revoked");
	cr_expect(filter_span("--within", "6h", &span, &e));
	cr_expect_eq(span, 6 * 3600);
	cr_expect_not(filter_span("--within", "soon", &span, &e));
	cr_expect_eq(strncmp(e.detail, "--within soon: not a duration", 29), 0, "%s",
	    e.detail);
}

Test(filter, a_filter_is_found_by_its_name_alone)
{
	cr_assert_neq(filter_find("expires_before"), NULL);
	cr_expect_eq(filter_find("expires_before")->when, FILTER_AHEAD);
	cr_expect_eq(filter_find("issued_after")->when, FILTER_AGO);
	cr_expect_eq(filter_find("issuer")->when, FILTER_NEVER);
	cr_expect_eq(filter_find("isuer"), NULL);
	for (size_t i = 0; filter_at(i) != NULL; i++)
		cr_expect_eq(filter_find(filter_at(i)->name), filter_at(i));
}
