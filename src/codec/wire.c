/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/wire.h"

#include <string.h>

#include "base/mem.h"

static void
put_be(struct buf *b, uint64_t v, size_t octets)
{
	uint8_t *p = buf_reserve(b, octets);

	if (p != NULL)
		for (size_t i = 0; i < octets; i++)
			p[i] = (uint8_t)(v >> (8 * (octets - 1 - i)));
}

void
wire_put_u8(struct buf *b, uint8_t v)
{
	put_be(b, v, 1);
}

void
wire_put_u16(struct buf *b, uint16_t v)
{
	put_be(b, v, 2);
}

void
wire_put_u32(struct buf *b, uint32_t v)
{
	put_be(b, v, 4);
}

void
wire_put_u64(struct buf *b, uint64_t v)
{
	put_be(b, v, 8);
}

void
wire_put_i64(struct buf *b, int64_t v)
{
	put_be(b, (uint64_t)v, 8);
}

void
wire_put_bool(struct buf *b, bool v)
{
	put_be(b, v ? 1 : 0, 1);
}

void
wire_put_bytes(struct buf *b, struct bytes v)
{
	if (v.n > UINT32_MAX) {
		b->full = true;
		return;
	}
	put_be(b, v.n, 4);
	buf_put(b, v);
}

void
wire_put_str(struct buf *b, const char *s)
{
	wire_put_bytes(b, bytes_str(s));
}

struct wire
wire_open(struct bytes b)
{
	return (struct wire){ .rest = b };
}

static uint64_t
get_be(struct wire *w, size_t octets)
{
	uint64_t v = 0;

	if (w->bad || w->rest.n < octets) {
		w->bad = true;
		return 0;
	}
	for (size_t i = 0; i < octets; i++)
		v = v << 8 | w->rest.p[i];
	w->rest = bytes_skip(w->rest, octets);
	return v;
}

uint8_t
wire_u8(struct wire *w)
{
	return (uint8_t)get_be(w, 1);
}

uint16_t
wire_u16(struct wire *w)
{
	return (uint16_t)get_be(w, 2);
}

uint32_t
wire_u32(struct wire *w)
{
	return (uint32_t)get_be(w, 4);
}

uint64_t
wire_u64(struct wire *w)
{
	return get_be(w, 8);
}

int64_t
wire_i64(struct wire *w)
{
	return (int64_t)get_be(w, 8);
}

bool
wire_bool(struct wire *w)
{
	const uint64_t v = get_be(w, 1);

	if (v > 1)
		w->bad = true;
	return v == 1;
}

struct bytes
wire_bytes(struct wire *w)
{
	const size_t n = (size_t)get_be(w, 4);

	if (w->bad || n > w->rest.n) {
		w->bad = true;
		return bytes_of(NULL, 0);
	}
	const struct bytes v = bytes_of(w->rest.p, n);
	w->rest = bytes_skip(w->rest, n);
	return v;
}

char *
wire_str(struct wire *w)
{
	const struct bytes v = wire_bytes(w);

	if (bytes_has_nul(v))
		w->bad = true;
	return mem_strndup(v);
}

uint32_t
wire_count(struct wire *w, size_t least)
{
	const uint32_t n = wire_u32(w);

	if (w->bad || n > w->rest.n / (least > 0 ? least : 1)) {
		w->bad = true;
		return 0;
	}
	return n;
}

bool
wire_end(const struct wire *w, const char *what, struct err *e)
{
	if (w->bad)
		return err_set(e, ERR_MALFORMED, "%s: cut short or out of range", what);
	if (w->rest.n > 0)
		return err_set(e, ERR_MALFORMED, "%s: %zu octets too many", what,
		    w->rest.n);
	return true;
}
