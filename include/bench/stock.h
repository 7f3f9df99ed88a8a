/* SPDX-License-Identifier: Apache-2.0 */
/* stock - keys and requests for certificates, made before anything is measured. */
#ifndef BENCH_STOCK_H
#define BENCH_STOCK_H

#include "key/key.h"
#include "x509/names.h"

struct stock_item {
	struct key *key;
	struct names names;
	struct buf csr; /* DER */
};

struct stock {
	size_t n;
	struct stock_item *v;
};

/*
 * 'n' of them, ECDSA P-256 each, for "benchN.DOMAIN" and "www.benchN.DOMAIN"; with
 * 'one' for DOMAIN alone.
 */
MUST_CHECK bool stock_make(size_t n, const char *domain, bool one, struct stock *ret,
    struct err *e);
void stock_free(struct stock *s); /* what is inside */

#endif
