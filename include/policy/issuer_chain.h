/* SPDX-License-Identifier: Apache-2.0 */
/* issuer_chain - the way from an issuer's certificate up to the root. */
#ifndef POLICY_ISSUER_CHAIN_H
#define POLICY_ISSUER_CHAIN_H

#include "x509/cert.h"

#define ISSUER_CHAIN_MAX                                                               \
	8 /* CA certificates from an issuer to the root, both counted */

struct issuer_chain_file { /* an issuer's certificates, to be freed with cert_free() */
	const char *name;
	struct cert *v[1 + ISSUER_CHAIN_MAX]; /* its own, then others in any order */
	size_t n;
};

struct issuer_chain { /* from an issuer up to the root, both in it */
	const struct cert *v[ISSUER_CHAIN_MAX];
	size_t n;
};

/*
 * The chain of the issuer 'k' of 'all', the first of which is the root: each signature
 * and path length is verified.  Those between are looked for by name in its own file,
 * then among the issuers.  ERR_CONFLICT: it does not lead there; ERR_MALFORMED.
 */
MUST_CHECK bool issuer_chain_make(const struct issuer_chain_file *all, size_t n_all,
    size_t k, struct issuer_chain *ret, struct err *e);
/* Is this certificate one of the chain's, octet for octet? */
bool issuer_chain_has(const struct issuer_chain *chain, const struct cert *c);

#endif
