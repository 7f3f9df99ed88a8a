/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/report.h"

double
report_rate(const struct load_result *r)
{
	return r->us > 0 ? (double)r->done * 1e6 / (double)r->us : 0;
}

/* Microseconds of CPU for each operation. */
static double
per_op(const struct load_result *r, int64_t us)
{
	return r->done > 0 ? (double)us / (double)r->done : 0;
}

static void
put_server(const struct load_result *r, struct buf *ret)
{
	int64_t cpu = 0, rss = 0;

	if (r->used.n == 0)
		return;
	buf_printf(ret, "%-16s %14s %10s %10s\n", "process", "CPU us per op", "RSS MiB",
	    "peak MiB");
	for (size_t i = 0; i < r->used.n; i++) {
		const struct usage_one *u = &r->used.v[i];

		cpu += u->cpu_us;
		rss += u->rss_kib;
		buf_printf(ret, "%-16s %14.1f %10.1f %10.1f\n", u->name,
		    per_op(r, u->cpu_us), (double)u->rss_kib / 1024,
		    (double)u->peak_kib / 1024);
	}
	buf_printf(ret, "%-16s %14.1f %10.1f\n", "all", per_op(r, cpu),
	    (double)rss / 1024);
}

void
report_text(const struct load_plan *p, const struct load_result *r, struct buf *ret)
{
	char p50[HIST_SPAN_LEN], p90[HIST_SPAN_LEN], p99[HIST_SPAN_LEN],
	    most[HIST_SPAN_LEN];

	hist_span(hist_at(&r->hist, 500), p50);
	hist_span(hist_at(&r->hist, 900), p90);
	hist_span(hist_at(&r->hist, 990), p99);
	hist_span(r->hist.max_us, most);
	buf_printf(ret,
	    "%s: %.0f per second over %u connection%s (%llu proven, %llu wrong, "
	    "%llu failed, in %.2f s)\n",
	    p->mode->name, report_rate(r), p->connections,
	    p->connections == 1 ? "" : "s", (unsigned long long)r->done,
	    (unsigned long long)r->wrong, (unsigned long long)r->failed,
	    (double)r->us / 1e6);
	buf_printf(ret, "latency: p50 %s, p90 %s, p99 %s, max %s\n", p50, p90, p99,
	    most);
	if (r->counts.connections > 0)
		buf_printf(ret,
		    "connections made meanwhile: %llu, TLS handshakes %llu, of them "
		    "resumed %llu\n",
		    (unsigned long long)r->counts.connections,
		    (unsigned long long)r->counts.handshakes,
		    (unsigned long long)r->counts.resumed);
	buf_printf(ret, "the generator itself: %.0f %% of a core, %.1f us per op\n",
	    r->us > 0 ? 100.0 * (double)r->self_us / (double)r->us : 0,
	    per_op(r, r->self_us));
	put_server(r, ret);
	hist_text(&r->hist, ret);
	if (r->first.code != ERR_NONE)
		buf_printf(ret, "the first that went wrong: %s\n", r->first.detail);
}

static json_t *
server_json(const struct load_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->used.n; i++) {
		const struct usage_one *u = &r->used.v[i];

		json_array_append_new(list,
		    json_pack("{s:s, s:f, s:I, s:I}", "name", u->name, "cpu_us_per_op",
			per_op(r, u->cpu_us), "rss_kib", (json_int_t)u->rss_kib,
			"peak_kib", (json_int_t)u->peak_kib));
	}
	return list;
}

static json_t *
histogram_json(const struct hist *h)
{
	struct hist_step steps[HIST_STEPS_MAX];
	const unsigned n = hist_steps(h, steps);
	json_t *list = json_array();

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(list,
		    json_pack("[I, I, I]", (json_int_t)steps[i].least_us,
			(json_int_t)steps[i].end_us, (json_int_t)steps[i].n));
	return list;
}

json_t *
report_json(const struct load_plan *p, const struct load_result *r)
{
	json_t *v = json_pack("{s:s, s:i, s:f, s:I, s:I, s:I, s:f, s:I}", "mode",
	    p->mode->name, "connections", (int)p->connections, "per_second",
	    report_rate(r), "done", (json_int_t)r->done, "wrong", (json_int_t)r->wrong,
	    "failed", (json_int_t)r->failed, "seconds", (double)r->us / 1e6, "next",
	    (json_int_t)r->next);
	json_object_update_new(v,
	    json_pack("{s:{s:I, s:I, s:I, s:I, s:I}}", "latency_us", "mean",
		(json_int_t)hist_mean(&r->hist), "p50",
		(json_int_t)hist_at(&r->hist, 500), "p90",
		(json_int_t)hist_at(&r->hist, 900), "p99",
		(json_int_t)hist_at(&r->hist, 990), "max", (json_int_t)r->hist.max_us));
	json_object_update_new(v,
	    json_pack("{s:I, s:I, s:I, s:f}", "connects",
		(json_int_t)r->counts.connections, "handshakes",
		(json_int_t)r->counts.handshakes, "resumed",
		(json_int_t)r->counts.resumed, "generator_cpu",
		r->us > 0 ? (double)r->self_us / (double)r->us : 0.0));
	json_object_set_new(v, "server", server_json(r));
	json_object_set_new(v, "histogram_us", histogram_json(&r->hist));
	if (r->first.code != ERR_NONE)
		json_object_set_new(v, "first_error", json_string(r->first.detail));
	return v;
}
