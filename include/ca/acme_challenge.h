/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acme_challenge - validations: asked of the prober, tried again, taken up after a
 * restart (RFC 8555 7.5.1, 8).
 */
#ifndef CA_ACME_CHALLENGE_H
#define CA_ACME_CHALLENGE_H

#include "ca/acme_order.h"
#include "ipc/msg_probe.h"

/* The validation has ended, or goes on after the time that was waited; once. */
typedef void acme_challenge_done(void *arg);

struct acme_challenge_ask {
	const struct acme_account *account;
	const struct conf_profile *directory;
	const struct acme_authz *authz;
	const struct acme_challenge *challenge;
	const char *request_id;
	int64_t wait_ms;
};

/*
 * PENDING -> PROCESSING, and the prober is asked.  One that is processing or valid
 * already is let be.  'done' is called where true is returned, in this round or later.
 * ERR_MALFORMED: challenge or authorization has ended.  ERR_RATE_LIMITED.
 */
MUST_CHECK bool acme_challenge_begin(struct ca *ca, const struct acme_challenge_ask *q,
    acme_challenge_done *done, void *arg, struct err *e);
/* Is it being validated?  Its row may still say PENDING. */
bool acme_challenge_is_running(const struct ca *ca, int64_t challenge_num);
/* Before somebody is told: those of its challenges are in PROCESSING, the rows too. */
MUST_CHECK bool acme_challenge_tell(struct ca *ca, struct acme_authz *a, struct err *e);
/* A round was undone: nobody knows any more whose rows say PROCESSING. */
void acme_challenge_undone(struct ca *ca);
/* What was under way at a stop begins again. */
void acme_challenge_resume(struct ca *ca);
/* Nobody waits any more. */
void acme_challenge_stop(struct ca *ca);

/* Does somebody wait, or a check go on, from before this question to the prober? */
bool acme_challenge_any_until(const struct ca *ca, uint64_t id);

/* What the prober said to a check without an order; 'm' is borrowed. */
typedef void acme_challenge_tested(void *arg, const struct msg_probed *m);
/* For "hanaper acme test".  ERR_MALFORMED, ERR_UNAVAILABLE. */
MUST_CHECK bool acme_challenge_test(struct ca *ca, const struct conf_profile *directory,
    const struct name *name, enum challenge type, acme_challenge_tested *done,
    void *arg, struct err *e);

/* By which core's loop receives from the prober; ctx is the ca. */
extern const struct msg_rule acme_challenge_rules[];

#endif
