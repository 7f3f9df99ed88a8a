/* SPDX-License-Identifier: Apache-2.0 */
/* paper_ca - a CA for tests, made by GnuTLS: it signs whatever it is told to. */
#ifndef TESTS_PAPER_CA_H
#define TESTS_PAPER_CA_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/buf.h"

#define PAPER_DAY  86400
#define PAPER_P256 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1)

struct paper_ca {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	struct buf pem;
};

struct paper_leaf {
	const char *cn;
	const char *purpose; /* OID or NULL */
	int64_t from, to;    /* from now, seconds */
	bool is_ca;
	gnutls_pk_algorithm_t alg; /* 0: ECDSA */
	unsigned bits;
};

void paper_ca_make(struct paper_ca *c, const char *cn);
/* Below another, for so many seconds. */
void paper_ca_below(struct paper_ca *c, const struct paper_ca *by, const char *cn,
    int64_t s);
/* The same, for DNS names below 'domain' alone. */
void paper_ca_narrow(struct paper_ca *c, const struct paper_ca *by, const char *cn,
    const char *domain);
void paper_ca_free(struct paper_ca *c);
gnutls_x509_privkey_t paper_key(gnutls_pk_algorithm_t alg, unsigned bits);
/* 'by' NULL: self-signed. */
gnutls_x509_crt_t paper_sign(const struct paper_ca *by, const struct paper_leaf *l,
    gnutls_x509_privkey_t key);
gnutls_x509_crt_t paper_sign_dns(const struct paper_ca *by, const struct paper_leaf *l,
    gnutls_x509_privkey_t key, const char *dns);
void paper_pem(gnutls_x509_crt_t crt, struct buf *ret);
/* A server's certificate for a PKCS #10 request in DER, whose signature is checked. */
void paper_certify(const struct paper_ca *ca, struct bytes csr, const char *cn,
    struct buf *ret_pem);

#endif
