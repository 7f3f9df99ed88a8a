/* SPDX-License-Identifier: Apache-2.0 */
/* issue - a CSR becomes a certificate, if grant and profile let it. */
#ifndef CA_ISSUE_H
#define CA_ISSUE_H

#include "ca/caller.h"
#include "policy/verdict.h"
#include "x509/csr.h"

struct certificate_row;
struct note_once;

struct issue_request {
	const struct identity *who;
	const struct certificate_row
	    *row; /* what is stored of his certificate; or NULL */
	const char *profile;
	const struct csr *csr;     /* NULL: unreadable, 'v' says so already */
	const struct names *names; /* NULL: those of the CSR */
	bool names_bad;            /* unreadable, 'v' says so already */
	int64_t validity_s;        /* 0: the profile's default */
	/* Exactly so, instead (policy/profile.h); 0: not asked for.  past_s 0: as for signing */
	int64_t not_before, not_after, past_s;
	const char *request_id;
	struct bytes note;            /* JSON or empty; with room for: */
	const struct note_once *once; /* the same request again gets it; NULL: not */
	bool internal; /* the daemon's own: internal profiles are allowed */
	bool renewal;  /* by the right to renew (ca/renew) */
};

struct issue_result {
	const struct cert *cert;
	const struct ca_issuer *issuer;
	const char *profile;
	int64_t renew_at; /* two thirds of what is left of its life when it is issued */
	struct strings notes; /* what was cut, in words; none when it is told again */
};

/* Exactly one of 'r' and 'e' is not NULL.  Both are borrowed for the call. */
typedef void issue_done(void *arg, const struct issue_result *r, const struct err *e);

/*
 * Judges the request and sends it to the signer.  False: refused, with every
 * rule that failed in 'v' and 'done' never called.  True: 'done' will be called.
 * 'v' may bring rows: what was said of the request while it was read.
 */
MUST_CHECK bool issue_start(struct ca *ca, const struct issue_request *q,
    issue_done *done, void *arg, struct verdict *v, struct err *e);

/* Is a certificate for this key being asked for?  No row knows of it before the answer. */
bool issue_is_asked(const struct ca *ca, struct bytes spki);

/* When a client should come again: at two thirds of the life. */
int64_t issue_renew_at(const struct cert *c, int64_t issued_at);

#endif
