/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limiter - how often somebody may do something: token buckets (S32).
 *
 * A limiter holds a bucket for each key that was seen lately, in a table of
 * fixed size: the key that was quiet for longest makes room for a new one.
 * Pure: the time is given.
 */
#ifndef POLICY_LIMITER_H
#define POLICY_LIMITER_H

#include <stdint.h>

#include "base/bytes.h"

struct limiter;

/* 'per_hour' 0: no limit.  'burst' is how many may come at once, at least 1. */
struct limiter *limiter_new(uint32_t per_hour, uint32_t burst);
void limiter_free(struct limiter *l); /* NULL is fine */

/*
 * Takes one from the bucket of 'key' (16 octets of a hash, so that nobody
 * chooses where it lies).  False: none is left; *ret_wait_s says in how many
 * seconds there is one, at least 1.
 */
MUST_CHECK bool limiter_take(struct limiter *l, const uint8_t key[static 16],
    int64_t now_ms, int64_t *ret_wait_s);
/* Gives one back: what it was taken for was refused after all. */
void limiter_give_back(struct limiter *l, const uint8_t key[static 16]);

#endif
