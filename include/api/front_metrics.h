/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front_metrics - what front knows of its requests, as Prometheus text: by route
 * of the table and status, never by path (S71).
 *
 * All but new and free from any thread.
 */
#ifndef API_FRONT_METRICS_H
#define API_FRONT_METRICS_H

#include "base/buf.h"

struct front_metrics;

struct front_metrics *front_metrics_new(void);
void front_metrics_free(struct front_metrics *m); /* NULL is fine */

/* One request is over.  'row' is the route's; one that is no row: there was none. */
void front_metrics_count(struct front_metrics *m, size_t row, struct bytes method,
    unsigned status, int64_t us);

/* Appends all families, and the two numbers of now. */
void front_metrics_put(struct front_metrics *m, struct buf *b, size_t connections,
    size_t waiting);

#endif
