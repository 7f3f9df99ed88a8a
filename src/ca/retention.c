/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/retention.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/ca_state.h"
#include "store/store_audit.h"

#define BATCH    200 /* rows: a few milliseconds */
#define SHORT_MS 50  /* until the next batch, while there is more */
#define LEAST_MS 1000
#define MOST_MS  60000
#define PER_SPAN 10 /* looks in the shortest of the spans */

struct retention {
	struct ca *ca;
	struct loop_timer *timer;
};

struct retention *
retention_new(struct ca *ca)
{
	struct retention *r = mem_zalloc(sizeof(*r));

	r->ca = ca;
	return r;
}

void
retention_free(struct retention *r)
{
	if (r == NULL)
		return;
	loop_cancel(r->timer);
	free(r);
}

/* As often as the shortest span asks for, once a minute at least. */
static int64_t
wait_ms(const struct conf *c)
{
	int64_t ms = MOST_MS;

	if (c->audit_refusals_s > 0 && c->audit_refusals_s < MOST_MS)
		ms = c->audit_refusals_s * 1000 / PER_SPAN; /* never the longer one */
	return ms < LEAST_MS ? LEAST_MS : ms > MOST_MS ? MOST_MS : ms;
}

static void
on_timer(void *arg)
{
	struct retention *r = arg;
	const struct conf *c = r->ca->conf;
	const int64_t now = clock_now();
	struct err e;
	size_t n = 0;

	if (ca_writable(r->ca, &e) && !r->ca->round_failed &&
	    !store_audit_prune(r->ca->store,
		c->audit_refusals_s > 0 ? now - c->audit_refusals_s : 0,
		c->audit_retention_s > 0 ? now - c->audit_retention_s : 0, BATCH, &n,
		&e))
		ca_round_fail(r->ca, &e);
	r->timer =
	    loop_after(r->ca->loop, n >= BATCH ? SHORT_MS : wait_ms(c), on_timer, r);
}

void
retention_start(struct retention *r)
{
	r->timer = loop_after(r->ca->loop, LEAST_MS, on_timer, r);
}
