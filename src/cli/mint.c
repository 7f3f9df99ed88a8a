/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/mint.h"

#include <stdlib.h>

#include "base/mem.h"
#include "policy/lint.h"

void
mint_init(struct mint *m)
{
	*m = (struct mint){ 0 };
	buf_init(&m->dn, KIB(4));
	buf_init(&m->constraints, KIB(64));
}

void
mint_free(struct mint *m)
{
	buf_free(&m->dn);
	buf_free(&m->constraints);
	names_free(&m->names);
	free(m->crl_url);
	free(m->ocsp_url);
	free(m->issuer_url);
}

bool
mint_begin(struct mint *m, const struct key *key, int64_t now, int64_t not_before,
    int64_t validity_s, struct err *e)
{
	struct spki spki;

	if (!spki_parse(key_spki(key), &spki, e) ||
	    !serial_new(now, &m->spec.serial, e))
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

void
mint_signed_by(struct mint *m, const char *url_public, const char *issuer,
    const struct cert *cert)
{
	m->crl_url = mem_printf("%s/crl/%s.crl", url_public, issuer);
	m->ocsp_url = mem_printf("%s/ocsp", url_public);
	m->issuer_url = mem_printf("%s/ca/%s.crt", url_public, issuer);
	m->spec.crl_url = m->crl_url;
	m->spec.ocsp_url = m->ocsp_url;
	m->spec.issuer_url = m->issuer_url;
	m->spec.issuer_dn = cert->subject_dn;
	m->spec.authority_key_id = cert->key_id;
}

void
mint_ca(struct mint *m, int path_len)
{
	m->spec.ca = true;
	m->spec.path_len = path_len;
	m->spec.key_usage = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN;
}

/* What is linted is what is handed on (P47). */
static bool
judge(const struct mint *m, const struct cert *c, struct err *e)
{
	struct verdict v = { .terse = true };

	lint_built(c, &m->spec, LINT_NORMAL, &v);
	const bool ok = verdict_ok(&v, e);
	verdict_free(&v);
	return ok;
}

bool
mint_sign(struct mint *m, const struct key *by, struct cert **ret, struct err *e)
{
	struct buf tbs, sig, der;
	struct cert *c = NULL;
	bool ok;

	buf_init(&tbs, KIB(64));
	buf_init(&sig, KIB(4));
	buf_init(&der, KIB(64));
	m->spec.sig_alg = key_sig_alg(by);
	ok =
	    cert_build_tbs(&m->spec, &tbs, e) &&
	    key_sign(by, buf_bytes(&tbs), &sig, e) &&
	    cert_assemble(buf_bytes(&tbs), key_sig_alg(by), buf_bytes(&sig), &der, e) &&
	    cert_parse(buf_bytes(&der), &c, e) && judge(m, c, e);
	if (ok) {
		*ret = c;
		c = NULL;
	}
	cert_free(c);
	buf_free(&tbs);
	buf_free(&sig);
	buf_free(&der);
	return ok;
}
