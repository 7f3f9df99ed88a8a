/* SPDX-License-Identifier: Apache-2.0 */
/* report - what a load gave, for people and for programs. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <jansson.h>

#include "bench/load.h"

/* A line of figures, one for each process of the server, the histogram. */
void report_text(const struct load_plan *p, const struct load_result *r,
    struct buf *ret);
json_t *report_json(const struct load_plan *p, const struct load_result *r);

double report_rate(const struct load_result *r); /* proven operations per second */

#endif
