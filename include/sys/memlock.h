/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memlock - keeps out of swap what this process writes to its memory (S80).
 *
 * mlockall(2) counts programs and libraries too: under the 8 MiB that services and
 * containers are given unless somebody asked for more, it locks nothing at all.  What can
 * hold a secret is far less.
 */
#ifndef SYS_MEMLOCK_H
#define SYS_MEMLOCK_H

enum memlock {
	MEMLOCK_PART,    /* some, or nothing: the limit is too low */
	MEMLOCK_WRITTEN, /* heap, stacks and data, as they are */
	MEMLOCK_ALL,     /* all that is mapped, as it is */
	MEMLOCK_ALWAYS   /* that, and all that will be */
};

/* What memlock() has to read, opened while files can be.  -1: it cannot be opened. */
int memlock_open(void);

/*
 * Locks as much as RLIMIT_MEMLOCK lets us, what is smaller and older first.  Before, the
 * heap takes some room: what it is given later is locked only by MEMLOCK_ALWAYS.  For when
 * the threads are there.  'maps': of memlock_open(); it is closed.
 */
enum memlock memlock(int maps);

#endif
