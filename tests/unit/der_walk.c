/* SPDX-License-Identifier: Apache-2.0 */
#include "der_walk.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/buf.h"
#include "codec/der.h"

enum wrong {
	LEFT_OUT,
	EMPTY,
	TWICE,
	OTHER_TAG,
	CONTEXT_TAG,
	SHORTER,
	LONGER,
	ZEROED,
	NEGATIVE,
	SMALL,
	LAST_BIT,
	WRONGS
};

struct walk {
	size_t at, target; /* elements, in the order of their headers */
	enum wrong wrong;
};

/* Is the content of this one elements again?  How many octets stand before them? */
static bool
holds_elements(const struct der *d, size_t *ret_before)
{
	struct bytes rest = d->body;
	struct der one;
	struct err e;

	*ret_before = 0;
	if ((d->tag & 0x20) == 0 && d->tag != DER_OCTET_STRING &&
	    d->tag != DER_BIT_STRING)
		return false;
	if (d->tag == DER_BIT_STRING) {
		*ret_before = 1;
		rest = bytes_skip(rest, 1);
	}
	if (rest.n == 0)
		return false;
	while (rest.n > 0)
		if (!der_next(&rest, &one, &e))
			return false;
	return true;
}

static void
put(struct buf *to, unsigned tag, struct bytes body)
{
	uint8_t header[DER_HEADER_MAX];

	buf_put(to, bytes_of(header, der_header(tag, body.n, header)));
	buf_put(to, body);
}

static void
put_wrong(struct buf *to, unsigned tag, struct buf *body, enum wrong wrong)
{
	if (body->n == 0 && wrong >= SHORTER && wrong != LONGER)
		buf_putc(body, 1);
	else if (wrong == SHORTER)
		body->n--;
	else if (wrong == LONGER)
		buf_put(body, bytes_of("\x05", 2)); /* a NULL behind it */
	else if (wrong == ZEROED)
		body->p[0] = 0;
	else if (wrong == NEGATIVE)
		body->p[0] |= 0x80;
	else if (wrong == SMALL)
		body->p[0] = 7;
	else if (wrong == LAST_BIT)
		body->p[body->n - 1] ^= 1;
	else if (wrong == EMPTY)
		body->n = 0;
	if (wrong == LEFT_OUT)
		return;
	put(to,
	    wrong == OTHER_TAG     ? DER_GENERALIZED_TIME
	    : wrong == CONTEXT_TAG ? DER_CONTEXT(9)
				   : tag,
	    buf_bytes(body));
	if (wrong == TWICE)
		put(to, tag, buf_bytes(body));
}

static void
copy(struct buf *to, struct bytes list, struct walk *k)
{
	while (list.n > 0) {
		const bool hit = k->at++ == k->target;
		struct buf body;
		struct der d;
		struct err e;
		size_t before;

		cr_assert(der_next(&list, &d, &e), "%s", e.detail);
		buf_init(&body, KIB(64));
		if (holds_elements(&d, &before)) {
			buf_put(&body, bytes_of(d.body.p, before));
			copy(&body, bytes_skip(d.body, before), k);
		} else
			buf_put(&body, d.body);
		if (hit)
			put_wrong(to, d.tag, &body, k->wrong);
		else
			put(to, d.tag, buf_bytes(&body));
		buf_free(&body);
	}
}

size_t
der_walk(struct bytes der, void (*each)(void *arg, struct bytes wrong), void *arg)
{
	struct walk k = { 0 };
	size_t n = 0, elements = 1;
	struct buf b;

	for (k.target = 0; k.target < elements; k.target++)
		for (int wrong = 0; wrong < WRONGS; wrong++) {
			k.at = 0;
			k.wrong = (enum wrong)wrong;
			buf_init(&b, KIB(128));
			copy(&b, der, &k);
			elements = k.at;
			each(arg, buf_bytes(&b));
			buf_free(&b);
			n++;
		}
	return n;
}
