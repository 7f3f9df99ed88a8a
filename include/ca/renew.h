/* SPDX-License-Identifier: Apache-2.0 */
/* renew - a certificate is followed by another with the same names and profile. */
#ifndef CA_RENEW_H
#define CA_RENEW_H

#include "ca/issue.h"

struct renew_request {
	const struct identity *who; /* whose certificate is the one to be renewed … */
	const struct certificate_row *row; /* … and what is stored of it; or NULL */
	const struct csr *csr;             /* with the same key or another */
	int64_t validity_s;                /* 0: the profile's default */
	const char *request_id;
	const struct note_once *once; /* as of an issue_request */
};

/*
 * As issue_start(), by the right to renew.  What was noted with the certificate
 * goes over to the new one.  ERR_UNAUTHENTICATED: no certificate was presented;
 * ERR_POLICY: other names, or no such profile any more; ERR_NOT_RENEWABLE: it
 * descends from a compromised key, is being revoked, or its lineage is too old (S8).
 */
MUST_CHECK bool renew_start(struct ca *ca, const struct renew_request *q,
    issue_done *done, void *arg, struct verdict *v, struct err *e);

#endif
