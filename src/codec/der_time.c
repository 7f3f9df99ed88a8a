/* SPDX-License-Identifier: Apache-2.0 */
/* Times by RFC 5280 4.1.2.5, by arithmetic: a CRL holds a million of them, and gmtime_r() locks. */
#include "codec/der.h"

#define DAY_S      86400
#define YEAR_0     INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define YEAR_1950  INT64_C(-631152000)
#define YEAR_2050  INT64_C(2524608000)
#define YEAR_10000 INT64_C(253402300800)

#define ERA_DAYS   146097 /* the calendar repeats after 400 years */
/* Days from 0000-03-01, where an era begins, to 1970-01-01. */
#define EPOCH_DAYS 719468

struct date {
	unsigned year, month, day; /* month and day from 1 */
};

/* Years are counted from March, so that the leap day is the last of its year. */
static struct date
date_of(unsigned days_since_1970_plus_epoch)
{
	const unsigned era = days_since_1970_plus_epoch / ERA_DAYS;
	const unsigned doe = days_since_1970_plus_epoch % ERA_DAYS;
	const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	const unsigned mp = (5 * doy + 2) / 153; /* March is 0 */
	const unsigned month = mp < 10 ? mp + 3 : mp - 9;

	return (struct date){ .year = yoe + era * 400 + (month <= 2 ? 1 : 0),
		.month = month,
		.day = doy - (153 * mp + 2) / 5 + 1 };
}

static int64_t
days_of(const struct date *d)
{
	const int64_t y = (int64_t)d->year - (d->month <= 2 ? 1 : 0);
	const int64_t era = (y >= 0 ? y : y - 399) / 400;
	const int64_t yoe = y - era * 400;
	const int64_t doy =
	    (153 * ((int64_t)d->month + (d->month > 2 ? -3 : 9)) + 2) / 5 + d->day - 1;

	return era * ERA_DAYS + yoe * 365 + yoe / 4 - yoe / 100 + doy - EPOCH_DAYS;
}

static uint8_t *
put_two(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)('0' + v / 10);
	p[1] = (uint8_t)('0' + v % 10);
	return p + 2;
}

static size_t
put_time(int64_t at, bool generalized, uint8_t *ret)
{
	/* One era later, so that nothing is negative down to the year 0. */
	const int64_t s = at + (EPOCH_DAYS + (int64_t)ERA_DAYS) * DAY_S;
	const unsigned second = (unsigned)(s % DAY_S);
	struct date d = date_of((unsigned)(s / DAY_S));
	uint8_t *p = ret + 2;

	d.year -= 400;
	ret[0] = generalized ? DER_GENERALIZED_TIME : DER_UTC_TIME;
	if (generalized)
		p = put_two(p, d.year / 100);
	p = put_two(p, d.year % 100);
	p = put_two(p, d.month);
	p = put_two(p, d.day);
	p = put_two(p, second / 3600);
	p = put_two(p, second / 60 % 60);
	p = put_two(p, second % 60);
	*p++ = 'Z';
	ret[1] = (uint8_t)(p - ret - 2);
	return (size_t)(p - ret);
}

size_t
der_generalized(int64_t at, uint8_t ret[static DER_TIME_MAX])
{
	if (at < YEAR_0 || at >= YEAR_10000)
		return 0;
	return put_time(at, true, ret);
}

size_t
der_time(int64_t at, uint8_t ret[static DER_TIME_MAX])
{
	if (at < YEAR_1950 || at >= YEAR_2050)
		return der_generalized(at, ret);
	return put_time(at, false, ret);
}

static void
put_whole(struct derw *w, const uint8_t *p, size_t n)
{
	if (n == 0)
		w->bad = true;
	else
		der_put_raw(w, bytes_of(p, n));
}

void
der_put_time(struct derw *w, int64_t at)
{
	uint8_t octets[DER_TIME_MAX];

	put_whole(w, octets, der_time(at, octets));
}

void
der_put_generalized(struct derw *w, int64_t at)
{
	uint8_t octets[DER_TIME_MAX];

	put_whole(w, octets, der_generalized(at, octets));
}

static bool
is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned
days_in(const struct date *d)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	return days[d->month - 1] + (d->month == 2 && is_leap(d->year) ? 1u : 0u);
}

/* Reads pairs of digits up to a 'Z' that ends them. */
static bool
take_pairs(struct bytes in, unsigned *ret, size_t pairs)
{
	if (in.n != pairs * 2 + 1 || in.p[pairs * 2] != 'Z')
		return false;
	for (size_t i = 0; i < pairs * 2; i++) {
		if (in.p[i] < '0' || in.p[i] > '9')
			return false;
		ret[i / 2] = ret[i / 2] * 10 + (unsigned)(in.p[i] - '0');
	}
	return true;
}

static bool
time_exists(const struct date *d, const unsigned *hms)
{
	return d->month >= 1 && d->month <= 12 && d->day >= 1 && d->day <= days_in(d) &&
	       hms[0] <= 23 && hms[1] <= 59 && hms[2] <= 59;
}

bool
der_is_time(unsigned tag)
{
	return tag == DER_UTC_TIME || tag == DER_GENERALIZED_TIME;
}

bool
der_get_time(const struct der *t, int64_t *ret_at, struct err *e)
{
	unsigned v[7] = { 0 }; /* century, year, month, day, hour, minute, second */
	const unsigned *hms = v + 4;

	if (t->tag == DER_GENERALIZED_TIME) {
		if (!take_pairs(t->body, v, 7))
			return err_set(e, ERR_MALFORMED, "DER: not a GeneralizedTime");
	} else if (t->tag == DER_UTC_TIME) {
		if (!take_pairs(t->body, v + 1, 6))
			return err_set(e, ERR_MALFORMED, "DER: not a UTCTime");
		v[0] = v[1] >= 50 ? 19 : 20;
	} else {
		return err_set(e, ERR_MALFORMED, "DER: tag %02x where a time is due",
		    t->tag);
	}

	const struct date d = { v[0] * 100 + v[1], v[2], v[3] };
	if (!time_exists(&d, hms))
		return err_set(e, ERR_MALFORMED, "DER: a time that does not exist");
	*ret_at = days_of(&d) * DAY_S + hms[0] * 3600 + hms[1] * 60 + hms[2];
	return true;
}
