/* SPDX-License-Identifier: Apache-2.0 */
/*
 * searchable - the words of new certificates into the index of the search, many at a
 * time: at once when many wait, else within a second.
 */
#ifndef CA_SEARCHABLE_H
#define CA_SEARCHABLE_H

#include "ca/ca.h"

struct searchable;

struct searchable *searchable_new(struct ca *ca);
void searchable_free(struct searchable *s); /* NULL is fine */
/* A certificate was stored in the open transaction. */
void searchable_add(struct searchable *s);
/* The round ends, its transaction is open. */
MUST_CHECK bool searchable_batch_end(struct searchable *s, struct err *e);

#endif
