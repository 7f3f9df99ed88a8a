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

/*
 * Rows were once taken out by a clock that was ahead.  None of them is from after now;
 * "audit verify" would tell of that boundary as long as it lies in the future.
 */
static bool
put_right(struct ca *ca, int64_t now, struct err *e)
{
	struct audit_pruned p;

	if (!store_audit_pruned(ca->store, &p, e))
		return false;
	if (p.before <= now || !ending_is_late(ca, now))
		return true;
	LOG(LOG_WARN, "audit-boundary-put-right", LOG_NUM("was", p.before),
	    LOG_NUM("is", now));
	return store_audit_pruned_set(ca->store, now, e);
}

static void
on_timer(void *arg)
{
	struct retention *r = arg;
	struct ca *ca = r->ca;
	const struct conf *c = ca->conf;
	const int64_t now = ending_now(ca);
	struct err e;
	size_t n = 0;

	if (ca_writable(ca, &e) && !ca->round_failed &&
	    (!put_right(ca, now, &e) ||
		!store_audit_prune(ca->store,
		    c->audit_refusals_s > 0 ? now - c->audit_refusals_s : 0,
		    c->audit_retention_s > 0 ? now - c->audit_retention_s : 0, BATCH,
		    &n, &e)))
		ca_round_fail(ca, &e);
	r->timer =
	    loop_after(ca->loop, n >= BATCH ? SHORT_MS : wait_ms(c), on_timer, r);
}

void
retention_start(struct retention *r)
{
	r->timer = loop_after(r->ca->loop, LEAST_MS, on_timer, r);
}
