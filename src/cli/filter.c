/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/filter.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define DATE_LEN 10 /* "2030-01-31" */

static const struct filter filters[] = {
#define FILTER(name, how, when) { #name, FILTER_##when },
#include "tbl/filters.h"
#undef FILTER
};

const struct filter *
filter_at(size_t i)
{
	return i < NITEMS(filters) ? &filters[i] : NULL;
}

const struct filter *
filter_find(const char *name)
{
	for (size_t i = 0; i < NITEMS(filters); i++)
		if (strcmp(filters[i].name, name) == 0)
			return &filters[i];
	return NULL;
}

bool
filter_word(const char *option, const char *word, const char *const *words, size_t n,
    struct err *e)
{
	struct buf all;

	if (word == NULL)
		return true;
	buf_init(&all, KIB(4));
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], word) == 0) {
			buf_free(&all);
			return true;
		}
		buf_printf(&all, "%s%s", i > 0 ? ", " : "", words[i]);
	}
	err_set(e, ERR_MALFORMED, "%s %.40s: must be one of %s", option, word,
	    buf_str(&all));
	buf_free(&all);
	return false;
}

bool
filter_span(const char *option, const char *text, int64_t *ret, struct err *e)
{
	char what[80];

	if (clock_duration_parse(bytes_str(text), ret, e))
		return true;
	snprintf(what, sizeof(what), "%s %.40s", option, text);
	return err_prefix(e, what);
}

/* RFC 3339 5.6: a full-date alone is its first second. */
static bool
read_time(const char *text, int64_t *ret)
{
	char whole[CLOCK_RFC3339_LEN];
	struct err ignored;

	if (strlen(text) != DATE_LEN)
		return clock_rfc3339_parse(bytes_str(text), ret, &ignored);
	snprintf(whole, sizeof(whole), "%sT00:00:00Z", text);
	return clock_rfc3339_parse(bytes_str(whole), ret, &ignored);
}

bool
filter_time(const char *option, const char *text, enum filter_when when,
    char ret[static CLOCK_RFC3339_LEN], struct err *e)
{
	int64_t at, span;
	struct err ignored;

	assert(when != FILTER_NEVER);
	if (read_time(text, &at)) {
		clock_rfc3339(at, ret);
		return true;
	}
	if (!clock_duration_parse(bytes_str(text), &span, &ignored))
		return err_set(e, ERR_MALFORMED,
		    "%s %.40s: must be a span such as 12h or 30d, a date such as "
		    "2030-01-31, or a time such as 2030-01-31T12:00:00Z",
		    option, text);
	clock_rfc3339(clock_now() + (when == FILTER_AHEAD ? span : -span), ret);
	return true;
}
