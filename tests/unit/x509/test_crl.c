/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#include "stranger.h"
#include "x509/crl.h"

#define THIS_UPDATE INT64_C(1767225600) /* 2026-01-01 */
#define NEXT_UPDATE INT64_C(2524608000) /* 2050: GnuTLS looks at the clock */

struct entry {
	struct serial serial;
	int64_t revoked_at;
	enum reason reason;
};

/* One octet, twenty, the top bit set; with and without reason; before and after 2050. */
static const struct entry entries[] = {
	{ { 1, { 0x05 } }, THIS_UPDATE - 10, REASON_UNSPECIFIED },
	{ { 2, { 0x80, 0x01 } }, THIS_UPDATE - 20, REASON_KEY_COMPROMISE },
	{ { 20, { 0xff, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
		    20 } },
	    0, REASON_PRIVILEGE_WITHDRAWN },
	{ { 3, { 0x7f, 0xff, 0xff } }, INT64_C(2524608000), REASON_SUPERSEDED },
};

static struct stranger *ca;

static void
begin(void)
{
	ca = stranger_new(GNUTLS_PK_ECDSA);
}

static void
end(void)
{
	stranger_free(ca);
}

TestSuite(crl, .init = begin, .fini = end);

static struct crl_spec
spec_of(size_t n)
{
	struct crl_spec s = { .sig_alg = ca->sig_alg,
		.issuer_dn = buf_bytes(&ca->dn),
		.authority_key_id = bytes_of(ca->key_id, sizeof(ca->key_id)),
		.this_update = THIS_UPDATE,
		.next_update = NEXT_UPDATE,
		.number = 0x8001,
		.entries = n };

	for (size_t i = 0; i < n; i++) {
		const struct entry *v = &entries[i % NITEMS(entries)];

		s.serial_octets += serial_der_len(&v->serial);
		s.with_reason += v->reason != REASON_UNSPECIFIED;
		s.late += crl_is_late(v->revoked_at);
	}
	return s;
}

/* The whole list, as the signer makes it. */
static void
make(const struct crl_spec *s, struct buf *ret)
{
	struct buf tbs, sig, close;
	struct err e = { 0 };

	buf_init(&tbs, MIB(64));
	buf_init(&sig, KIB(1));
	buf_init(&close, KIB(1));
	cr_assert(crl_head(s, &tbs, &e), "%s", e.detail);
	for (size_t i = 0; i < s->entries; i++) {
		const struct entry *v = &entries[i % NITEMS(entries)];
		const size_t before = tbs.n;

		crl_entry(&tbs, &v->serial, v->revoked_at, v->reason);
		cr_assert_eq(tbs.n - before, crl_entry_len(serial_der_len(&v->serial),
						 v->revoked_at, v->reason));
	}
	cr_assert(crl_tail(s, &tbs, &e));
	cr_assert(buf_ok(&tbs, "CRL", &e));
	cr_assert_eq(tbs.n, crl_tbs_len(s), "the length was known beforehand");
	stranger_sign(ca, buf_bytes(&tbs), &sig);
	cr_assert(crl_close(ca->sig_alg, buf_bytes(&sig), &close, &e));
	buf_init(ret, MIB(64));
	crl_outer(tbs.n + close.n, ret);
	buf_put(ret, buf_bytes(&tbs));
	buf_put(ret, buf_bytes(&close));
	buf_free(&tbs);
	buf_free(&sig);
	buf_free(&close);
}

static gnutls_x509_crl_t
judge(const struct buf *der)
{
	const gnutls_datum_t in = stranger_datum(buf_bytes(der));
	unsigned status = 1;
	gnutls_x509_crl_t crl;

	cr_assert_geq(gnutls_x509_crl_init(&crl), 0);
	cr_assert_geq(gnutls_x509_crl_import(crl, &in, GNUTLS_X509_FMT_DER), 0);
	cr_assert_geq(gnutls_x509_crl_verify(crl, &ca->crt, 1,
			  GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status),
	    0);
	cr_expect_eq(status, 0, "verifies: %x", status);
	cr_expect_eq(gnutls_x509_crl_get_version(crl), 2);
	cr_expect_eq(gnutls_x509_crl_get_this_update(crl), THIS_UPDATE);
	cr_expect_eq(gnutls_x509_crl_get_next_update(crl), NEXT_UPDATE);
	return crl;
}

/* P60, P63, P66, P74: read and verified by GnuTLS, entry by entry, in the order given. */
Test(crl, a_stranger_finds_every_entry_as_it_was_given)
{
	const struct crl_spec s = spec_of(NITEMS(entries));
	struct buf der;

	make(&s, &der);
	gnutls_x509_crl_t crl = judge(&der);
	cr_assert_eq(gnutls_x509_crl_get_crt_count(crl), (int)NITEMS(entries));
	for (size_t i = 0; i < NITEMS(entries); i++) {
		uint8_t serial[32];
		size_t n = sizeof(serial);
		time_t at = 0;
		struct err e = { 0 };
		struct serial got;

		cr_assert_geq(gnutls_x509_crl_get_crt_serial(crl, (unsigned)i, serial,
				  &n, &at),
		    0);
		cr_assert(serial_from_bytes(bytes_of(serial + (serial[0] == 0),
						n - (serial[0] == 0)),
			      &got, &e) &&
			  serial_eq(&got, &entries[i].serial));
		cr_expect_eq(at, entries[i].revoked_at);
	}
	gnutls_x509_crl_deinit(crl);
	buf_free(&der);
}

/* P61, P62, P73: cRLNumber and authorityKeyIdentifier, and nothing else. */
Test(crl, the_extensions_are_number_and_authority_key)
{
	const struct crl_spec s = spec_of(1);
	uint8_t octets[32];
	char oid[64];
	size_t n = sizeof(octets);
	unsigned critical = 1;
	struct buf der;

	make(&s, &der);
	gnutls_x509_crl_t crl = judge(&der);
	cr_assert_geq(gnutls_x509_crl_get_number(crl, octets, &n, &critical), 0);
	cr_expect_eq(critical, 0);
	cr_assert_eq(n, 3);
	cr_expect_eq(memcmp(octets, "\0\x80\1", 3), 0, "positive");
	n = sizeof(octets);
	cr_assert_geq(gnutls_x509_crl_get_authority_key_id(crl, octets, &n, &critical),
	    0);
	cr_expect_eq(critical, 0);
	cr_expect(bytes_eq(bytes_of(octets, n), s.authority_key_id));
	n = sizeof(oid);
	cr_expect_eq(gnutls_x509_crl_get_extension_info(crl, 2, oid, &n, &critical),
	    GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE);
	gnutls_x509_crl_deinit(crl);
	buf_free(&der);
}

/* P68 */
Test(crl, a_shard_names_its_urls_and_is_of_no_ca)
{
	static const char *const points[] = { "http://a/crl/main/16-3.crl",
		"http://b:80/crl/main/16-3.crl" };
	static const uint8_t want[] = "\x30\x42\xa0\x3d\xa0\x3b\x86\x1a"
				      "http://a/crl/main/16-3.crl\x86\x1d"
				      "http://b:80/crl/main/16-3.crl\x81\x01\xff";
	struct crl_spec s = spec_of(2);
	uint8_t octets[128];
	char oid[64];
	struct buf der;

	s.points = points;
	s.n_points = NITEMS(points);
	make(&s, &der);
	gnutls_x509_crl_t crl = judge(&der);
	for (unsigned i = 0;; i++) {
		size_t n = sizeof(oid), value = sizeof(octets);
		unsigned critical = 0;

		cr_assert_eq(gnutls_x509_crl_get_extension_info(crl, i, oid, &n,
				 &critical),
		    0);
		if (strcmp(oid, "2.5.29.28") != 0) {
			cr_expect_not(critical);
			continue;
		}
		cr_expect(critical);
		cr_assert_eq(gnutls_x509_crl_get_extension_data(crl, i, octets, &value),
		    0);
		cr_expect(bytes_eq(bytes_of(octets, value),
		    bytes_of(want, sizeof(want) - 1)));
		break;
	}
	gnutls_x509_crl_deinit(crl);
	buf_free(&der);
}

static void
expect_extension(gnutls_x509_crl_t crl, const char *want_oid, bool want_critical,
    struct bytes want)
{
	uint8_t octets[128];
	char oid[64];

	for (unsigned i = 0;; i++) {
		size_t n = sizeof(oid), value = sizeof(octets);
		unsigned critical = 0;

		cr_assert_eq(gnutls_x509_crl_get_extension_info(crl, i, oid, &n,
				 &critical),
		    0, "%s is there", want_oid);
		if (strcmp(oid, want_oid) != 0)
			continue;
		cr_expect_eq(critical, want_critical);
		cr_assert_eq(gnutls_x509_crl_get_extension_data(crl, i, octets, &value),
		    0);
		cr_expect(bytes_eq(bytes_of(octets, value), want), "%s", want_oid);
		return;
	}
}

/* P69: the base says where the delta is, the delta what its base is. */
Test(crl, a_delta_names_its_base_and_the_base_its_delta)
{
	static const uint8_t point[] = "\x30\x21\x30\x1f\xa0\x1d\xa0\x1b\x86\x19"
				       "http://a/crl/main/delta.x",
			     base[] = "\x02\x02\x7f\xff";
	struct crl_spec s = spec_of(2);
	struct buf der;

	s.freshest = "http://a/crl/main/delta.x";
	make(&s, &der);
	gnutls_x509_crl_t crl = judge(&der);
	expect_extension(crl, "2.5.29.46", false, bytes_of(point, sizeof(point) - 1));
	gnutls_x509_crl_deinit(crl);
	buf_free(&der);

	s = spec_of(1);
	s.base = 0x7fff;
	make(&s, &der);
	crl = judge(&der);
	expect_extension(crl, "2.5.29.27", true, bytes_of(base, sizeof(base) - 1));
	gnutls_x509_crl_deinit(crl);
	buf_free(&der);
	s.base = s.number;
	struct err e = { 0 };
	struct buf out;
	buf_init(&out, KIB(4));
	cr_expect_not(crl_head(&s, &out, &e), "a delta to itself");
	buf_free(&out);
}

/* The outer header's length is told by the first octets, but next to where it changes. */
Test(crl, room_for_the_outer_header_is_known_early)
{
	static const size_t counts[] = { 0, 1, 2, 700, 2000, 40000 };
	struct buf der;

	for (size_t i = 0; i < NITEMS(counts); i++) {
		const struct crl_spec s = spec_of(counts[i]);

		make(&s, &der);
		const size_t room = crl_outer_room(bytes_skip(buf_bytes(&der), 0));
		const size_t header = der.p[1] < 0x80 ? 2 : 2 + (der.p[1] & 0x7fu);
		cr_expect_eq(crl_outer_room(bytes_skip(buf_bytes(&der), header)),
		    header, "%zu entries", counts[i]);
		cr_expect_gt(room, 0);
		buf_free(&der);
	}
	cr_expect_eq(crl_outer_room(bytes_str("")), 0);
	cr_expect_eq(crl_outer_room(bytes_str("\x30")), 0);
	cr_expect_eq(crl_outer_room(bytes_str("\x31\x05")), 0);
	cr_expect_eq(crl_outer_room(bytes_str("\x30\x82\x05")), 0);
	cr_expect_eq(crl_outer_room(bytes_str("\x30\x89\1\1\1\1\1\1\1\1\1")), 0);
	cr_expect_eq(crl_outer_room(bytes_str("\x30\x05")), 2);
}

/* P64: no revokedCertificates where nothing is revoked. */
Test(crl, an_empty_list_has_no_list)
{
	const struct crl_spec s = spec_of(0);
	struct buf head, der;
	struct err e = { 0 };

	make(&s, &der);
	gnutls_x509_crl_t crl = judge(&der);
	cr_expect_leq(gnutls_x509_crl_get_crt_count(crl), 0);
	gnutls_x509_crl_deinit(crl);
	buf_init(&head, KIB(1));
	cr_assert(crl_head(&s, &head, &e));
	cr_expect_eq(head.p[head.n - 1], 'Z', "ends with nextUpdate");
	buf_free(&head);
	buf_free(&der);
}

/* P63: the reason "unspecified" is not written. */
Test(crl, an_entry_without_reason_ends_with_its_time)
{
	const struct serial serial = { 2, { 0x80, 1 } };
	struct buf b;

	buf_init(&b, KIB(1));
	crl_entry(&b, &serial, 0, REASON_UNSPECIFIED);
	cr_expect_eq(b.n, 22);
	cr_expect_eq(memcmp(b.p,
			 "\x30\x14\x02\x03\x00\x80\x01\x17\x0d"
			 "700101000000Z",
			 22),
	    0);
	buf_clear(&b);
	crl_entry(&b, &serial, 0, REASON_KEY_COMPROMISE);
	cr_expect_eq(b.n, 36);
	cr_expect_eq(b.p[1], 34);
	cr_expect_eq(b.p[35], 1);
	buf_free(&b);
}

/* P72: many entries; the length octets grow from one to three on the way. */
Test(crl, lists_of_all_lengths_verify)
{
	static const size_t sizes[] = { 1, 2, 3, 4, 5, 6, 8, 200, 2000 };

	for (size_t i = 0; i < NITEMS(sizes); i++) {
		const struct crl_spec s = spec_of(sizes[i]);
		struct buf der;

		make(&s, &der);
		gnutls_x509_crl_t crl = judge(&der);
		cr_expect_eq(gnutls_x509_crl_get_crt_count(crl), (int)sizes[i]);
		gnutls_x509_crl_deinit(crl);
		buf_free(&der);
	}
}

static void
spoil_sig_alg(struct crl_spec *s)
{
	s->sig_alg.n = 0;
}

static void
spoil_issuer(struct crl_spec *s)
{
	s->issuer_dn.n = 0;
}

static void
spoil_key_id(struct crl_spec *s)
{
	s->authority_key_id.n = 0;
}

static void
spoil_end(struct crl_spec *s)
{
	s->next_update = s->this_update;
}

static void
spoil_reasons(struct crl_spec *s)
{
	s->with_reason = 3;
}

static void
spoil_late(struct crl_spec *s)
{
	s->late = 3;
}

static void
spoil_short(struct crl_spec *s)
{
	s->serial_octets = 1;
}

static void
spoil_long(struct crl_spec *s)
{
	s->serial_octets = 43;
}

static void
spoil_entries(struct crl_spec *s)
{
	s->entries = UINT64_MAX;
}

static void (*const spoil[])(struct crl_spec *) = { spoil_sig_alg, spoil_issuer,
	spoil_key_id, spoil_end, spoil_reasons, spoil_late, spoil_short, spoil_long,
	spoil_entries };

Test(crl, a_spec_that_makes_no_list_is_refused)
{
	struct buf b;

	buf_init(&b, KIB(4));
	for (size_t i = 0; i < NITEMS(spoil); i++) {
		struct crl_spec s = spec_of(2);
		struct err e = { 0 };

		spoil[i](&s);
		cr_expect_not(crl_head(&s, &b, &e), "row %zu", i);
		cr_expect_eq(e.code, ERR_INTERNAL);
	}
	cr_expect_eq(b.n, 0);
	struct crl_spec s = spec_of(0);
	struct err e = { 0 };
	s.this_update = INT64_MIN;
	cr_expect_not(crl_head(&s, &b, &e), "a year that is none");
}

Test(crl, an_entry_that_cannot_be_spoils_the_buffer)
{
	const struct serial none = { 0 }, one = { 1, { 1 } };
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, KIB(1));
	crl_entry(&b, &one, INT64_MAX, REASON_UNSPECIFIED);
	cr_expect_not(buf_ok(&b, "CRL", &e));
	buf_clear(&b);
	crl_entry(&b, &none, 0, REASON_UNSPECIFIED);
	cr_expect_not(buf_ok(&b, "CRL", &e));
	cr_expect_eq(b.n, 0);
}

/* R35: what is served is told by its own first octets, however long it is. */
Test(crl, its_times_are_in_its_first_octets)
{
	const struct crl_spec s = spec_of(1000);
	int64_t from = 0, to = 0;
	size_t least = 0;
	struct err e = { 0 };
	struct buf crl;

	buf_init(&crl, MIB(1));
	make(&s, &crl);
	for (size_t n = 0; n <= crl.n && n <= CRL_HEAD_MAX; n++) {
		from = to = 0;
		const bool ok = crl_times(bytes_of(crl.p, n), &from, &to, &e);
		if (ok && least == 0)
			least = n;
		cr_assert_eq(ok, least != 0, "%zu octets", n);
		if (ok)
			cr_assert(from == THIS_UPDATE && to == NEXT_UPDATE);
		else
			cr_assert_eq(e.code, ERR_MALFORMED);
	}
	cr_expect(least > 0 && least < 512);
	for (size_t i = 0; i < least; i++) { /* nothing else is taken for it */
		const uint8_t was = crl.p[i];
		crl.p[i] = 0xff;
		const bool ok = crl_times(buf_bytes(&crl), &from, &to, &e);
		cr_expect(ok || e.code == ERR_MALFORMED, "octet %zu", i);
		crl.p[i] = was;
	}
	buf_free(&crl);
}
