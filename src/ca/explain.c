/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/explain.h"

#include <gnutls/x509.h>
#include <stdlib.h>

#include "base/mem.h"
#include "ca/issue_judge.h"
#include "policy/lint.h"
#include "x509/crl_shard.h"
#include "x509/dn.h"

#define TBS_MAX KIB(48)

/* How the keys of an issuer sign (P5); the signer's own table is key/key.c. */
static const struct {
	enum key_alg alg;
	const char *oid;
	bool null; /* RSA alone has parameters */
} algorithms[] = {
	/* clang-format off */
	{ KEY_ALG_ECDSA_P256, "1.2.840.10045.4.3.2",   false },
	{ KEY_ALG_ECDSA_P384, "1.2.840.10045.4.3.3",   false },
	{ KEY_ALG_ECDSA_P521, "1.2.840.10045.4.3.4",   false },
	{ KEY_ALG_ED25519,    "1.3.101.112",           false },
	{ KEY_ALG_ED448,      "1.3.101.113",           false },
	{ KEY_ALG_RSA,        "1.2.840.113549.1.1.11", true },
	/* clang-format on */
};

void
explain_free(struct explanation *x)
{
	cert_free(x->cert);
	free(x->text);
	verdict_free(&x->lints);
	*x = (struct explanation){ 0 };
}

void
explain_identity(const char *who, const struct err *why, struct verdict *v)
{
	verdict_add(v, why == NULL, ERR_UNAUTHENTICATED, "identity", "identity",
	    why != NULL ? why->detail : who,
	    "a certificate of this CA for client authentication, in its time, not "
	    "revoked; or the local socket");
}

static bool
put_algorithm(enum key_alg alg, struct buf *ret, struct err *e)
{
	struct derw w;
	size_t i = 0;

	while (i < NITEMS(algorithms) && algorithms[i].alg != alg)
		i++;
	if (i == NITEMS(algorithms))
		return err_set(e, ERR_INTERNAL, "an issuer's key of an unknown kind");
	derw_init(&w, KIB(1));
	const size_t mark = der_mark(&w);
	if (algorithms[i].null)
		der_put_null(&w);
	der_put_oid(&w, algorithms[i].oid);
	der_wrap(&w, DER_SEQUENCE, mark);
	const bool ok = der_take(&w, "an algorithm", ret, e);
	derw_free(&w);
	return ok;
}

struct draft { /* what the spec borrows */
	struct buf alg, subject;
	uint8_t key_id[20];
	char *crl_url, *delta_url, *ocsp_url, *issuer_url;
};

static void
draft_free(struct draft *d)
{
	buf_free(&d->alg);
	buf_free(&d->subject);
	free(d->crl_url);
	free(d->delta_url);
	free(d->ocsp_url);
	free(d->issuer_url);
}

/* As the signer does it (daemon/signer_cert.c); a flow test compares the two. */
static bool
fill_spec(struct ca *ca, const struct issue_request *q, const struct issue_judged *j,
    struct draft *d, struct cert_spec *ret, struct err *e)
{
	const char *url = ca_conf(ca)->url_public;

	/* As of the serial that stands for a drawn one: which shard, nobody knows yet. */
	d->crl_url = crl_shard_url(url, j->issuer->name,
	    (struct crl_shard){ .of = (uint32_t)ca_conf(ca)->crl_shards });
	if (ca_conf(ca)->crl_delta_s > 0 && ca_conf(ca)->crl_shards == 0)
		d->delta_url = crl_shard_delta_url(url, j->issuer->name);
	d->ocsp_url = mem_printf("%s/ocsp", url);
	d->issuer_url = mem_printf("%s/ca/%s.crt", url, j->issuer->name);
	spki_key_id(&q->csr->key, d->key_id);
	if (!put_algorithm(j->issuer->cert->key.alg, &d->alg, e) ||
	    !dn_build(NULL, j->cn[0] != '\0' ? j->cn : NULL, &d->subject, e))
		return false;
	*ret = (struct cert_spec){
		.serial = { .n = SERIAL_LEN, .b = { 1 } }, /* stands for a drawn one */
		.sig_alg = buf_bytes(&d->alg),
		.issuer_dn = j->issuer->cert->subject_dn,
		.authority_key_id = j->issuer->cert->key_id,
		.subject_dn = buf_bytes(&d->subject),
		.spki = q->csr->key.der,
		.key_id = bytes_of(d->key_id, sizeof(d->key_id)),
		.not_before = j->not_before,
		.not_after = j->not_after,
		.names = j->names,
		.path_len = -1,
		.crl_url = d->crl_url,
		.freshest_url = d->delta_url,
		.ocsp_url = d->ocsp_url,
		.issuer_url = d->issuer_url,
	};
	profile_fill(j->profile, q->csr->key.alg, ret);
	return true;
}

static char *
text_of(struct bytes der)
{
	const gnutls_datum_t in = { (unsigned char *)(uintptr_t)der.p,
		(unsigned)der.n };
	gnutls_datum_t out = { 0 };
	gnutls_x509_crt_t crt = NULL;
	char *text = NULL;

	if (gnutls_x509_crt_init(&crt) < 0)
		return mem_strdup("");
	if (gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_DER) >= 0 &&
	    gnutls_x509_crt_print(crt, GNUTLS_CRT_PRINT_UNSIGNED_FULL, &out) >= 0)
		text = mem_strndup(bytes_of(out.data, out.size));
	gnutls_free(out.data);
	gnutls_x509_crt_deinit(crt);
	return text != NULL ? text : mem_strdup("");
}

static bool
build(struct ca *ca, const struct issue_request *q, const struct issue_judged *j,
    struct explanation *x, struct err *e)
{
	static const uint8_t no_signature[64];
	struct cert_spec spec;
	struct draft d = { 0 };
	struct buf tbs, der;

	buf_init(&d.alg, KIB(1));
	buf_init(&d.subject, KIB(1));
	buf_init(&tbs, TBS_MAX);
	buf_init(&der, CERT_MAX);
	const bool ok = fill_spec(ca, q, j, &d, &spec, e) &&
			cert_build_tbs(&spec, &tbs, e) &&
			cert_assemble(buf_bytes(&tbs), spec.sig_alg,
			    bytes_of(no_signature, sizeof(no_signature)), &der, e) &&
			cert_parse(buf_bytes(&der), &x->cert, e);
	if (ok) {
		x->text = text_of(buf_bytes(&der));
		lint_certificate(x->cert,
		    j->profile->strict_lint ? LINT_STRICT : LINT_NORMAL, &x->lints);
	}
	draft_free(&d);
	buf_free(&tbs);
	buf_free(&der);
	return ok;
}

bool
explain(struct ca *ca, const struct issue_request *q, struct explanation *ret,
    struct verdict *v, struct err *e)
{
	struct explanation x = { 0 };
	struct issue_judged j;
	struct err why;

	if (q->csr != NULL) {
		const bool verifies = csr_verify(q->csr, &why);

		issue_judge_signature(verifies ? NULL : why.detail, v);
	}
	if (!issue_judge(ca, q, &j, v, e))
		return false;
	x.profile = j.profile;
	x.issuer = j.issuer;
	x.allowed = verdict_ok(v, &why);
	if (x.allowed && !build(ca, q, &j, &x, e)) {
		explain_free(&x);
		return false;
	}
	/* What blocks the signer blocks here too. */
	x.allowed = x.allowed && x.lints.refused == 0;
	*ret = x;
	return true;
}
