/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issue_judge - what grant, profile, issuer and database say of a request.
 *
 * One judge for issuing, renewing and explaining, so that what explain tells is
 * what happens.  The CSR's own signature is the signer's to verify.
 */
#ifndef CA_ISSUE_JUDGE_H
#define CA_ISSUE_JUDGE_H

#include "ca/issue.h"

struct issue_judged {
	const struct conf_profile *profile; /* NULL: there is none that may be used */
	const struct ca_issuer *issuer;     /* NULL with it */
	const struct names *names;          /* NULL: they could not be read */
	int64_t not_before, not_after;      /* 0: refused */
	char cn[65];
	bool descends; /* by the key of another certificate alone (ca/descent.h) */
};

/*
 * Adds a row for every rule that can be evaluated: where profile, CSR or names
 * are missing, the rules about the rest.  False: the database failed; whether the
 * request may pass is verdict_ok().
 */
MUST_CHECK bool issue_judge(struct ca *ca, const struct issue_request *q,
    struct issue_judged *ret, struct verdict *v, struct err *e);

/* The row "csr.signature": 'why' it does not verify, NULL when it does. */
void issue_judge_signature(const char *why, struct verdict *v);

#endif
