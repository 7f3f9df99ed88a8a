/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prom - numbers in the text form that Prometheus reads (version 0.0.4).
 *
 * A family is its two head lines and then all its samples, in one stretch.
 * Label values are escaped; names are ours and are not.
 */
#ifndef CODEC_PROM_H
#define CODEC_PROM_H

#include "base/buf.h"

#define PROM_TYPE        "text/plain; version=0.0.4; charset=utf-8"
#define PROM_BUCKETS_MAX 16

struct prom_label {
	const char *key, *value;
};

/* 'type': "counter" "gauge" "histogram". */
void prom_family(struct buf *b, const char *name, const char *type, const char *help);
void prom_put(struct buf *b, const char *name, double value,
    const struct prom_label *labels, size_t n);

#define PROM_LABELS(...)                                                               \
	(const struct prom_label[]){ __VA_ARGS__ },                                    \
	    sizeof((const struct prom_label[]){ __VA_ARGS__ }) /                       \
		sizeof(struct prom_label)
#define PROM_PLAIN NULL, 0

/* The bounds of a histogram, in whole units of which 'per' make one in the text. */
struct prom_scale {
	double per; /* 1e6: observed in microseconds, told in seconds */
	size_t n;
	uint64_t le[PROM_BUCKETS_MAX];
};
extern const struct prom_scale prom_seconds; /* 100 us to 10 s */
extern const struct prom_scale prom_sizes;   /* 1 to 4096 */

struct prom_hist {
	uint64_t buckets[PROM_BUCKETS_MAX + 1]; /* not cumulative; the last is +Inf */
	uint64_t sum;
};
void prom_observe(struct prom_hist *h, const struct prom_scale *s, uint64_t v);
/* All its lines; 'labels' come before "le". */
void prom_put_hist(struct buf *b, const char *name, const struct prom_hist *h,
    const struct prom_scale *s, const struct prom_label *labels, size_t n);

/*
 * A counter by at most two labels, whose values are few: words of the
 * configuration or of our own, never from outside.
 */
struct prom_set {
	struct prom_count {
		char *a, *b;
		uint64_t n;
	} * v;
	size_t n;
};
void prom_count(struct prom_set *s, const char *a, const char *b);
void prom_add(struct prom_set *s, const char *a, const char *b, uint64_t n);
uint64_t prom_counted(const struct prom_set *s); /* the sum over all */
void prom_put_set(struct buf *b, const char *name, const struct prom_set *s,
    const char *key_a, const char *key_b);
void prom_set_free(struct prom_set *s); /* what is inside */

#endif
