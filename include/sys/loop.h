/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop - a single-threaded event loop over poll(2).
 *
 * All callbacks run on the thread that called loop_run(); no function of this
 * module may be called from another thread.  After each round of callbacks the
 * batch hook runs once: there the group commit happens.  A handful of
 * descriptors and timers is expected, not thousands.
 */
#ifndef SYS_LOOP_H
#define SYS_LOOP_H

#include <stdint.h>

#include "base/err.h"

struct loop;
struct loop_fd;
struct loop_timer;
struct loop_hook;

typedef void loop_fd_cb(void *arg,
    unsigned events); /* LOOP_IN | LOOP_OUT | LOOP_GONE */
typedef void loop_cb(void *arg);

enum loop_event {
	LOOP_IN = 1,
	LOOP_OUT = 2,
	LOOP_GONE = 4 /* hang-up or error; always told */
};

struct loop *loop_new(void);
void loop_free(struct loop *l); /* closes no descriptor; NULL is fine */

/* Watches 'fd'; the handle is the loop's until loop_del(). */
struct loop_fd *loop_add(struct loop *l, int fd, unsigned events, loop_fd_cb *cb,
    void *arg);
void loop_want(struct loop_fd *f, unsigned events);
void loop_del(struct loop_fd *f); /* may be called from a callback; NULL is fine */

/* Runs 'cb' once in 'ms' (0: next round).  The handle dies when it fires. */
struct loop_timer *loop_after(struct loop *l, int64_t ms, loop_cb *cb, void *arg);
void loop_cancel(struct loop_timer *t); /* NULL is fine */

void loop_on_batch(struct loop *l, loop_cb *cb, void *arg);
/*
 * Each time before the loop waits, after the batch hook: here queued output is
 * written, so what a batch hook answers leaves in the same round.
 */
struct loop_hook *loop_before_wait(struct loop *l, loop_cb *cb, void *arg);
void loop_unhook(struct loop_hook *h); /* NULL is fine */
/*
 * Calls 'cb' when one of the signals arrives (signalfd, so no handler runs).
 * They are blocked from here on; proc_spawn() unblocks them in its children.
 * Once a loop.
 */
MUST_CHECK bool loop_signals(struct loop *l, const int *signals, size_t n,
    void (*cb)(void *arg, int signal), void *arg, struct err *e);

void loop_run(struct loop *l); /* until loop_stop() */
void loop_stop(struct loop *l);

#endif
