/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool - threads for pure work, beside an event loop.
 *
 * A job has two halves.  'work' runs on any thread, and touches nothing but its own
 * job and what nobody changes while jobs are open.  'done' runs on the loop's thread,
 * and jobs are done in the order in which they were added, whatever order they were
 * worked in.  So what decides, remembers or sends is all on one thread and needs no
 * lock, and its order is what it would be if each job were worked when it is added.
 *
 * The loop's thread works as well, and a job alone never leaves it: a second thread
 * is asked only when there is work for two.
 */
#ifndef SYS_POOL_H
#define SYS_POOL_H

#include "sys/loop.h"

struct pool;

struct pool_job { /* the first member of what the job is about */
	void (*work)(struct pool_job *j);
	void (*done)(struct pool_job *j); /* the job is its owner's again */
	/* The pool's own: */
	struct pool_job *next;
	bool worked;
};

/* How many threads are of use beside this one: one less than the cores, at most POOL_MAX. */
#define POOL_MAX 4
unsigned pool_cores(void);

/*
 * Starts 'threads' threads and waits until they run: they inherit what binds the
 * caller, give up what root has beyond a user, and begin nothing new later.  0: all is worked and done by pool_add().
 * ERR_INTERNAL.
 */
MUST_CHECK bool pool_new(struct loop *l, unsigned threads, struct pool **ret,
    struct err *e);
void pool_free(struct pool *p); /* no job is open; NULL is fine */

/* 'j' is the pool's until it is done; that may be at once. */
void pool_add(struct pool *p, struct pool_job *j);
/*
 * Once in a round, at its end: takes part in the work until all is done, or so much that
 * what was done should not wait for the rest; that goes on in the next round.
 */
void pool_turn(struct pool *p);
/* Comes back when every job is done. */
void pool_settle(struct pool *p);

#endif
