/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of proof share. */
#ifndef BENCH_PROOF_IMPL_H
#define BENCH_PROOF_IMPL_H

#include <gnutls/x509.h>

#include "bench/proof.h"

#define PROOF_ISSUERS_MAX 16

struct proof {
	gnutls_x509_trust_list_t roots;
	struct cert *issuers[PROOF_ISSUERS_MAX]; /* each leads to a root */
	size_t n_issuers;
	struct serial *serials; /* a hash table; n 0: free */
	size_t n_serials, cap_serials;
	struct cert
	    *responder; /* who signed the last OCSP answer and may; NULL: the issuer */
};

static inline gnutls_datum_t
proof_datum(struct bytes b)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)b.p, (unsigned)b.n };
}

#endif
