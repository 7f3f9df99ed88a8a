/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <gnutls/crypto.h>

#include "base/clock.h"
#include "cli/ocsp_ask.h"
#include "cli/setup.h"
#include "x509/ocsp.h"

/* A CA in memory; the administrator's certificate is the one asked about. */
static struct setup s;
static gnutls_x509_crt_t leaf, issuer;

static gnutls_x509_crt_t
to_gnutls(const struct cert *c)
{
	const gnutls_datum_t in = { c->der.p, (unsigned)c->der.n };
	gnutls_x509_crt_t crt;

	cr_assert_eq(gnutls_x509_crt_init(&crt), 0);
	cr_assert_eq(gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_DER), 0);
	return crt;
}

static void
begin(void)
{
	static const struct setup_args a;
	struct err e = { 0 };

	cr_assert(setup_plan(&a, "/nowhere", &s, &e), "%s", e.detail);
	cr_assert(setup_certs(&s, &e), "%s", e.detail);
	leaf = to_gnutls(s.admin_cert.cert);
	issuer = to_gnutls(s.issuer.cert);
}

static void
end(void)
{
	gnutls_x509_crt_deinit(leaf);
	gnutls_x509_crt_deinit(issuer);
	setup_free(&s);
}

TestSuite(ocsp_ask, .init = begin, .fini = end);

struct answer { /* how an answer departs from what it should be */
	unsigned status;
	const struct setup_cert *signer; /* NULL: the issuer */
	struct bytes nonce;              /* empty: the request's */
	bool no_nonce;
	int64_t age_s;
};

static void
answer(const struct ocsp_ask *ask, const struct answer *how, struct buf *ret)
{
	const struct setup_cert *signer = how->signer != NULL ? how->signer : &s.issuer;
	const struct bytes bits = signer->cert->key.key_bits;
	const int64_t now = clock_now() - how->age_s;
	struct ocsp_request rq;
	struct err e = { 0 };
	struct buf data, sig;
	uint8_t key_id[20];

	buf_init(&data, KIB(64));
	buf_init(&sig, KIB(4));
	cr_assert(ocsp_request_parse(ocsp_ask_request(ask), &rq, &e), "%s", e.detail);
	cr_assert_eq(gnutls_hash_fast(GNUTLS_DIG_SHA1, bits.p, bits.n, key_id), 0);
	const struct ocsp_single single = {
		.cert_id = rq.v[0].whole,
		.status = how->status,
		.revoked_at = now - 60,
		.reason = REASON_KEY_COMPROMISE,
	};
	const struct ocsp_spec spec = {
		.key_id_sha1 = bytes_of(key_id, sizeof(key_id)),
		.produced_at = now,
		.this_update = now,
		.next_update = now + 3600,
		.nonce = how->no_nonce      ? bytes_of(NULL, 0)
			 : how->nonce.n > 0 ? how->nonce
					    : rq.nonce,
		.v = &single,
		.n = 1,
	};

	cr_assert(ocsp_build_data(&spec, &data, &e), "%s", e.detail);
	cr_assert(key_sign(signer->key, buf_bytes(&data), &sig, &e), "%s", e.detail);
	cr_assert(ocsp_assemble(buf_bytes(&data), key_sig_alg(signer->key),
		      buf_bytes(&sig), buf_bytes(&signer->cert->der), ret, &e),
	    "%s", e.detail);
	buf_free(&data);
	buf_free(&sig);
}

static bool
try(const struct answer *how, struct ocsp_told *told, struct err *e)
{
	struct ocsp_ask *ask = NULL;
	struct buf der;
	bool ok;

	buf_init(&der, KIB(64));
	cr_assert(ocsp_ask_new(leaf, issuer, &ask, e), "%s", e->detail);
	answer(ask, how, &der);
	ok = ocsp_ask_answer(ask, buf_bytes(&der), told, e);
	buf_free(&der);
	ocsp_ask_free(ask);
	return ok;
}

/* P85, P88 */
Test(ocsp_ask, the_issuers_word_with_our_nonce_is_believed)
{
	static const struct {
		unsigned status;
		const char *word;
	} rows[] = { { 0, "good" }, { 1, "revoked" }, { 2, "unknown" } };

	for (size_t i = 0; i < NITEMS(rows); i++) {
		const struct answer how = { .status = rows[i].status };
		struct ocsp_told told = { 0 };
		struct err e = { 0 };

		cr_assert(try(&how, &told, &e), "%s", e.detail);
		cr_expect_str_eq(told.status, rows[i].word);
		cr_expect_eq(told.next_update - told.this_update, 3600);
		if (rows[i].status == 1)
			cr_expect_str_eq(told.reason, "keyCompromise");
		else
			cr_expect_null(told.reason);
	}
}

Test(ocsp_ask, what_another_signed_or_is_old_or_lacks_our_nonce_is_not_believed)
{
	const struct answer rows[] = {
		{ .signer = &s.root },       /* not the issuer, nor its responder */
		{ .signer = &s.admin_cert }, /* by the issuer, without OCSPSigning */
		{ .nonce = bytes_str("another nonce") },
		{ .no_nonce = true },
		{ .age_s = 86400 },
		{ .age_s = -86400 },
	};

	for (size_t i = 0; i < NITEMS(rows); i++) {
		struct ocsp_told told = { 0 };
		struct err e = { 0 };

		cr_expect_not(try(&rows[i], &told, &e), "row %zu", i);
		cr_expect_eq(e.code, ERR_MALFORMED, "row %zu", i);
		cr_expect_null(told.status, "ret is untouched on failure");
	}
}

Test(ocsp_ask, an_answer_that_is_cut_or_only_a_status_is_refused)
{
	const struct answer how = { 0 };
	struct ocsp_told told = { 0 };
	struct ocsp_ask *ask = NULL;
	struct err e = { 0 };
	uint8_t status[5];
	struct buf der;

	buf_init(&der, KIB(64));
	cr_assert(ocsp_ask_new(leaf, issuer, &ask, &e), "%s", e.detail);
	answer(ask, &how, &der);
	for (size_t n = 0; n < der.n; n++)
		cr_expect_not(ocsp_ask_answer(ask, bytes_of(der.p, n), &told, &e),
		    "%zu", n);
	ocsp_status_response(OCSP_UNAUTHORIZED, status);
	cr_expect_not(
	    ocsp_ask_answer(ask, bytes_of(status, sizeof(status)), &told, &e));
	cr_expect_eq(e.code, ERR_UNAVAILABLE);
	cr_expect_null(told.status);
	buf_free(&der);
	ocsp_ask_free(ask);
}
