/* SPDX-License-Identifier: Apache-2.0 */
/* metrics - core's numbers as Prometheus text; docs/metrics.md says what each means. */
#ifndef CA_METRICS_H
#define CA_METRICS_H

#include "base/buf.h"
#include "ca/ca.h"

void metrics_put(struct ca *ca, struct buf *b);

#endif
