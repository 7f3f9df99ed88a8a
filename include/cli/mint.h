/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mint - certificates that the command itself signs, where the CA's keys are at hand
 * and no daemon runs: those of "init" and "rotate".
 */
#ifndef CLI_MINT_H
#define CLI_MINT_H

#include "key/key.h"
#include "x509/cert.h"

#define MINT_CA_BACKDATE_S 3600 /* for clients whose clock is slow (P9) */

struct mint { /* one certificate; what 'spec' borrows is here */
	struct cert_spec spec;
	struct buf dn; /* of its subject, to be filled before mint_begin() */
	struct buf constraints;
	uint8_t key_id[20];
	struct names names;
	char *crl_url, *ocsp_url, *issuer_url;
};

void mint_init(struct mint *m);
void mint_free(struct mint *m);

/* What every certificate has: serial, subject, key, times (P8).  'key' is borrowed. */
MUST_CHECK bool mint_begin(struct mint *m, const struct key *key, int64_t now,
    int64_t not_before, int64_t validity_s, struct err *e);
/* What it says of the one that signs it; 'issuer' is that one's name in URLs. */
void mint_signed_by(struct mint *m, const char *url_public, const char *issuer,
    const struct cert *cert);
/* A CA's: usages, and how long a path may be below it (P19, P21). */
void mint_ca(struct mint *m, int path_len);
/* Built, signed, and judged by the lints before anybody sees it. */
MUST_CHECK bool mint_sign(struct mint *m, const struct key *by, struct cert **ret,
    struct err *e);

#endif
