/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of DER, one element of which is another. */
#include "der_mutate.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/der.h"

#define NODES_MAX 1024
#define DEPTH_MAX 40
#define GROWTH    128 /* octets that a content may grow by */

#define CONSTRUCTED 0x20u

/* Not there in a build without libFuzzer. */
extern size_t LLVMFuzzerMutate(uint8_t *p, size_t n, size_t max) __attribute__((weak));

/* In the order in which they stand: what is within a node follows it. */
struct node {
	struct der d;
	size_t end;     /* the first node behind those within */
	unsigned depth; /* of the root: 0 */
	bool parted;    /* is the content the nodes within? */
	bool bits;      /* behind an octet of unused bits */
};

struct tree {
	size_t n;
	struct node v[NODES_MAX];
};

struct
    change { /* instead of the node 'at': these octets, which may be none or several elements */
	size_t at;
	struct bytes octets;
};

static unsigned
draw(unsigned *seed, size_t below)
{
	*seed = *seed * 1103515245u + 12345u;
	return (unsigned)((*seed >> 8) % below);
}

/* Appends the elements of 'in'.  False: it is no row of them, and nothing was appended. */
static bool
part(struct tree *t, struct bytes in, unsigned depth)
{
	const size_t before = t->n;
	struct err e;

	while (in.n > 0) {
		if (t->n == NODES_MAX || depth == DEPTH_MAX)
			goto no;
		struct node *x = &t->v[t->n];
		*x = (struct node){ .depth = depth };
		if (!der_next(&in, &x->d, &e))
			goto no;
		t->n++;
		const struct bytes body = x->d.body;
		x->bits = x->d.tag == DER_BIT_STRING;
		if ((x->d.tag & CONSTRUCTED) != 0 || x->d.tag == DER_OCTET_STRING ||
		    x->d.tag == DER_CONTEXT(0))
			x->parted = body.n > 0 && part(t, body, depth + 1);
		else if (x->bits && body.n > 2 && body.p[0] == 0)
			x->parted = part(t, bytes_skip(body, 1), depth + 1);
		x->end = t->n;
	}
	return true;
no:
	t->n = before;
	return false;
}

static void
put(struct derw *w, const struct tree *t, size_t from, size_t end,
    const struct change *c)
{
	/* Children of one parent, the last first. */
	size_t at[NODES_MAX], n = 0;

	for (size_t i = from; i < end; i = t->v[i].end)
		at[n++] = i;
	while (n-- > 0) {
		const struct node *x = &t->v[at[n]];
		const size_t mark = der_mark(w);

		if (at[n] == c->at) {
			der_put_raw(w, c->octets);
		} else if (!x->parted || c->at < at[n] || c->at >= x->end) {
			der_put_raw(w, x->d.whole);
		} else {
			put(w, t, at[n] + 1, x->end, c);
			if (x->bits)
				der_put_raw(w, bytes_of("\0", 1));
			der_wrap(w, x->d.tag, mark);
		}
	}
}

/* The tree with its change behind 'head' octets; 0: it does not fit. */
static size_t
write_out(const struct tree *t, const struct change *c, uint8_t *p, size_t head,
    size_t max)
{
	struct derw w;
	size_t n = 0;

	derw_init(&w, MIB(1));
	put(&w, t, 0, t->n, c);
	const struct bytes all = der_bytes(&w);
	if (!w.full && !w.bad && all.n > 0 && head + all.n <= max) {
		memcpy(p + head, all.p, all.n);
		n = head + all.n;
	}
	derw_free(&w);
	return n;
}

/* What readers stumble over. */
static const struct {
	const char *p;
	size_t n;
} oddities[] = {
#define ODD(s)                                                                         \
	{                                                                              \
		s, sizeof(s) - 1                                                       \
	}
	/* clang-format off */
	ODD("\x30\x00"), ODD("\x31\x00"), ODD("\x04\x00"), ODD("\x05\x00"), ODD("\x05\x01\x00"),
	ODD("\x02\x00"), ODD("\x02\x01\x00"), ODD("\x02\x01\xff"), ODD("\x02\x02\x00\x01"),
	ODD("\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff"), ODD("\x01\x01\xff"), ODD("\x01\x01\x01"),
	ODD("\x01\x00"), ODD("\x0a\x01\x00"), ODD("\x0a\x01\x07"), ODD("\x0a\x00"),
	ODD("\x03\x00"), ODD("\x03\x01\x00"), ODD("\x03\x01\x07"), ODD("\x03\x02\x08\x80"), ODD("\x03\x02\x01\x80"),
	ODD("\x06\x00"), ODD("\x06\x01\x80"), ODD("\x06\x02\x2b\x86"), ODD("\x06\x03\x55\x1d\x11"),
	ODD("\x06\x0b\x2b\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), ODD("\x06\x03\x55\x1d\x25"),
	ODD("\x0c\x00"), ODD("\x0c\x01\x00"), ODD("\x0c\x02\xc0\x80"), ODD("\x13\x01*"), ODD("\x16\x01\xff"),
	ODD("\x1e\x01x"), ODD("\x14\x01x"), ODD("\x17\x00"), ODD("\x17\x0d" "500229000000Z"),
	ODD("\x17\x0d" "691231235959Z"), ODD("\x18\x0f" "20500101000000Z"), ODD("\x18\x0f" "99991231235959Z"),
	ODD("\x18\x0f" "00000101000000Z"), ODD("\x18\x11" "20260101000000.0Z"), ODD("\x18\x0d" "202601010000Z"),
	ODD("\xa0\x00"), ODD("\xa1\x00"), ODD("\xa2\x00"), ODD("\xa3\x00"), ODD("\x80\x00"), ODD("\x81\x00"),
	ODD("\x82\x00"), ODD("\x82\x01*"), ODD("\x86\x01x"), ODD("\x87\x04\x7f\x00\x00\x01"), ODD("\x87\x00"),
	ODD("\xa0\x03\x02\x01\x00"), ODD("\xa0\x03\x02\x01\x02"), ODD("\x30\x05\x06\x01\x80\x04\x00"),
	ODD("\x30\x07\x06\x03\x55\x1d\x0f\x04\x00"), ODD("\x30\x0a\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x00"),
/* clang-format on */
#undef ODD
};

enum {
	DO_CONTENT,
	DO_CONTENT_AGAIN,
	DO_DELETE,
	DO_TWICE,
	DO_OTHER,
	DO_ODD,
	DO_ODD_BEFORE,
	DO_TAG,
	DO_WRAP,
	DO_BARE,
	DO_EMPTY,
	DO__MAX
};

/* Writes instead of node 'x' into 'w', from the back. */
static void
change_node(struct derw *w, const struct tree *t, const struct node *x, unsigned *seed)
{
	static const uint8_t tags[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c,
		0x13, 0x16, 0x17, 0x18, 0x30, 0x31, 0x80, 0x81, 0x82, 0x86, 0x87, 0xa0,
		0xa1, 0xa2, 0xa3 };
	const unsigned odd = draw(seed, NITEMS(oddities));
	const struct bytes oddity = bytes_of(oddities[odd].p, oddities[odd].n);
	const unsigned tag = tags[draw(seed, NITEMS(tags))];

	switch (draw(seed, DO__MAX)) {
	case DO_DELETE:
		break;
	case DO_TWICE:
		der_put_raw(w, x->d.whole);
		der_put_raw(w, x->d.whole);
		break;
	case DO_OTHER:
		der_put_raw(w, t->v[draw(seed, t->n)].d.whole);
		break;
	case DO_ODD:
		der_put_raw(w, oddity);
		break;
	case DO_ODD_BEFORE:
		der_put_raw(w, x->d.whole);
		der_put_raw(w, oddity);
		break;
	case DO_TAG:
		der_put_tlv(w, tag, x->d.body);
		break;
	case DO_WRAP:
		der_put_raw(w, x->d.whole);
		der_wrap(w, tag, 0);
		break;
	case DO_BARE:
		der_put_raw(w, x->d.body);
		break;
	case DO_EMPTY:
		der_wrap(w, x->d.tag, 0);
		break;
	default: {
		const size_t room = x->d.body.n + GROWTH;
		uint8_t *body = mem_zalloc(room);

		if (x->d.body.n > 0)
			memcpy(body, x->d.body.p, x->d.body.n);
		der_put_tlv(w, x->d.tag,
		    bytes_of(body, LLVMFuzzerMutate(body, x->d.body.n, room)));
		free(body);
	}
	}
}

size_t
der_mutate(uint8_t *p, size_t n, size_t max, unsigned seed, size_t head)
{
	static struct tree t;
	struct derw w;

	t.n = 0;
	if (n <= head || draw(&seed, 4) == 0 ||
	    !part(&t, bytes_of(p + head, n - head), 0))
		return LLVMFuzzerMutate(p, n, max);
	derw_init(&w, MIB(1));
	const size_t at = draw(&seed, t.n);
	change_node(&w, &t, &t.v[at], &seed);
	const struct change c = { at, der_bytes(&w) };
	const size_t all = write_out(&t, &c, p, head, max);
	derw_free(&w);
	return all > 0 ? all : LLVMFuzzerMutate(p, n, max);
}

/* An element of 'b' instead of one of 'a', or in front of it. */
size_t
der_mutate_cross(const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n,
    uint8_t *ret, size_t max, unsigned seed, size_t head)
{
	static struct tree to, from;
	struct derw w;

	to.n = from.n = 0;
	if (a_n <= head || b_n <= head || a_n > max ||
	    !part(&to, bytes_of(a + head, a_n - head), 0) ||
	    !part(&from, bytes_of(b + head, b_n - head), 0))
		return 0;
	const size_t at = draw(&seed, to.n);
	derw_init(&w, MIB(1));
	if (draw(&seed, 4) == 0)
		der_put_raw(&w, to.v[at].d.whole);
	der_put_raw(&w, from.v[draw(&seed, from.n)].d.whole);
	const struct change c = { at, der_bytes(&w) };
	memcpy(ret, a, head);
	const size_t all = write_out(&to, &c, ret, head, max);
	derw_free(&w);
	return all;
}
