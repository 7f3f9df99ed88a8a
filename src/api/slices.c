/* SPDX-License-Identifier: Apache-2.0 */
#include "api/slices.h"

#include <stdlib.h>

#include "base/mem.h"

struct slices {
	struct loop *loop;
	struct loop_timer *timer; /* NULL: nobody waits */
	struct slices_job v[SLICES_MAX];
	size_t first, n; /* a ring */
};

#define MS_SHORT 4
#define MS_LONG  12

int64_t
slices_pace(int64_t n, int64_t least, int64_t most, int64_t took_ms)
{
	if (took_ms < MS_SHORT && n <= most / 2)
		return n * 2;
	return took_ms > MS_LONG && n / 2 >= least ? n / 2 : n;
}

struct slices *
slices_new(struct loop *l)
{
	struct slices *s = mem_zalloc(sizeof(*s));

	s->loop = l;
	return s;
}

static struct slices_job
take_first(struct slices *s)
{
	const struct slices_job j = s->v[s->first];

	s->first = (s->first + 1) % SLICES_MAX;
	s->n--;
	return j;
}

static void
put_last(struct slices *s, const struct slices_job *j)
{
	s->v[(s->first + s->n) % SLICES_MAX] = *j;
	s->n++;
}

void
slices_free(struct slices *s)
{
	if (s == NULL)
		return;
	loop_cancel(s->timer);
	while (s->n > 0) {
		const struct slices_job j = take_first(s);

		j.drop(j.arg);
	}
	free(s);
}

static void
on_round(void *arg)
{
	struct slices *s = arg;
	const struct slices_job j = take_first(s);

	s->timer = NULL;
	if (!j.step(j.arg))
		put_last(s, &j);
	if (s->n > 0)
		s->timer = loop_after(s->loop, 0, on_round, s);
}

bool
slices_add(struct slices *s, const struct slices_job *j, struct err *e)
{
	if (s->n == SLICES_MAX)
		return err_set(e, ERR_UNAVAILABLE,
		    "too many searches are waiting; try again in a moment");
	put_last(s, j);
	if (s->timer == NULL)
		s->timer = loop_after(s->loop, 0, on_round, s);
	return true;
}
