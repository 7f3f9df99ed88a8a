/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof - what a CA answered, held against what was asked: does the certificate's
 * chain lead to the root, are names and key those of the request, was its serial
 * ever seen before; is the OCSP answer or the CRL the issuer's word.
 */
#ifndef BENCH_PROOF_H
#define BENCH_PROOF_H

#include "bench/stock.h"
#include "x509/cert.h"

struct proof;

/* 'roots' is PEM text.  ERR_MALFORMED. */
MUST_CHECK bool proof_new(struct bytes roots, struct proof **ret, struct err *e);
void proof_free(struct proof *p); /* NULL is fine */
/*
 * A certificate that issues, and leads to a root: for answers without it, for OCSP
 * and CRLs.  PEM or DER; of several the first counts.
 */
MUST_CHECK bool proof_add_issuer(struct proof *p, struct bytes in, struct err *e);
/* The issuer that was added first; NULL: none. */
const struct cert *proof_issuer(const struct proof *p);

/*
 * A leaf as PEM, its intermediates behind it or known.  'ret', if not NULL, is
 * the leaf, cert_free() it.  ERR_MALFORMED says what is not as it must be.
 */
MUST_CHECK bool proof_certificate(struct proof *p, struct bytes pem,
    const struct stock_item *asked, struct cert **ret, struct err *e);

/* An OCSP answer of status good (or revoked) about this serial; 'nonce' empty: none was sent. */
MUST_CHECK bool proof_ocsp(struct proof *p, struct bytes der,
    const struct serial *about, struct bytes nonce, struct err *e);

/* A CRL that the issuer signed and that is in its time. */
MUST_CHECK bool proof_crl(struct proof *p, struct bytes der, struct err *e);

#endif
