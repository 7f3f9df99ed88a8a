/* SPDX-License-Identifier: Apache-2.0 */
#include "http/freshness.h"

#include <string.h>
#include <time.h>

void
freshness_date(int64_t at, char ret[static FRESHNESS_DATE_LEN])
{
	const time_t t = (time_t)at;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(ret, FRESHNESS_DATE_LEN, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

static bool
http_date_parse(struct bytes s, int64_t *ret_at)
{
	char text[FRESHNESS_DATE_LEN];
	struct tm tm = { 0 };

	if (!bytes_to_str(s, text, sizeof(text)))
		return false;
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (end == NULL || *end != '\0')
		return false;
	*ret_at = timegm(&tm);
	return true;
}

/* Weak comparison (RFC 9110 8.8.3.2): W/ in front changes nothing. */
static bool
tag_listed(struct bytes list, const char *etag)
{
	const size_t n = strlen(etag);

	while (list.n > 0) {
		const size_t comma = bytes_index(list, ',');
		struct bytes tag = bytes_trim(bytes_of(list.p, comma));

		list = bytes_skip(list, comma + 1);
		if (bytes_eq_str(tag, "*"))
			return true;
		if (bytes_starts(tag, "W/"))
			tag = bytes_skip(tag, 2);
		if (tag.n == n + 2 && tag.p[0] == '"' && tag.p[n + 1] == '"' &&
		    memcmp(tag.p + 1, etag, n) == 0)
			return true;
	}
	return false;
}

bool
freshness_holds(const struct freshness *f, struct bytes none_match, struct bytes since)
{
	int64_t at;

	if (none_match.n > 0) /* then the date does not count (RFC 9110 13.1.3) */
		return tag_listed(none_match, f->etag);
	/* A later date is that of a download, maybe of the copy before: only ours says which. */
	return f->modified_at != 0 && http_date_parse(since, &at) &&
	       at == f->modified_at;
}

void
freshness_put_lasting(struct buf *b, const struct freshness *f)
{
	char date[FRESHNESS_DATE_LEN];

	buf_printf(b, "ETag: \"%s\"\n", f->etag);
	if (f->modified_at != 0) {
		freshness_date(f->modified_at, date);
		buf_printf(b, "Last-Modified: %s\n", date);
	}
	freshness_date(f->expires_at, date);
	buf_printf(b, "Expires: %s\n", date);
}

/* How long the copy is good changes every second (R41); digits by hand: each answer has them. */
void
freshness_put_age(struct buf *b, int64_t expires_at, int64_t now)
{
	uint64_t left = expires_at > now ? (uint64_t)(expires_at - now) : 0;
	uint8_t digits[20];
	size_t n = sizeof(digits);

	do
		digits[--n] = (uint8_t)('0' + left % 10);
	while ((left /= 10) > 0);
	buf_puts(b, "Cache-Control: max-age=");
	buf_put(b, bytes_of(digits + n, sizeof(digits) - n));
	buf_puts(b, ", public, no-transform, must-revalidate\n");
}

void
freshness_put(struct buf *b, const struct freshness *f, int64_t now)
{
	struct freshness g = *f;

	g.expires_at = f->expires_at > now ? f->expires_at : now;
	freshness_put_lasting(b, &g);
	freshness_put_age(b, g.expires_at, now);
}
