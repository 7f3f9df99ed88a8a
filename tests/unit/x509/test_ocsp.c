/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <gnutls/crypto.h>
#include <gnutls/ocsp.h>
#include <string.h>

#include "codec/der.h"
#include "stranger.h"
#include "x509/ocsp.h"
#include "x509/serial.h"

#define NOW INT64_C(1767225600) /* 2026-01-01 */

static struct stranger *ca;
static struct ocsp_issuer issuer;
static struct derw w;

static struct bytes
key_bits(void)
{
	struct bytes bits = { 0 };
	struct err e = { 0 };
	struct der all, alg, bit;

	cr_assert(der_whole(buf_bytes(&ca->spki), DER_SEQUENCE, &all, &e) &&
		  der_next(&all.body, &alg, &e) && der_next(&all.body, &bit, &e) &&
		  der_get_bits(bit.body, &bits, &e));
	return bits;
}

static void
begin(void)
{
	ca = stranger_new(GNUTLS_PK_ECDSA);
	ocsp_issuer_init(&issuer, buf_bytes(&ca->dn), key_bits());
	derw_init(&w, KIB(64));
}

static void
end(void)
{
	stranger_free(ca);
	derw_free(&w);
}

TestSuite(ocsp, .init = begin, .fini = end);

/* A request as GnuTLS makes it, for the serials 'first' and those behind. */
static void
ask(gnutls_digest_algorithm_t digest, uint8_t first, size_t n, const char *nonce,
    struct buf *ret)
{
	gnutls_ocsp_req_t req;
	gnutls_datum_t der;

	cr_assert_geq(gnutls_ocsp_req_init(&req), 0);
	for (size_t i = 0; i < n; i++) {
		uint8_t name[64], key[64], serial[] = { (uint8_t)(first + i) };
		const unsigned len = (unsigned)gnutls_hash_get_len(digest);
		const gnutls_datum_t nd = { name, len }, kd = { key, len },
				     sd = { serial, 1 };

		cr_assert_eq(gnutls_hash_fast(digest, ca->dn.p, ca->dn.n, name), 0);
		cr_assert_eq(gnutls_hash_fast(digest, key_bits().p, key_bits().n, key),
		    0);
		cr_assert_geq(gnutls_ocsp_req_add_cert_id(req, digest, &nd, &kd, &sd),
		    0);
	}
	if (nonce != NULL) {
		const gnutls_datum_t nd = stranger_datum(bytes_str(nonce));
		cr_assert_geq(gnutls_ocsp_req_set_nonce(req, 0, &nd), 0);
	}
	cr_assert_geq(gnutls_ocsp_req_export(req, &der), 0);
	buf_init(ret, KIB(16));
	buf_put(ret, bytes_of(der.data, der.size));
	gnutls_free(der.data);
	gnutls_ocsp_req_deinit(req);
}

/* P82, P83, P88, P89 */
Test(ocsp, a_request_by_a_stranger_is_read)
{
	static const gnutls_digest_algorithm_t digests[] = { GNUTLS_DIG_SHA1,
		GNUTLS_DIG_SHA256, GNUTLS_DIG_SHA384, GNUTLS_DIG_SHA512 };

	for (size_t i = 0; i < NITEMS(digests); i++) {
		struct ocsp_request r;
		struct err e = { 0 };
		struct buf der;

		ask(digests[i], 5, 3, i % 2 == 0 ? "0123456789abcdef" : NULL, &der);
		cr_assert(ocsp_request_parse(buf_bytes(&der), &r, &e), "%s", e.detail);
		cr_assert_eq(r.n, 3);
		for (size_t k = 0; k < 3; k++) {
			cr_expect_eq(r.v[k].hash, (enum ocsp_hash)i);
			cr_expect(ocsp_issuer_is(&issuer, &r.v[k]));
			cr_assert_eq(r.v[k].serial.n, 1);
			cr_expect_eq(r.v[k].serial.p[0], 5 + k);
		}
		cr_expect_eq(r.nonce.n, i % 2 == 0 ? 16 : 0);
		buf_free(&der);
	}
}

/* R30, R32: another CA's certificate with our serial. */
Test(ocsp, both_hashes_must_be_the_issuers)
{
	struct ocsp_request r;
	struct err e = { 0 };
	struct buf der;

	ask(GNUTLS_DIG_SHA256, 5, 1, NULL, &der);
	cr_assert(ocsp_request_parse(buf_bytes(&der), &r, &e));
	const struct ocsp_cert_id good = r.v[0];
	cr_assert(ocsp_issuer_is(&issuer, &good));

	struct ocsp_cert_id id = good;
	id.name_hash = good.key_hash;
	cr_expect_not(ocsp_issuer_is(&issuer, &id));
	id = good;
	id.key_hash = good.name_hash;
	cr_expect_not(ocsp_issuer_is(&issuer, &id));
	id = good;
	id.key_hash.n--;
	cr_expect_not(ocsp_issuer_is(&issuer, &id), "cut off");
	id = good;
	id.key_hash.n = id.name_hash.n = 0;
	cr_expect_not(ocsp_issuer_is(&issuer, &id), "empty");
	id = good;
	id.hash = OCSP_SHA1;
	cr_expect_not(ocsp_issuer_is(&issuer, &id), "another hash");
	id.hash = OCSP_HASH_OTHER;
	cr_expect_not(ocsp_issuer_is(&issuer, &id), "unknown hash");
	buf_free(&der);
}

Test(ocsp, every_cut_off_and_every_octet_more_is_refused)
{
	struct ocsp_request r;
	struct buf der;

	ask(GNUTLS_DIG_SHA1, 5, 2, "nonce", &der);
	for (size_t n = 0; n < der.n; n++) {
		struct err e = { 0 };
		uint8_t *exact =
		    malloc(n + 1); /* so that a sanitizer sees a step too far */

		memcpy(exact + 1, der.p, n);
		cr_expect_not(ocsp_request_parse(bytes_of(exact + 1, n), &r, &e));
		cr_expect_eq(e.code, ERR_MALFORMED);
		free(exact);
	}
	buf_putc(&der, 0);
	struct err e = { 0 };
	cr_expect_not(ocsp_request_parse(buf_bytes(&der), &r, &e));
	buf_free(&der);
}

/* ---- requests written by hand, one fault each ---- */

struct faults { /* what is not said is as it should be */
	const char *serial, *hash_oid, *ext_oid;
	size_t serial_n, singles, nonce_n, exts, version;
	bool no_singles, no_nonce, no_exts, has_version;
	bool null_params, null_not_empty, critical, signature, requestor, single_ext;
	bool bare_nonce, bad_bool, endless_hash, endless_ext;
};

static struct faults
filled(struct faults f)
{
	if (f.serial == NULL) {
		f.serial = "\x05";
		f.serial_n = 1;
	}
	if (f.hash_oid == NULL)
		f.hash_oid = "1.3.14.3.2.26";
	if (f.ext_oid == NULL)
		f.ext_oid = "1.3.6.1.5.5.7.48.1.2";
	f.singles = f.no_singles ? 0 : f.singles == 0 ? 1 : f.singles;
	f.nonce_n = f.no_nonce ? 0 : f.nonce_n == 0 ? 8 : f.nonce_n;
	f.exts = f.no_exts ? 0 : f.exts == 0 ? 1 : f.exts;
	return f;
}

static void
put_extensions(const struct faults *f, unsigned n)
{
	static const uint8_t octets[256];
	const size_t all = der_mark(&w);

	for (size_t i = 0; i < f->exts; i++) {
		const size_t mark = der_mark(&w);

		if (f->bare_nonce)
			der_put_raw(&w, bytes_of(octets, f->nonce_n));
		else
			der_put_tlv(&w, DER_OCTET_STRING, bytes_of(octets, f->nonce_n));
		der_wrap(&w, DER_OCTET_STRING, mark);
		if (f->bad_bool)
			der_put_tlv(&w, DER_BOOLEAN, bytes_of("\1", 1));
		else if (f->critical)
			der_put_bool(&w, true);
		if (f->endless_ext)
			der_put_tlv(&w, DER_OID, bytes_of("\x2b\x80", 2));
		else
			der_put_oid(&w, f->ext_oid);
		der_wrap(&w, DER_SEQUENCE, mark);
	}
	der_wrap(&w, DER_SEQUENCE, all);
	der_wrap(&w, DER_CONTEXT_CONSTRUCTED(n), all);
}

static void
put_cert_id(const struct faults *f)
{
	const size_t id = der_mark(&w);

	der_put_tlv(&w, DER_INTEGER, bytes_of(f->serial, f->serial_n));
	der_put_tlv(&w, DER_OCTET_STRING, bytes_of(issuer.key[0], 20));
	der_put_tlv(&w, DER_OCTET_STRING, bytes_of(issuer.name[0], 20));
	const size_t alg = der_mark(&w);
	if (f->null_not_empty)
		der_put_tlv(&w, DER_NULL, bytes_of("", 1));
	else if (f->null_params)
		der_put_null(&w);
	if (f->endless_hash) /* a part that would go on */
		der_put_tlv(&w, DER_OID, bytes_of("\x2b\x0e\x03\x30\x80", 5));
	else
		der_put_oid(&w, f->hash_oid);
	der_wrap(&w, DER_SEQUENCE, alg);
	der_wrap(&w, DER_SEQUENCE, id);
}

static bool
parse(struct faults given, struct ocsp_request *r, struct err *e)
{
	const struct faults all = filled(given), *f = &all;

	derw_free(&w);
	if (f->signature) {
		der_put_null(&w);
		der_wrap(&w, DER_SEQUENCE, 0);
		der_wrap(&w, DER_CONTEXT_CONSTRUCTED(0), 0);
	}
	const size_t tbs = der_mark(&w);
	if (!f->single_ext && f->exts > 0)
		put_extensions(f, 2);
	const size_t list = der_mark(&w);
	for (size_t i = 0; i < f->singles; i++) {
		const size_t single = der_mark(&w);
		if (f->single_ext)
			put_extensions(f, 0);
		put_cert_id(f);
		der_wrap(&w, DER_SEQUENCE, single);
	}
	der_wrap(&w, DER_SEQUENCE, list);
	if (f->requestor) {
		const size_t name = der_mark(&w);
		der_put_tlv(&w, DER_CONTEXT(1), bytes_str("a@example"));
		der_wrap(&w, DER_CONTEXT_CONSTRUCTED(1), name);
	}
	if (f->has_version) {
		const size_t version = der_mark(&w);
		der_put_uint(&w, f->version);
		der_wrap(&w, DER_CONTEXT_CONSTRUCTED(0), version);
	}
	der_wrap(&w, DER_SEQUENCE, tbs);
	der_wrap(&w, DER_SEQUENCE, 0);
	return ocsp_request_parse(der_bytes(&w), r, e);
}

/* P82, P88, P89, P90 */
Test(ocsp, what_is_odd_but_allowed_is_read)
{
	static const struct faults odd[] = {
		{ .serial = NULL },
		{ .no_exts = true },
		{ .null_params = true },
		{ .nonce_n = 1 },
		{ .nonce_n = 128 },
		{ .critical = true },
		{ .singles = 32 },
		{ .has_version = true },
		{ .signature = true, .requestor = true },
		{ .ext_oid = "1.2.3" },
		{ .ext_oid = "1.2.3", .exts = 2 },
		{ .ext_oid = "1.3.6.1.5.5.7.48.1.4", .critical = true },
		{ .ext_oid = "1.2.3", .single_ext = true },
		{ .hash_oid = "1.2.840.113549.2.5" },
		{ .serial = "\xff", .serial_n = 1 },
		{ .serial = "\0\xff", .serial_n = 2 },
	};

	for (size_t i = 0; i < NITEMS(odd); i++) {
		struct ocsp_request r;
		struct err e = { 0 };

		cr_expect(parse(odd[i], &r, &e), "row %zu: %s", i, e.detail);
		const struct faults f = filled(odd[i]);
		cr_expect_eq(r.n, f.singles);
		cr_expect(bytes_eq(r.v[0].serial, bytes_of(f.serial, f.serial_n)));
	}
}

/* P88, P89, P90, R87 */
Test(ocsp, what_is_not_allowed_is_malformed)
{
	static const struct faults bad[] = {
		{ .no_singles = true },
		{ .singles = 33 },
		{ .no_nonce = true },
		{ .nonce_n = 129 },
		{ .bare_nonce = true },
		{ .exts = 2 },
		{ .endless_ext = true },
		{ .ext_oid = "1.2.3", .critical = true },
		{ .ext_oid = "1.2.3", .critical = true, .single_ext = true },
		{ .bad_bool = true },
		{ .null_not_empty = true },
		{ .endless_hash = true },
		{ .has_version = true, .version = 1 },
		{ .serial = "", .serial_n = 0 },
		{ .serial = "\0\1", .serial_n = 2 },
		{ .serial = "\xff\x80", .serial_n = 2 },
	};

	for (size_t i = 0; i < NITEMS(bad); i++) {
		struct ocsp_request r = { .n = 77 };
		struct err e = { 0 };

		cr_expect_not(parse(bad[i], &r, &e), "row %zu", i);
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_eq(r.n, 77);
	}
}

/* ---- answers ---- */

static void
answer(const struct ocsp_spec *s, struct bytes responder, struct buf *ret)
{
	struct buf data, sig;
	struct err e = { 0 };

	buf_init(&data, KIB(64));
	buf_init(&sig, KIB(1));
	buf_init(ret, KIB(64));
	cr_assert(ocsp_build_data(s, &data, &e), "%s", e.detail);
	stranger_sign(ca, buf_bytes(&data), &sig);
	cr_assert(ocsp_assemble(buf_bytes(&data), ca->sig_alg, buf_bytes(&sig),
	    responder, ret, &e));
	buf_free(&data);
	buf_free(&sig);
}

/* P82, P84, P85, P87, P88, P89, P96: GnuTLS verifies and reads it. */
Test(ocsp, a_stranger_takes_our_answer)
{
	struct ocsp_single v[4];
	struct ocsp_request r;
	struct err e = { 0 };
	struct buf req, resp;

	ask(GNUTLS_DIG_SHA256, 5, 4, "0123456789abcdef", &req);
	cr_assert(ocsp_request_parse(buf_bytes(&req), &r, &e));
	for (unsigned i = 0; i < 4; i++)
		v[i] = (struct ocsp_single){ .cert_id = r.v[i].whole,
			.status = i % 3,
			.revoked_at = NOW - 100,
			.reason = REASON_SUPERSEDED };
	v[3].status = 1;
	v[3].reason = REASON_UNSPECIFIED;
	const struct ocsp_spec s = { .key_id_sha1 = bytes_of(ca->key_id_sha1, 20),
		.produced_at = NOW,
		.this_update = NOW - 5,
		.next_update = NOW + 43200,
		.nonce = r.nonce,
		.v = v,
		.n = 4 };
	answer(&s, buf_bytes(&ca->der), &resp);

	gnutls_ocsp_resp_t got;
	gnutls_datum_t nonce, in = stranger_datum(buf_bytes(&resp));
	unsigned reason = 99, status = 99;
	time_t this_at, next_at, revoked_at;
	cr_assert_geq(gnutls_ocsp_resp_init(&got), 0);
	cr_assert_geq(gnutls_ocsp_resp_import(got, &in), 0);
	cr_assert_geq(gnutls_ocsp_resp_verify_direct(got, ca->crt, &status, 0), 0);
	cr_expect_eq(status, 0);
	cr_expect_eq(gnutls_ocsp_resp_get_produced(got), NOW);
	cr_assert_geq(gnutls_ocsp_resp_get_nonce(got, NULL, &nonce), 0);
	cr_expect(bytes_eq(bytes_of(nonce.data, nonce.size), r.nonce));
	gnutls_free(nonce.data);
	for (unsigned i = 0; i < 4; i++) {
		gnutls_datum_t serial;

		cr_assert_geq(gnutls_ocsp_resp_get_single(got, i, NULL, NULL, NULL,
				  &serial, &status, &this_at, &next_at, &revoked_at,
				  &reason),
		    0);
		cr_expect_eq(serial.data[0], 5 + i);
		gnutls_free(serial.data);
		cr_expect_eq(status, v[i].status);
		cr_expect_eq(this_at, NOW - 5);
		cr_expect_eq(next_at, NOW + 43200);
		cr_expect_eq(revoked_at, status == 1 ? NOW - 100 : (time_t)-1);
		cr_expect_eq(reason, i == 1 ? GNUTLS_X509_CRLREASON_SUPERSEDED : 0u,
		    "%u", i);
	}
	gnutls_ocsp_resp_deinit(got);
	buf_free(&req);
	buf_free(&resp);
}

/* P81, P96: 5 octets, no responseBytes. */
Test(ocsp, an_error_is_five_octets)
{
	uint8_t octets[5];

	ocsp_status_response(OCSP_UNAUTHORIZED, octets);
	cr_expect_eq(memcmp(octets, "\x30\x03\x0a\x01\x06", 5), 0);
	gnutls_ocsp_resp_t got;
	const gnutls_datum_t in = { octets, 5 };
	cr_assert_geq(gnutls_ocsp_resp_init(&got), 0);
	cr_assert_geq(gnutls_ocsp_resp_import(got, &in), 0);
	cr_expect_eq(gnutls_ocsp_resp_get_status(got), GNUTLS_OCSP_RESP_UNAUTHORIZED);
	gnutls_ocsp_resp_deinit(got);
}

/* P87 */
Test(ocsp, a_spec_that_makes_no_answer_is_refused)
{
	const struct ocsp_single single = { .cert_id = bytes_of("\x30\0", 2) };
	const struct ocsp_single no_id = { .status = 0 };
	const struct ocsp_single no_status = { bytes_of("\x30\0", 2), 3, 0, 0 };
	const struct ocsp_spec good = { .key_id_sha1 = bytes_of(issuer.key[0], 20),
		.produced_at = NOW,
		.this_update = NOW,
		.next_update = NOW + 1,
		.v = &single,
		.n = 1 };
	struct ocsp_spec bad[] = { good, good, good, good, good, good, good, good };
	struct err e = { 0 };
	struct buf b;

	bad[0].key_id_sha1.n = 32;
	bad[1].n = 0;
	bad[2].n = OCSP_SINGLES_MAX + 1;
	bad[3].nonce = bytes_of(issuer.name, OCSP_NONCE_MAX + 1);
	bad[4].this_update = NOW + 1;
	bad[5].next_update = NOW;
	bad[6].v = &no_id;
	bad[7].v = &no_status;
	buf_init(&b, KIB(1));
	cr_expect(ocsp_build_data(&good, &b, &e));
	buf_clear(&b);
	for (size_t i = 0; i < NITEMS(bad); i++) {
		cr_expect_not(ocsp_build_data(&bad[i], &b, &e), "row %zu", i);
		cr_expect_eq(e.code, ERR_INTERNAL);
		cr_expect_eq(b.n, 0);
	}
	buf_free(&b);
}

/* P92: of what is plain there are few spellings, and front may keep their answers. */
Test(ocsp, a_plain_request_is_the_question_for_one_certificate_and_nothing_more)
{
	struct ocsp_request q;
	struct err e;
	struct buf b;

	for (uint8_t serial = 1; serial < 3; serial++) {
		ask(GNUTLS_DIG_SHA1, serial, 1, NULL, &b);
		cr_assert(ocsp_request_parse(buf_bytes(&b), &q, &e));
		cr_expect(ocsp_request_plain(buf_bytes(&b), &q));
		buf_free(&b);
		ask(GNUTLS_DIG_SHA512, serial, 1, NULL, &b); /* lengths of two octets */
		cr_assert(ocsp_request_parse(buf_bytes(&b), &q, &e));
		cr_expect(ocsp_request_plain(buf_bytes(&b), &q));
		buf_free(&b);
		ask(GNUTLS_DIG_SHA256, serial, 1, "n", &b);
		cr_assert(ocsp_request_parse(buf_bytes(&b), &q, &e));
		cr_expect_not(ocsp_request_plain(buf_bytes(&b), &q));
		buf_free(&b);
		ask(GNUTLS_DIG_SHA256, serial, 2, NULL, &b);
		cr_assert(ocsp_request_parse(buf_bytes(&b), &q, &e));
		cr_expect_not(ocsp_request_plain(buf_bytes(&b), &q));
		buf_free(&b);
	}
}
