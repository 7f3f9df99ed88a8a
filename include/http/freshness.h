/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freshness - how long a copy of an answer is good, told to clients and caches
 * (RFC 9111, 9919), and whether the one that a client has still is (RFC 9110 13).
 *
 * Pure: the time is given.
 */
#ifndef HTTP_FRESHNESS_H
#define HTTP_FRESHNESS_H

#include "base/buf.h"

#define FRESHNESS_DATE_LEN 30 /* "Sun, 06 Nov 1994 08:49:37 GMT" and a NUL */
void freshness_date(int64_t at, char ret[static FRESHNESS_DATE_LEN]);

struct freshness {
	const char *etag;    /* without quotes */
	int64_t modified_at; /* 0: not known */
	int64_t expires_at;
};

/* Appends ETag, Last-Modified where it is known, Expires and Cache-Control; 'now' past the end: no second is left. */
void freshness_put(struct buf *b, const struct freshness *f, int64_t now);

/* Its two parts: what stays the same for one copy, and Cache-Control, which does not. */
void freshness_put_lasting(struct buf *b, const struct freshness *f);
void freshness_put_age(struct buf *b, int64_t expires_at, int64_t now);

/*
 * 'none_match' and 'since' are the request's headers, empty when absent.  A date holds
 * when it is the very one that was told.
 */
bool freshness_holds(const struct freshness *f, struct bytes none_match,
    struct bytes since);

#endif
