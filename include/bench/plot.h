/* SPDX-License-Identifier: Apache-2.0 */
/* plot - latencies as an SVG picture: their share over a logarithmic axis of time. */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include "bench/hist.h"

#define PLOT_SERIES_MAX 8

struct plot_series {
	const char *name;
	const struct hist *hist;
};

/* Appends the whole document; at most PLOT_SERIES_MAX series are drawn. */
void plot_svg(const char *title, const struct plot_series *v, size_t n,
    struct buf *ret);

#endif
