/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_search - words about certificates, and any part of what names them.
 *
 * Here and in sql/004_search.sql is all that is SQLite's alone: an FTS5 table of
 * trigrams.  With another driver these few lines are written anew (PostgreSQL:
 * pg_trgm and its GIN index).
 */
#ifndef STORE_STORE_SEARCH_H
#define STORE_STORE_SEARCH_H

#include "store/store_certificate.h"

#define STORE_SEARCH_LEAST 3 /* characters: a trigram */

/* The ids of all that match, between the cursor ($1) and the floor ($3). */
#define STORE_SEARCH_SET                                                               \
	"SELECT rowid FROM certificate_search"                                         \
	" WHERE rowid < $1 AND rowid > $3 AND certificate_search MATCH "

/* 'part' as a value to match: wherever it stands, letter case ignored; free() it. */
char *store_search_pattern(const char *part);

/* A certificate came in: its words, in the transaction of its row; found from the next catching up on. */
MUST_CHECK bool store_search_add(struct store *st, int64_t id,
    const struct certificate_new *c, struct err *e);

#endif
