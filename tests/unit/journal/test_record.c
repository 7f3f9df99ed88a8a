/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "codec/wire.h"
#include "journal/record.h"

/* What one kind of body is, as the tests below need it. */
static bool
get_genesis(struct bytes b, struct err *e)
{
	struct record_genesis r;
	return record_genesis_get(b, &r, e);
}

static bool
get_certificate(struct bytes b, struct err *e)
{
	struct record_certificate r;
	return record_certificate_get(b, &r, e);
}

static bool
get_revocation(struct bytes b, struct err *e)
{
	struct record_revocation r;
	return record_revocation_get(b, &r, e);
}

static bool
get_crl(struct bytes b, struct err *e)
{
	struct record_crl r;
	return record_crl_get(b, &r, e);
}

static uint8_t hash32[32] = { 1, 2, 3 };

static struct record_certificate a_certificate;
static struct record_revocation a_revocation;
static struct record_crl a_crl;

static void
make(void)
{
	a_certificate = (struct record_certificate){ bytes_str("main"),
		bytes_str("server"), bytes_str("0123"), bytes_str("cert:admin"),
		bytes_str("r1"), bytes_str("{}") };
	a_revocation = (struct record_revocation){ bytes_str("main"),
		bytes_str("\x12\x34"), 1900000000, 1800000000, REASON_SUPERSEDED,
		bytes_str("uid:0"), bytes_str("r2") };
	a_crl = (struct record_crl){ bytes_str("main"), 7, 1800000000, 1800086400, 3,
		bytes_of(hash32, 32), 0, 0, 0 };
}

static void
put_all(struct buf b[4])
{
	const struct record_genesis g = { bytes_of(hash32, 32) };

	make();
	for (int i = 0; i < 4; i++)
		buf_init(&b[i], KIB(4));
	record_genesis_put(&b[0], &g);
	record_certificate_put(&b[1], &a_certificate);
	record_revocation_put(&b[2], &a_revocation);
	record_crl_put(&b[3], &a_crl);
}

static bool (*const getters[])(struct bytes, struct err *) = { get_genesis,
	get_certificate, get_revocation, get_crl };

Test(record, bodies_come_back_as_they_went_in)
{
	struct buf b[4];
	struct err e = { 0 };
	struct record_certificate c;
	struct record_revocation r;
	struct record_crl l;

	put_all(b);
	cr_assert(record_certificate_get(buf_bytes(&b[1]), &c, &e));
	cr_expect(bytes_eq_str(c.issuer, "main") && bytes_eq_str(c.profile, "server") &&
		  bytes_eq_str(c.der, "0123") &&
		  bytes_eq_str(c.requester, "cert:admin") &&
		  bytes_eq_str(c.request_id, "r1") && bytes_eq_str(c.note, "{}"));
	cr_assert(record_revocation_get(buf_bytes(&b[2]), &r, &e));
	cr_expect(bytes_eq_str(r.serial, "\x12\x34") && r.not_after == 1900000000 &&
		  r.revoked_at == 1800000000 && r.reason == REASON_SUPERSEDED);
	cr_assert(record_crl_get(buf_bytes(&b[3]), &l, &e));
	cr_expect(l.number == 7 && l.this_update == 1800000000 &&
		  l.next_update == 1800086400 && l.entries == 3 &&
		  bytes_eq(l.tbs_hash, bytes_of(hash32, 32)));
	for (int i = 0; i < 4; i++)
		buf_free(&b[i]);
}

Test(record, each_cut_off_body_and_one_octet_too_many_is_refused)
{
	struct buf b[4];

	put_all(b);
	for (int i = 0; i < 4; i++) {
		struct err e = { 0 };

		for (size_t n = 0; n < b[i].n; n++) {
			uint8_t *exact = mem_zalloc(n);
			memcpy(exact, b[i].p, n);
			cr_expect_not(getters[i](bytes_of(exact, n), &e), "%d: %zu", i,
			    n);
			free(exact);
		}
		cr_expect(getters[i](buf_bytes(&b[i]), &e), "%d: %s", i, e.detail);
		buf_putc(&b[i], 0);
		cr_expect_not(getters[i](buf_bytes(&b[i]), &e), "%d", i);
		cr_expect_eq(e.code, ERR_MALFORMED);
		buf_free(&b[i]);
	}
}

Test(record, a_field_out_of_range_is_refused)
{
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, KIB(4));
#define REFUSED(kind, member, value)                                                   \
	do {                                                                           \
		make();                                                                \
		a_##kind.member = (value);                                             \
		buf_clear(&b);                                                         \
		record_##kind##_put(&b, &a_##kind);                                    \
		cr_expect_not(get_##kind(buf_bytes(&b), &e), #member);                 \
		cr_expect_eq(e.code, ERR_MALFORMED);                                   \
	} while (0)
	REFUSED(certificate, issuer, bytes_str(""));
	REFUSED(certificate, issuer, bytes_str("a-name-that-has-too-many-octets-x"));
	REFUSED(certificate, profile, bytes_of("a\0b", 3));
	REFUSED(certificate, der, bytes_str(""));
	REFUSED(revocation, issuer, bytes_str(""));
	REFUSED(revocation, serial, bytes_str(""));
	REFUSED(revocation, serial, bytes_of("\0\1", 2));
	REFUSED(revocation, serial, bytes_str("123456789012345678901"));
	REFUSED(revocation, reason, (enum reason)7);
	REFUSED(crl, issuer, bytes_str(""));
	REFUSED(crl, number, 0);
	REFUSED(crl, tbs_hash, bytes_of(hash32, 31));
	buf_free(&b);
}

/* P68 */
Test(record, a_shards_record_says_which_and_that_of_all_ends_before)
{
	struct record_crl r;
	struct err e = { 0 };
	struct buf b;

	make();
	buf_init(&b, KIB(1));
	record_crl_put(&b, &a_crl);
	const size_t all = b.n;
	a_crl.shards = 16;
	a_crl.shard = 15;
	buf_clear(&b);
	record_crl_put(&b, &a_crl);
	cr_expect_eq(b.n, all + 8);
	cr_assert(record_crl_get(buf_bytes(&b), &r, &e), "%s", e.detail);
	cr_expect(r.shards == 16 && r.shard == 15 && r.number == a_crl.number);
	for (size_t n = 0; n < b.n; n++) {
		cr_expect_eq(record_crl_get(bytes_of(b.p, n), &r, &e), n == all, "%zu",
		    n);
		if (n == all)
			cr_expect(r.shards == 0 && r.shard == 0);
	}
	buf_putc(&b, 0);
	cr_expect_not(record_crl_get(buf_bytes(&b), &r, &e));
	a_crl.shard = 16;
	buf_clear(&b);
	record_crl_put(&b, &a_crl);
	cr_expect_not(record_crl_get(buf_bytes(&b), &r, &e));
	a_crl.shards = a_crl.shard = 0;
	buf_free(&b);
}

/* P69 */
Test(record, a_deltas_record_names_its_base)
{
	struct record_crl r;
	struct err e = { 0 };
	struct buf b;

	make();
	buf_init(&b, KIB(1));
	record_crl_put(&b, &a_crl);
	const size_t all = b.n;
	a_crl.base = 6;
	buf_clear(&b);
	record_crl_put(&b, &a_crl);
	cr_expect_eq(b.n, all + 16);
	cr_assert(record_crl_get(buf_bytes(&b), &r, &e), "%s", e.detail);
	cr_expect(r.base == 6 && r.shards == 0 && r.number == a_crl.number);
	for (size_t n = 0; n < b.n; n++)
		cr_expect_eq(record_crl_get(bytes_of(b.p, n), &r, &e), n == all, "%zu",
		    n);
	buf_putc(&b, 0);
	cr_expect_not(record_crl_get(buf_bytes(&b), &r, &e));
	for (a_crl.base = 7; a_crl.base < 9; a_crl.base++) { /* its own, a later one */
		buf_clear(&b);
		record_crl_put(&b, &a_crl);
		cr_expect_not(record_crl_get(buf_bytes(&b), &r, &e));
	}
	a_crl.base = 0;
	buf_free(&b);
}

/* A record's octets with the length field as given and 'body_n' octets of body. */
static void
put_record(struct buf *b, uint32_t length, uint8_t type, size_t body_n)
{
	buf_clear(b);
	wire_put_u32(b, length);
	wire_put_u64(b, 5);
	wire_put_i64(b, 1800000000);
	wire_put_u64(b, 3);
	wire_put_u8(b, type);
	for (size_t i = 0; i < body_n + 32; i++)
		buf_putc(b, 'x');
}

Test(record, the_frame_of_a_record_is_read_strictly)
{
	struct record r;
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, MIB(1));
	put_record(&b, 25 + 10, RECORD_CRL, 10);
	cr_assert(record_parse(buf_bytes(&b), &r, &e));
	cr_expect(r.seq == 5 && r.at == 1800000000 && r.stored == 3 &&
		  r.type == RECORD_CRL && r.body.n == 10 && r.hash.n == 32 &&
		  r.whole.n == b.n);
	for (size_t n = 0; n < b.n; n++)
		cr_expect_not(record_parse(bytes_of(b.p, n), &r, &e));
	buf_putc(&b, 0);
	cr_expect_not(record_parse(buf_bytes(&b), &r, &e));

	put_record(&b, 24, RECORD_CRL, 0);
	cr_expect_not(record_parse(buf_bytes(&b), &r, &e));
	put_record(&b, UINT32_MAX, RECORD_CRL, 10);
	cr_expect_not(record_parse(buf_bytes(&b), &r, &e));
	put_record(&b, 25, 0, 0);
	cr_expect_not(record_parse(buf_bytes(&b), &r, &e));
	put_record(&b, 25, 5, 0);
	cr_expect_not(record_parse(buf_bytes(&b), &r, &e));
	put_record(&b, 25, RECORD_GENESIS, 0);
	cr_expect(record_parse(buf_bytes(&b), &r, &e));
	put_record(&b, RECORD_MAX - 36, RECORD_GENESIS, RECORD_MAX - 61);
	cr_expect(record_parse(buf_bytes(&b), &r, &e), "%zu", b.n);
	put_record(&b, RECORD_MAX - 35, RECORD_GENESIS, RECORD_MAX - 60);
	cr_expect_not(record_parse(buf_bytes(&b), &r, &e));
	buf_free(&b);
}
