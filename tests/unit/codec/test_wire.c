/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "codec/wire.h"

static void
write_all(struct buf *b)
{
	buf_init(b, 4096);
	wire_put_u8(b, 1);
	wire_put_u16(b, 0x0203);
	wire_put_u32(b, 0x04050607);
	wire_put_u64(b, UINT64_MAX);
	wire_put_i64(b, -5);
	wire_put_bool(b, true);
	wire_put_str(b, "text");
	wire_put_bytes(b, bytes_of("\0x", 2));
}

/* Reads what write_all() wrote; false when it does not come out right. */
static bool
read_all(struct bytes in, struct err *e)
{
	struct wire w = wire_open(in);

	bool same = wire_u8(&w) == 1;
	same &= wire_u16(&w) == 0x0203;
	same &= wire_u32(&w) == 0x04050607;
	same &= wire_u64(&w) == UINT64_MAX;
	same &= wire_i64(&w) == -5;
	same &= wire_bool(&w);
	char *s = wire_str(&w);
	same &= bytes_eq_str(bytes_str(s), "text");
	free(s);
	same &= bytes_eq(wire_bytes(&w), bytes_of("\0x", 2));
	return wire_end(&w, "it", e) && same;
}

Test(wire, what_was_written_is_read_and_every_truncation_is_refused)
{
	struct buf b;
	struct err e;

	write_all(&b);
	cr_expect(read_all(buf_bytes(&b), &e));
	for (size_t n = 0; n < b.n; n++) {
		e.code = ERR_NONE;
		cr_expect_not(read_all(bytes_of(b.p, n), &e), "%zu octets", n);
		cr_expect_eq(e.code, ERR_MALFORMED);
	}
	buf_putc(&b, 0);
	cr_expect_not(read_all(buf_bytes(&b), &e), "an octet too many");
	buf_free(&b);
}

/* S83 */
Test(wire, lies_about_lengths_and_counts_are_refused)
{
	struct err e;
	struct wire w = wire_open(bytes_of("\xff\xff\xff\xff"
					   "a",
	    5));

	cr_expect_eq(wire_bytes(&w).n, 0);
	cr_expect_not(wire_end(&w, "it", &e));
	w = wire_open(bytes_of("\0\0\0\x03"
			       "ab",
	    6));
	cr_expect_eq(wire_count(&w, 1), 0);
	cr_expect(w.bad);
	w = wire_open(bytes_of("\0\0\0\x02"
			       "ab",
	    6));
	cr_expect_eq(wire_count(&w, 1), 2);
	w = wire_open(bytes_of("\x02", 1));
	wire_bool(&w);
	cr_expect(w.bad);
	w = wire_open(bytes_of("\0\0\0\x03"
			       "a\0b",
	    7));
	free(wire_str(&w));
	cr_expect(w.bad, "a NUL in a text");
}
