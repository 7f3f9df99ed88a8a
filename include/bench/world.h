/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world - what the modes ask with and about: places, credentials, requests made
 * beforehand, certificates whose status is asked.
 */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include "bench/proof.h"
#include "bench/talk.h"

#define WORLD_NONCE_LEN 32

struct world_status { /* a certificate whose status is asked */
	struct serial serial;
	struct buf plain,
	    nonced; /* OCSPRequest; the second with a nonce to be overwritten */
	size_t nonce_at;
	char *path; /* of the GET */
};

struct world {
	struct talk_place api, plain; /* where they are not known, host is NULL */
	gnutls_certificate_credentials_t cred,
	    anyone;    /* with and without a certificate */
	char *profile; /* by which is signed */
	struct stock stock;
	struct proof *proof;
	struct world_status *status;
	size_t n_status;
	char *ocsp_path, *crl_path; /* "/ocsp", "/crl/main.crl" */
	void *own;                  /* of whoever has further modes */
};

void world_free(struct world *w); /* what is inside, but 'own' */

/* 'roots' is the PEM file that is trusted; 'cert' and 'key' may be NULL. */
MUST_CHECK bool world_trust(struct world *w, const char *roots, const char *cert,
    const char *key, struct err *e);
/* Adds a certificate of proof_issuer() whose status is asked; 'ocsp_path' must be set. */
MUST_CHECK bool world_add_status(struct world *w, const struct serial *s,
    struct err *e);

/*
 * Asks one thing and waits, at most ten seconds, for the answer's body: for what
 * is made ready beforehand.  ERR_UNAVAILABLE where its status is not 'status'.
 */
MUST_CHECK bool world_ask(const struct talk_place *place,
    gnutls_certificate_credentials_t cred, struct bytes request, int status,
    struct buf *ret, struct err *e);

#endif
