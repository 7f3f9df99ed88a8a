/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static const struct {
	const char *text;
	int64_t at;
} times[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2026-01-31T12:00:00Z", 1769860800 },
	{ "2024-02-29T23:59:59Z", 1709251199 },
	{ "2038-01-19T03:14:08Z", INT64_C(2147483648) },
	{ "9999-12-31T23:59:59Z", INT64_C(253402300799) },
	{ "0001-01-01T00:00:00Z", INT64_C(-62135596800) },
};

/* P7, R22 */
Test(clock, rfc3339_is_written_and_read_alike)
{
	for (size_t i = 0; i < NITEMS(times); i++) {
		char text[CLOCK_RFC3339_LEN];
		int64_t at = 1;
		struct err e = { 0 };

		clock_rfc3339(times[i].at, text);
		cr_expect_str_eq(text, times[i].text);
		cr_expect(clock_rfc3339_parse(bytes_str(times[i].text), &at, &e));
		cr_expect_eq(at, times[i].at);
	}
}

Test(clock, offsets_count_and_times_past_the_years_are_clamped)
{
	char text[CLOCK_RFC3339_LEN];
	int64_t at;
	struct err e;

	cr_expect(clock_rfc3339_parse(bytes_str("1970-01-01T01:30:00+01:30"), &at, &e));
	cr_expect_eq(at, 0);
	cr_expect(clock_rfc3339_parse(bytes_str("1969-12-31T23:00:00-01:00"), &at, &e));
	cr_expect_eq(at, 0);
	clock_rfc3339(INT64_MAX, text);
	cr_expect_str_eq(text, "9999-12-31T23:59:59Z");
	clock_rfc3339(INT64_MIN, text);
	cr_expect_str_eq(text, "0001-01-01T00:00:00Z");
}

Test(clock, what_is_no_time_is_refused_and_nothing_is_touched)
{
	static const char *const wrong[] = { "", "2026", "2026-01-31",
		"2026-01-31T12:00:00", "2026-01-31 12:00:00Z", "2026-02-30T12:00:00Z",
		"2026-13-01T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z",
		"2026-01-31T12:00:61Z", "2026-01-31T12:00:00.5Z",
		"2026-01-31T12:00:00Zx", "2026-01-31T12:00:00+24:00",
		"2026-01-31T12:00:00+1:00", "-026-01-31T12:00:00Z",
		"2026-00-31T12:00:00Z", "0000-12-30T12:01:07Z",
		"0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01" };

	for (size_t i = 0; i < NITEMS(wrong); i++) {
		int64_t at = 77;
		struct err e = { 0 };

		cr_expect_not(clock_rfc3339_parse(bytes_str(wrong[i]), &at, &e), "%s",
		    wrong[i]);
		cr_expect_eq(at, 77);
		cr_expect_eq(e.code, ERR_MALFORMED);
	}
	for (size_t n = 0; n < strlen(times[1].text); n++) {
		int64_t at;
		struct err e;

		cr_expect_not(clock_rfc3339_parse(bytes_of(times[1].text, n), &at, &e));
	}
}

Test(clock, durations_are_read_with_their_units)
{
	static const struct {
		const char *text;
		int64_t s;
		const char *shortest;
	} good[] = {
		{ "90s", 90, "90s" },
		{ "15m", 900, "15m" },
		{ "24h", 86400, "1d" },
		{ "30d", 2592000, "30d" },
		{ "2w", 1209600, "14d" },
		{ "1y", 31536000, "365d" },
		{ "1h30m", 5400, "90m" },
		{ "1d1s", 86401, "86401s" },
	};
	static const char *const wrong[] = { "", "0s", "0", "5", "s", "-1h", "1.5h",
		"1h ", " 1h", "1x", "101y", "99999999999s", "1h-1m", "9999999999y" };

	for (size_t i = 0; i < NITEMS(good); i++) {
		char text[CLOCK_DURATION_LEN];
		int64_t s = 0;
		struct err e;

		cr_expect(clock_duration_parse(bytes_str(good[i].text), &s, &e), "%s",
		    good[i].text);
		cr_expect_eq(s, good[i].s);
		clock_duration(s, text);
		cr_expect_str_eq(text, good[i].shortest);
	}
	for (size_t i = 0; i < NITEMS(wrong); i++) {
		int64_t s = 77;
		struct err e;

		cr_expect_not(clock_duration_parse(bytes_str(wrong[i]), &s, &e), "%s",
		    wrong[i]);
		cr_expect_eq(s, 77);
	}
}

Test(clock, a_test_can_hold_it_still)
{
	clock_hold(1000);
	cr_expect_eq(clock_now(), 1000);
	clock_hold(0);
	cr_expect_gt(clock_now(), 1700000000);
}

/* P73, P87: GnuTLS and OpenSSL hold our dates against time(2), which is late by up to a tick. */
Test(clock, now_is_never_ahead_of_what_others_take_for_now)
{
	const time_t first = time(NULL);

	for (time_t now = first; now == first; usleep(100)) {
		const int64_t ours = clock_now();

		now = time(NULL);
		cr_assert_leq(ours, now);
	}
}
