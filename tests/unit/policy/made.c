/* SPDX-License-Identifier: Apache-2.0 */
#include "made.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/hex.h"
#include "x509/dn.h"

void
made_spec(struct made *m, enum key_alg alg)
{
	struct err e = { 0 };

	*m = (struct made){ 0 };
	buf_init(&m->issuer, KIB(1));
	buf_init(&m->subject, KIB(1));
	buf_init(&m->der, KIB(64));
	cr_assert(key_generate(alg, 2048, &m->key, &e), "%s", e.detail);
	cr_assert(spki_parse(key_spki(m->key), &m->spki, &e), "%s", e.detail);
	cr_assert(dn_build(NULL, "Issuer", &m->issuer, &e));
	cr_assert(dn_build(NULL, "a.internal", &m->subject, &e));
	spki_key_id(&m->spki, m->key_id);
	memset(m->issuer_key_id, 7, sizeof(m->issuer_key_id));
	add_name(&m->names, NAME_TYPE_DNS, "a.internal");
	add_name(&m->names, NAME_TYPE_IP, "10.0.0.1");
	m->spec = (struct cert_spec){
		.sig_alg = key_sig_alg(m->key),
		.issuer_dn = buf_bytes(&m->issuer),
		.authority_key_id = bytes_of(m->issuer_key_id, 20),
		.subject_dn = buf_bytes(&m->subject),
		.spki = key_spki(m->key),
		.key_id = bytes_of(m->key_id, 20),
		.not_before = NOW,
		.not_after = NOW + 30 * DAY - 1,
		.names = &m->names,
		.key_usage = CERT_KU_DIGITAL_SIGNATURE,
		.usages = USAGE_SERVER_AUTH | USAGE_CLIENT_AUTH,
		.path_len = -1,
		.crl_url = "http://ca.example/crl/main.crl",
		.ocsp_url = "http://ca.example/ocsp",
		.issuer_url = "http://ca.example/ca/main.crt",
	};
	cr_assert(serial_new(NOW, &m->spec.serial, &e));
}

void
made_responder(struct made *m)
{
	m->spec.names = NULL;
	m->spec.usages = USAGE_OCSP_SIGNING;
	m->spec.ocsp_no_check = true;
	m->spec.crl_url = m->spec.ocsp_url = m->spec.issuer_url = NULL;
}

void
made_ca(struct made *m, int path_len)
{
	m->spec.names = NULL;
	m->spec.usages = 0;
	m->spec.ocsp_no_check = false;
	m->spec.ca = true;
	m->spec.path_len = path_len;
	m->spec.key_usage = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN;
}

void
made_wrap(struct made *m, struct bytes tbs)
{
	struct err e = { 0 };

	buf_clear(&m->der);
	cr_assert(cert_assemble(tbs, m->spec.sig_alg, bytes_str("none"), &m->der, &e),
	    "%s", e.detail);
}

void
made_build(struct made *m)
{
	struct err e = { 0 };
	struct buf tbs;

	buf_init(&tbs, KIB(64));
	cr_assert(cert_build_tbs(&m->spec, &tbs, &e), "%s", e.detail);
	made_wrap(m, buf_bytes(&tbs));
	cert_free(m->cert);
	m->cert = NULL;
	cr_assert(cert_parse(buf_bytes(&m->der), &m->cert, &e), "%s", e.detail);
	buf_free(&tbs);
}

void
made_free(struct made *m)
{
	cert_free(m->cert);
	key_free(m->key);
	names_free(&m->names);
	buf_free(&m->issuer);
	buf_free(&m->subject);
	buf_free(&m->der);
}

void
made_patch(struct made *m, const char *from, const char *to)
{
	uint8_t a[64], b[64];
	size_t n, k;

	cr_assert(hex_read(bytes_str(from), a, sizeof(a), &n));
	cr_assert(hex_read(bytes_str(to), b, sizeof(b), &k));
	cr_assert_eq(n, k);
	uint8_t *at = memmem(m->cert->der.p, m->cert->der.n, a, n);
	cr_assert_not_null(at, "%s", from);
	memcpy(at, b, n);
}
