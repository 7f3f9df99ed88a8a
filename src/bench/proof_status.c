/* SPDX-License-Identifier: Apache-2.0 */
/* OCSP answers and CRLs. */
#include <gnutls/ocsp.h>
#include <string.h>

#include "base/clock.h"
#include "proof_impl.h"

#define SKEW_S 300

/* RFC 6960 4.2.1: what is signed, and the parts that are not needed by name. */
struct answer {
	struct bytes data, sig_alg, sig, cert; /* 'cert' empty: none is there */
};

static bool
read_basic(struct bytes der, struct answer *ret, struct err *e)
{
	struct der seq, data, alg, sig, certs, list;
	bool there;

	if (!der_whole(der, DER_SEQUENCE, &seq, e) ||
	    !der_expect(&seq.body, DER_SEQUENCE, &data, e) ||
	    !der_expect(&seq.body, DER_SEQUENCE, &alg, e) ||
	    !der_expect(&seq.body, DER_BIT_STRING, &sig, e) ||
	    !der_get_bits(sig.body, &ret->sig, e) ||
	    !der_optional(&seq.body, DER_CONTEXT_CONSTRUCTED(0), &certs, &there, e))
		return false;
	ret->data = data.whole;
	ret->sig_alg = alg.whole;
	ret->cert = (struct bytes){ 0 };
	if (there) {
		struct der cert;

		if (!der_whole(certs.body, DER_SEQUENCE, &list, e) ||
		    !der_expect(&list.body, DER_SEQUENCE, &cert, e))
			return false;
		ret->cert = cert.whole;
	}
	return true;
}

static bool
read_answer(struct bytes der, struct answer *ret, struct err *e)
{
	struct der seq, status, outer, inner, oid, octets;

	if (!der_whole(der, DER_SEQUENCE, &seq, e) ||
	    !der_expect(&seq.body, DER_ENUMERATED, &status, e))
		return false;
	if (status.body.n != 1 || status.body.p[0] != 0)
		return err_set(e, ERR_UNAVAILABLE, "the responder's status is %u",
		    status.body.n > 0 ? status.body.p[0] : 0U);
	return der_expect(&seq.body, DER_CONTEXT_CONSTRUCTED(0), &outer, e) &&
	       der_whole(outer.body, DER_SEQUENCE, &inner, e) &&
	       der_expect(&inner.body, DER_OID, &oid, e) &&
	       der_expect(&inner.body, DER_OCTET_STRING, &octets, e) &&
	       read_basic(octets.body, ret, e);
}

/* GnuTLS judges whether who signed may: asked when somebody new has signed. */
static bool
meet_responder(struct proof *p, struct bytes der, const struct answer *a, struct err *e)
{
	const gnutls_datum_t in = proof_datum(der),
			     issuer_der = proof_datum(buf_bytes(&p->issuers[0]->der));
	gnutls_x509_crt_t issuer = NULL;
	gnutls_ocsp_resp_t resp = NULL;
	unsigned found = 0;
	bool ok =
	    gnutls_x509_crt_init(&issuer) >= 0 &&
	    gnutls_x509_crt_import(issuer, &issuer_der, GNUTLS_X509_FMT_DER) >= 0 &&
	    gnutls_ocsp_resp_init(&resp) >= 0 &&
	    gnutls_ocsp_resp_import(resp, &in) >= 0 &&
	    gnutls_ocsp_resp_verify_direct(resp, issuer, &found, 0) >= 0 && found == 0;

	if (resp != NULL)
		gnutls_ocsp_resp_deinit(resp);
	if (issuer != NULL)
		gnutls_x509_crt_deinit(issuer);
	if (!ok)
		return err_set(e, ERR_MALFORMED,
		    "neither the issuer nor its responder has signed the OCSP answer");
	cert_free(p->responder);
	p->responder = NULL;
	return a->cert.n == 0 || cert_parse(a->cert, &p->responder, e);
}

static bool
has(struct bytes in, struct bytes what)
{
	return what.n == 0 || memmem(in.p, in.n, what.p, what.n) != NULL;
}

bool
proof_ocsp(struct proof *p, struct bytes der, const struct serial *about,
    struct bytes nonce, struct err *e)
{
	struct answer a;

	if (p->n_issuers == 0)
		return err_set(e, ERR_NOT_FOUND, "no issuer is known");
	if (!read_answer(der, &a, e))
		return false;
	if (!has(a.data, serial_bytes(about)) || !has(a.data, nonce))
		return err_set(e, ERR_MALFORMED,
		    "the OCSP answer is about something else");
	if (p->responder == NULL || !bytes_eq(a.cert, buf_bytes(&p->responder->der)))
		return meet_responder(p, der, &a, e);
	return spki_verify(&p->responder->key, a.sig_alg, a.data, a.sig, e);
}

bool
proof_crl(struct proof *p, struct bytes der, struct err *e)
{
	const gnutls_datum_t in = proof_datum(der);
	gnutls_x509_crl_t crl = NULL;
	gnutls_x509_crt_t issuer = NULL;
	unsigned found = 0;
	bool ok = false;

	if (p->n_issuers == 0)
		return err_set(e, ERR_NOT_FOUND, "no issuer is known");
	const gnutls_datum_t by = proof_datum(buf_bytes(&p->issuers[0]->der));
	if (gnutls_x509_crl_init(&crl) < 0 || gnutls_x509_crt_init(&issuer) < 0)
		err_set(e, ERR_INTERNAL, "GnuTLS gave no handle");
	else if (gnutls_x509_crl_import(crl, &in, GNUTLS_X509_FMT_DER) < 0 ||
		 gnutls_x509_crt_import(issuer, &by, GNUTLS_X509_FMT_DER) < 0)
		err_set(e, ERR_MALFORMED, "what came is no CRL");
	else if (gnutls_x509_crl_verify(crl, &issuer, 1, 0, &found) < 0 || found != 0)
		err_set(e, ERR_MALFORMED,
		    "the CRL is not the issuer's, or not of this time");
	else
		ok = true;
	if (crl != NULL)
		gnutls_x509_crl_deinit(crl);
	if (issuer != NULL)
		gnutls_x509_crt_deinit(issuer);
	return ok;
}
