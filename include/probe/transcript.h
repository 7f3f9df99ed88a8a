/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transcript - what one validation did, step by step, as a JSON array.
 *
 * A line is an object, begun by transcript_line() and ended by the next one.
 * All is ASCII: octets that are not printable are written as \u00xx.  A line for
 * which there is no room is left out, and the last one then is {"what":"cut"}.
 */
#ifndef PROBE_TRANSCRIPT_H
#define PROBE_TRANSCRIPT_H

#include <stdint.h>

#include "base/buf.h"

#define TRANSCRIPT_TEXT_MAX  300 /* octets of one text that are written */
#define TRANSCRIPT_ITEMS_MAX 16  /* of one list; "..." stands for the rest */

struct transcript {
	struct buf all, line;
	size_t items; /* of the list that is open */
	bool open, cut;
};

void transcript_init(struct transcript *t, size_t max);
void transcript_free(struct transcript *t);

/* 'what' and each 'name' are words of ours: they are not escaped. */
void transcript_line(struct transcript *t, int64_t at_ms, const char *what);
void transcript_text(struct transcript *t, const char *name, struct bytes v);
void transcript_num(struct transcript *t, const char *name, int64_t v);
/* A list of texts: begin, items, end. */
void transcript_list(struct transcript *t, const char *name);
void transcript_item(struct transcript *t, struct bytes v);
void transcript_list_end(struct transcript *t);

/* Ends it; good until transcript_free(). */
struct bytes transcript_end(struct transcript *t);

#endif
