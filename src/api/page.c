/* SPDX-License-Identifier: Apache-2.0 */
#include "api/page.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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

bool
page_read(struct page *p, const struct request *r, struct err *e)
{
	int64_t limit = PAGE_LIMIT_DEFAULT;

	*p = (struct page){ .list = json_array() };
	if (!read_number(r, "cursor", INT64_MAX, &p->before, e) ||
	    !read_number(r, "limit", PAGE_LIMIT_MAX, &limit, e))
		return false;
	p->limit = (size_t)limit;
	return true;
}

void
page_free(struct page *p)
{
	json_decref(p->list);
	*p = (struct page){ 0 };
}

bool
page_room(struct page *p)
{
	if (json_array_size(p->list) < p->limit)
		return true;
	p->more = true;
	return false;
}

void
page_add(struct page *p, json_t *row, int64_t num)
{
	json_array_append_new(p->list, row);
	p->last = num;
}

json_t *
page_json(const struct page *p, const char *name)
{
	json_t *v = json_object();

	json_object_set(v, name, p->list);
	if (p->more) {
		char cursor[24];

		snprintf(cursor, sizeof(cursor), "%" PRId64, p->last);
		json_object_set_new(v, "next_cursor", json_string(cursor));
	}
	return v;
}
