/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service manager hears: ready, reloading, stopping, a status line, and
 * while every role answers, that we are alive (sd_notify(3)).
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "daemon/parent.h"
#include "sys/notify.h"

#define TICKS 3 /* in an interval of the watchdog */

void
parent_watch_tell(const char *lines)
{
	struct err e;

	if (!notify_send(lines, &e))
		LOG_ERR(LOG_WARN, "not-notified", &e);
}

void
parent_watch_ready(const char *status)
{
	char *lines =
	    mem_printf("READY=1\nMAINPID=%ld\nSTATUS=%s", (long)getpid(), status);

	parent_watch_tell(lines);
	free(lines);
}

/* The last ping is answered by all: they live.  The next goes out, and is waited for. */
static void
on_tick(void *arg)
{
	struct parent *p = arg;
	bool all = true;

	(void)loop_after(p->loop, p->watch_ms, on_tick, p);
	for (size_t i = 0; i < PARENT__ROLES; i++)
		all = all && p->roles[i].answered;
	if (!all)
		return; /* the manager knows what to do about silence */
	parent_watch_tell("WATCHDOG=1");
	for (size_t i = 0; i < PARENT__ROLES; i++) {
		p->roles[i].answered = false;
		link_send(p->roles[i].link, MSG_PING, bytes_of(NULL, 0));
	}
}

void
parent_watch_start(struct parent *p)
{
	const int64_t every = notify_watchdog_ms();

	if (every == 0)
		return;
	p->watch_ms = every / TICKS > 0 ? every / TICKS : 1;
	for (size_t i = 0; i < PARENT__ROLES; i++)
		p->roles[i].answered = true; /* each has just said that it is ready */
	on_tick(p);
}

bool
parent_watch_on_pong(void *ctx, const struct frame *f, struct err *e)
{
	struct parent_process *q = ctx;

	(void)f;
	(void)e;
	q->answered = true;
	return true;
}
