/* SPDX-License-Identifier: Apache-2.0 */
#include "paper_ca.h"

#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

gnutls_x509_privkey_t
paper_key(gnutls_pk_algorithm_t alg, unsigned bits)
{
	gnutls_x509_privkey_t key;

	cr_assert_eq(gnutls_x509_privkey_init(&key), 0);
	cr_assert_eq(gnutls_x509_privkey_generate(key, alg, bits, 0), 0);
	return key;
}

static unsigned char next_serial = 1;

static gnutls_x509_crt_t
fill(const struct paper_leaf *l, gnutls_x509_privkey_t key)
{
	gnutls_x509_crt_t crt;
	const time_t now = time(NULL);

	cr_assert_eq(gnutls_x509_crt_init(&crt), 0);
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_serial(crt, &next_serial, 1);
	next_serial++;
	gnutls_x509_crt_set_activation_time(crt, now + l->from);
	gnutls_x509_crt_set_expiration_time(crt, now + l->to);
	gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, l->cn,
	    (unsigned)strlen(l->cn));
	gnutls_x509_crt_set_key(crt, key);
	gnutls_x509_crt_set_basic_constraints(crt, l->is_ca, -1);
	gnutls_x509_crt_set_key_usage(crt,
	    GNUTLS_KEY_DIGITAL_SIGNATURE |
		(l->is_ca ? GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN : 0u));
	if (l->purpose != NULL)
		gnutls_x509_crt_set_key_purpose_oid(crt, l->purpose, 0);
	return crt;
}

static gnutls_x509_crt_t
sign(gnutls_x509_crt_t crt, const struct paper_ca *by, gnutls_x509_privkey_t key)
{
	cr_assert_eq(gnutls_x509_crt_sign2(crt, by != NULL ? by->crt : crt,
			 by != NULL ? by->key : key, GNUTLS_DIG_SHA256, 0),
	    0);
	return crt;
}

gnutls_x509_crt_t
paper_sign(const struct paper_ca *by, const struct paper_leaf *l,
    gnutls_x509_privkey_t key)
{
	return sign(fill(l, key), by, key);
}

gnutls_x509_crt_t
paper_sign_dns(const struct paper_ca *by, const struct paper_leaf *l,
    gnutls_x509_privkey_t key, const char *dns)
{
	gnutls_x509_crt_t crt = fill(l, key);

	gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, dns,
	    (unsigned)strlen(dns), GNUTLS_FSAN_SET);
	return sign(crt, by, key);
}

void
paper_pem(gnutls_x509_crt_t crt, struct buf *ret)
{
	gnutls_datum_t pem;

	cr_assert_eq(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem), 0);
	buf_put(ret, bytes_of(pem.data, pem.size));
	gnutls_free(pem.data);
}

static void
make(struct paper_ca *c, const struct paper_ca *by, const char *cn, int64_t to,
    const char *domain)
{
	const struct paper_leaf l = { .cn = cn,
		.from = -PAPER_DAY,
		.to = to,
		.is_ca = true };
	gnutls_x509_name_constraints_t nc;

	c->key = paper_key(GNUTLS_PK_ECDSA, PAPER_P256);
	c->crt = fill(&l, c->key);
	if (domain != NULL) {
		const gnutls_datum_t name = { (unsigned char *)(uintptr_t)domain,
			(unsigned)strlen(domain) };

		cr_assert_eq(gnutls_x509_name_constraints_init(&nc), 0);
		cr_assert_eq(gnutls_x509_name_constraints_add_permitted(nc,
				 GNUTLS_SAN_DNSNAME, &name),
		    0);
		cr_assert_eq(gnutls_x509_crt_set_name_constraints(c->crt, nc, 1), 0);
		gnutls_x509_name_constraints_deinit(nc);
	}
	sign(c->crt, by, c->key);
	buf_init(&c->pem, KIB(8));
	paper_pem(c->crt, &c->pem);
}

void
paper_ca_make(struct paper_ca *c, const char *cn)
{
	make(c, NULL, cn, PAPER_DAY, NULL);
}

void
paper_ca_below(struct paper_ca *c, const struct paper_ca *by, const char *cn, int64_t s)
{
	make(c, by, cn, s, NULL);
}

void
paper_ca_narrow(struct paper_ca *c, const struct paper_ca *by, const char *cn,
    const char *domain)
{
	make(c, by, cn, PAPER_DAY, domain);
}

void
paper_ca_free(struct paper_ca *c)
{
	gnutls_x509_privkey_deinit(c->key);
	gnutls_x509_crt_deinit(c->crt);
	buf_free(&c->pem);
}

void
paper_certify(const struct paper_ca *ca, struct bytes csr, const char *cn,
    struct buf *ret_pem)
{
	const gnutls_datum_t der = { (unsigned char *)(uintptr_t)csr.p,
		(unsigned)csr.n };
	gnutls_x509_crq_t crq;
	gnutls_x509_crt_t crt;

	gnutls_x509_crq_init(&crq);
	cr_assert_eq(gnutls_x509_crq_import(crq, &der, GNUTLS_X509_FMT_DER), 0);
	cr_assert_eq(gnutls_x509_crq_verify(crq, 0), 0, "it proves possession");
	gnutls_x509_crt_init(&crt);
	gnutls_x509_crt_set_crq(crt, crq);
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_serial(crt, &next_serial, 1);
	next_serial++;
	gnutls_x509_crt_set_activation_time(crt, time(NULL) - 60);
	gnutls_x509_crt_set_expiration_time(crt, time(NULL) + PAPER_DAY);
	gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, cn,
	    (unsigned)strlen(cn));
	gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, "localhost", 9,
	    GNUTLS_FSAN_SET);
	cr_assert_eq(gnutls_x509_crt_sign2(crt, ca->crt, ca->key, GNUTLS_DIG_SHA256, 0),
	    0);
	paper_pem(crt, ret_pem);
	gnutls_x509_crq_deinit(crq);
	gnutls_x509_crt_deinit(crt);
}
