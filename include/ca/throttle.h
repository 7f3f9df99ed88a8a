/* SPDX-License-Identifier: Apache-2.0 */
/*
 * throttle - one runaway client does not slow the others (S32): writing
 * requests of one identity, certificates for one set of names, enrolments from
 * one address and by one token, and what refusals leave behind.
 *
 * Who has the right admin is not held back: a person in trouble must get
 * through.
 */
#ifndef CA_THROTTLE_H
#define CA_THROTTLE_H

#include "ca/caller.h"

#define THROTTLE_ADDRESS_LEN 46 /* an address in text, and its NUL */

struct throttle;

/* What throttle_names() took; zeros: nothing. */
struct throttle_taken {
	bool some;
	uint8_t key[16];
};

/* By the limits of the configuration.  ERR_INTERNAL when the random source fails. */
MUST_CHECK bool throttle_new(const struct conf *conf, struct throttle **ret,
    struct err *e);
/* Other limits: what they counted begins anew. */
void throttle_set(struct throttle *t, const struct conf *conf);
void throttle_free(struct throttle *t); /* NULL is fine */

/* Is he one who is not held back?  Who has the right admin, and the daemon itself. */
bool throttle_is_free(struct ca *ca, const struct identity *who);
/* One more writing request of this caller.  ERR_RATE_LIMITED with retry_s. */
MUST_CHECK bool throttle_caller(struct ca *ca, const struct identity *who,
    struct err *e);
/*
 * One more certificate by this profile for this set of names, in whatever order.  *ret,
 * all zeros before, is for throttle_give_back() when none came of it.
 */
MUST_CHECK bool throttle_names(struct ca *ca, const struct identity *who,
    const char *profile, const struct names *names, struct throttle_taken *ret,
    struct err *e);
void throttle_give_back(struct ca *ca, const struct throttle_taken *t);
/* One more enrolment from there; "" is the unix socket, which is not held back. */
MUST_CHECK bool throttle_address(struct ca *ca, const char *address, struct err *e);
/* What one /64 of IPv6 has counts as one address: who has one has them all. */
void throttle_whole_address(const char *address, char ret[static THROTTLE_ADDRESS_LEN]);
/* One more enrolment by this token, whatever came of it. */
MUST_CHECK bool throttle_token(struct ca *ca, const char *id, struct err *e);
/*
 * May one more refusal of this identity have a row in the audit and a line in the
 * log?  They cost the disk.
 */
bool throttle_refusal(struct ca *ca, const struct identity *who);

#endif
