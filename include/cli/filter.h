/* SPDX-License-Identifier: Apache-2.0 */
/* filter - what lists are searched by: words of a set, spans, times. */
#ifndef CLI_FILTER_H
#define CLI_FILTER_H

#include <stddef.h>

#include "base/clock.h"

enum filter_when {
	FILTER_NEVER, /* it is no time */
	FILTER_AGO,   /* "1h" is an hour before now */
	FILTER_AHEAD  /* "1h" is in an hour */
};

/* Of the filters of certificates (tbl/filters.h). */
struct filter {
	const char *name;
	enum filter_when when;
};
const struct filter *filter_at(size_t i);           /* NULL: no more */
const struct filter *filter_find(const char *name); /* NULL: there is none */

/* --OPTION WORD, of 'n' words; NULL is fine.  ERR_MALFORMED lists them. */
MUST_CHECK bool filter_word(const char *option, const char *word,
    const char *const *words, size_t n, struct err *e);
/* --OPTION SPAN in seconds.  ERR_MALFORMED quotes it. */
MUST_CHECK bool filter_span(const char *option, const char *text, int64_t *ret,
    struct err *e);
/*
 * A time, a date (its first second, UTC) or a span from now, as RFC 3339.
 * ERR_MALFORMED quotes it.
 */
MUST_CHECK bool filter_time(const char *option, const char *text, enum filter_when when,
    char ret[static CLOCK_RFC3339_LEN], struct err *e);

#endif
