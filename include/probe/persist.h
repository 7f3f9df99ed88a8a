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

/*
 * Judges one record.  *ret_until: its persistUntil, or INT64_MAX.
 * ERR_MALFORMED: it names us and cannot be read.  ERR_PROBE_PROOF: it does not
 * name us or the account, does not reach a wildcard, or has ended.
 */
MUST_CHECK bool persist_proves(struct bytes text, const struct persist_question *q,
    int64_t *ret_until, struct err *e);

#endif
