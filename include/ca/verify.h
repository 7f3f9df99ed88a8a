/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify - do the journal and the database tell the same, and was neither touched?
 *
 * Reads only, whether the daemon runs or not: the journal up to its last whole
 * record, the database as it is at one moment.  The journal's records are
 * taken into a database made for the purpose, by the way that the daemon takes
 * them in, and that is compared with the one that is there.
 */
#ifndef CA_VERIFY_H
#define CA_VERIFY_H

#include "store/store.h"

typedef void verify_say(void *arg, const char *what);

struct verify_result {
	uint64_t records; /* of the journal, whole and in the chain */
	uint64_t certificates, revocations, crls;
	uint64_t stored;       /* records that the database holds */
	uint64_t faults;       /* how many were told */
	int64_t pruned_before; /* retention took rows of the audit out that are older */
	bool torn; /* a record at the end is not whole: being written, or a crash */
};

/*
 * 'scratch' is an empty directory for that other database, as large as the one that
 * is judged; whoever made it takes it away.  'say' hears each fault, in words.  False: it could not be done.
 */
MUST_CHECK bool verify_run(const char *journal, const char *database,
    const char *scratch, verify_say *say, void *arg, struct verify_result *ret,
    struct err *e);

#endif
