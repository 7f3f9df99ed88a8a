/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aside - one thread that waits for the disk, so that an event loop does not.
 *
 * A job has two halves.  'work' runs on the thread, and touches nothing but its own
 * job and what nobody changes while jobs are open; it takes no memory, so that there
 * is none but the loop's to keep in bounds.  'done' runs on the loop's thread, and
 * jobs are worked and done one by one in the order in which they were added.  So
 * there is no lock: a job is its owner's, then the thread's, then its owner's again.
 */
#ifndef SYS_ASIDE_H
#define SYS_ASIDE_H

#include "sys/loop.h"

struct aside;

struct aside_job { /* the first member of what the job is about */
	void (*work)(struct aside_job *j);
	/* The job is its owner's again.  NULL: nobody waits, and it was 'work' that freed it. */
	void (*done)(struct aside_job *j);
};

/* Starts the thread and waits until it runs: it begins nothing new later.  ERR_IO, ERR_INTERNAL. */
MUST_CHECK bool aside_new(struct loop *l, struct aside **ret, struct err *e);
/* Waits until all that was added is worked; 'done' is not called any more.  NULL is fine. */
void aside_free(struct aside *a);

/* From any thread.  'j' is the thread's until it is done, which is never before this comes back. */
void aside_add(struct aside *a, struct aside_job *j);

#endif
