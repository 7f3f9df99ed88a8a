/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "api/front_metrics.h"
#include "http/route.h"

static size_t
row_of(const char *method, const char *path)
{
	for (size_t i = 0; i < routes_n; i++)
		if (strcmp(routes[i].path, path) == 0 &&
		    strcmp(routes[i].method, method) == 0)
			return i;
	cr_assert_fail("no route %s", path);
	return SIZE_MAX;
}

/* S71 */
Test(front_metrics, requests_are_counted_by_route_and_status)
{
	const size_t row = row_of("GET", "/v1/certificates/:serial");
	struct front_metrics *m = front_metrics_new();
	struct buf b;

	front_metrics_count(m, row, bytes_str("GET"), 200, 150);
	front_metrics_count(m, row, bytes_str("GET"), 404, 20000000);
	front_metrics_count(m, row, bytes_str("HEAD"), 200, 0);
	front_metrics_count(m, SIZE_MAX, bytes_str("GET"), 404, -5);
	front_metrics_count(m, row, bytes_str("GET"), 99, 1);
	front_metrics_count(m, row, bytes_str("GET"), 600, 1);
	buf_init(&b, MIB(1));
	front_metrics_put(m, &b, 7, 3);
	static const char *const lines[] = {
		"hanaper_http_requests_total{route=\"/v1/certificates/"
		":serial\",method=\"GET\","
		"status=\"200\"} 1\n",
		"method=\"GET\",status=\"404\"} 1\n",
		"method=\"HEAD\",status=\"200\"} 1\n",
		"hanaper_http_requests_total{route=\"none\",method=\"any\",status="
		"\"404\"} 1\n",
		"duration_seconds_count{route=\"/v1/certificates/"
		":serial\",method=\"GET\"} 3\n",
		"duration_seconds_bucket{route=\"/v1/certificates/"
		":serial\",method=\"GET\","
		"le=\"10\"} 2\n",
		"hanaper_http_connections 7\n",
		"hanaper_http_requests_waiting 3\n",
	};
	for (size_t i = 0; i < NITEMS(lines); i++)
		cr_expect_not_null(strstr(buf_str(&b), lines[i]), "%s", lines[i]);
	cr_expect_null(strstr(buf_str(&b), "/v1/whoami"),
	    "what nobody asked for is not told");
	buf_free(&b);
	front_metrics_free(m);
	front_metrics_free(NULL);
}
