/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acme_challenge - validations: asked of the prober, tried again, taken up after a restart
 * (RFC 8555 7.5.1, 8).
 */
#ifndef CA_ACME_CHALLENGE_H
#define CA_ACME_CHALLENGE_H

#include "ca/acme_order.h"

/* Called once when the validation has ended, or after 'wait_ms' while it goes on. */
typedef void acme_challenge_done(void *arg);

/*
 * PENDING -> PROCESSING, and the prober is asked.  One that is processing already is let be.
 * 'done' is called in each case where true is returned.
 * ERR_MALFORMED: it is invalid, or its authorization is no longer pending.  ERR_RATE_LIMITED.
 */
MUST_CHECK bool acme_challenge_begin(struct ca *ca, const struct acme_account *account,
    const struct conf_profile *directory, const struct acme_authz *authz,
    const struct acme_challenge *c, int64_t wait_ms, acme_challenge_done *done,
    void *arg, struct err *e);
/* What was under way at a stop. */
void acme_challenge_resume(struct ca *ca);

/* A check without an order, for "hanaper acme test": 'done' gets what the prober said. */
struct msg_probed;
typedef void acme_challenge_tested(void *arg, const struct msg_probed *m,
    const struct err *e);
MUST_CHECK bool acme_challenge_test(struct ca *ca, const struct conf_profile *directory,
    const struct name *name, enum challenge type, acme_challenge_tested *done,
    void *arg, struct err *e);

extern const struct msg_rule acme_challenge_rules[]; /* prober -> core; ctx is the ca */

#endif
