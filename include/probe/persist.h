/* SPDX-License-Identifier: Apache-2.0 */
/*
 * persist - dns-persist-01 (draft-ietf-acme-dns-persist): the record that lets an
 * account have certificates for a name until it is taken away.  Pure.
 */
#ifndef PROBE_PERSIST_H
#define PROBE_PERSIST_H

#include "conf/conf.h"

struct persist_question {
	bool wildcard;        /* "policy=wildcard" is needed */
	struct bytes account; /* its URL */
	const struct strings *identities;
	int64_t now;
};

/* How near a record that proves nothing came. */
enum persist_near {
	PERSIST_NONE, /* there was no record */
	PERSIST_UNREADABLE,
	PERSIST_NOT_US,
	PERSIST_NOT_ACCOUNT,
	PERSIST_FAULTY, /* names us and cannot be read */
	PERSIST_NOT_FAR /* ours and the account's: no wildcard, or over */
};

struct persist_fault { /* of several records: the one that came nearest */
	enum persist_near near;
	struct err err;
};

/*
 * Judges one record; others' may stand beside it.  *ret_until: its persistUntil, or
 * INT64_MAX.  False: if it came nearer than what 'why' holds, 'why' holds its fault.
 * ERR_MALFORMED: it cannot be read.  ERR_PROBE_PROOF: it does not name us or the
 * account, does not reach a wildcard, or has ended.
 */
MUST_CHECK bool persist_proves(struct bytes text, const struct persist_question *q,
    int64_t *ret_until, struct persist_fault *why);

#endif
