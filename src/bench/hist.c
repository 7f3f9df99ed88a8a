/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/hist.h"

#include <stdio.h>

#define EXACT    64 /* values that have a bucket of their own */
#define SUB_BITS 5  /* buckets of a doubling, as a power of two */
#define SUB      (1U << SUB_BITS)
#define STEP     8 /* buckets of a step */
#define BAR      50

static unsigned
bucket_of(int64_t us)
{
	if (us < EXACT)
		return us < 0 ? 0 : (unsigned)us;
	const unsigned e = 63 - (unsigned)__builtin_clzll((unsigned long long)us);
	const unsigned sub = (unsigned)(us >> (e - SUB_BITS)) - SUB;
	const unsigned i = EXACT + (e - 6) * SUB + sub;

	return i < HIST_BUCKETS ? i : HIST_BUCKETS - 1;
}

void
hist_bounds(unsigned bucket, int64_t *ret_least, int64_t *ret_end)
{
	if (bucket < EXACT) {
		*ret_least = bucket;
		*ret_end = (int64_t)bucket + 1;
		return;
	}
	const unsigned e = (bucket - EXACT) / SUB + 6;
	const int64_t sub = (bucket - EXACT) % SUB;

	*ret_least = (SUB + sub) << (e - SUB_BITS);
	*ret_end = (SUB + sub + 1) << (e - SUB_BITS);
}

void
hist_add(struct hist *h, int64_t us)
{
	if (us < 0)
		us = 0;
	h->v[bucket_of(us)]++;
	h->n++;
	h->sum_us += us;
	if (us > h->max_us)
		h->max_us = us;
}

void
hist_merge(struct hist *h, const struct hist *more)
{
	for (unsigned i = 0; i < HIST_BUCKETS; i++)
		h->v[i] += more->v[i];
	h->n += more->n;
	h->sum_us += more->sum_us;
	if (more->max_us > h->max_us)
		h->max_us = more->max_us;
}

int64_t
hist_at(const struct hist *h, unsigned permille)
{
	const uint64_t rank = (h->n * permille + 999) / 1000;
	uint64_t seen = 0;

	for (unsigned i = 0; i < HIST_BUCKETS && h->n > 0; i++) {
		int64_t least, end;

		seen += h->v[i];
		if (seen < rank || seen == 0)
			continue;
		hist_bounds(i, &least, &end);
		return end - 1 < h->max_us ? end - 1 : h->max_us;
	}
	return h->max_us;
}

int64_t
hist_mean(const struct hist *h)
{
	return h->n > 0 ? h->sum_us / (int64_t)h->n : 0;
}

unsigned
hist_steps(const struct hist *h, struct hist_step ret[static HIST_STEPS_MAX])
{
	unsigned n = 0, used = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i += STEP) {
		struct hist_step s = { 0 };
		int64_t unused;

		hist_bounds(i, &s.least_us, &unused);
		hist_bounds(i + STEP - 1, &unused, &s.end_us);
		for (unsigned j = i; j < i + STEP; j++)
			s.n += h->v[j];
		if (s.n == 0 && n == 0)
			continue;
		ret[n++] = s;
		if (s.n > 0)
			used = n;
	}
	return used;
}

void
hist_span(int64_t us, char ret[static HIST_SPAN_LEN])
{
	if (us < 1000)
		snprintf(ret, HIST_SPAN_LEN, "%d us", (int)us);
	else if (us < 1000000)
		snprintf(ret, HIST_SPAN_LEN, us < 10000 ? "%.2f ms" : "%.1f ms",
		    (double)us / 1e3);
	else
		snprintf(ret, HIST_SPAN_LEN, "%.2f s", (double)us / 1e6);
}

void
hist_text(const struct hist *h, struct buf *ret)
{
	struct hist_step steps[HIST_STEPS_MAX];
	const unsigned n = hist_steps(h, steps);
	uint64_t most = 1, seen = 0;

	for (unsigned i = 0; i < n; i++)
		most = steps[i].n > most ? steps[i].n : most;
	for (unsigned i = 0; i < n; i++) {
		char from[HIST_SPAN_LEN];
		const unsigned bar = (unsigned)((steps[i].n * BAR + most - 1) / most);

		seen += steps[i].n;
		hist_span(steps[i].least_us, from);
		buf_printf(ret, "%9s %8llu %6.2f %% ", from,
		    (unsigned long long)steps[i].n,
		    100.0 * (double)seen / (double)h->n);
		for (unsigned j = 0; j < bar; j++)
			buf_putc(ret, '#');
		buf_putc(ret, '\n');
	}
}
