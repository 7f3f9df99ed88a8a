/* SPDX-License-Identifier: Apache-2.0 */
#include "api/overdue.h"

#include <stdlib.h>

#include "api/request.h"
#include "base/clock.h"
#include "base/mem.h"

#define LOOK_MS 500
#define RETRY_S 5

struct overdue {
	struct loop *loop;
	struct loop_timer *timer;     /* NULL: nobody waits */
	struct request *first, *last; /* by the time since when they wait */
};

struct overdue *
overdue_new(struct loop *l)
{
	struct overdue *o = mem_zalloc(sizeof(*o));

	o->loop = l;
	return o;
}

void
overdue_free(struct overdue *o)
{
	if (o == NULL)
		return;
	loop_cancel(o->timer);
	free(o);
}

void
overdue_words(struct err *ret)
{
	err_set(ret, ERR_UNAVAILABLE,
	    "the signer has not answered for %d seconds; what was asked for may still "
	    "be done: look before you ask again",
	    OVERDUE_MS / 1000);
	ret->retry_s = RETRY_S;
}

/* What is said now is said for good. */
static void
tell(struct request *r)
{
	struct err e;

	r->late.telling = true;
	if (r->late.tell != NULL) {
		r->late.tell(r->late.arg);
	} else {
		overdue_words(&e);
		request_problem(r, &e, NULL);
	}
	r->late.telling = false;
	r->late.told = true;
	r->wrote = false;
}

static void
look(void *arg)
{
	struct overdue *o = arg;
	const int64_t until = clock_mono_ms() - OVERDUE_MS;

	o->timer = NULL;
	while (o->first != NULL && o->first->late.since_ms <= until) {
		struct request *r = o->first;

		overdue_end(r);
		tell(r);
	}
	if (o->first != NULL)
		o->timer = loop_after(o->loop, LOOK_MS, look, o);
}

void
overdue_watch(struct request *r, void (*say)(void *arg), void *arg)
{
	struct overdue *o = r->api->overdue;

	if (o == NULL || r->late.on)
		return;
	r->late = (struct overdue_wait){
		.prev = o->last,
		.since_ms = clock_mono_ms(),
		.tell = say,
		.arg = arg,
		.on = true,
	};
	if (o->last != NULL)
		o->last->late.next = r;
	else
		o->first = r;
	o->last = r;
	if (o->timer == NULL)
		o->timer = loop_after(o->loop, LOOK_MS, look, o);
}

void
overdue_end(struct request *r)
{
	struct overdue *o = r->api->overdue;
	struct overdue_wait *w = &r->late;

	if (!w->on)
		return;
	if (w->prev != NULL)
		w->prev->late.next = w->next;
	else
		o->first = w->next;
	if (w->next != NULL)
		w->next->late.prev = w->prev;
	else
		o->last = w->prev;
	w->on = false;
	w->prev = w->next = NULL;
}
