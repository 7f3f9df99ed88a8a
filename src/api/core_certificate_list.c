/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/certificates: list and search, newest first, by cursor. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/certificate_json.h"
#include "api/certificate_walk.h"
#include "api/core_routes.h"
#include "base/mem.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000

#define FILTERS_MAX 32 /* members of the query, and a NULL */

struct listing {
	struct request *r;
	struct certificate_walk walk;
	struct buf text; /* the answer, as far as it is */
	struct json_put w;
	size_t limit, n;
	bool more;
	int64_t last_id; /* of the page */
};

static void
listing_free(struct listing *l)
{
	certificate_walk_free(&l->walk);
	buf_free(&l->text);
	free(l);
}

static bool
read_number(const char *value, int64_t max, int64_t *ret, struct err *e)
{
	char *end;

	errno = 0;
	const long long n = strtoll(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || n < 1 || n > max ||
	    value[0] < '0' || value[0] > '9')
		return err_set(e, ERR_MALFORMED, "must be a number from 1 to %" PRId64,
		    max);
	*ret = n;
	return true;
}

static bool
read_limit(struct listing *l, const char *text, struct err *e)
{
	int64_t n;

	if (text == NULL)
		return true;
	if (!read_number(text, LIMIT_MAX, &n, e))
		return err_prefix(e, "limit");
	l->limit = (size_t)n;
	return true;
}

/* Our own cursor: the id that the page before ended with. */
static bool
read_cursor(const char *text, int64_t *ret, struct err *e)
{
	return text == NULL || read_number(text, INT64_MAX, ret, e) ||
	       err_set(e, ERR_MALFORMED,
		   "cursor: must be the next_cursor of an earlier answer");
}

static bool
read_page(struct listing *l, int64_t *ret_cursor, struct err *e)
{
	char *limit = NULL, *cursor = NULL;

	const bool ok = request_query(l->r, "limit", &limit, e) &&
			read_limit(l, limit, e) &&
			request_query(l->r, "cursor", &cursor, e) &&
			read_cursor(cursor, ret_cursor, e);
	free(limit);
	free(cursor);
	return ok;
}

/* metadata.KEY=VALUE */
static bool
read_metadata(struct listing *l, struct err *e)
{
	for (size_t i = 0;; i++) {
		char *key, *value;

		if (!request_query_nth(l->r, CERTIFICATE_WALK_METADATA, i, &key, &value,
			e))
			return false;
		if (key == NULL)
			return true;
		char *filter = mem_printf(CERTIFICATE_WALK_METADATA "%s", key);
		const bool ok = certificate_walk_set(&l->walk, filter, value, e);
		free(filter);
		free(key);
		free(value);
		if (!ok)
			return false;
	}
}

static bool
read_known(struct request *r, struct err *e)
{
	const char *known[FILTERS_MAX] = { "limit", "cursor",
		CERTIFICATE_WALK_METADATA "*" };

	for (size_t i = 0; certificate_walk_filter(i) != NULL; i++)
		known[3 + i] = certificate_walk_filter(i);
	return request_query_known(r, known, e);
}

static bool
read_filters(struct listing *l, struct err *e)
{
	const char *name;

	for (size_t i = 0; (name = certificate_walk_filter(i)) != NULL; i++) {
		char *value = NULL;

		if (!request_query(l->r, name, &value, e))
			return false;
		const bool ok =
		    value == NULL || certificate_walk_set(&l->walk, name, value, e);
		free(value);
		if (!ok)
			return false;
	}
	return read_metadata(l, e);
}

static bool
add_row(void *arg, const struct certificate_row *row, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	if (l->n == l->limit || l->text.n > REQUEST_PAGE_MAX) {
		l->more = true;
		return true;
	}
	json_put_open(&l->w, '{');
	certificate_json_put(&l->w, row, l->walk.q.now);
	json_put_close(&l->w, '}');
	l->n++;
	l->last_id = row->id;
	return true;
}

static void
begin_text(struct listing *l)
{
	buf_init(&l->text, REQUEST_ANSWER_MAX);
	l->w = (struct json_put){ .b = &l->text };
	json_put_open(&l->w, '{');
	json_put_name(&l->w, "certificates");
	json_put_open(&l->w, '[');
}

static void
answer(struct listing *l)
{
	char cursor[24];

	json_put_close(&l->w, ']');
	if (l->more) {
		snprintf(cursor, sizeof(cursor), "%" PRId64, l->last_id);
		json_put_member(&l->w, "next_cursor", cursor);
	}
	json_put_close(&l->w, '}');
	request_json_text(l->r, 200, &l->text);
}

static bool
on_step(void *arg)
{
	struct listing *l = arg;
	struct err e;

	const size_t left = l->limit + 1 - l->n;
	if (!certificate_walk_slice(&l->walk, l->r->ca, left, add_row, l, &e))
		request_problem(l->r, &e, NULL);
	else if (l->more || certificate_walk_over(&l->walk))
		answer(l);
	else
		return false;
	listing_free(l);
	return true;
}

static void
on_drop(void *arg)
{
	struct listing *l = arg;

	request_stopped(l->r);
	listing_free(l);
}

/* From the cursor, or from the newest. */
static bool
begin(struct listing *l, struct err *e)
{
	int64_t cursor = 0;

	return read_known(l->r, e) && read_page(l, &cursor, e) && read_filters(l, e) &&
	       certificate_walk_begin(&l->walk, l->r->ca, cursor, e) &&
	       request_slices_add(l->r, &(struct slices_job){ on_step, on_drop, l }, e);
}

void
core_certificate_list(struct request *r)
{
	struct listing *l = mem_zalloc(sizeof(*l));
	struct err e;

	l->r = r;
	begin_text(l);
	l->limit = LIMIT_DEFAULT;
	if (begin(l, &e))
		return;
	request_problem(r, &e, NULL);
	listing_free(l);
}
