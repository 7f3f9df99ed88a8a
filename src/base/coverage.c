/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coverage - in a build that counts (--enable-coverage) nobody ends without writing
 * down what it counted.  Of any other build this is no octet.
 *
 * exit(3) writes the counters.  A role that fails ends by _exit(2), and its parent
 * then kills the others: most of what tests of failure are about would be lost.  So
 * our programs take these calls from here, and libc has them no more.
 */
#ifdef HNP_COVERAGE

#include <gcov.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 100 /* looks at who is to write, 10 ms apart */

void
_exit(int status)
{
	__gcov_dump();
	for (;;)
		syscall(SYS_exit_group, status);
}

int
raise(int sig)
{
	if (sig == SIGKILL)
		__gcov_dump();
	return (int)syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig);
}

static void
on_asked(int sig)
{
	(void)sig;
	raise(SIGKILL);
}

__attribute__((constructor)) static void
begin(void)
{
	signal(SIGUSR2, on_asked);
}

/* Asks first: a child of ours writes, and kills itself; one that is stopped does not. */
int
kill(pid_t pid, int sig)
{
	siginfo_t ended = { 0 };

	if (sig == SIGKILL && pid > 0 && syscall(SYS_kill, pid, SIGUSR2) == 0)
		for (int i = 0;
		     i < PATIENCE && ended.si_pid == 0 &&
		     waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT) == 0;
		     i++)
			nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	return (int)syscall(SYS_kill, pid, sig);
}

#endif
