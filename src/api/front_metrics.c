/* SPDX-License-Identifier: Apache-2.0 */
#include "api/front_metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/prom.h"
#include "http/route.h"

#define STATUS_LEAST 100
#define STATUS_COUNT 500

struct seen { /* of one row */
	struct prom_hist us;
	uint64_t by_status[2][STATUS_COUNT]; /* [1]: HEAD on a row of GET */
};

struct front_metrics {
	pthread_mutex_t lock;
	struct seen *rows; /* the last one: no route */
};

struct front_metrics *
front_metrics_new(void)
{
	struct front_metrics *m = mem_zalloc(sizeof(*m));

	pthread_mutex_init(&m->lock, NULL);
	m->rows = mem_zarray(routes_n + 1, sizeof(*m->rows));
	return m;
}

void
front_metrics_free(struct front_metrics *m)
{
	if (m == NULL)
		return;
	pthread_mutex_destroy(&m->lock);
	free(m->rows);
	free(m);
}

void
front_metrics_count(struct front_metrics *m, size_t row, struct bytes method,
    unsigned status, int64_t us)
{
	struct seen *s = &m->rows[row < routes_n ? row : routes_n];

	if (status < STATUS_LEAST || status >= STATUS_LEAST + STATUS_COUNT)
		return;
	pthread_mutex_lock(&m->lock);
	s->by_status[bytes_eq_str(method, "HEAD")][status - STATUS_LEAST]++;
	prom_observe(&s->us, &prom_seconds, us > 0 ? (uint64_t)us : 0);
	pthread_mutex_unlock(&m->lock);
}

static const char *
path_of(size_t row)
{
	return row < routes_n ? routes[row].path : "none";
}

static const char *
method_of(size_t row, bool head)
{
	if (head)
		return "HEAD";
	return row < routes_n ? routes[row].method : "any";
}

static void
put_requests(const struct front_metrics *m, struct buf *b)
{
	static const char name[] = "hanaper_http_requests_total";
	char status[8];

	prom_family(b, name, "counter", "HTTP requests that were answered.");
	for (size_t row = 0; row <= routes_n; row++)
		for (size_t head = 0; head < 2; head++)
			for (unsigned i = 0; i < STATUS_COUNT; i++) {
				const uint64_t n = m->rows[row].by_status[head][i];

				if (n == 0)
					continue;
				snprintf(status, sizeof(status), "%u",
				    i + STATUS_LEAST);
				prom_put(b, name, (double)n,
				    PROM_LABELS({ "route", path_of(row) },
					{ "method", method_of(row, head == 1) },
					{ "status", status }));
			}
}

static bool
was_seen(const struct seen *s)
{
	for (size_t i = 0; i < NITEMS(s->us.buckets); i++)
		if (s->us.buckets[i] > 0)
			return true;
	return false;
}

static void
put_durations(const struct front_metrics *m, struct buf *b)
{
	static const char name[] = "hanaper_http_request_duration_seconds";

	prom_family(b, name, "histogram",
	    "From the request line to the end of the answer.");
	for (size_t row = 0; row <= routes_n; row++)
		if (was_seen(&m->rows[row]))
			prom_put_hist(b, name, &m->rows[row].us, &prom_seconds,
			    PROM_LABELS({ "route", path_of(row) },
				{ "method", method_of(row, false) }));
}

static void
put_gauge(struct buf *b, const char *name, const char *help, size_t value)
{
	prom_family(b, name, "gauge", help);
	prom_put(b, name, (double)value, PROM_PLAIN);
}

void
front_metrics_put(struct front_metrics *m, struct buf *b, size_t connections,
    size_t waiting)
{
	pthread_mutex_lock(&m->lock);
	put_requests(m, b);
	put_durations(m, b);
	pthread_mutex_unlock(&m->lock);
	put_gauge(b, "hanaper_http_connections", "Open connections of all listeners.",
	    connections);
	put_gauge(b, "hanaper_http_requests_waiting",
	    "Requests that wait for core's answer.", waiting);
}
