/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/proc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/mem.h"

#define FDS_MAX 8

static void
must(bool ok)
{
	if (ok)
		return;
	perror("hanaper: the process cannot be hardened");
	_exit(1);
}

/* ---- starting ---- */

static void
hold_standard(void)
{
	/* The wrong way round, so that input that is missing is no empty one. */
	static const int modes[] = {
		[STDIN_FILENO] = O_WRONLY,
		[STDOUT_FILENO] = O_RDONLY,
		[STDERR_FILENO] = O_RDONLY,
	};

	for (int fd = 0; fd < (int)NITEMS(modes); fd++)
		if (fcntl(fd, F_GETFD) < 0)
			must(open("/dev/null", modes[fd]) == fd); /* the lowest free */
}

void
proc_begin(void)
{
	hold_standard();
	must(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
}

/* What a role may inherit: nothing that changes what it does, and no secret. */
static const char *const kept_variables[] = {
	"TZ", "LANG", "JOURNAL_STREAM", /* is stderr systemd's journal? (base/log.h) */
	"CREDENTIALS_DIRECTORY", /* where the signer looks for passphrases (S85) */
	"ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "GCOV_PREFIX",
	"GCOV_PREFIX_STRIP", "LLVM_PROFILE_FILE",
#ifdef HNP_FAULTS
	"HNP_FAULT", /* base/fault.h */
#endif
};

static char **
small_environment(void)
{
	char **env = mem_zarray(NITEMS(kept_variables) + 1, sizeof(*env));
	size_t n = 0;

	for (size_t i = 0; i < NITEMS(kept_variables); i++) {
		const char *v = getenv(kept_variables[i]);

		if (v != NULL)
			env[n++] = mem_printf("%s=%s", kept_variables[i], v);
	}
	return env;
}

static void
free_environment(char **env)
{
	for (size_t i = 0; env[i] != NULL; i++)
		free(env[i]);
	free(env);
}

/* Puts fds[i] at 3 + i, 'report' (close-on-exec) behind them, and closes the rest. */
static bool
place_fds(const int *fds, size_t n, int *report)
{
	const int above = PROC_FD_PARENT + (int)n;
	int moved[FDS_MAX];

	/* Out of the way first: a source may be another's destination. */
	for (size_t i = 0; i < n; i++) {
		moved[i] = fcntl(fds[i], F_DUPFD, above + 1);
		if (moved[i] < 0)
			return false;
	}
	const int away = fcntl(*report, F_DUPFD, above + 1);
	if (away < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (dup2(moved[i], PROC_FD_PARENT + (int)i) < 0)
			return false;
	if (dup3(away, above, O_CLOEXEC) < 0)
		return false;
	*report = above;
	return close_range((unsigned)above + 1, ~0U, 0) == 0;
}

/*
 * A role obeys its parent and no terminal: Ctrl-C and the service manager reach
 * all processes of the group, but only the parent may begin the orderly end.
 */
static bool
set_signals(void)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t none;

	for (size_t i = 0; i < NITEMS(ignored); i++)
		if (signal(ignored[i], SIG_IGN) == SIG_ERR)
			return false;
	sigemptyset(&none);
	return signal(SIGPIPE, SIG_DFL) != SIG_ERR &&
	       sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

/* For good: real, effective and saved. */
static bool
take_user(const struct proc_user *u)
{
	return u == NULL || (seteuid(0) == 0 && setgroups(0, NULL) == 0 &&
				setresgid(u->gid, u->gid, u->gid) == 0 &&
				setresuid(u->uid, u->uid, u->uid) == 0);
}

/*
 * PR_SET_PDEATHSIG asks whether the parent may send that signal, and to another user's
 * process it may not.  What the kernel sends for a pipe whose other end has gone, as the
 * parent's goes with it, is asked of who wished for it: of the child itself.  It keeps
 * neither end, so it cannot change its mind; and of the parent's two, whichever the kernel
 * closes first, the other tells.
 */
static bool
tie(const int tied[2])
{
	for (size_t i = 0; i < 2; i++)
		if (fcntl(tied[i], F_SETSIG, SIGKILL) < 0 ||
		    fcntl(tied[i], F_SETOWN, getpid()) < 0 ||
		    fcntl(tied[i], F_SETFL, O_ASYNC) < 0)
			return false;
	return true;
}

/* In the child; comes back only to die.  'tied' is for another user's. */
static void
become(const char *path, const char *name, char **env, const int *fds, size_t n,
    const struct proc_user *user, const int tied[2], pid_t parent, int *report)
{
	char *const argv[] = { (char *)(uintptr_t)name, NULL };

	if (!take_user(user)) /* before the next: a change of user takes it back */
		return;
	if (user != NULL && !tie(tied))
		return;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		return; /* the parent may have died before the call */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return; /* the right to low ports, say, is not for them */
	if (!place_fds(fds, n, report) || !set_signals())
		return;
	execve(path, argv, env);
}

bool
proc_spawn(const char *path, const char *name, const int *fds, size_t n,
    const struct proc_user *user, pid_t *ret_pid, struct err *e)
{
	const pid_t parent = getpid();
	char **env = small_environment();
	int report[2], tied[2] = { -1, -1 }, why = 0;
	bool ok = false;

	assert(n <= FDS_MAX);
	if (user != NULL && pipe2(tied, O_CLOEXEC) < 0) {
		err_errno(e, "pipe");
		goto out;
	}
	if (pipe2(report, O_CLOEXEC) < 0) {
		err_errno(e, "pipe");
		goto out;
	}
	const pid_t pid = fork();
	if (pid == 0) {
		int fd = report[1];

		become(path, name, env, fds, n, user, tied, parent, &fd);
		why = errno;
		if (write(fd, &why, sizeof(why)) < 0)
			_exit(126);
		_exit(127);
	}
	close(report[1]);
	/* execve(2) closes the pipe; octets in it say why it did not come to that. */
	if (pid < 0)
		err_errno(e, "fork");
	else if (read(report[0], &why, sizeof(why)) == 0)
		ok = true;
	else {
		errno = why;
		err_errno(e, "%s: cannot be started", path);
		(void)waitpid(pid, NULL, 0);
	}
	close(report[0]);
	if (ok) {
		*ret_pid = pid;
		tied[0] = tied[1] = -1; /* they stay open as long as we live */
	}
out:
	for (size_t i = 0; i < NITEMS(tied); i++)
		if (tied[i] >= 0)
			close(tied[i]);
	free_environment(env);
	return ok;
}

/* ---- hardening ---- */

void
proc_shut(void)
{
	const struct rlimit no_core = { 0, 0 };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	must(setrlimit(RLIMIT_CORE, &no_core) == 0);
#ifndef UNDER_SANITIZER /* the leak checker reads its own process as a debugger does */
	must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
#endif
}

void
proc_harden(void)
{
	proc_shut();
	must(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	umask(077);
}

/* What counts as held: what may be used, and what a program that is started could get. */
static bool
held_capabilities(uint32_t *ret_used, uint32_t *ret_any, struct err *e)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };
	uint32_t used = 0, inheritable = 0;

	if (syscall(SYS_capget, &head, sets) < 0)
		return err_set(e, ERR_UNAVAILABLE, "capabilities: %s", strerror(errno));
	for (size_t i = 0; i < NITEMS(sets); i++) {
		used |= sets[i].permitted | sets[i].effective;
		inheritable |= sets[i].inheritable;
	}
	*ret_used = used;
	*ret_any = used | inheritable;
	return true;
}

bool
proc_drop_capabilities(struct err *e)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	uint32_t used, any;

	if (!held_capabilities(&used, &any, e))
		return false;
	if (any == 0)
		return true;
	const int why = syscall(SYS_capset, &head, none) == 0 ? 0 : errno;
	if (!held_capabilities(&used, &any, e))
		return false;
	/* A service manager's filter forbids the call itself: what it left may be none. */
	if (used == 0 && (why == 0 || why == EPERM))
		return true;
	return err_set(e, ERR_UNAVAILABLE,
	    "capabilities are held and cannot be given up: %s; in a unit of systemd "
	    "SystemCallFilter=capset is missing",
	    strerror(why));
}

void
proc_must_drop_capabilities(void)
{
	struct err e;

	if (proc_drop_capabilities(&e))
		return;
	fprintf(stderr, "hanaper: a thread: %s\n", e.detail);
	_exit(1);
}

/* ---- finding ---- */

/* The directory of the running executable; NULL when it is not known. */
static char *
own_directory(void)
{
	char path[PATH_MAX];
	const ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return NULL;
	path[n] = '\0';
	char *slash = strrchr(path, '/');
	if (slash == NULL)
		return NULL;
	*slash = '\0';
	return mem_strdup(path);
}

/* "/x/bin" and "/usr/sbin", of the prefix "/usr": "/x/bin/../sbin".  NULL: not below it. */
static char *
moved_directory(const char *own, const char *installed_dir)
{
	const size_t n = strlen(HNP_PREFIX);

	if (own == NULL || strncmp(installed_dir, HNP_PREFIX, n) != 0 ||
	    installed_dir[n] != '/')
		return NULL;
	return mem_printf("%s/..%s", own, installed_dir + n);
}

bool
proc_find(const char *program, const char *installed_dir, char **ret, struct err *e)
{
	char *own = own_directory();
	char *moved = moved_directory(own, installed_dir);
	const char *const dirs[] = { own, moved, installed_dir };
	char *found = NULL;

	for (size_t i = 0; found == NULL && i < NITEMS(dirs); i++) {
		if (dirs[i] == NULL)
			continue;
		found = mem_printf("%s/%s", dirs[i], program);
		if (access(found, X_OK) != 0) {
			free(found);
			found = NULL;
		}
	}
	if (found == NULL)
		err_set(e, ERR_NOT_FOUND,
		    "%s is neither in %s nor in %s; run: make install", program,
		    own == NULL ? "(unknown)" : own, installed_dir);
	free(own);
	free(moved);
	if (found == NULL)
		return false;
	*ret = found;
	return true;
}
