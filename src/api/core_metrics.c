/* SPDX-License-Identifier: Apache-2.0 */
/* GET /metrics: core's half; front puts its own behind it (api/front_metrics). */
#include "api/core_routes.h"
#include "ca/metrics.h"
#include "codec/prom.h"

void
core_metrics(struct request *r)
{
	struct buf b;

	buf_init(&b, MIB(1));
	metrics_put(r->ca, &b);
	request_octets(r, 200, PROM_TYPE, buf_bytes(&b));
	buf_free(&b);
}
