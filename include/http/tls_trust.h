/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_trust - the CAs that client certificates come from, and the judgement of
 * what a client shows.
 *
 * Our issuers are anchors as the root is, so for a certificate of ours one
 * signature is verified, whatever chain comes with it.  What was found good is
 * remembered (http/tls_seen.h): that one costs no signature the next time, in a
 * new connection or a resumed one.  The anchors never change.
 *
 * tls_trust_judge() and tls_trust_fits() may be called from any thread.
 */
#ifndef HTTP_TLS_TRUST_H
#define HTTP_TLS_TRUST_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/bytes.h"
#include "base/err.h"

#define TLS_TRUST_CHAIN_MAX    8    /* certificates that a client may send (S67) */
#define TLS_TRUST_KEY_BITS_MAX 8192 /* of its RSA key (S67) */

struct tls_trust;

struct tls_trust_chain { /* as the client sent it, its own first; borrowed */
	const gnutls_datum_t *v;
	unsigned n;
};

struct tls_trust_verdict {
	unsigned status;   /* gnutls_certificate_status_t; 0: good */
	bool servers_only; /* it is not for clientAuth, but for serverAuth */
	bool is_ca;
	int64_t ends_at; /* notAfter */
};

/* ERR_MALFORMED: no certificate in PEM. */
MUST_CHECK bool tls_trust_new(const struct bytes *pem, size_t n, struct tls_trust **ret,
    struct err *e);
void tls_trust_free(struct tls_trust *t); /* NULL is fine */

/* The anchors, for the names that a server tells its clients; borrowed. */
gnutls_x509_crt_t *tls_trust_anchors(const struct tls_trust *t, unsigned *ret_n);

/* Few and small enough that its signatures are verified in a moment (S67, R16, R86)? */
bool tls_trust_fits(struct tls_trust *t, struct tls_trust_chain c);
/* False: it cannot be read or is too much to verify.  'c' has one certificate at least. */
MUST_CHECK bool tls_trust_judge(struct tls_trust *t, struct tls_trust_chain c,
    struct tls_trust_verdict *ret);

#endif
