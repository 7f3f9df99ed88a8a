/* SPDX-License-Identifier: Apache-2.0 */
/* store_crl_shard - the shards of a CRL and its delta, and which sets of shards are named. */
#ifndef STORE_STORE_CRL_SHARD_H
#define STORE_STORE_CRL_SHARD_H

#include "store/store_revocation.h"

/* The newest of a shard; of 0 of 0: the newest delta.  ERR_NOT_FOUND.  ret->issuer is the caller's own. */
MUST_CHECK bool store_crl_shard_last(struct store *st, const char *issuer,
    struct crl_shard shard, struct crl_row *ret, struct err *e);
/* The highest number of any list of an issuer; 0: there is none yet. */
MUST_CHECK bool store_crl_shard_number(struct store *st, const char *issuer,
    uint64_t *ret, struct err *e);

/*
 * The sets that certificates name which end at or after 'since', and where; the
 * latest end first.
 */
typedef bool crl_place_each(void *arg, uint32_t shards, const char *place,
    struct err *e);
/* The sets of which a list was ever made; their place is not told. */
MUST_CHECK bool store_crl_shard_sets(struct store *st, const char *issuer,
    crl_place_each *each, void *arg, struct err *e);
MUST_CHECK bool store_crl_shard_places(struct store *st, const char *issuer,
    int64_t since, crl_place_each *each, void *arg, struct err *e);

#endif
