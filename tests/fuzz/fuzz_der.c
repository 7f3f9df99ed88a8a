/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DER reader (R87): what it lets through, written again by the writer, is the
 * same octet for octet, however deep it lies.
 */
#include "codec/der.h"
#include "der_mutate.h"
#include "fuzz.h"

#define DEPTH_MAX 40

/* Octets of a whole element that the writer made of a content that was read. */
static void
same(struct derw *w, const struct der *d)
{
	require(!w->bad && !w->full && bytes_eq(der_bytes(w), d->whole));
	derw_free(w);
	derw_init(w, d->whole.n + DER_HEADER_MAX);
}

static void
numbers(const struct der *d)
{
	struct derw w;
	struct bytes magnitude;
	uint64_t v;
	bool flag;
	struct err e = { 0 };

	derw_init(&w, d->whole.n + DER_HEADER_MAX);
	if (d->tag == DER_BOOLEAN && der_get_bool(d->body, &flag, &e)) {
		der_put_bool(&w, flag);
		same(&w, d);
	}
	if (d->tag == DER_INTEGER && der_get_integer(d->body, &magnitude, &e)) {
		require_within(magnitude, d->body);
		der_put_integer(&w, magnitude);
		same(&w, d);
	}
	if (d->tag == DER_INTEGER && der_get_uint(d->body, &v, &e)) {
		der_put_uint(&w, v);
		same(&w, d);
	}
	derw_free(&w);
}

static void
texts(const struct der *d)
{
	struct derw w;
	char oid[128], small[8];
	struct bytes bits;
	int64_t at;
	struct err e = { 0 };

	derw_init(&w, d->whole.n + DER_HEADER_MAX);
	if (d->tag == DER_OID && der_get_oid(d->body, oid, sizeof(oid), &e)) {
		der_put_oid(&w, oid);
		same(&w, d);
		(void)!der_get_oid(d->body, small, sizeof(small), &e);
	}
	if (d->tag == DER_BIT_STRING && der_get_bits(d->body, &bits, &e)) {
		der_put_raw(&w, bits);
		der_wrap_bits(&w, 0);
		same(&w, d);
	}
	if ((d->tag == DER_UTC_TIME || d->tag == DER_GENERALIZED_TIME) &&
	    der_get_time(d, &at, &e)) {
		if (d->tag == DER_UTC_TIME)
			der_put_time(&w, at);
		else
			der_put_generalized(&w, at);
		same(&w, d);
	}
	derw_free(&w);
}

static void
walk(struct bytes in, unsigned depth)
{
	uint8_t head[DER_HEADER_MAX];
	struct der d;
	struct err e = { 0 };

	while (in.n > 0 && depth < DEPTH_MAX) {
		const struct bytes before = in;

		if (!der_next(&in, &d, &e)) {
			require(in.p == before.p && in.n == before.n);
			told(&e);
			return;
		}
		require_within(d.whole, before);
		require_within(d.body, d.whole);
		const size_t n = der_header(d.tag, d.body.n, head);
		require(n + d.body.n == d.whole.n && memcmp(head, d.whole.p, n) == 0);
		numbers(&d);
		texts(&d);
		if ((d.tag & 0x20) != 0 || d.tag == DER_OCTET_STRING)
			walk(d.body, depth + 1);
	}
}

FUZZ_DER(0);

FUZZ_TARGET(der)
{
	struct der d;
	bool there;
	struct err e = { 0 };
	struct bytes in = bytes_of(p, n);

	walk(in, 0);
	if (der_optional(&in, DER_SEQUENCE, &d, &there, &e) && there)
		require_within(d.whole, bytes_of(p, n));
	if (der_whole(bytes_of(p, n), DER_SEQUENCE, &d, &e))
		require(d.whole.n == n);
	return 0;
}
