/* SPDX-License-Identifier: Apache-2.0 */
/* made - a leaf that is right in all, for the lints; its signature is none. */
#ifndef POLICY_MADE_H
#define POLICY_MADE_H

#include "key/key.h"
#include "policy_data.h"
#include "x509/cert.h"

#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

/* A leaf that is right in all, and what it was made of. */
struct made {
	struct key *key;
	struct buf issuer, subject, der;
	struct spki spki;
	uint8_t key_id[20], issuer_key_id[20];
	struct names names;
	struct cert_spec spec;
	struct cert *cert;
};

void made_spec(struct made *m, enum key_alg alg);
/* Turns what made_spec() gave into that of an OCSP responder; of a CA. */
void made_responder(struct made *m);
void made_ca(struct made *m, int path_len);
/* Builds, wraps with no real signature, reads back. */
void made_build(struct made *m);
/* Wraps 'tbs' likewise.  Its octets are in m->der, and nothing is read back. */
void made_wrap(struct made *m, struct bytes tbs);
/* Changes octets of the certificate that was read, in place; both as hex of one length. */
void made_patch(struct made *m, const char *from, const char *to);
void made_free(struct made *m);

#endif
