/* SPDX-License-Identifier: Apache-2.0 */
/* store_crl_shard - what is on the shards of a CRL, and which sets of them are named. */
#ifndef STORE_STORE_CRL_SHARD_H
#define STORE_STORE_CRL_SHARD_H

#include "store/store_revocation.h"

/* As store_revocation_sum(), of one shard. */
MUST_CHECK bool store_crl_shard_sum(struct store *st, const char *issuer,
    struct crl_shard shard, int64_t since, struct revocation_sum *ret, struct err *e);

struct crl_shard_at { /* how far a listing came */
	uint32_t bucket;
	int64_t id;
};
/*
 * As store_revocation_list(), of one shard, in order of bucket and id: those behind
 * 'after'.  Of each, what a CRL tells is filled in, and no more.
 */
MUST_CHECK bool store_crl_shard_list(struct store *st, const char *issuer,
    struct crl_shard shard, int64_t since, struct crl_shard_at after, int64_t last_id,
    size_t limit, revocation_each *each, void *arg, struct err *e);

/* The newest of a shard; ERR_NOT_FOUND.  ret->issuer is the caller's own. */
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
MUST_CHECK bool store_crl_shard_places(struct store *st, const char *issuer,
    int64_t since, crl_place_each *each, void *arg, struct err *e);

#endif
