/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf - octets that grow, born with a limit.
 *
 * Errors stick: the first write past the limit sets 'full' and later writes do
 * nothing, so a writer reads as a list and is checked once, by buf_ok().
 * A zeroed struct buf is an empty buffer with limit 0: call buf_init().
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct buf {
	uint8_t *p;
	size_t n;   /* octets in use */
	size_t cap; /* octets allocated */
	size_t max; /* octets allowed */
	bool full;  /* something did not fit */
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b); /* the buffer can be used again after buf_init() */
void buf_wipe(struct buf *b); /* wipes the octets, then buf_free() */
void buf_clear(struct buf *b);
void buf_put(struct buf *b, struct bytes v);
void buf_putc(struct buf *b, uint8_t c);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Makes room for n more octets and returns where they go; NULL when over the limit. */
uint8_t *buf_reserve(struct buf *b, size_t n);
/* Drops the first n octets, as a queue does. */
void buf_drop(struct buf *b, size_t n);
struct bytes buf_bytes(const struct buf *b);
/* The octets with a NUL behind them (not counted); "" when empty. */
const char *buf_str(struct buf *b);
/* ERR_TOO_LARGE naming 'what' when something did not fit. */
MUST_CHECK bool buf_ok(const struct buf *b, const char *what, struct err *e);

#endif
