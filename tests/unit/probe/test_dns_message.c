/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "probe/dns_message.h"

#define TXT   16
#define CNAME 5

/* A message: question "a.test TXT", then what is added. */
static void
begin(struct buf *b, unsigned rcode, unsigned answers)
{
	buf_init(b, KIB(4));
	buf_put(b, bytes_of("\x12\x34\x81", 3));
	buf_putc(b, (uint8_t)(0x80 | rcode));
	buf_put(b, bytes_of("\0\1\0", 3));
	buf_putc(b, (uint8_t)answers);
	buf_put(b, bytes_of("\0\0\0\0", 4));
	buf_put(b, bytes_of("\1a\4test\0\0\x10\0\1", 12));
}

static void
add(struct buf *b, const char *owner, size_t owner_n, unsigned type, unsigned ttl,
    const char *rdata, size_t n)
{
	buf_put(b, bytes_of(owner, owner_n));
	buf_putc(b, 0);
	buf_putc(b, (uint8_t)type);
	buf_put(b, bytes_of("\0\1\0\0\0", 5));
	buf_putc(b, (uint8_t)ttl);
	buf_putc(b, 0);
	buf_putc(b, (uint8_t)n);
	buf_put(b, bytes_of(rdata, n));
}

#define ADD(b, owner, type, ttl, rdata)                                                \
	add((b), owner, sizeof(owner) - 1, (type), (ttl), rdata, sizeof(rdata) - 1)

static bool
reads(struct bytes in, unsigned cnames_max, struct dns_message *ret)
{
	uint8_t *octets = malloc(in.n > 0 ? in.n : 1);
	struct err e = { 0 };

	memcpy(octets, in.p, in.n);
	const bool ok = dns_message_read(bytes_of(octets, in.n), "a.test", TXT,
	    cnames_max, ret, &e);
	if (e.code != ERR_TOO_LARGE) /* loops */
		cr_expect_eq(e.code, ok ? ERR_NONE : ERR_MALFORMED);
	free(octets);
	return ok;
}

/* A183, A184, S53 */
Test(dns_message, only_what_lies_at_the_end_of_the_chain_counts)
{
	struct dns_message m;
	struct buf b;

	begin(&b, 0, 5);
	ADD(&b, "\xc0\x0c", CNAME, 50, "\1b\xc0\x0e");
	ADD(&b, "\1B\4TEST\0", TXT, 40, "\1x");
	ADD(&b, "\1c\xc0\x0e", TXT, 10, "\1y");
	ADD(&b, "\1b\xc0\x0e", 1, 20, "\1\2\3\4");
	ADD(&b, "\1b\xc0\x0e", TXT, 60, "\1z");
	cr_assert(reads(buf_bytes(&b), 8, &m));
	cr_expect_eq(m.n, 2);
	cr_expect_eq(m.cnames, 1);
	cr_expect_str_eq(m.alias, "b.test");
	dns_message_free(&m);
	cr_expect_not(reads(buf_bytes(&b), 0, &m), "more CNAMEs than are allowed");
	buf_free(&b);
}

/* S53 */
Test(dns_message, each_length_of_it)
{
	struct dns_message m;
	struct buf b;

	begin(&b, 0, 2);
	ADD(&b, "\xc0\x0c", CNAME, 50, "\1b\xc0\x0e");
	ADD(&b, "\1b\xc0\x0e", TXT, 40, "\1x");
	for (size_t i = 0; i < b.n; i++)
		cr_expect_not(reads(bytes_of(b.p, i), 8, &m), "%zu octets", i);
	cr_assert(reads(buf_bytes(&b), 8, &m));
	dns_message_free(&m);
	/* What stands behind the records is not looked at. */
	buf_putc(&b, 7);
	cr_assert(reads(buf_bytes(&b), 8, &m));
	dns_message_free(&m);
	b.p[5] = 2;
	cr_expect_not(reads(buf_bytes(&b), 8, &m), "two questions");
	b.p[5] = 1;
	b.p[13] = 'x';
	cr_expect_not(reads(buf_bytes(&b), 8, &m), "another name");
	b.p[13] = 'A';
	cr_assert(reads(buf_bytes(&b), 8, &m), "letter case does not count");
	dns_message_free(&m);
	b.p[21] = 28;
	cr_expect_not(reads(buf_bytes(&b), 8, &m), "another type");
	b.p[21] = TXT;
	b.p[6] = 0xff;
	cr_expect_not(reads(buf_bytes(&b), 8, &m), "more records than there are");
	buf_free(&b);
}

/* S53, S57 */
Test(dns_message, an_rcode_over_15_is_in_the_opt_record)
{
	static const uint8_t authority[] = "\4test\0\0\6\0\1\0\0\0\1\0\0";
	static const uint8_t opt[] = "\0\0\x29\4\xd0\1\0\0\0\0\2ab";
	struct dns_message m;
	struct buf b;

	begin(&b, 1, 0);
	b.p[9] = b.p[11] = 1; /* one record in each of the sections behind */
	buf_put(&b, bytes_of(authority, sizeof(authority) - 1));
	buf_put(&b, bytes_of(opt, sizeof(opt) - 1));
	cr_assert(reads(buf_bytes(&b), 8, &m));
	cr_expect_eq(m.rcode, 17);
	dns_message_free(&m);
	for (size_t i = 0; i < b.n; i++)
		cr_expect_not(reads(bytes_of(b.p, i), 8, &m), "%zu octets", i);
	b.p[b.n - 8] = 0;
	cr_assert(reads(buf_bytes(&b), 8, &m));
	cr_expect_eq(m.rcode, 1);
	dns_message_free(&m);
	b.p[b.n - 8] = 1;
	b.p[b.n - 11] = 42;
	cr_assert(reads(buf_bytes(&b), 8, &m), "another record has a TTL there");
	cr_expect_eq(m.rcode, 1);
	dns_message_free(&m);
	b.p[10] = 1;
	cr_expect_not(reads(buf_bytes(&b), 8, &m), "more records than there are");
	buf_free(&b);
}

/* S53, A185 */
Test(dns_message, loops_and_empty_answers)
{
	struct dns_message m;
	struct buf b;

	begin(&b, 3, 0);
	cr_assert(reads(buf_bytes(&b), 8, &m));
	cr_expect_eq(m.rcode, 3);
	cr_expect_eq(m.n, 0);
	dns_message_free(&m);
	buf_free(&b);
	begin(&b, 0, 2);
	ADD(&b, "\xc0\x0c", CNAME, 50, "\1b\xc0\x0e");
	ADD(&b, "\1b\xc0\x0e", CNAME, 50, "\xc0\x0c");
	cr_expect_not(reads(buf_bytes(&b), 8, &m));
	buf_free(&b);
	begin(&b, 0, 1);
	ADD(&b, "\xc0\x0c", CNAME, 50, "\1b");
	cr_expect_not(reads(buf_bytes(&b), 8, &m), "a target that is cut off");
	buf_free(&b);
	begin(&b, 0, 1);
	ADD(&b, "\xc0\x18", TXT, 50, "\1b");
	cr_expect_not(reads(buf_bytes(&b), 8, &m), "a pointer to itself");
	buf_free(&b);
}

/* A184 */
Test(dns_message, strings_of_a_txt_record_are_joined)
{
	struct buf b;
	struct err e;

	buf_init(&b, KIB(1));
	cr_assert(dns_message_txt(bytes_of("\3abc\0\2de", 8), &b, &e));
	cr_expect(bytes_eq_str(buf_bytes(&b), "abcde"));
	cr_expect_not(dns_message_txt(bytes_of("", 0), &b, &e));
	for (size_t i = 1; i < 8; i++)
		if (i != 4 && i != 5)
			cr_expect_not(dns_message_txt(bytes_of("\3abc\0\2de", i), &b,
					  &e),
			    "%zu octets", i);
	buf_free(&b);
}
