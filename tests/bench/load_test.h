/* SPDX-License-Identifier: Apache-2.0 */
/* load_test - what the benchmark asks beyond what operators ask, of Hanaper and of its peers. */
#ifndef BENCH_LOAD_TEST_H
#define BENCH_LOAD_TEST_H

#include "bench/modes.h"

struct load_test {              /* a struct world's 'own' */
	struct serial *serials; /* to be revoked, each once */
	size_t n_serials;
	char **tokens; /* each counts TOKEN_USES times */
	size_t n_tokens;
	struct key *account; /* of ACME: one for all connections */
	struct buf jwk;
	char *thumbprint;
	char *new_nonce, *new_account, *new_order; /* URLs of the directory */
};

#define TOKEN_USES 1000

extern const struct load_mode
    load_test_modes[]; /* ends with a row whose name is NULL */

/* Renewal: a certificate for each connection, which it presents. */
MUST_CHECK bool load_test_renew(struct world *w, size_t n,
    gnutls_certificate_credentials_t *ret, const char *roots, struct err *e);
MUST_CHECK bool load_test_tokens(struct world *w, size_t n, struct err *e);

/* ---- ACME ---- */

MUST_CHECK bool load_test_account(struct load_test *t, struct err *e);
bool load_acme_begin(struct load_conn *c, struct err *e);
enum load_next load_acme_answer(struct load_conn *c, const struct reply *r,
    struct err *e);
/* Reads the directory at that path. */
MUST_CHECK bool load_test_directory(struct world *w, const char *path, struct err *e);
/* Appends a JWS; 'kid' NULL: the key itself; 'payload' NULL: POST-as-GET. */
MUST_CHECK bool load_acme_jws(const struct load_test *t, const char *url,
    const char *nonce, const char *kid, const char *payload, struct buf *ret,
    struct err *e);

/* Threads of the near end: each name is 127.0.0.1; each token's answer is there.  Port 0: none. */
MUST_CHECK bool load_near_dns(unsigned port, struct err *e);
MUST_CHECK bool load_near_http(unsigned port, const char *thumbprint, struct err *e);

#endif
