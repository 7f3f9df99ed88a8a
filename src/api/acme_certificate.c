/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate of an order, with its chain (RFC 8555 7.4.2). */
#include <stdlib.h>

#include "api/acme_objects.h"
#include "api/acme_order_find.h"
#include "codec/pem.h"
#include "store/store_certificate.h"
#include "x509/cert.h"

#define CHAIN_MAX KIB(256)

/*
 * Chains of a certificate: up to the root without it, and, "1", with it.  What the root
 * itself signed comes with it always: clients fail where there is no second block.
 */
static bool
put_chain(const struct ca *ca, const struct ca_issuer *issuer, bool with_root,
    struct buf *b, struct err *e)
{
	buf_put(b, buf_bytes(&issuer->chain));
	if (with_root)
		buf_put(b, buf_bytes(&ca_issuer_at(ca, 0)->pem));
	return buf_ok(b, "the chain", e);
}

static bool
find_issuer(const struct ca *ca, struct bytes der, const struct ca_issuer **ret,
    struct err *e)
{
	struct cert *cert = NULL;

	if (!cert_parse(der, &cert, e))
		return false;
	*ret = ca_issuer_of(ca, cert);
	cert_free(cert);
	return *ret != NULL ||
	       err_set(e, ERR_NOT_FOUND, "the issuer of the certificate is gone");
}

static bool
read_which(const struct acme *a, bool *ret_alternate, struct err *e)
{
	*ret_alternate = a->params[1].n > 0;
	return !*ret_alternate || bytes_eq_str(a->params[1], "1") ||
	       err_set(e, ERR_NOT_FOUND, "there is no such chain");
}

/* Each of the two names the other. */
static void
link_other(struct acme *a, const struct acme_order *o, bool alternate)
{
	char *url =
	    acme_url(a, alternate ? "/certificate/%s" : "/certificate/%s/1", o->id);

	acme_link(a, "alternate", url);
	free(url);
}

static bool
make(struct acme *a, const struct acme_order *o, struct buf *ret, struct err *e)
{
	struct ca *ca = a->r->ca;
	const struct ca_issuer *issuer;
	bool alternate;
	struct buf der;

	if (!read_which(a, &alternate, e))
		return false;
	if (o->certificate_id == 0)
		return err_set(e, ERR_NOT_FOUND, "the order has no certificate") ||
		       ca_not_found(ca, e);
	buf_init(&der, CERT_MAX);
	bool ok = store_certificate_der(ca_store(ca), o->certificate_id, &der, e) &&
		  find_issuer(ca, buf_bytes(&der), &issuer, e);
	if (ok) {
		const bool by_root = issuer == ca_issuer_at(ca, 0);

		pem_put(ret, "CERTIFICATE", buf_bytes(&der));
		ok = put_chain(ca, issuer, alternate || by_root, ret, e);
		if (ok && !by_root)
			link_other(a, o, alternate);
	}
	buf_free(&der);
	return ok;
}

void
acme_on_certificate(struct acme *a)
{
	struct acme_order o = { 0 };
	struct buf pem;
	struct err e;

	buf_init(&pem, CHAIN_MAX);
	if (acme_order_find(a, &o, &e) && make(a, &o, &pem, &e))
		acme_octets(a, 200, "application/pem-certificate-chain",
		    buf_bytes(&pem));
	else
		acme_problem(a, &e, NULL, NULL);
	store_acme_order_free(&o);
	buf_free(&pem);
}
