/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/proof.h"

#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "codec/pem.h"
#include "proof_impl.h"

#define CHAIN_MAX 8 /* certificates of an answer */
#define SKEW_S    300

static bool
read_roots(struct proof *p, struct bytes roots, struct err *e)
{
	const gnutls_datum_t in = proof_datum(roots);

	if (gnutls_x509_trust_list_init(&p->roots, 0) < 0)
		return err_set(e, ERR_INTERNAL, "GnuTLS gave no handle");
	if (gnutls_x509_trust_list_add_trust_mem(p->roots, &in, NULL,
		GNUTLS_X509_FMT_PEM, 0, 0) <= 0)
		return err_set(e, ERR_MALFORMED, "no root certificate is there");
	return true;
}

bool
proof_new(struct bytes roots, struct proof **ret, struct err *e)
{
	struct proof *p = mem_zalloc(sizeof(*p));

	if (!read_roots(p, roots, e)) {
		proof_free(p);
		return false;
	}
	*ret = p;
	return true;
}

void
proof_free(struct proof *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n_issuers; i++)
		cert_free(p->issuers[i]);
	if (p->roots != NULL)
		gnutls_x509_trust_list_deinit(p->roots, 1);
	cert_free(p->responder);
	free(p->serials);
	free(p);
}

const struct cert *
proof_issuer(const struct proof *p)
{
	return p->n_issuers > 0 ? p->issuers[0] : NULL;
}

/* GnuTLS says whether it leads to a root; asked once of each. */
static bool
check_issuer(struct proof *p, const struct cert *c, struct err *e)
{
	const gnutls_datum_t in = proof_datum(buf_bytes(&c->der));
	gnutls_x509_crt_t crt = NULL;
	unsigned found = 0;
	bool ok = false;

	if (gnutls_x509_crt_init(&crt) < 0)
		return err_set(e, ERR_INTERNAL, "GnuTLS gave no handle");
	if (gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_DER) < 0 ||
	    gnutls_x509_trust_list_verify_crt2(p->roots, &crt, 1, NULL, 0, 0, &found,
		NULL) < 0 ||
	    found != 0)
		err_set(e, ERR_MALFORMED, "the issuer's certificate leads to no root");
	else
		ok = true;
	gnutls_x509_crt_deinit(crt);
	return ok;
}

/* Takes 'c'. */
static bool
add_issuer(struct proof *p, struct cert *c, struct err *e)
{
	bool ok;

	if (p->n_issuers == PROOF_ISSUERS_MAX)
		ok = err_set(e, ERR_TOO_LARGE, "more than %d issuers",
		    PROOF_ISSUERS_MAX);
	else if (!c->ca)
		ok = err_set(e, ERR_MALFORMED, "the issuer's certificate is no CA's");
	else
		ok = check_issuer(p, c, e);
	if (ok)
		p->issuers[p->n_issuers++] = c;
	else
		cert_free(c);
	return ok;
}

bool
proof_add_issuer(struct proof *p, struct bytes in, struct err *e)
{
	struct cert *c = NULL;

	return cert_parse_any(in, &c, e) && add_issuer(p, c, e);
}

static bool
knows(const struct proof *p, struct bytes der)
{
	for (size_t i = 0; i < p->n_issuers; i++)
		if (bytes_eq(buf_bytes(&p->issuers[i]->der), der))
			return true;
	return false;
}

/* What stands behind the leaf: issuers, verified when first seen. */
static bool
read_rest(struct proof *p, struct bytes rest, struct err *e)
{
	struct bytes label;
	struct buf der;
	bool ok = true;

	buf_init(&der, CERT_MAX);
	for (unsigned n = 0; ok && n < CHAIN_MAX; n++) {
		struct cert *c = NULL;

		buf_clear(&der);
		if (!pem_next(&rest, &label, &der, e)) {
			ok = e->code == ERR_NOT_FOUND;
			break;
		}
		ok = knows(p, buf_bytes(&der)) ||
		     (cert_parse(buf_bytes(&der), &c, e) && add_issuer(p, c, e));
	}
	buf_free(&der);
	return ok;
}

static bool
check_signature(const struct proof *p, const struct cert *leaf, struct err *e)
{
	for (size_t i = 0; i < p->n_issuers; i++)
		if (bytes_eq(p->issuers[i]->subject_dn, leaf->issuer_dn))
			return spki_verify(&p->issuers[i]->key, leaf->sig_alg,
			    leaf->tbs, leaf->sig, e);
	return err_set(e, ERR_MALFORMED, "the chain lacks the issuer's certificate");
}

static size_t
slot_of(const struct proof *p, const struct serial *s)
{
	uint64_t h = 14695981039346656037U; /* FNV-1a */

	for (size_t i = 0; i < s->n; i++)
		h = (h ^ s->b[i]) * 1099511628211U;
	size_t at = (size_t)h & (p->cap_serials - 1);
	while (p->serials[at].n != 0 && !serial_eq(&p->serials[at], s))
		at = (at + 1) & (p->cap_serials - 1);
	return at;
}

static void
grow(struct proof *p)
{
	struct serial *old = p->serials;
	const size_t n = p->cap_serials;

	p->cap_serials = n > 0 ? 2 * n : 4096;
	p->serials = mem_zarray(p->cap_serials, sizeof(*p->serials));
	for (size_t i = 0; i < n; i++)
		if (old[i].n != 0)
			p->serials[slot_of(p, &old[i])] = old[i];
	free(old);
}

static bool
check_serial(struct proof *p, const struct serial *s, struct err *e)
{
	if (2 * p->n_serials >= p->cap_serials)
		grow(p);
	const size_t at = slot_of(p, s);

	if (p->serials[at].n != 0)
		return err_set(e, ERR_MALFORMED, "this serial number came twice");
	p->serials[at] = *s;
	p->n_serials++;
	return true;
}

static bool
check_leaf(struct proof *p, const struct cert *leaf, const struct stock_item *asked,
    struct err *e)
{
	const int64_t now = clock_now();

	if (!bytes_eq(leaf->key.der, key_spki(asked->key)))
		return err_set(e, ERR_MALFORMED, "the certificate is for another key");
	if (!names_same(&leaf->names, &asked->names))
		return err_set(e, ERR_MALFORMED, "the certificate has other names");
	if (leaf->ca || leaf->not_before > now + SKEW_S || leaf->not_after < now)
		return err_set(e, ERR_MALFORMED,
		    "the certificate is a CA's, or not valid now");
	return check_signature(p, leaf, e) && check_serial(p, &leaf->serial, e);
}

bool
proof_certificate(struct proof *p, struct bytes pem, const struct stock_item *asked,
    struct cert **ret, struct err *e)
{
	struct cert *leaf = NULL;
	struct bytes rest = pem, label;
	struct buf der;

	buf_init(&der, CERT_MAX);
	const bool ok = pem_next(&rest, &label, &der, e) &&
			cert_parse(buf_bytes(&der), &leaf, e) &&
			read_rest(p, rest, e) && check_leaf(p, leaf, asked, e);
	buf_free(&der);
	if (ok && ret != NULL)
		*ret = leaf;
	else
		cert_free(leaf);
	return ok;
}
