/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/searchable.h"

#include <stdlib.h>

#include "base/mem.h"
#include "ca/ca_state.h"
#include "store/store_certificate.h"

#define MANY    128 /* certificates: a few milliseconds */
#define SOON_MS 1000

struct searchable {
	struct ca *ca;
	int64_t n; /* that wait, as far as we know: some may be searchable already */
	struct loop_timer *timer;
};

struct searchable *
searchable_new(struct ca *ca)
{
	struct searchable *s = mem_zalloc(sizeof(*s));
	struct err ignored;

	s->ca = ca;
	if (!store_unsearched(ca->store, &s->n, &ignored))
		s->n = 0; /* they go with the next ones */
	return s;
}

void
searchable_free(struct searchable *s)
{
	if (s == NULL)
		return;
	loop_cancel(s->timer);
	free(s);
}

static bool
catch_up(struct searchable *s, struct err *e)
{
	if (!store_search_catch_up(s->ca->store, MANY, e))
		return false;
	s->n = s->n > MANY ? s->n - MANY : 0;
	return true;
}

static void
on_timer(void *arg)
{
	struct searchable *s = arg;
	struct err e;

	s->timer = NULL;
	if (!ca_writable(s->ca, &e) || s->ca->round_failed)
		return; /* the next certificate sets it anew */
	store_replaying(s->ca->store, true);
	const bool open = store_begin(s->ca->store, &e);
	store_replaying(s->ca->store, false);
	if (!open || !catch_up(s, &e))
		ca_round_fail(s->ca, &e);
	else if (s->n > 0)
		s->timer = loop_after(s->ca->loop, SOON_MS, on_timer, s);
}

void
searchable_add(struct searchable *s)
{
	s->n++;
	if (s->timer == NULL)
		s->timer = loop_after(s->ca->loop, SOON_MS, on_timer, s);
}

bool
searchable_batch_end(struct searchable *s, struct err *e)
{
	while (s->n >= MANY)
		if (!catch_up(s, e))
			return false;
	return true;
}
