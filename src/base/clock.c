/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#include "base/attr.h"

#define YEAR_1    INT64_C(-62135596800)
#define YEAR_9999 INT64_C(253402300799)
#define CENTURY_S (INT64_C(100) * 366 * 86400)

static int64_t held_at;

int64_t
clock_now(void)
{
	struct timespec ts;

	if (held_at != 0)
		return held_at;
	/*
	 * What time(2) tells, by which others judge our dates: by the finer clock a list
	 * that is just made is of the future to them, for as long as a tick.
	 */
	clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	return ts.tv_sec;
}

int64_t
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int64_t
clock_boot_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

int64_t
clock_mono_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void
clock_hold(int64_t at)
{
	held_at = at;
}

/* And what stands behind them; returns where it goes on. */
static char *
put_digits(char *to, size_t n, int v, char behind)
{
	for (size_t i = n; i > 0; i--, v /= 10)
		to[i - 1] = (char)('0' + v % 10);
	to[n] = behind;
	return to + n + 1;
}

void
clock_rfc3339(int64_t at, char ret[static CLOCK_RFC3339_LEN])
{
	const int64_t clamped = at < YEAR_1 ? YEAR_1 : at > YEAR_9999 ? YEAR_9999 : at;
	const time_t t = (time_t)clamped;
	struct tm tm;

	gmtime_r(&t, &tm);
	char *p = put_digits(ret, 4, tm.tm_year + 1900, '-');
	p = put_digits(p, 2, tm.tm_mon + 1, '-');
	p = put_digits(p, 2, tm.tm_mday, 'T');
	p = put_digits(p, 2, tm.tm_hour, ':');
	p = put_digits(p, 2, tm.tm_min, ':');
	*put_digits(p, 2, tm.tm_sec, 'Z') = '\0';
}

/* Reads exactly 'count' digits at the front of 's'. */
static bool
take_digits(struct bytes *s, size_t count, int *ret)
{
	int v = 0;

	if (s->n < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	*s = bytes_skip(*s, count);
	*ret = v;
	return true;
}

static bool
take_char(struct bytes *s, const char *any)
{
	if (s->n == 0)
		return false;
	for (; *any != '\0'; any++)
		if (s->p[0] == (uint8_t)*any) {
			*s = bytes_skip(*s, 1);
			return true;
		}
	return false;
}

static bool
take_offset(struct bytes *s, int64_t *ret_s)
{
	int h, m;

	if (take_char(s, "Zz")) {
		*ret_s = 0;
		return true;
	}
	const bool minus = s->n > 0 && s->p[0] == '-';
	if (!take_char(s, "+-") || !take_digits(s, 2, &h) || !take_char(s, ":") ||
	    !take_digits(s, 2, &m) || h > 23 || m > 59)
		return false;
	*ret_s = (minus ? -1 : 1) * (h * 3600 + m * 60);
	return true;
}

bool
clock_rfc3339_parse(struct bytes s, int64_t *ret_at, struct err *e)
{
	struct tm tm = { 0 };
	int64_t offset;

	if (!take_digits(&s, 4, &tm.tm_year) || !take_char(&s, "-") ||
	    !take_digits(&s, 2, &tm.tm_mon) || !take_char(&s, "-") ||
	    !take_digits(&s, 2, &tm.tm_mday) || !take_char(&s, "Tt") ||
	    !take_digits(&s, 2, &tm.tm_hour) || !take_char(&s, ":") ||
	    !take_digits(&s, 2, &tm.tm_min) || !take_char(&s, ":") ||
	    !take_digits(&s, 2, &tm.tm_sec) || !take_offset(&s, &offset) || s.n > 0)
		return err_set(e, ERR_MALFORMED,
		    "not a time as RFC 3339 writes it, such as 2026-01-31T12:00:00Z");

	struct tm given = tm;
	given.tm_year -= 1900;
	given.tm_mon -= 1;
	struct tm made = given;
	const time_t t = timegm(&made);
	/* timegm() moves 31 February on into March: a day that does not exist. */
	if (made.tm_mday != given.tm_mday || made.tm_mon != given.tm_mon ||
	    made.tm_hour != given.tm_hour || made.tm_min != given.tm_min ||
	    made.tm_sec != given.tm_sec)
		return err_set(e, ERR_MALFORMED, "there is no such day or hour");
	const int64_t at = (int64_t)t - offset;
	if (at < YEAR_1 || at > YEAR_9999) /* it could not be written again */
		return err_set(e, ERR_MALFORMED, "not in the years 1 to 9999");
	*ret_at = at;
	return true;
}

static const struct unit {
	char letter;
	int64_t s;
} units[] = { /* largest first */
	{ 'y', INT64_C(365) * 86400 }, { 'w', INT64_C(7) * 86400 }, { 'd', 86400 },
	{ 'h', 3600 }, { 'm', 60 }, { 's', 1 }
};

bool
clock_duration_parse(struct bytes s, int64_t *ret_s, struct err *e)
{
	int64_t total = 0;

	while (s.n > 0) {
		const struct unit *u = NULL;
		int64_t v = 0;
		size_t i = 0;

		for (; i < s.n && i < 10 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
			v = v * 10 + (s.p[i] - '0');
		for (size_t k = 0; i > 0 && i < s.n && k < NITEMS(units); k++)
			if (s.p[i] == (uint8_t)units[k].letter)
				u = &units[k];
		if (u == NULL)
			return err_set(e, ERR_MALFORMED,
			    "not a duration such as 90s, 15m, 24h, 30d, 2w or 1y");
		total += v * u->s; /* 10 digits of years stay far from overflow */
		if (total > CENTURY_S)
			return err_set(e, ERR_MALFORMED, "a duration over 100 years");
		s = bytes_skip(s, i + 1);
	}
	if (total == 0)
		return err_set(e, ERR_MALFORMED,
		    "a duration of nothing; it must be at least 1s");
	*ret_s = total;
	return true;
}

void
clock_duration(int64_t s, char ret[static CLOCK_DURATION_LEN])
{
	for (size_t i = 0; i < NITEMS(units); i++)
		if (units[i].letter != 'w' && units[i].letter != 'y' &&
		    s % units[i].s == 0 && s != 0) {
			snprintf(ret, CLOCK_DURATION_LEN, "%lld%c",
			    (long long)(s / units[i].s), units[i].letter);
			return;
		}
	snprintf(ret, CLOCK_DURATION_LEN, "0s");
}
