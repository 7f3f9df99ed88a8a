/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page - a list that is answered by pages, newest first: "cursor" and "limit" of
 * the query, "next_cursor" of the answer.
 *
 * It is read some rows in each round of the loop (api/slices.h), and a page of long
 * rows ends before it has 'limit' of them.
 */
#ifndef API_PAGE_H
#define API_PAGE_H

#include "api/request.h"

#define PAGE_KEYS "cursor", "limit" /* for request_query_known() */

struct page;

/* Rows older than 'before' (0: from the newest), at most 'limit': page_add() for each. */
typedef bool page_slice(void *arg, struct page *p, int64_t before, size_t limit,
    struct err *e);

struct page_source {
	const char *name; /* of the array in the answer */
	page_slice *slice;
	void (*free)(void *arg); /* called once, whatever becomes of it */
	void *arg;
};

/* Reads "cursor" and "limit", and answers the request now or later. */
void page_answer(struct request *r, const struct page_source *from);

/* Takes 'row', whose number is 'num'. */
void page_add(struct page *p, json_t *row, int64_t num);

#endif
