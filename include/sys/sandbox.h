/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox - a process shuts itself in, once it has opened what it needs (S82).
 *
 * Two walls, and neither can be taken down again: seccomp(2) ends the process at
 * any system call that is in no row of tbl/syscalls.h; Landlock, where the kernel
 * has it, refuses files (EACCES) that are not below the given paths, and to a role, from
 * its version 6 on, signals to others.  What root is by its capabilities, it is no more.
 */
#ifndef SYS_SANDBOX_H
#define SYS_SANDBOX_H

#include <stddef.h>

#include "base/err.h"

enum sandbox_role {
	SANDBOX_SIGNER = 1,
	SANDBOX_PROBER = 2,
	SANDBOX_CORE = 4,
	SANDBOX_FRONT = 8,
	SANDBOX_PARENT = 16
};

enum sandbox_access {
	SANDBOX_LIST = 1,  /* names in a directory, and flushing it */
	SANDBOX_READ = 2,  /* contents */
	SANDBOX_WRITE = 4, /* contents of files that are there */
	SANDBOX_MAKE = 8   /* new files and directories, renaming, removing */
};

struct sandbox_path {
	const char
	    *path; /* a file, or a directory with all below; none is there: no rule */
	unsigned access; /* enum sandbox_access, or'ed */
};

struct sandbox {
	size_t calls; /* system calls that are left */
	int landlock; /* the kernel's version of it; 0: it has none */
};

/*
 * Why this program cannot be shut in (sanitizers and coverage counters do what no
 * role may); NULL: it can.
 */
const char *sandbox_lacking(void);

/*
 * For the whole process, for ever.  The caller has one thread yet.  Threads that a role
 * may not make later are made by 'between' (NULL: none): Landlock binds a thread and
 * what it makes, so it comes before; seccomp's filter is put upon all that are
 * there.  Capabilities are each thread's own: it gives them up itself (sys/pool.c, sys/aside.c).
 * ERR_UNAVAILABLE: the kernel does not do it; part of it may hold by then.  ERR_IO: a path that
 * is there cannot be opened.  no_new_privs is set before (proc_harden(), proc_shut()).
 */
MUST_CHECK bool sandbox_enter(enum sandbox_role role, const struct sandbox_path *paths,
    size_t n, void (*between)(void *arg), void *arg, struct sandbox *ret,
    struct err *e);

#endif
