/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/loop.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

struct loop_fd {
	struct loop *loop;
	int fd;
	unsigned events;
	loop_fd_cb *cb;
	void *arg;
	bool dead; /* swept at the end of the round: a callback may delete any */
};

struct loop_timer {
	struct loop_timer *next;
	struct loop *loop;
	int64_t at_ms;
	uint64_t round; /* it never fires in the round that made it */
	loop_cb *cb;
	void *arg;
};

struct loop_hook {
	struct loop_hook *next;
	loop_cb *cb; /* NULL: dead */
	void *arg;
};

struct loop {
	struct loop_fd **fds;
	struct pollfd *polls; /* as long as fds */
	size_t n, cap;
	bool any_dead;
	struct loop_timer *timers; /* soonest first */
	struct loop_hook *hooks;   /* in the order of their making */
	loop_cb *batch;
	void *batch_arg;
	uint64_t round;
	bool stop;
	int signal_fd; /* -1: none */
	void (*signal_cb)(void *arg, int signal);
	void *signal_arg;
};

struct loop *
loop_new(void)
{
	struct loop *l = mem_zalloc(sizeof(*l));

	l->signal_fd = -1;
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++)
		free(l->fds[i]);
	while (l->timers != NULL)
		loop_cancel(l->timers);
	for (struct loop_hook *h = l->hooks, *next; h != NULL; h = next) {
		next = h->next;
		free(h);
	}
	if (l->signal_fd >= 0)
		close(l->signal_fd);
	free(l->fds);
	free(l->polls);
	free(l);
}

/* ---- descriptors ---- */

struct loop_fd *
loop_add(struct loop *l, int fd, unsigned events, loop_fd_cb *cb, void *arg)
{
	struct loop_fd *f = mem_zalloc(sizeof(*f));

	*f = (struct loop_fd){ l, fd, events, cb, arg, false };
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 8 : l->cap * 2;
		l->fds = mem_grow(l->fds, l->cap, sizeof(struct loop_fd *));
		l->polls = mem_grow(l->polls, l->cap, sizeof(*l->polls));
	}
	l->fds[l->n++] = f;
	return f;
}

void
loop_want(struct loop_fd *f, unsigned events)
{
	f->events = events;
}

void
loop_del(struct loop_fd *f)
{
	if (f == NULL)
		return;
	f->dead = true;
	f->loop->any_dead = true;
}

static void
sweep_fds(struct loop *l)
{
	size_t kept = 0;

	if (!l->any_dead)
		return;
	for (size_t i = 0; i < l->n; i++)
		if (l->fds[i]->dead)
			free(l->fds[i]);
		else
			l->fds[kept++] = l->fds[i];
	l->n = kept;
	l->any_dead = false;
}

static unsigned
events_of(short revents)
{
	unsigned events = 0;

	if (revents & POLLIN)
		events |= LOOP_IN;
	if (revents & POLLOUT)
		events |= LOOP_OUT;
	if (revents & (POLLHUP | POLLERR | POLLNVAL))
		events |= LOOP_GONE;
	return events;
}

/* ---- timers ---- */

struct loop_timer *
loop_after(struct loop *l, int64_t ms, loop_cb *cb, void *arg)
{
	struct loop_timer *t = mem_zalloc(sizeof(*t));
	struct loop_timer **at = &l->timers;

	*t = (struct loop_timer){ NULL, l, clock_mono_ms() + ms, l->round, cb, arg };
	while (*at != NULL && (*at)->at_ms <= t->at_ms)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
	return t;
}

void
loop_cancel(struct loop_timer *t)
{
	if (t == NULL)
		return;
	for (struct loop_timer **at = &t->loop->timers; *at != NULL; at = &(*at)->next)
		if (*at == t) {
			*at = t->next;
			break;
		}
	free(t);
}

/* The next timer that is due and was not made in this round, or NULL. */
static struct loop_timer *
due_timer(const struct loop *l, int64_t now)
{
	for (struct loop_timer *t = l->timers; t != NULL && t->at_ms <= now;
	     t = t->next)
		if (t->round != l->round)
			return t;
	return NULL;
}

static void
fire_timers(struct loop *l)
{
	const int64_t now = clock_mono_ms();
	struct loop_timer *t;

	while ((t = due_timer(l, now)) != NULL) {
		loop_cb *cb = t->cb;
		void *arg = t->arg;

		loop_cancel(t);
		cb(arg);
	}
}

static int
wait_ms(const struct loop *l)
{
	if (l->timers == NULL)
		return -1;
	const int64_t left = l->timers->at_ms - clock_mono_ms();

	if (left <= 0)
		return 0;
	return left > 60000 ? 60000 : (int)left;
}

/* ---- hooks and signals ---- */

void
loop_on_batch(struct loop *l, loop_cb *cb, void *arg)
{
	l->batch = cb;
	l->batch_arg = arg;
}

struct loop_hook *
loop_before_wait(struct loop *l, loop_cb *cb, void *arg)
{
	struct loop_hook *h = mem_zalloc(sizeof(*h));
	struct loop_hook **at = &l->hooks;

	*h = (struct loop_hook){ NULL, cb, arg };
	while (*at != NULL)
		at = &(*at)->next;
	*at = h;
	return h;
}

void
loop_unhook(struct loop_hook *h)
{
	if (h != NULL)
		h->cb = NULL;
}

static void
run_hooks(struct loop *l)
{
	struct loop_hook **at = &l->hooks;

	for (struct loop_hook *h = l->hooks; h != NULL; h = h->next)
		if (h->cb != NULL)
			h->cb(h->arg);
	while (*at != NULL) {
		struct loop_hook *h = *at;

		if (h->cb != NULL) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		free(h);
	}
}

static void
on_signal_fd(void *arg, unsigned events)
{
	struct loop *l = arg;
	struct signalfd_siginfo info;

	(void)events;
	while (read(l->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		l->signal_cb(l->signal_arg, (int)info.ssi_signo);
}

bool
loop_signals(struct loop *l, const int *signals, size_t n,
    void (*cb)(void *arg, int signal), void *arg, struct err *e)
{
	sigset_t set;

	assert(l->signal_fd < 0); /* one set a loop */
	sigemptyset(&set);
	for (size_t i = 0; i < n; i++)
		sigaddset(&set, signals[i]);
	if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
		return err_set(e, ERR_INTERNAL, "signals cannot be blocked");
	l->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (l->signal_fd < 0)
		return err_errno(e, "signalfd");
	l->signal_cb = cb;
	l->signal_arg = arg;
	(void)loop_add(l, l->signal_fd, LOOP_IN, on_signal_fd, l);
	return true;
}

/* ---- running ---- */

static void
wait_and_call(struct loop *l)
{
	const size_t n = l->n; /* callbacks may add further ones */

	for (size_t i = 0; i < n; i++) {
		const unsigned events = l->fds[i]->events;

		l->polls[i] = (struct pollfd){ .fd = l->fds[i]->fd };
		if (events & LOOP_IN)
			l->polls[i].events |= POLLIN;
		if (events & LOOP_OUT)
			l->polls[i].events |= POLLOUT;
	}
	const int ready = poll(l->polls, (nfds_t)n, wait_ms(l));

	l->round++; /* timers made up to here may fire now */
	if (ready < 0)
		assert(errno == EINTR || errno == EAGAIN || errno == ENOMEM);
	for (size_t i = 0; ready > 0 && i < n; i++) {
		struct loop_fd *f = l->fds[i];
		const unsigned events = events_of(l->polls[i].revents);

		if (events != 0 && !f->dead)
			f->cb(f->arg, events);
	}
	fire_timers(l);
	if (l->batch != NULL)
		l->batch(l->batch_arg);
	sweep_fds(l);
}

void
loop_run(struct loop *l)
{
	l->stop = false;
	run_hooks(l);
	while (!l->stop) {
		sweep_fds(l);
		wait_and_call(l);
		run_hooks(l);
	}
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}
