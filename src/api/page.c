/* SPDX-License-Identifier: Apache-2.0 */
#include "api/page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000
#define SLICE_ROWS    25 /* in one round: a row can have a hundred names */
/* Numbers that a slice looks at. */
#define SPAN_FIRST    INT64_C(1024)
#define SPAN_LEAST    INT64_C(128)
#define SPAN_MOST     INT64_C(16384)

struct page {
	struct request *r;
	struct page_source from;
	json_t *list;
	size_t limit, octets;
	int64_t before; /* where the next slice begins; 0: at the newest */
	int64_t span;   /* of the next slice; 0: not known yet */
	size_t rows;    /* of this slice */
	bool more;
};

static bool
read_number(const struct request *r, const char *key, int64_t max, int64_t *ret,
    struct err *e)
{
	char *text = NULL, *end;

	if (!request_query(r, key, &text, e))
		return false;
	if (text == NULL)
		return true;
	errno = 0;
	const long long n = strtoll(text, &end, 10);
	const bool ok = errno == 0 && text[0] >= '0' && text[0] <= '9' &&
			*end == '\0' && n >= 1 && n <= max;
	free(text);
	if (!ok)
		return err_set(e, ERR_MALFORMED,
		    "%s: must be a number from 1 to %" PRId64, key, max);
	*ret = n;
	return true;
}

static void
page_free(struct page *p)
{
	p->from.free(p->from.arg);
	json_decref(p->list);
	free(p);
}

void
page_add(struct page *p, json_t *row, int64_t num)
{
	p->rows++;
	if (p->more || json_array_size(p->list) == p->limit ||
	    p->octets > REQUEST_PAGE_MAX) {
		p->more = true;
		json_decref(row);
		return;
	}
	p->octets += json_dumpb(row, NULL, 0, JSON_COMPACT);
	p->before = num;
	json_array_append_new(p->list, row);
}

static json_t *
page_json(const struct page *p)
{
	json_t *v = json_object();

	json_object_set(v, p->from.name, p->list);
	if (p->more) {
		char cursor[24];

		snprintf(cursor, sizeof(cursor), "%" PRId64, p->before);
		json_object_set_new(v, "next_cursor", json_string(cursor));
	}
	return v;
}

/* How far down the next slice looks; 0: all the way. */
static bool
next_floor(struct page *p, int64_t *ret, struct err *e)
{
	int64_t newest;

	*ret = 0;
	if (p->from.newest == NULL)
		return true;
	if (p->span == 0) {
		if (!p->from.newest(p->from.arg, &newest, e))
			return false;
		if (p->before == 0 || p->before > newest)
			p->before = newest + 1;
		p->span = SPAN_FIRST;
	}
	*ret = p->before > p->span ? p->before - p->span : 0;
	return true;
}

/* *ret_more: the page is neither full nor the list at its end. */
static bool
slice(struct page *p, bool *ret_more, struct err *e)
{
	/* One more than fits tells whether there is another page. */
	const size_t left = p->limit + 1 - json_array_size(p->list);
	const int64_t began = clock_mono_ms();
	struct page_span s = { .limit = left < SLICE_ROWS ? left : SLICE_ROWS };

	p->rows = 0;
	if (!next_floor(p, &s.from, e))
		return false;
	s.before = p->before;
	if (!p->from.slice(p->from.arg, p, &s, e))
		return false;
	*ret_more = !p->more && (p->rows == s.limit || s.from > 0);
	if (!p->more && p->rows < s.limit &&
	    s.from > 0) { /* nothing is left above it */
		p->before = s.from;
		p->span = slices_pace(p->span, SPAN_LEAST, SPAN_MOST,
		    clock_mono_ms() - began);
	}
	return true;
}

static bool
on_step(void *arg)
{
	struct page *p = arg;
	bool more = false;
	struct err e;

	if (!slice(p, &more, &e))
		request_problem(p->r, &e, NULL);
	else if (more)
		return false;
	else
		request_json(p->r, 200, page_json(p));
	page_free(p);
	return true;
}

static void
on_drop(void *arg)
{
	struct page *p = arg;

	request_stopped(p->r);
	page_free(p);
}

void
page_answer(struct request *r, const struct page_source *from)
{
	struct page *p = mem_zalloc(sizeof(*p));
	int64_t limit = LIMIT_DEFAULT;
	struct err e;

	*p = (struct page){ .r = r, .from = *from, .list = json_array() };
	const bool ok = read_number(r, "cursor", INT64_MAX, &p->before, &e) &&
			read_number(r, "limit", LIMIT_MAX, &limit, &e);
	p->limit = (size_t)limit;
	if (ok &&
	    request_slices_add(r, &(struct slices_job){ on_step, on_drop, p }, &e))
		return;
	request_problem(r, &e, NULL);
	page_free(p);
}
