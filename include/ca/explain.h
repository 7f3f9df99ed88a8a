/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain - what would happen to a request, by the very judge that issues, and
 * what would be signed: the certificate as the signer would build it, with a
 * serial and a signature that stand for those that only the signer can give.
 */
#ifndef CA_EXPLAIN_H
#define CA_EXPLAIN_H

#include "ca/issue.h"

struct explanation {
	bool allowed;
	struct cert *cert; /* what would be signed; NULL: nothing */
	const struct conf_profile *profile;
	const struct ca_issuer *issuer;
	char *text;           /* the certificate for people */
	struct verdict lints; /* of the certificate: rows of policy/lint.h */
};

/*
 * Judges; adds the rows to 'v', "csr.signature" among them.  False: nothing can be
 * told, the database failed.
 */
MUST_CHECK bool explain(struct ca *ca, const struct issue_request *q,
    struct explanation *ret, struct verdict *v, struct err *e);
void explain_free(struct explanation *x); /* what is inside */

/* The row of who is asking; 'why' NULL: he counts. */
void explain_identity(const char *who, const struct err *why, struct verdict *v);

#endif
