/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page - a list that is answered by pages, newest first: "cursor" and "limit" of
 * the query, "next_cursor" of the answer.
 */
#ifndef API_PAGE_H
#define API_PAGE_H

#include "api/request.h"

#define PAGE_LIMIT_DEFAULT 100
#define PAGE_LIMIT_MAX     1000
#define PAGE_KEYS          "cursor", "limit" /* for request_query_known() */

struct page {
	int64_t before; /* rows older than this number; 0: from the newest */
	size_t limit;   /* ask the store for one more: it tells whether there is more */
	json_t *list;
	int64_t last;
	bool more;
};

/* ERR_MALFORMED.  page_free() it whatever becomes of it. */
MUST_CHECK bool page_read(struct page *p, const struct request *r, struct err *e);
void page_free(struct page *p); /* what is inside */

/* Is there room for a row?  If not, there is a next page. */
bool page_room(struct page *p);
void page_add(struct page *p, json_t *row, int64_t num); /* takes 'row' */
/* {NAME: [...], next_cursor} */
json_t *page_json(const struct page *p, const char *name);

#endif
