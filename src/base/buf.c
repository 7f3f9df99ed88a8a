/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define LEAST 256 /* octets: a line of JSON; smaller ones were mostly grown again */

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ .max = b->max };
}

void
buf_wipe(struct buf *b)
{
	if (b->p != NULL)
		mem_wipe(b->p, b->cap);
	buf_free(b);
}

void
buf_clear(struct buf *b)
{
	b->n = 0;
	b->full = false;
}

/* Room for n more and a NUL.  Grown by copying, so that no old octets stay unwiped in the heap. */
static bool
make_room(struct buf *b, size_t n)
{
	if (b->full || n > b->max - b->n) {
		b->full = true;
		return false;
	}
	if (b->n + n + 1 <= b->cap)
		return true;

	size_t cap = b->cap < LEAST ? LEAST : b->cap;
	while (cap < b->n + n + 1)
		cap *= 2;
	uint8_t *p = mem_zalloc(cap);
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	mem_wipe_free(b->p, b->cap);
	b->p = p;
	b->cap = cap;
	return true;
}

void
buf_put(struct buf *b, struct bytes v)
{
	if (v.n > 0 && make_room(b, v.n)) {
		memcpy(b->p + b->n, v.p, v.n);
		b->n += v.n;
	}
}

void
buf_putc(struct buf *b, uint8_t c)
{
	buf_put(b, bytes_of(&c, 1));
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_put(b, bytes_str(s));
}

/* Into the room that is there; what does not fit is made room for and written again. */
void
buf_printf(struct buf *b, const char *fmt, ...)
{
	const size_t room = b->p == NULL || b->full ? 0 : b->cap - b->n;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(room > 0 ? (char *)b->p + b->n : NULL, room, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->full = true;
		return;
	}
	if (!make_room(b, (size_t)n))
		return;
	if ((size_t)n >= room) {
		va_start(ap, fmt);
		n = vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->n += (size_t)n;
}

uint8_t *
buf_reserve(struct buf *b, size_t n)
{
	if (!make_room(b, n))
		return NULL;
	uint8_t *p = b->p + b->n;
	b->n += n;
	return p;
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n >= b->n) {
		b->n = 0;
		return;
	}
	if (n > 0)
		memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

struct bytes
buf_bytes(const struct buf *b)
{
	return (struct bytes){ b->p, b->n };
}

const char *
buf_str(struct buf *b)
{
	if (b->p == NULL)
		return "";
	b->p[b->n] = '\0'; /* make_room() always leaves this octet */
	return (const char *)b->p;
}

bool
buf_ok(const struct buf *b, const char *what, struct err *e)
{
	if (b->full)
		return err_set(e, ERR_TOO_LARGE, "%s is over its limit of %zu octets",
		    what, b->max);
	return true;
}
