/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "cert_case.h"

#define YEAR_2050 INT64_C(2524608000)

TestSuite(cert_build, .init = cert_case_begin, .fini = cert_case_end);

/* "2.5.29.15! 2.5.29.37 …": the extensions in their order, '!' for critical. */
static void
expect_extensions(const char *want)
{
	gnutls_x509_crt_t crt = cert_case_judge();
	char got[512] = "", oid[64];
	unsigned critical;
	size_t n = sizeof(oid);

	for (unsigned i = 0;
	     gnutls_x509_crt_get_extension_info(crt, i, oid, &n, &critical) == 0;
	     i++, n = sizeof(oid)) {
		strcat(got, i > 0 ? " " : "");
		strcat(got, oid);
		strcat(got, critical ? "!" : "");
	}
	cr_expect_str_eq(got, want);
	gnutls_x509_crt_deinit(crt);
}

/* P18, P20, P23, P30 to P33: which are critical; each once (P17). */
Test(cert_build, the_extensions_of_a_leaf_are_the_profiles_and_no_others)
{
	struct cert_spec s = cert_case_leaf();

	cert_case_make(&s);
	expect_extensions("2.5.29.15! 2.5.29.37 2.5.29.19! 2.5.29.14 2.5.29.35 "
			  "2.5.29.17 2.5.29.31 1.3.6.1.5.5.7.1.1");
	s.subject_dn = buf_bytes(&cert_case.empty_dn);
	s.crl_url = s.ocsp_url = NULL;
	cert_case_make(&s);
	expect_extensions("2.5.29.15! 2.5.29.37 2.5.29.19! 2.5.29.14 2.5.29.35 "
			  "2.5.29.17! 1.3.6.1.5.5.7.1.1");
}

/* P37 */
Test(cert_build, a_short_one_says_that_it_is_not_revoked)
{
	struct cert_spec s = cert_case_leaf();
	struct err e = { 0 };
	struct cert *c;

	s.crl_url = s.ocsp_url = s.issuer_url = NULL;
	s.no_rev_avail = true;
	cert_case_make(&s);
	expect_extensions("2.5.29.15! 2.5.29.37 2.5.29.19! 2.5.29.14 2.5.29.35 "
			  "2.5.29.17 2.5.29.56");
	cr_assert(cert_parse(buf_bytes(&cert_case.der), &c, &e));
	cr_expect(c->no_rev_avail);
	cert_free(c);
}

/* P86 */
Test(cert_build, a_responder_has_ocsp_signing_alone_and_is_not_asked_about)
{
	struct cert_spec s = cert_case_leaf();

	s.names = NULL;
	s.usages = USAGE_OCSP_SIGNING;
	s.ocsp_no_check = true;
	s.crl_url = s.ocsp_url = s.issuer_url = NULL;
	cert_case_make(&s);
	expect_extensions("2.5.29.15! 2.5.29.37 2.5.29.19! 2.5.29.14 2.5.29.35 "
			  "1.3.6.1.5.5.7.48.1.5");
}

/* P19, P21, P35, P44 */
Test(cert_build, a_ca_has_its_path_length_and_constraints)
{
	/* permitted: dNSName "internal" */
	static const uint8_t constraints[] = { 0x30, 0x0e, 0xa0, 0x0c, 0x30, 0x0a, 0x82,
		0x08, 'i', 'n', 't', 'e', 'r', 'n', 'a', 'l' };
	struct cert_spec s = cert_case_ca();
	struct err e = { 0 };
	unsigned is_ca = 0;
	int path_len = 7;
	struct cert *c;

	s.constraints = bytes_of(constraints, sizeof(constraints));
	cert_case_make(&s);
	expect_extensions("2.5.29.15! 2.5.29.19! 2.5.29.14 2.5.29.35 2.5.29.30! "
			  "2.5.29.31 1.3.6.1.5.5.7.1.1");
	gnutls_x509_crt_t crt = cert_case_judge();
	cr_expect_geq(gnutls_x509_crt_get_basic_constraints(crt, NULL, &is_ca,
			  &path_len),
	    0);
	cr_expect_eq(is_ca, 1);
	cr_expect_eq(path_len, 0);
	gnutls_x509_crt_deinit(crt);
	cr_assert(cert_parse(buf_bytes(&cert_case.der), &c, &e), "%s", e.detail);
	cr_expect(c->ca && c->any_usage);
	cr_expect_eq(c->path_len, 0);
	cr_expect_eq(c->key_usage, s.key_usage);
	cr_expect(bytes_eq(c->constraints, s.constraints));
	cert_free(c);

	s = cert_case_ca();
	s.path_len = -1;
	s.authority_key_id.n = 0;
	s.crl_url = s.ocsp_url = s.issuer_url = NULL;
	cert_case_make(&s);
	expect_extensions("2.5.29.15! 2.5.29.19! 2.5.29.14");
}

/* P7, P45: either side of 2050, and a serial whose top bit is set. */
Test(cert_build, times_around_2050_and_a_high_serial_verify)
{
	static const int64_t ends[] = { YEAR_2050 - 1, YEAR_2050,
		INT64_C(253402300799) };

	for (size_t i = 0; i < NITEMS(ends); i++) {
		struct cert_spec s = cert_case_leaf();
		uint8_t serial[24];
		size_t n = sizeof(serial);

		s.serial.n = 19;
		s.serial.b[0] = 0xff;
		s.not_after = ends[i];
		cert_case_make(&s);
		gnutls_x509_crt_t crt = cert_case_judge();
		cr_expect_eq(gnutls_x509_crt_get_expiration_time(crt), ends[i]);
		cr_assert_geq(gnutls_x509_crt_get_serial(crt, serial, &n), 0);
		cr_expect_eq(n, 20);
		cr_expect_eq(serial[0], 0);
		gnutls_x509_crt_deinit(crt);
	}
}

/* P45: a hundred of the longest names. */
Test(cert_build, a_hundred_names_verify)
{
	struct cert_spec s = cert_case_leaf();
	struct names many = { 0 };
	struct err e = { 0 };
	struct cert *c;

	for (int i = 0; i < 100; i++) {
		char text[254];
		const int n = snprintf(text, sizeof(text), "host%03d", i);
		for (size_t k = (size_t)n; k < 253; k++)
			text[k] = k % 50 == 49 ? '.' : 'x';
		text[253] = '\0';
		cr_assert(names_add(&many, NAME_TYPE_DNS, bytes_str(text), &e), "%s",
		    e.detail);
	}
	s.names = &many;
	cert_case_make(&s);
	gnutls_x509_crt_deinit(cert_case_judge());
	cr_assert(cert_parse(buf_bytes(&cert_case.der), &c, &e), "%s", e.detail);
	cr_expect(names_same(&c->names, &many));
	cert_free(c);
	names_free(&many);
}

/* ---- what the builder will not build ---- */

static struct names none;

/* clang-format off */
static void bad_serial(struct cert_spec *s) { s->serial.n = 0; }
static void bad_serial_len(struct cert_spec *s) { s->serial.n = 20; }
static void bad_alg(struct cert_spec *s) { s->sig_alg.n = 0; }
static void bad_issuer(struct cert_spec *s) { s->issuer_dn = buf_bytes(&cert_case.empty_dn); }
static void bad_subject(struct cert_spec *s) { s->subject_dn.n = 0; }
static void bad_spki(struct cert_spec *s) { s->spki.n = 0; }
static void bad_key_id(struct cert_spec *s) { s->key_id.n = 19; }
static void bad_end(struct cert_spec *s) { s->not_after = s->not_before - 1; }
static void bad_year(struct cert_spec *s) { s->not_after = INT64_MAX; }
static void bad_crl(struct cert_spec *s) { s->crl_url = "https://ca.example/a"; }
static void bad_ocsp(struct cert_spec *s) { s->ocsp_url = "http://"; }
static void bad_url(struct cert_spec *s) { s->issuer_url = "http://ca.example/a b"; }
static void bad_short(struct cert_spec *s) { s->no_rev_avail = true; }
static void bad_usage(struct cert_spec *s) { s->usages |= 1u << 20; }
static void bad_ocsp_usage(struct cert_spec *s) { s->usages |= USAGE_OCSP_SIGNING; }
static void bad_key_usage(struct cert_spec *s) { s->key_usage |= CERT_KU_KEY_CERT_SIGN; }
static void bad_crl_sign(struct cert_spec *s) { s->key_usage |= CERT_KU_CRL_SIGN; }
static void bad_no_usage(struct cert_spec *s) { s->key_usage = 0; }
static void bad_path(struct cert_spec *s) { s->path_len = 0; }
static void bad_limits(struct cert_spec *s) { s->constraints = s->issuer_dn; }
static void bad_names(struct cert_spec *s) { s->names = NULL; }
static void bad_none(struct cert_spec *s) { s->names = &none; }
static void bad_ca(struct cert_spec *s) { s->ca = true; }
/* clang-format on */

/* P2, P18 to P23, P32, P33, P35, P37 */
Test(cert_build, a_spec_that_makes_no_certificate_is_refused)
{
	static void (*const spoil[])(struct cert_spec *) = { bad_serial, bad_serial_len,
		bad_alg, bad_issuer, bad_subject, bad_spki, bad_key_id, bad_end,
		bad_year, bad_crl, bad_ocsp, bad_url, bad_short, bad_usage,
		bad_ocsp_usage, bad_key_usage, bad_crl_sign, bad_no_usage, bad_path,
		bad_limits, bad_names, bad_none, bad_ca };
	struct buf tbs;

	buf_init(&tbs, KIB(64));
	for (size_t i = 0; i < NITEMS(spoil); i++) {
		struct cert_spec s = cert_case_leaf();
		struct err e = { 0 };

		spoil[i](&s);
		cr_expect_not(cert_build_tbs(&s, &tbs, &e), "row %zu", i);
		cr_expect_eq(e.code, ERR_INTERNAL);
		cr_expect_eq(tbs.n, 0);
	}
	buf_free(&tbs);
}

/* ---- requests ---- */

Test(cert_build, a_request_with_and_without_names_is_taken_by_a_stranger)
{
	for (int i = 0; i < 2; i++) {
		struct err e = { 0 };
		struct buf info;
		gnutls_x509_crq_t crq;
		char san[64] = "";
		size_t n = sizeof(san);
		unsigned type, critical = 9;

		buf_init(&info, KIB(8));
		cr_assert(cert_build_csr_info(buf_bytes(&cert_case.empty_dn),
		    buf_bytes(&cert_case.ca->spki), i == 0 ? NULL : &cert_case.names,
		    &info, &e));
		cert_case_sign(buf_bytes(&info));
		const gnutls_datum_t in = stranger_datum(buf_bytes(&cert_case.der));
		cr_assert_geq(gnutls_x509_crq_init(&crq), 0);
		cr_assert_geq(gnutls_x509_crq_import(crq, &in, GNUTLS_X509_FMT_DER), 0);
		cr_expect_geq(gnutls_x509_crq_verify(crq, 0), 0);
		const int got = gnutls_x509_crq_get_subject_alt_name(crq, 0, san, &n,
		    &type, &critical);
		if (i == 0) {
			cr_expect_eq(got, GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE);
		} else {
			cr_expect_str_eq(san, "web.internal");
			cr_expect_eq(critical, 1, "the subject is empty");
		}
		gnutls_x509_crq_deinit(crq);
		buf_free(&info);
	}
}
