/* SPDX-License-Identifier: Apache-2.0 */
/* The writer: from the back, so that a header is written when its content is there. */
#include "codec/der.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_BLOCK 1024 /* octets: a certificate fits without growing */

void
derw_init(struct derw *w, size_t max)
{
	*w = (struct derw){ .max = max };
}

void
derw_free(struct derw *w)
{
	mem_wipe_free(w->p, w->cap);
	*w = (struct derw){ .max = w->max };
}

/* Room for n octets in front of what is there; NULL when over the limit. */
static uint8_t *
make_room(struct derw *w, size_t n)
{
	if (w->full || n > w->max - w->n) {
		w->full = true;
		return NULL;
	}
	if (w->n + n > w->cap) {
		size_t cap = w->cap < FIRST_BLOCK ? FIRST_BLOCK : w->cap;
		while (cap < w->n + n)
			cap *= 2;
		uint8_t *p = mem_zalloc(cap);
		if (w->n > 0)
			memcpy(p + cap - w->n, w->p + w->cap - w->n, w->n);
		mem_wipe_free(w->p, w->cap);
		w->p = p;
		w->cap = cap;
	}
	w->n += n;
	return w->p + w->cap - w->n;
}

static void
put_octet(struct derw *w, uint8_t v)
{
	uint8_t *p = make_room(w, 1);

	if (p != NULL)
		*p = v;
}

size_t
der_header(unsigned tag, uint64_t n, uint8_t ret[static DER_HEADER_MAX])
{
	assert(tag <= 0xff);
	ret[0] = (uint8_t)tag;
	if (n < 0x80) {
		ret[1] = (uint8_t)n;
		return 2;
	}

	size_t octets = 1;
	while (octets < 8 && n >> (8 * octets) != 0)
		octets++;
	ret[1] = (uint8_t)(0x80 | octets);
	for (size_t i = 0; i < octets; i++)
		ret[2 + i] = (uint8_t)(n >> (8 * (octets - 1 - i)));
	return 2 + octets;
}

size_t
der_mark(const struct derw *w)
{
	return w->n;
}

void
der_wrap(struct derw *w, unsigned tag, size_t mark)
{
	uint8_t header[DER_HEADER_MAX];

	if (w->full)
		return;
	assert(mark <= w->n);
	der_put_raw(w, bytes_of(header, der_header(tag, w->n - mark, header)));
}

void
der_wrap_bits(struct derw *w, size_t mark)
{
	put_octet(w, 0);
	der_wrap(w, DER_BIT_STRING, mark);
}

void
der_put_raw(struct derw *w, struct bytes v)
{
	uint8_t *p = v.n == 0 ? NULL : make_room(w, v.n);

	if (p != NULL)
		memcpy(p, v.p, v.n);
}

void
der_put_tlv(struct derw *w, unsigned tag, struct bytes v)
{
	const size_t mark = der_mark(w);

	der_put_raw(w, v);
	der_wrap(w, tag, mark);
}

void
der_put_null(struct derw *w)
{
	der_put_tlv(w, DER_NULL, bytes_of(NULL, 0));
}

void
der_put_bool(struct derw *w, bool v)
{
	const uint8_t octet = v ? 0xff : 0x00;

	der_put_tlv(w, DER_BOOLEAN, bytes_of(&octet, 1));
}

static void
put_integer(struct derw *w, unsigned tag, struct bytes be)
{
	const size_t mark = der_mark(w);

	while (be.n > 0 && be.p[0] == 0)
		be = bytes_skip(be, 1);
	der_put_raw(w, be);
	if (be.n == 0 || (be.p[0] & 0x80) != 0)
		put_octet(w, 0);
	der_wrap(w, tag, mark);
}

void
der_put_integer(struct derw *w, struct bytes be)
{
	put_integer(w, DER_INTEGER, be);
}

void
der_put_uint(struct derw *w, uint64_t v)
{
	uint8_t be[8];

	for (size_t i = 0; i < sizeof(be); i++)
		be[i] = (uint8_t)(v >> (56 - 8 * i));
	put_integer(w, DER_INTEGER, bytes_of(be, sizeof(be)));
}

void
der_put_enum(struct derw *w, unsigned v)
{
	const uint8_t be[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
		(uint8_t)(v >> 8), (uint8_t)v };

	put_integer(w, DER_ENUMERATED, bytes_of(be, sizeof(be)));
}

/* Base 128, the top bit set in all octets but the last; from the back, as all here. */
static void
put_arc(struct derw *w, uint64_t v)
{
	put_octet(w, v & 0x7f);
	while ((v >>= 7) != 0)
		put_octet(w, (uint8_t)(0x80 | (v & 0x7f)));
}

/* Reads dotted decimals.  Gives how many there are; 0: something else, or too many. */
static size_t
read_arcs(const char *dotted, uint64_t *ret, size_t max)
{
	for (size_t n = 0; n < max;) {
		uint64_t v = 0;
		size_t digits = 0;

		for (; *dotted >= '0' && *dotted <= '9'; dotted++, digits++) {
			if (__builtin_mul_overflow(v, 10, &v) ||
			    __builtin_add_overflow(v, *dotted - '0', &v))
				return 0;
		}
		if (digits == 0 || (digits > 1 && dotted[-(ptrdiff_t)digits] == '0'))
			return 0;
		ret[n++] = v;
		if (*dotted == '\0')
			return n;
		if (*dotted++ != '.')
			return 0;
	}
	return 0;
}

void
der_put_oid(struct derw *w, const char *dotted)
{
	const size_t mark = der_mark(w);
	uint64_t arc[64]; /* as many as der_get_oid() has room for */
	size_t n = read_arcs(dotted, arc, NITEMS(arc));

	if (n < 2 || arc[0] > 2 || (arc[0] < 2 && arc[1] > 39) ||
	    arc[1] > UINT64_MAX - 80) {
		w->bad = true;
		return;
	}
	while (n > 2)
		put_arc(w, arc[--n]);
	put_arc(w, arc[0] * 40 + arc[1]);
	der_wrap(w, DER_OID, mark);
}

void
der_put_named_bits(struct derw *w, uint16_t bits)
{
	uint8_t v[3] = { 0, (uint8_t)(bits >> 8), (uint8_t)bits };
	const size_t octets = v[2] != 0 ? 2 : v[1] != 0 ? 1 : 0;

	if (octets > 0)
		v[0] = (uint8_t)__builtin_ctz(v[octets]);
	der_put_tlv(w, DER_BIT_STRING, bytes_of(v, 1 + octets));
}

struct bytes
der_bytes(const struct derw *w)
{
	if (w->n == 0)
		return bytes_of(NULL, 0);
	return bytes_of(w->p + w->cap - w->n, w->n);
}

bool
der_take(struct derw *w, const char *what, struct buf *ret, struct err *e)
{
	const struct bytes all = der_bytes(w);

	if (w->bad)
		return err_set(e, ERR_INTERNAL, "%s: a value that DER cannot hold",
		    what);
	if (w->full || all.n > ret->max - ret->n)
		return err_set(e, ERR_TOO_LARGE, "%s is over its limit of %zu octets",
		    what, w->full ? w->max : ret->max);
	buf_put(ret, all);
	return buf_ok(ret, what, e);
}
