/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hist - how long many things took: counts in buckets that widen with the value.
 *
 * Microseconds below 64 are counted one by one, above that 32 buckets a doubling:
 * what is read is at most a thirty-second too high.  A struct hist is a value;
 * zeroed it is empty.
 */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>

#include "base/buf.h"

#define HIST_BUCKETS 736 /* the last takes all from 134 s on */

struct hist {
	uint64_t n;
	int64_t sum_us, max_us;
	uint32_t v[HIST_BUCKETS];
};

void hist_add(struct hist *h, int64_t us); /* what is below 0 is 0 */
void hist_merge(struct hist *h, const struct hist *more);
/* The value that 'permille' of all do not pass; 0 of none. */
int64_t hist_at(const struct hist *h, unsigned permille);
int64_t hist_mean(const struct hist *h);

/* Bounds of a bucket: from 'least' on, below 'end'. */
void hist_bounds(unsigned bucket, int64_t *ret_least, int64_t *ret_end);

/*
 * The same in few steps, for people: four a doubling, from the first that is not
 * empty to the last.  Gives how many; 'ret' has room for HIST_STEPS_MAX.
 */
#define HIST_STEPS_MAX 112
struct hist_step {
	int64_t least_us, end_us;
	uint64_t n;
};
unsigned hist_steps(const struct hist *h, struct hist_step ret[static HIST_STEPS_MAX]);

/* A line per step with a bar of '#'; nothing of none. */
void hist_text(const struct hist *h, struct buf *ret);

/* "85 us", "1.25 ms", "3.1 s" */
#define HIST_SPAN_LEN 16
void hist_span(int64_t us, char ret[static HIST_SPAN_LEN]);

#endif
