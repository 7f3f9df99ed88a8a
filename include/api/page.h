/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page - a list that is answered by pages, newest first: "cursor" and "limit" of
 * the query, "next_cursor" of the answer.
 *
 * It is read some rows in each round of the loop (api/slices.h), and a page of long
 * rows ends before it has 'limit' of them.  Where a filter may match hardly a row, a
 * round looks at so many numbers as take some milliseconds, and no more.
 */
#ifndef API_PAGE_H
#define API_PAGE_H

#include "api/request.h"

#define PAGE_KEYS "cursor", "limit" /* for request_query_known() */

struct page;

/* What one slice looks at. */
struct page_span {
	int64_t before; /* rows older than this; 0: from the newest */
	int64_t from;   /* and not older than this; 0: down to the oldest */
	size_t limit;   /* rows that are given, at most */
};

/* Of the rows of a span the newest: page_add() for each. */
typedef bool page_slice(void *arg, struct page *p, const struct page_span *s,
    struct err *e);
/* The number of the newest row; 0: there is none. */
typedef bool page_newest(void *arg, int64_t *ret, struct err *e);

struct page_source {
	const char *name; /* of the array in the answer */
	page_slice *slice;
	page_newest *newest;     /* NULL: no filter, or one that an index serves */
	void (*free)(void *arg); /* called once, whatever becomes of it */
	void *arg;
};

/* Reads "cursor" and "limit", and answers the request now or later. */
void page_answer(struct request *r, const struct page_source *from);

/* Takes 'row', whose number is 'num'. */
void page_add(struct page *p, json_t *row, int64_t num);

#endif
