/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc - starting the role executables and hardening the own process.
 */
#ifndef SYS_PROC_H
#define SYS_PROC_H

#include <sys/types.h>

#include "base/err.h"

/* Where a role finds its channels: inherited descriptors, the same in every role. */
enum {
	PROC_FD_PARENT = 3,
	PROC_FD_FIRST = 4 /* further ones in the order given to proc_spawn() */
};

struct proc_user {
	uid_t uid;
	gid_t gid;
};

/*
 * For a program that is started by strangers, first thing in main().  Where one of
 * descriptors 0 to 2 is closed, no file or socket may get its number, or what is told
 * there goes into that.  Reading and writing it fails, as before.  And the end of a child
 * is told, though who started us ignores that of his.  Ends the process when it cannot.
 */
void proc_begin(void);

/*
 * As 'user', and in no other group (we are root, if only by our real id); NULL: as we.
 * Starts 'path' with argv[0] = 'name', the 'fds' as descriptors 3, 4, …, and
 * no other descriptor but 0, 1, 2.  The environment holds only TZ, LANG,
 * CREDENTIALS_DIRECTORY and sanitizer and coverage options.  SIGINT, SIGTERM and
 * SIGHUP are ignored: a role obeys its parent, not the terminal.  The child is
 * killed when the thread that called this ends (PR_SET_PDEATHSIG); that of a 'user',
 * by a pipe of which we have both ends, when our process does.
 */
MUST_CHECK bool proc_spawn(const char *path, const char *name, const int *fds, size_t n,
    const struct proc_user *user, pid_t *ret_pid, struct err *e);

/*
 * No new privileges by a program that it starts, no debugger of its user, no core
 * file.  Ends the process when it cannot.
 */
void proc_shut(void);
/*
 * Root's rights beyond those of a user: none from here on, for the calling thread and
 * those that it makes.  ERR_UNAVAILABLE: some are held, and the kernel keeps them so.
 */
MUST_CHECK bool proc_drop_capabilities(struct err *e);
/* The same for a thread, first thing in it: ends the process when it cannot. */
void proc_must_drop_capabilities(void);

/*
 * For a role, first thing in main(): proc_shut(),
 * umask 077, SIGPIPE ignored.  Ends the process when it cannot.
 */
void proc_harden(void);

/*
 * Finds a program of this package: beside the running executable (the build
 * tree), else where 'installed_dir' lies from it when all of the prefix was moved
 * (make install DESTDIR=...), else in 'installed_dir'.  ERR_NOT_FOUND.  ret is
 * free()d by the caller.
 */
MUST_CHECK bool proc_find(const char *program, const char *installed_dir, char **ret,
    struct err *e);

#endif
