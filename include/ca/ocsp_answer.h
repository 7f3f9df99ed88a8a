/* SPDX-License-Identifier: Apache-2.0 */
/* ocsp_answer - the status of certificates, told under the responder's signature (RFC 6960). */
#ifndef CA_OCSP_ANSWER_H
#define CA_OCSP_ANSWER_H

#include "ca/ca.h"

struct ocsp_answer {
	struct bytes response; /* OCSPResponse; borrowed for the call */
	bool cacheable;        /* successful, and without nonce */
	int64_t produced_at, next_update;
	/* produced_at; 0: another answer may have said otherwise in the same second. */
	int64_t modified_at;
	struct bytes tag; /* under which front may keep it; empty: it may not */
};

typedef void ocsp_answer_done(void *arg, const struct ocsp_answer *a);

/* 'done' is called once, perhaps before this returns: OCSP always has an answer (P81). */
void ocsp_answer_start(struct ca *ca, struct bytes request, ocsp_answer_done *done,
    void *arg);

/*
 * The status of this certificate is another one from here on: what was kept of it is
 * forgotten, and what is just being signed of it is not kept.
 */
void ocsp_answer_forget(struct ca *ca, struct bytes issuer,
    const struct serial *serial);
/* The same for all that was ever answered. */
void ocsp_answer_forget_all(struct ca *ca);

#endif
