/* SPDX-License-Identifier: Apache-2.0 */
/*
 * renewal - certificates that an administrator wants renewed before their time: each
 * gets a window of its own within the span that is given, so that they come back
 * one after the other (RFC 9773 4.2).
 */
#ifndef CA_RENEWAL_H
#define CA_RENEWAL_H

#include "ca/ca.h"
#include "policy/identity.h"
#include "store/store_certificate.h"

#define RENEWAL_REASON_MAX 512 /* octets */
#define RENEWAL_WITHIN_MAX (30 * 86400)

struct renewal_order {
	const struct identity *who;
	const char *request_id;
	const char *where;  /* what was asked for, in words: for the audit */
	const char *reason; /* "": none */
	int64_t at, within_s;
	uint64_t n; /* how many were ordered */
};

struct renewal_one {
	int64_t certificate_id, not_after;
};

/* Whether it can come back: in its time, not revoked, no CA's and none of the daemon's own. */
bool renewal_takes(struct ca *ca, const struct certificate_row *row, int64_t now);

/*
 * The n-th window, counted from 0: over all n they are spread evenly, however many there
 * will be.  It ends by 'at' + 'within_s', and before the certificate does.
 */
void renewal_window(const struct renewal_order *o, uint64_t n, int64_t not_after,
    int64_t *ret_start, int64_t *ret_end);

/* Writes so many; counts them in o->n. */
MUST_CHECK bool renewal_put(struct ca *ca, struct renewal_order *o,
    const struct renewal_one *v, size_t n, struct err *e);
/* That was all: tells the audit. */
void renewal_done(struct ca *ca, const struct renewal_order *o);

#endif
