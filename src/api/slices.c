/* SPDX-License-Identifier: Apache-2.0 */
#include "api/slices.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The jobs of one identity: the first has the next slice. */
struct line {
	char *who;
	struct slices_job v[SLICES_SHARE];
	size_t n;
	struct line *next;
};

struct slices {
	struct loop *loop;
	struct loop_timer *timer; /* NULL: nobody waits */
	struct line *first,
	    **last; /* who has the next turn; where the next to come goes */
	size_t n;   /* jobs in all */
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
	s->last = &s->first;
	return s;
}

/* ---- who waits ---- */

static struct line *
line_of(const struct slices *s, const char *who)
{
	struct line *it = s->first;

	while (it != NULL && strcmp(it->who, who) != 0)
		it = it->next;
	return it;
}

static void
put_last(struct slices *s, struct line *l)
{
	l->next = NULL;
	*s->last = l;
	s->last = &l->next;
}

static struct line *
take_first(struct slices *s)
{
	struct line *l = s->first;

	s->first = l->next;
	if (s->first == NULL)
		s->last = &s->first;
	return l;
}

static struct line *
line_new(struct slices *s, const char *who)
{
	struct line *l = mem_zalloc(sizeof(*l));

	l->who = mem_strdup(who);
	put_last(s, l);
	return l;
}

static void
line_free(struct line *l)
{
	free(l->who);
	free(l);
}

void
slices_free(struct slices *s)
{
	if (s == NULL)
		return;
	loop_cancel(s->timer);
	while (s->first != NULL) {
		struct line *l = take_first(s);

		for (size_t i = 0; i < l->n; i++)
			l->v[i].drop(l->v[i].arg);
		line_free(l);
	}
	free(s);
}

/* ---- turns ---- */

static void
on_round(void *arg)
{
	struct slices *s = arg;
	struct line *l = s->first;
	const struct slices_job j = l->v[0];

	s->timer = NULL;
	const bool done = j.step(j.arg);
	memmove(&l->v[0], &l->v[1], (l->n - 1) * sizeof(l->v[0]));
	if (done) {
		l->n--;
		s->n--;
	} else {
		l->v[l->n - 1] = j;
	}
	take_first(s);
	if (l->n > 0)
		put_last(s, l);
	else
		line_free(l);
	if (s->n > 0 && s->timer == NULL)
		s->timer = loop_after(s->loop, 0, on_round, s);
}

bool
slices_room(const struct slices *s, const char *who, bool is_admin, struct err *e)
{
	const struct line *l = line_of(s, who);

	if (l != NULL && l->n == SLICES_SHARE) {
		err_set(e, ERR_RATE_LIMITED,
		    "%d lists and searches of this identity are being made already; "
		    "ask again when one of them is done",
		    SLICES_SHARE);
		e->retry_s = 1;
		return false;
	}
	return s->n < (is_admin ? SLICES_MAX : SLICES_MAX - SLICES_KEPT) ||
	       err_set(e, ERR_UNAVAILABLE,
		   "too many lists and searches are being made; try again in a moment");
}

bool
slices_add(struct slices *s, const char *who, bool is_admin, const struct slices_job *j,
    struct err *e)
{
	if (!slices_room(s, who, is_admin, e))
		return false;
	struct line *l = line_of(s, who);
	if (l == NULL)
		l = line_new(s, who);
	l->v[l->n++] = *j;
	s->n++;
	if (s->timer == NULL)
		s->timer = loop_after(s->loop, 0, on_round, s);
	return true;
}
