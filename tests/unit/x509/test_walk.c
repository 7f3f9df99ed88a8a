/* SPDX-License-Identifier: Apache-2.0 */
/*
 * R17, S31: every parser of foreign DER, with each element of good octets wrong in turn.
 * What it takes all the same another library takes too, and a refusal has words.
 */
#include <criterion/criterion.h>
#include <gnutls/ocsp.h>
#include <string.h>

#include "../der_walk.h"
#include "cert_case.h"
#include "make.h"
#include "x509/csr.h"
#include "x509/ocsp.h"

TestSuite(walk, .init = cert_case_begin, .fini = cert_case_end);

struct tally {
	size_t taken, refused;
	const struct ocsp_request *asked;
	struct bytes good;
};

static void
refused(struct tally *t, const struct err *e)
{
	t->refused++;
	cr_expect_neq(e->code, ERR_NONE);
	cr_expect_neq(e->code, ERR_INTERNAL, "%s", e->detail);
	cr_expect_neq(e->detail[0], '\0');
}

static void
try_certificate(void *arg, struct bytes der)
{
	const gnutls_datum_t in = stranger_datum(der);
	struct tally *t = arg;
	struct cert *c = NULL;
	gnutls_x509_crt_t crt;
	struct err e = { 0 };

	if (!cert_parse(der, &c, &e)) {
		cr_expect_null(c);
		refused(t, &e);
		return;
	}
	t->taken++;
	cr_assert_geq(gnutls_x509_crt_init(&crt), 0);
	cr_expect_geq(gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_DER), 0);
	gnutls_x509_crt_deinit(crt);
	cert_free(c);
}

Test(walk, a_certificate)
{
	struct cert_spec leaf = cert_case_leaf(), ca = cert_case_ca();
	struct tally t = { 0 };

	leaf.freshest_url = "http://ca.example/delta.crl";
	leaf.crl_url = "http://ca.example/all.crl";
	cert_case_make(&leaf);
	der_walk(buf_bytes(&cert_case.der), try_certificate, &t);
	ca.path_len = 3;
	ca.constraints = MAKE_T("\x30\x09\xa0\x07\x30\x05\x82\x03"
				"a.b");
	cert_case_make(&ca);
	der_walk(buf_bytes(&cert_case.der), try_certificate, &t);
	cr_expect_gt(t.taken, 50);
	cr_expect_gt(t.refused, 1000);
}

/* The algorithm is judged with the signature, and then nothing but the request itself passes. */
static void
try_request(void *arg, struct bytes der)
{
	struct tally *t = arg;
	struct csr *c = NULL;
	struct err e = { 0 };

	if (!csr_parse(der, NAMES_READ_MAX, &c, &e)) {
		cr_expect_null(c);
		refused(t, &e);
		return;
	}
	t->taken++;
	cr_expect_eq(csr_verify(c, &e), bytes_eq(der, t->good));
	csr_free(c);
}

Test(walk, a_request_with_every_wish)
{
	struct tally t = { 0 };
	struct buf exts, der;

	buf_init(&exts, KIB(8));
	buf_init(&der, KIB(16));
	make_extension(&exts, "2.5.29.17",
	    MAKE_T("\x30\x0b\x82\x03"
		   "a.b\x87\x04\x0a\0\0\1"));
	make_extension(&exts, "2.5.29.19", MAKE_T("\x30\x00"));
	make_extension(&exts, "2.5.29.15", MAKE_T("\x03\x02\x05\xa0"));
	make_extension(&exts, "2.5.29.37",
	    MAKE_T("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"));
	make_extension(&exts, "1.3.6.1.5.5.7.1.24", MAKE_T("\x30\x03\x02\x01\x05"));
	make_extension(&exts, "2.5.29.14", MAKE_T("\x04\x01\x01"));
	make_csr_with_extensions(cert_case.leaf, buf_bytes(&exts), &der);
	t.good = buf_bytes(&der);
	der_walk(t.good, try_request, &t);
	cr_expect_gt(t.taken, 20);
	cr_expect_gt(t.refused, 300);
	buf_free(&exts);
	buf_free(&der);
}

#define SHA1_ID                                                                        \
	"\x30\x3a\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14nnnnnnnnnnnnnnnn" \
	"nnnn"                                                                         \
	"\x04\x14kkkkkkkkkkkkkkkkkkkk\x02\x01\x05"
#define NONCE                                                                          \
	"\x30\x15\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x02\x04\x08\x04\x06nonce!"

/* A request of two, with a requestor's name and every extension that one may have. */
static void
make_ocsp_request(struct buf *ret)
{
	struct derw w;
	struct err e = { 0 };

	derw_init(&w, KIB(4));
	der_put_raw(&w, MAKE_T(NONCE));
	der_wrap(&w, DER_SEQUENCE, 0);
	der_wrap(&w, DER_CONTEXT_CONSTRUCTED(2), 0);
	const size_t list = der_mark(&w);
	der_put_raw(&w, MAKE_T("\x30\x3c" SHA1_ID));
	size_t mark = der_mark(&w);
	der_put_raw(&w, MAKE_T("\x30\x0a\x06\x03\x2a\x03\x04\x04\x03\x02\x01\x05"));
	der_wrap(&w, DER_SEQUENCE, mark);
	der_wrap(&w, DER_CONTEXT_CONSTRUCTED(0), mark);
	der_put_raw(&w, MAKE_T(SHA1_ID));
	der_wrap(&w, DER_SEQUENCE, mark);
	der_wrap(&w, DER_SEQUENCE, list);
	der_put_raw(&w, MAKE_T("\xa1\x05\x82\x03"
			       "a.b"));
	der_put_raw(&w, MAKE_T("\xa0\x03\x02\x01\x00"));
	der_wrap(&w, DER_SEQUENCE, 0);
	der_wrap(&w, DER_SEQUENCE, 0);
	cr_assert(der_take(&w, "request", ret, &e), "%s", e.detail);
	derw_free(&w);
}

static void
try_ocsp_request(void *arg, struct bytes der)
{
	struct ocsp_request q;
	struct tally *t = arg;
	struct err e = { 0 };

	if (!ocsp_request_parse(der, &q, &e)) {
		refused(t, &e);
		return;
	}
	t->taken++;
	cr_expect(q.n > 0 && q.n <= OCSP_SINGLES_MAX);
	for (size_t i = 0; i < q.n; i++)
		cr_expect(q.v[i].whole.p >= der.p &&
			  q.v[i].whole.p + q.v[i].whole.n <= der.p + der.n);
	cr_expect_not(q.n == 1 && q.nonce.n > 0 && ocsp_request_plain(der, &q));
}

/* P88 to P90 */
Test(walk, an_ocsp_request)
{
	struct tally t = { 0 };
	struct ocsp_request q;
	struct err e = { 0 };
	struct buf der;

	buf_init(&der, KIB(4));
	make_ocsp_request(&der);
	cr_assert(ocsp_request_parse(buf_bytes(&der), &q, &e), "%s", e.detail);
	cr_expect_eq(q.n, 2);
	cr_expect(bytes_eq_str(q.nonce, "nonce!"));
	der_walk(buf_bytes(&der), try_ocsp_request, &t);
	cr_expect_gt(t.taken, 5);
	cr_expect_gt(t.refused, 100);
	buf_free(&der);
}

static void
try_answer(void *arg, struct bytes der)
{
	const gnutls_datum_t in = stranger_datum(der);
	struct tally *t = arg;
	gnutls_ocsp_resp_t resp;
	struct err e = { 0 };

	if (!ocsp_response_same(der, t->asked, 1, &e)) {
		refused(t, &e);
		return;
	}
	t->taken++;
	cr_assert_geq(gnutls_ocsp_resp_init(&resp), 0);
	(void)gnutls_ocsp_resp_import(resp, &in);
	gnutls_ocsp_resp_deinit(resp);
}

/* R32, P82: what a core was given as the answer is the one to what it asked. */
Test(walk, an_ocsp_answer_is_to_the_question)
{
	struct ocsp_request q;
	struct tally t = { .asked = &q };
	struct err e = { 0 };
	struct buf request, data, answer;

	buf_init(&request, KIB(4));
	buf_init(&data, KIB(4));
	buf_init(&answer, KIB(8));
	make_ocsp_request(&request);
	cr_assert(ocsp_request_parse(buf_bytes(&request), &q, &e), "%s", e.detail);
	const struct ocsp_single singles[] = {
		{ .cert_id = q.v[0].whole,
		    .status = 1,
		    .revoked_at = CASE_NOW - 5,
		    .reason = REASON_KEY_COMPROMISE },
		{ .cert_id = q.v[1].whole, .status = 0 },
	};
	const struct ocsp_spec spec = { .key_id_sha1 =
					    bytes_of(cert_case.ca->key_id_sha1, 20),
		.produced_at = CASE_NOW,
		.this_update = CASE_NOW,
		.next_update = CASE_NOW + 60,
		.nonce = q.nonce,
		.v = singles,
		.n = 2 };
	cr_assert(ocsp_build_data(&spec, &data, &e), "%s", e.detail);
	cr_assert(ocsp_assemble(buf_bytes(&data), cert_case.ca->sig_alg,
		      bytes_str("signature"), bytes_of(NULL, 0), &answer, &e),
	    "%s", e.detail);
	cr_expect(ocsp_response_same(buf_bytes(&answer), &q, 1, &e), "%s", e.detail);
	cr_expect_not(ocsp_response_same(buf_bytes(&answer), &q, 0, &e),
	    "good, and it is revoked");
	der_walk(buf_bytes(&answer), try_answer, &t);
	cr_expect_gt(t.refused, 100);
	buf_free(&request);
	buf_free(&data);
	buf_free(&answer);
}
