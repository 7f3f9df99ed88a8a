/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#define DRAIN_US   10000000 /* that what is under way may still take */
#define FAILED_MAX 1000     /* then it is given up */
#define EVENTS     64

struct conn {
	struct load_conn pub; /* first: a mode gives it back to load_keep() */
	struct talk *talk;
	bool busy;
	int fd; /* that epoll knows; -1: none */
	uint32_t events;
	int64_t began_us;
	int64_t send_us; /* not before; 0: now */
};

struct load {
	const struct load_plan *plan;
	struct load_result *ret;
	struct conn *v;
	int epoll;
	bool warming, stopped;
	uint64_t budget; /* operations that may still begin */
	int64_t end_us;
	unsigned busy;
	struct load_kept *kept;
	size_t n_kept, cap_kept, kept_octets;
	size_t last[LOAD_SLOTS]; /* index + 1 of what the slot kept last */
};

void
load_put(struct buf *ret, const char *authority, const char *method, const char *path,
    const char *more, const char *type, struct bytes body)
{
	buf_printf(ret, "%s %s HTTP/1.1\r\nHost: %s\r\n%s", method, path, authority,
	    more);
	if (type != NULL)
		buf_printf(ret, "Content-Type: %s\r\nContent-Length: %zu\r\n", type,
		    body.n);
	buf_puts(ret, "\r\n");
	buf_put(ret, body);
}

static void
keep(struct load *l, uint64_t item, struct bytes octets)
{
	uint8_t *copy = mem_zalloc(octets.n + 1);

	if (octets.n > 0)
		memcpy(copy, octets.p, octets.n);
	if (l->n_kept == l->cap_kept) {
		l->cap_kept = l->cap_kept * 2 + 256;
		l->kept = mem_grow(l->kept, l->cap_kept, sizeof(*l->kept));
	}
	l->kept[l->n_kept++] = (struct load_kept){ item, bytes_of(copy, octets.n), 1 };
	l->kept_octets += octets.n;
	if (l->kept_octets > LOAD_KEPT_MAX)
		l->stopped = true;
}

void
load_keep(struct load_conn *c, struct bytes octets)
{
	keep(c->of, c->item, octets);
}

void
load_keep_slot(struct load_conn *c, unsigned slot, struct bytes octets)
{
	struct load *l = c->of;

	assert(slot < LOAD_SLOTS);
	if (l->last[slot] > 0) {
		struct load_kept *k = &l->kept[l->last[slot] - 1];

		if (bytes_eq(k->octets, octets)) {
			k->times++;
			return;
		}
	}
	keep(l, c->item, octets);
	l->last[slot] = l->n_kept;
}

static void
note(struct load *l, const struct err *e)
{
	if (l->ret->first.code == ERR_NONE)
		l->ret->first = *e;
}

/* What epoll watches follows the connection's descriptor and what it waits for. */
static void
watch(struct load *l, struct conn *c, uint32_t events)
{
	const int fd = talk_fd(c->talk);
	struct epoll_event ev = { .events = events, .data.ptr = c };

	if (fd < 0) {
		c->fd = -1; /* closed: epoll has forgotten it by itself */
		return;
	}
	if (c->fd != fd)
		epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev);
	else if (c->events != events)
		epoll_ctl(l->epoll, EPOLL_CTL_MOD, fd, &ev);
	c->fd = fd;
	c->events = events;
}

static bool
may_begin(const struct load *l, int64_t now)
{
	return !l->stopped && l->budget > 0 && now < l->end_us;
}

/* Begins an operation on an idle connection; false: it stays idle. */
static bool
begin(struct load *l, struct conn *c, int64_t now)
{
	struct err e = { 0 };

	if (!may_begin(l, now))
		return false;
	c->pub.item = l->ret->next;
	c->pub.step = 0;
	c->pub.wait_us = 0;
	buf_clear(&c->pub.request);
	if (!l->plan->mode->begin(&c->pub, &e)) {
		note(l, &e);
		l->stopped = true;
		return false;
	}
	l->ret->next++;
	l->budget--;
	c->began_us = now;
	c->send_us = 0;
	c->busy = true;
	l->busy++;
	talk_ask(c->talk, buf_bytes(&c->pub.request));
	return true;
}

static void
finish(struct load *l, struct conn *c, uint64_t *counter, int64_t now)
{
	(*counter)++;
	c->busy = false;
	l->busy--;
	if (counter == &l->ret->done && !l->warming)
		hist_add(&l->ret->hist, now - c->began_us);
}

/* After an answer.  True: there is another request to be sent now. */
static bool
answered(struct load *l, struct conn *c, int64_t now)
{
	const struct reply *r = talk_reply(c->talk);
	const bool close = r->close;
	struct err e = { 0 };

	const enum load_next next = l->plan->mode->answer(&c->pub, r, &e);
	if (close || (l->plan->fresh && next != LOAD_MORE)) {
		talk_close(c->talk);
		watch(l, c, 0);
	}
	if (next == LOAD_MORE) {
		c->send_us = c->pub.wait_us > 0 ? now + c->pub.wait_us : 0;
		c->pub.wait_us = 0;
		talk_ask(c->talk, buf_bytes(&c->pub.request));
		return c->send_us == 0;
	}
	if (next == LOAD_WRONG)
		note(l, &e);
	finish(l, c, next == LOAD_WRONG ? &l->ret->wrong : &l->ret->done, now);
	return begin(l, c, now);
}

/* Drives one connection until it waits. */
static void
drive(struct load *l, struct conn *c)
{
	enum talk_state s;
	struct err e = { 0 };

	while (c->busy) {
		s = talk_go(c->talk, &e);
		if (s == TALK_READS || s == TALK_WRITES) {
			watch(l, c, s == TALK_READS ? EPOLLIN : EPOLLOUT);
			return;
		}
		const int64_t now = clock_mono_us();

		if (s == TALK_FAILED) {
			note(l, &e);
			watch(l, c, 0);
			finish(l, c, &l->ret->failed, now);
			if (l->ret->failed >= FAILED_MAX)
				l->stopped = true;
			begin(l, c, now);
		} else if (!answered(l, c, now)) {
			break;
		}
	}
	watch(l, c, 0);
}

/* Sends what has waited long enough; gives how many milliseconds the next has to wait. */
static int
send_due(struct load *l, int64_t now)
{
	int64_t least = 100000;

	for (unsigned i = 0; i < l->plan->connections; i++) {
		struct conn *c = &l->v[i];

		if (!c->busy || c->send_us == 0)
			continue;
		if (c->send_us <= now) {
			c->send_us = 0;
			drive(l, c);
		} else if (c->send_us - now < least) {
			least = c->send_us - now;
		}
	}
	return (int)((least + 999) / 1000);
}

static void
run(struct load *l)
{
	struct epoll_event ev[EVENTS];
	int64_t now = clock_mono_us();
	const int64_t give_up = l->end_us + DRAIN_US;

	for (unsigned i = 0; i < l->plan->connections; i++)
		begin(l, &l->v[i], now);
	for (unsigned i = 0; i < l->plan->connections; i++)
		drive(l, &l->v[i]);
	while (l->busy > 0 && now < give_up) {
		const int n = epoll_wait(l->epoll, ev, EVENTS, send_due(l, now));

		for (int i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;

			if (c->busy && c->send_us == 0)
				drive(l, c);
			else if (!c->busy)
				watch(l, c, 0);
		}
		now = clock_mono_us();
	}
}

/* Whoever is still not answered never was. */
static void
abandon(struct load *l)
{
	struct err e;

	err_set(&e, ERR_UNAVAILABLE, "no answer for ten seconds");
	for (unsigned i = 0; i < l->plan->connections; i++)
		if (l->v[i].busy) {
			note(l, &e);
			finish(l, &l->v[i], &l->ret->failed, 0);
			talk_close(l->v[i].talk);
			watch(l, &l->v[i], 0);
		}
}

static void
prove(struct load *l)
{
	for (size_t i = 0; i < l->n_kept; i++) {
		struct load_kept *k = &l->kept[i];
		struct err e = { 0 };

		if (l->plan->mode->proof != NULL &&
		    !l->plan->mode->proof(l->plan->world, k, &e)) {
			note(l, &e);
			l->ret->wrong += k->times;
			l->ret->done -=
			    k->times < l->ret->done ? k->times : l->ret->done;
		}
		free((void *)(uintptr_t)k->octets.p);
	}
}

static struct talk_counts
count(const struct load *l)
{
	struct talk_counts sum = { 0 };

	for (unsigned i = 0; i < l->plan->connections; i++) {
		const struct talk_counts one = talk_counts(l->v[i].talk);

		sum.connections += one.connections;
		sum.handshakes += one.handshakes;
		sum.resumed += one.resumed;
	}
	return sum;
}

/* One operation on each connection, so that what is done once is not measured. */
static void
warm(struct load *l)
{
	l->warming = true;
	l->budget = l->plan->connections;
	l->end_us = clock_mono_us() + DRAIN_US;
	run(l);
	abandon(l);
	l->warming = false;
}

/* Between the two looks at the clock is nothing but the load. */
static void
measure(struct load *l)
{
	const struct load_plan *p = l->plan;
	struct load_result *r = l->ret;
	const struct talk_counts counts = count(l);
	struct usage_all before = { 0 }, after = { 0 };
	struct err e;

	const bool watched = p->pid > 0 && usage_read(p->pid, &before, &e);
	const int64_t self_us = usage_self_us(), began_us = clock_mono_us();

	r->done = 0;
	l->budget = p->count > 0 ? p->count : UINT64_MAX;
	l->end_us = began_us + p->us;
	run(l);
	r->us = clock_mono_us() - began_us;
	r->self_us = usage_self_us() - self_us;
	if (watched && usage_read(p->pid, &after, &e))
		usage_between(&before, &after, &r->used);
	abandon(l);
	r->counts = count(l);
	r->counts.connections -= counts.connections;
	r->counts.handshakes -= counts.handshakes;
	r->counts.resumed -= counts.resumed;
}

static void
set_up(struct load *l)
{
	const struct load_plan *p = l->plan;

	l->v = mem_zarray(p->connections, sizeof(*l->v));
	for (unsigned i = 0; i < p->connections; i++) {
		struct conn *c = &l->v[i];

		c->pub = (struct load_conn){ .of = l, .index = i, .world = p->world };
		buf_init(&c->pub.request, LOAD_REQUEST_MAX);
		c->fd = -1;
		c->talk = talk_new(p->place,
		    p->n_creds > 0 ? p->creds[i % p->n_creds] : NULL);
		if (p->resume)
			talk_resume(c->talk);
	}
}

static void
tear_down(struct load *l)
{
	for (unsigned i = 0; i < l->plan->connections; i++) {
		talk_free(l->v[i].talk);
		buf_free(&l->v[i].pub.request);
		free(l->v[i].pub.own);
	}
	free(l->v);
	free(l->kept);
	close(l->epoll);
}

bool
load_run(const struct load_plan *p, struct load_result *ret, struct err *e)
{
	struct load l = { .plan = p, .ret = ret };

	assert(p->connections > 0 && p->connections <= LOAD_CONNECTIONS_MAX);
	*ret = (struct load_result){ .next = p->first };
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l.epoll < 0)
		return err_errno(e, "epoll");
	set_up(&l);
	warm(&l);
	/* What the first operations were told is proven with the rest, and not counted. */
	const uint64_t warmed = ret->done;
	if (!l.stopped)
		measure(&l);
	ret->done += warmed;
	prove(&l);
	ret->done -= warmed < ret->done ? warmed : ret->done;
	tear_down(&l);
	if (ret->done > 0)
		return true;
	return ret->first.code != ERR_NONE
		   ? err_set(e, ret->first.code, "%s", ret->first.detail)
		   : err_set(e, ERR_UNAVAILABLE, "nothing was answered");
}
