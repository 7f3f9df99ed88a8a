/* SPDX-License-Identifier: Apache-2.0 */
/* What test_proc.c starts: tells on descriptor 3 what it finds in itself. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/proc.h"

static void
tell_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	const struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		const int fd = (int)strtol(entry->d_name, NULL, 10);

		if (entry->d_name[0] != '.' && fd != dirfd(d))
			dprintf(PROC_FD_PARENT, "fd %d\n", fd);
	}
	closedir(d);
}

static const char *
action_of(int signal)
{
	struct sigaction old;

	if (sigaction(signal, NULL, &old) < 0)
		return "unknown";
	return old.sa_handler == SIG_IGN ? "ignored" : "default";
}

int
main(int argc, char **argv)
{
	struct rlimit core;
	sigset_t mask;
	int death = 0;

	dprintf(PROC_FD_PARENT, "argc %d name %s\n", argc, argv[0]);
	for (char **v = environ; *v != NULL; v++)
		dprintf(PROC_FD_PARENT, "env %s\n", *v);
	tell_fds();
	sigprocmask(SIG_SETMASK, NULL, &mask);
	dprintf(PROC_FD_PARENT, "int %s pipe %s usr1 %s\n", action_of(SIGINT),
	    action_of(SIGPIPE), sigismember(&mask, SIGUSR1) ? "blocked" : "open");
	prctl(PR_GET_PDEATHSIG, &death);
	dprintf(PROC_FD_PARENT, "death %d\n", death);
	proc_harden();
	getrlimit(RLIMIT_CORE, &core);
	dprintf(PROC_FD_PARENT, "privs %d core %lu umask %o pipe %s dumpable %d\n",
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), (unsigned long)core.rlim_max,
	    umask(0), action_of(SIGPIPE), prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
	return 0;
}
