/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stranger - a certificate authority made and judged by GnuTLS alone, to sign
 * what our builders build and to say what it thinks of it.
 */
#ifndef UNIT_STRANGER_H
#define UNIT_STRANGER_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/buf.h"

struct stranger {
	gnutls_privkey_t key;
	gnutls_x509_crt_t crt;
	struct buf der;      /* the certificate */
	struct buf dn, spki; /* whole Name, whole SubjectPublicKeyInfo */
	uint8_t key_id[20], key_id_sha1[20];
	struct bytes sig_alg; /* static */
};

/* 'pk' is GNUTLS_PK_ECDSA, GNUTLS_PK_RSA or GNUTLS_PK_EDDSA_ED25519. */
struct stranger *stranger_new(gnutls_pk_algorithm_t pk);
void stranger_free(struct stranger *s);
/* Appends a signature over 'data' to 'ret'. */
void stranger_sign(const struct stranger *s, struct bytes data, struct buf *ret);
gnutls_datum_t stranger_datum(struct bytes b);

#endif
