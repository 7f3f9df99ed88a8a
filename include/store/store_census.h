/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_census - walks that count, a slice at a time: nothing here may hold up
 * who waits for a certificate.
 */
#ifndef STORE_STORE_CENSUS_H
#define STORE_STORE_CENSUS_H

#include "store/store.h"

struct census_issuer {
	int64_t id;
	char *name;
};
/* All issuers: free() the names and the list. */
MUST_CHECK bool store_census_issuers(struct store *st, struct census_issuer **ret,
    size_t *ret_n, struct err *e);

/* Where a walk is.  It is over when a slice had fewer rows than its limit. */
struct census_at {
	int64_t not_after, id;
	size_t rows; /* of the last slice */
};

/* Certificates by their end, from 'at' on. */
typedef void census_each(void *arg, int64_t issuer_id, int64_t not_after, bool revoked);
MUST_CHECK bool store_census_live(struct store *st, struct census_at *at, size_t limit,
    census_each *each, void *arg, struct err *e);

/*
 * Certificates by id: issuer and profile of each.  False: the walk is over for now, and
 * this row is its next.
 */
typedef bool census_each_issued(void *arg, int64_t issuer_id, const char *profile);
MUST_CHECK bool store_census_issued(struct store *st, struct census_at *at,
    size_t limit, census_each_issued *each, void *arg, struct err *e);

/* Revocations by id: the issuer of each; false as above. */
typedef bool census_each_revoked(void *arg, int64_t issuer_id);
MUST_CHECK bool store_census_revoked(struct store *st, struct census_at *at,
    size_t limit, census_each_revoked *each, void *arg, struct err *e);

#endif
