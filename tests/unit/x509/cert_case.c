/* SPDX-License-Identifier: Apache-2.0 */
#include "cert_case.h"

#include <criterion/criterion.h>

#include "x509/dn.h"

struct cert_case cert_case;
static const uint8_t key_id[20] = { 1, 2, 3 };

void
cert_case_begin(void)
{
	struct err e = { 0 };

	cert_case.ca = stranger_new(GNUTLS_PK_ECDSA);
	cert_case.leaf = stranger_new(GNUTLS_PK_ECDSA);
	buf_init(&cert_case.dn, KIB(1));
	buf_init(&cert_case.empty_dn, KIB(1));
	buf_init(&cert_case.der, KIB(64));
	cr_assert(dn_build(NULL, "web.internal", &cert_case.dn, &e));
	cr_assert(dn_build(NULL, NULL, &cert_case.empty_dn, &e));
	cr_assert(
	    names_add(&cert_case.names, NAME_TYPE_DNS, bytes_str("web.internal"), &e));
	cr_assert(names_add(&cert_case.names, NAME_TYPE_IP, bytes_str("10.1.2.3"), &e));
}

void
cert_case_end(void)
{
	stranger_free(cert_case.ca);
	stranger_free(cert_case.leaf);
	names_free(&cert_case.names);
	buf_free(&cert_case.dn);
	buf_free(&cert_case.empty_dn);
	buf_free(&cert_case.der);
}

struct cert_spec
cert_case_leaf(void)
{
	return (struct cert_spec){ .serial = { 3, { 0x80, 0, 1 } },
		.sig_alg = cert_case.ca->sig_alg,
		.issuer_dn = buf_bytes(&cert_case.ca->dn),
		.authority_key_id = bytes_of(cert_case.ca->key_id, 20),
		.subject_dn = buf_bytes(&cert_case.dn),
		.spki = buf_bytes(&cert_case.leaf->spki),
		.key_id = bytes_of(key_id, 20),
		.not_before = CASE_NOW,
		.not_after = CASE_NOW + 86400 * 10000 - 1,
		.names = &cert_case.names,
		.key_usage = CERT_KU_DIGITAL_SIGNATURE,
		.usages = USAGE_SERVER_AUTH | USAGE_CLIENT_AUTH,
		.path_len = -1,
		.crl_url = "http://ca.example/crl/main.crl",
		.ocsp_url = "http://ca.example/ocsp",
		.issuer_url = "http://ca.example/ca/main.crt" };
}

struct cert_spec
cert_case_ca(void)
{
	struct cert_spec s = cert_case_leaf();

	s.ca = true;
	s.path_len = 0;
	s.names = NULL;
	s.usages = 0;
	s.key_usage = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN;
	return s;
}

void
cert_case_sign(struct bytes tbs)
{
	struct err e = { 0 };
	struct buf sig;

	buf_init(&sig, KIB(1));
	stranger_sign(cert_case.ca, tbs, &sig);
	buf_clear(&cert_case.der);
	cr_assert(cert_assemble(tbs, cert_case.ca->sig_alg, buf_bytes(&sig),
	    &cert_case.der, &e));
	buf_free(&sig);
}

void
cert_case_make(const struct cert_spec *s)
{
	struct err e = { 0 };
	struct buf tbs;

	buf_init(&tbs, KIB(64));
	cr_assert(cert_build_tbs(s, &tbs, &e), "%s", e.detail);
	cert_case_sign(buf_bytes(&tbs));
	buf_free(&tbs);
}

gnutls_x509_crt_t
cert_case_judge(void)
{
	const gnutls_datum_t in = stranger_datum(buf_bytes(&cert_case.der));
	unsigned status = 1;
	gnutls_x509_crt_t crt;

	cr_assert_geq(gnutls_x509_crt_init(&crt), 0);
	cr_assert_geq(gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_DER), 0);
	cr_assert_geq(gnutls_x509_crt_verify(crt, &cert_case.ca->crt, 1,
			  GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status),
	    0);
	cr_expect_eq(status, 0, "verifies: %x", status);
	cr_expect_eq(gnutls_x509_crt_get_version(crt), 3);
	return crt;
}
