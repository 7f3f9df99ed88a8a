/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire form (S83): the input begins with what is to be read, a letter each, then
 * a NUL, then the octets.  What was read without a fault, written again, is the same.
 */
#include "codec/wire.h"
#include "fuzz.h"

static void
one(uint8_t what, struct wire *w, struct buf *b)
{
	char *s;

	switch (what % 8) {
	case 0:
		wire_put_u8(b, wire_u8(w));
		break;
	case 1:
		wire_put_u16(b, wire_u16(w));
		break;
	case 2:
		wire_put_u32(b, wire_u32(w));
		break;
	case 3:
		wire_put_u64(b, wire_u64(w));
		break;
	case 4:
		wire_put_i64(b, wire_i64(w));
		break;
	case 5:
		wire_put_bool(b, wire_bool(w));
		break;
	case 6:
		wire_put_bytes(b, wire_bytes(w));
		break;
	default:
		s = wire_str(w);
		require(s != NULL);
		wire_put_str(b, s);
		free(s);
	}
}

FUZZ_TARGET(wire)
{
	const size_t nul = bytes_index(bytes_of(p, n), 0);
	const struct bytes octets = bytes_skip(bytes_of(p, n), nul + 1);
	struct wire w = wire_open(octets);
	struct buf b;
	struct err e = { 0 };

	buf_init(&b, MIB(16));
	for (size_t i = 0; i < nul; i++) {
		one(p[i], &w, &b);
		require_within(w.rest, octets);
	}
	if (wire_end(&w, "octets", &e))
		require(bytes_eq(buf_bytes(&b), octets));
	else
		told(&e);
	buf_free(&b);
	w = wire_open(octets);
	const uint32_t count = wire_count(&w, 3);
	require(w.bad || (uint64_t)count * 3 <= octets.n);
	return 0;
}
