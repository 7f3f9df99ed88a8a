/* SPDX-License-Identifier: Apache-2.0 */
/* The first three certificates: root, intermediate, administrator. */
#include "cli/setup.h"

#include <stdlib.h>

#include "base/mem.h"
#include "x509/dn.h"

#define CA_BACKDATE_S    3600 /* for clients whose clock is slow (P9) */
#define ADMIN_BACKDATE_S 300
#define ADMIN_VALIDITY_S (INT64_C(365) * 86400)

struct making { /* one certificate; what 'spec' borrows is here */
	struct cert_spec spec;
	struct buf dn, constraints;
	uint8_t key_id[20];
	struct names names;
	char *crl_url, *ocsp_url, *issuer_url;
};

static void
making_free(struct making *m)
{
	buf_free(&m->dn);
	buf_free(&m->constraints);
	names_free(&m->names);
	free(m->crl_url);
	free(m->ocsp_url);
	free(m->issuer_url);
}

/* What every certificate has: serial, subject, key, times. */
static bool
begin(struct making *m, const struct setup *s, const char *o, const char *cn,
    const struct key *key, int64_t not_before, int64_t validity_s, struct err *e)
{
	struct spki spki;

	*m = (struct making){ 0 };
	buf_init(&m->dn, KIB(4));
	buf_init(&m->constraints, KIB(64));
	if (!dn_build(o, cn, &m->dn, e) || !spki_parse(key_spki(key), &spki, e) ||
	    !serial_new(s->now, &m->spec.serial, e))
		return false;
	spki_key_id(&spki, m->key_id);
	m->spec.subject_dn = buf_bytes(&m->dn);
	m->spec.spki = key_spki(key);
	m->spec.key_id = bytes_of(m->key_id, sizeof(m->key_id));
	m->spec.not_before = not_before;
	m->spec.not_after = not_before + validity_s - 1; /* P8 */
	m->spec.path_len = -1;
	return true;
}

/* What a certificate says of the one that signed it. */
static void
signed_by(struct making *m, const struct setup *s, const char *issuer,
    const struct cert *cert)
{
	m->crl_url = mem_printf("%s/crl/%s.crl", s->url_public, issuer);
	m->ocsp_url = mem_printf("%s/ocsp", s->url_public);
	m->issuer_url = mem_printf("%s/ca/%s.crt", s->url_public, issuer);
	m->spec.crl_url = m->crl_url;
	m->spec.ocsp_url = m->ocsp_url;
	m->spec.issuer_url = m->issuer_url;
	m->spec.issuer_dn = cert->subject_dn;
	m->spec.authority_key_id = cert->key_id;
}

static bool
sign(struct making *m, const struct key *by, struct cert **ret, struct err *e)
{
	struct buf tbs, sig, der;
	bool ok;

	buf_init(&tbs, KIB(64));
	buf_init(&sig, KIB(4));
	buf_init(&der, KIB(64));
	m->spec.sig_alg = key_sig_alg(by);
	ok =
	    cert_build_tbs(&m->spec, &tbs, e) &&
	    key_sign(by, buf_bytes(&tbs), &sig, e) &&
	    cert_assemble(buf_bytes(&tbs), key_sig_alg(by), buf_bytes(&sig), &der, e) &&
	    cert_parse(buf_bytes(&der), ret, e);
	buf_free(&tbs);
	buf_free(&sig);
	buf_free(&der);
	return ok;
}

/* P44: self-signed, without AKI, CDP, AIA and EKU. */
static bool
make_root(struct setup *s, struct err *e)
{
	char *cn = mem_printf("%s Root CA", s->name);
	struct making m = { 0 };
	bool ok = key_generate(s->alg, s->bits, &s->root.key, e) &&
		  begin(&m, s, s->name, cn, s->root.key, s->now - CA_BACKDATE_S,
		      s->root_validity_s, e);

	if (ok) {
		m.spec.issuer_dn = m.spec.subject_dn;
		m.spec.ca = true;
		m.spec.key_usage = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN; /* P21 */
		ok = sign(&m, s->root.key, &s->root.cert, e);
	}
	making_free(&m);
	free(cn);
	return ok || err_prefix(e, "root certificate");
}

static bool
make_issuer(struct setup *s, struct err *e)
{
	char *cn = mem_printf("%s Issuing CA", s->name);
	struct making m = { 0 };
	bool ok = key_generate(s->alg, s->bits, &s->issuer.key, e) &&
		  begin(&m, s, s->name, cn, s->issuer.key, s->now - CA_BACKDATE_S,
		      s->issuer_validity_s, e);

	if (ok && s->domains.n > 0) {
		ok = constraints_build((const char *const *)s->domains.v, s->domains.n,
		    false, &m.constraints, e);
		m.spec.constraints = buf_bytes(&m.constraints);
	}
	if (ok) {
		signed_by(&m, s, "root", s->root.cert);
		m.spec.ca = true;
		m.spec.path_len = 0; /* P19 */
		m.spec.key_usage = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN;
		ok = sign(&m, s->root.key, &s->issuer.cert, e);
	}
	making_free(&m);
	free(cn);
	return ok || err_prefix(e, "intermediate certificate");
}

static bool
make_admin(struct setup *s, struct err *e)
{
	struct making m = { 0 };
	int64_t validity_s = ADMIN_VALIDITY_S;
	const int64_t not_before = s->now - ADMIN_BACKDATE_S;
	bool ok;

	if (validity_s > s->issuer.cert->not_after - not_before)
		validity_s = s->issuer.cert->not_after - not_before + 1; /* P10 */
	ok = key_generate(KEY_ALG_ECDSA_P256, 0, &s->admin_cert.key, e) &&
	     begin(&m, s, NULL, s->admin, s->admin_cert.key, not_before, validity_s,
		 e) &&
	     names_add(&m.names, NAME_TYPE_DNS, bytes_str(s->admin), e);
	if (ok) {
		signed_by(&m, s, SETUP_ISSUER, s->issuer.cert);
		m.spec.names = &m.names;
		m.spec.usages = USAGE_CLIENT_AUTH;
		m.spec.key_usage = CERT_KU_DIGITAL_SIGNATURE; /* P20 */
		ok = sign(&m, s->issuer.key, &s->admin_cert.cert, e);
	}
	making_free(&m);
	return ok || err_prefix(e, "the administrator's certificate");
}

bool
setup_certs(struct setup *s, struct err *e)
{
	return make_root(s, e) && make_issuer(s, e) && make_admin(s, e);
}
