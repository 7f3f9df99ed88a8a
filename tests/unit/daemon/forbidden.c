/* SPDX-License-Identifier: Apache-2.0 */
#include "forbidden.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum kind {
	FILES, /* open(2) 'text' with flags 'a' */
	CALL   /* the system call 'a' with the arguments in 'with' */
};

#define ZERO                                                                           \
	{                                                                              \
		0                                                                      \
	}
#define NACTS(array) (sizeof(array) / sizeof((array)[0]))
#define MAKE         (O_WRONLY | O_CREAT)
#define LIST         (O_RDONLY | O_DIRECTORY)
#define HIGH         (1L << 32) /* what the kernel does not look at */
#define MAP          (MAP_PRIVATE | MAP_ANONYMOUS)

static const struct act {
	const char *name;
	enum kind kind;
	long a;
	const char *text;
	long with[6];
} acts[] = {
	/* clang-format off */
	{ "read-passwd",      FILES, O_RDONLY, "/etc/passwd", ZERO },
	{ "read-conf",        FILES, O_RDONLY, "hanaper.yaml", ZERO },
	{ "read-root-key",    FILES, O_RDONLY, "root.key", ZERO },
	{ "read-issuer-key",  FILES, O_RDONLY, "issuers/main.key", ZERO },
	{ "read-database",    FILES, O_RDONLY, "hanaper.db", ZERO },
	{ "write-database",   FILES, O_RDWR,   "hanaper.db", ZERO },
	{ "read-journal",     FILES, O_RDONLY, "journal/00000001.hj", ZERO },
	{ "write-journal",    FILES, O_RDWR,   "journal/00000001.hj", ZERO },
	{ "make-in-journal",  FILES, MAKE,     "journal/made", ZERO },
	{ "read-acme-key",    FILES, O_RDONLY, "acme.key", ZERO },
	{ "read-published",   FILES, O_RDONLY, "pub/ca/main.crt", ZERO },
	{ "make-published",   FILES, MAKE,     "pub/crl/made", ZERO },
	{ "write-root-cert",  FILES, O_WRONLY, "root.crt", ZERO },
	{ "make-in-ca",       FILES, MAKE,     "made", ZERO },
	{ "make-in-tmp",      FILES, MAKE,     "/tmp/hanaper-made", ZERO },
	{ "make-nameless",    FILES, O_WRONLY | O_TMPFILE, ".", ZERO },
	{ "list-ca",          FILES, LIST,     ".", ZERO },
	{ "read-random",      FILES, O_RDONLY, "/dev/urandom", ZERO },
	{ "read-memory",      FILES, O_RDWR,   "/proc/self/mem", ZERO },

	{ "rename-journal",   CALL, SYS_renameat, "journal/00000001.hj", { AT_FDCWD, -1, AT_FDCWD, -1 } },
	{ "remove-journal",   CALL, SYS_unlinkat, "journal/00000001.hj", { AT_FDCWD, -1 } },
	{ "remove-root-key",  CALL, SYS_unlinkat, "root.key", { AT_FDCWD, -1 } },
	{ "unlink-root-key",  CALL, SYS_unlink, "root.key", { -1 } },
	{ "truncate-journal", CALL, SYS_truncate, "journal/00000001.hj", { -1 } },
	{ "link-root-key",    CALL, SYS_symlink, "root.key", { -1, -1 } },
	{ "chmod-root-key",   CALL, SYS_chmod, "root.key", { -1, 0644 } },
	{ "change-root",      CALL, SYS_chroot, ".", { -1 } },

	{ "sleep",            CALL, SYS_clock_nanosleep, NULL, ZERO },
	{ "ask-for-memory",   CALL, SYS_sysinfo, NULL, ZERO }, /* as qsort(3) does */

	{ "execute",          CALL, SYS_execve, "/bin/true", { -1 } },
	{ "execute-at",       CALL, SYS_execveat, "/bin/true", { AT_FDCWD, -1 } },
	{ "fork",             CALL, SYS_clone, NULL, { SIGCHLD } },
	{ "fork-3",           CALL, SYS_clone3, NULL, ZERO },
	{ "be-traced",        CALL, SYS_ptrace, NULL, { PTRACE_TRACEME } },
	{ "read-another",     CALL, SYS_process_vm_readv, NULL, { 1 } },
	{ "signal-another",   CALL, SYS_kill, NULL, { 1, 0 } },
	{ "signal-a-thread",  CALL, SYS_tgkill, NULL, { 1, 1, 0 } },
	/* The command is judged before the descriptor, and these have none. */
	{ "own-signals",      CALL, SYS_fcntl, NULL, { -1, F_SETOWN, 1 } },
	{ "own-signals-64",   CALL, SYS_fcntl, NULL, { -1, HIGH | F_SETOWN, 1 } },
	{ "own-signals-ex",   CALL, SYS_fcntl, NULL, { -1, F_SETOWN_EX } },
	{ "choose-a-signal",  CALL, SYS_fcntl, NULL, { -1, F_SETSIG, SIGKILL } },
	{ "have-signals",     CALL, SYS_fcntl, NULL, { -1, F_SETFL, O_ASYNC | O_NONBLOCK } },
	{ "lease-signals",    CALL, SYS_fcntl, NULL, { -1, F_SETLEASE } },
	{ "notify-signals",   CALL, SYS_fcntl, NULL, { -1, F_NOTIFY } },
	{ "ioctl-signals",    CALL, SYS_ioctl, NULL, { -1, FIOASYNC } },
	{ "ioctl-own",        CALL, SYS_ioctl, NULL, { -1, FIOSETOWN } },
	{ "ioctl-group",      CALL, SYS_ioctl, NULL, { -1, SIOCSPGRP } },
	{ "open-a-process",   CALL, SYS_pidfd_open, NULL, { 1 } },

	{ "tcp",              CALL, SYS_socket, NULL, { AF_INET, SOCK_STREAM } },
	{ "tcp-6",            CALL, SYS_socket, NULL, { AF_INET6, SOCK_STREAM } },
	{ "udp",              CALL, SYS_socket, NULL, { AF_INET, SOCK_DGRAM } },
	{ "raw",              CALL, SYS_socket, NULL, { AF_INET, SOCK_RAW, 1 } },
	{ "unix",             CALL, SYS_socket, NULL, { AF_UNIX, SOCK_STREAM } },
	{ "netlink",          CALL, SYS_socket, NULL, { AF_NETLINK, SOCK_DGRAM } },
	{ "packet",           CALL, SYS_socket, NULL, { AF_PACKET, SOCK_RAW } },
	{ "connect",          CALL, SYS_connect, NULL, { -1 } },
	{ "bind",             CALL, SYS_bind, NULL, { -1 } },
	{ "listen",           CALL, SYS_listen, NULL, { -1 } },
	{ "accept",           CALL, SYS_accept4, NULL, { -1 } },

	{ "map-code",         CALL, SYS_mmap, NULL, { 0, 4096, PROT_READ | PROT_EXEC, MAP, -1 } },
	{ "make-code",        CALL, SYS_mprotect, NULL, { 0, 0, PROT_READ | PROT_EXEC } },
	{ "file-in-memory",   CALL, SYS_memfd_create, "made", { -1 } },
	{ "be-dumpable",      CALL, SYS_prctl, NULL, { PR_SET_DUMPABLE, 1 } },
	{ "take-a-user",      CALL, SYS_setresuid, NULL, ZERO },
	{ "raise-a-limit",    CALL, SYS_prlimit64, NULL, { 0, RLIMIT_CORE } },
	{ "unshare",          CALL, SYS_unshare, NULL, { CLONE_NEWUSER } },
	{ "mount",            CALL, SYS_mount, NULL, ZERO },
	{ "bpf",              CALL, SYS_bpf, NULL, { -1 } },
	{ "ring",             CALL, SYS_io_uring_setup, NULL, { -1 } },
	{ "watch-faults",     CALL, SYS_userfaultfd, NULL, { -1 } },
	{ "measure",          CALL, SYS_perf_event_open, NULL, ZERO },
	{ "take-a-key",       CALL, SYS_keyctl, NULL, ZERO },
	{ "set-the-clock",    CALL, SYS_clock_settime, NULL, ZERO },
	{ "be-another-32",    CALL, 0x40000000 + SYS_getpid, NULL, ZERO }, /* x32's */
	/* clang-format on */
};

/* "journal" below 'dir', "/etc/passwd" as it is; free() it. */
static char *
path_of(const char *dir, const char *text)
{
	char *ret;

	if (text[0] == '/')
		ret = strdup(text);
	else if (asprintf(&ret, "%s/%s", dir, text) < 0)
		ret = NULL;
	if (ret == NULL)
		abort();
	return ret;
}

/* errno; 0: it was done. */
static int
act_do(const char *dir, const struct act *act)
{
	char *path = act->text != NULL ? path_of(dir, act->text) : NULL;
	long with[6], rc;

	memcpy(with, act->with, sizeof(with));
	for (size_t i = 0; path != NULL && act->kind == CALL && i < NACTS(with); i++)
		if (with[i] == -1)
			with[i] = (long)(uintptr_t)path;
	errno = 0;
	if (act->kind == FILES)
		rc = open(path, (int)act->a | O_CLOEXEC, 0600);
	else
		rc = syscall(act->a, with[0], with[1], with[2], with[3], with[4],
		    with[5]);
	const int why = rc < 0 ? errno : 0;
	free(path);
	return why;
}

void
forbidden_do(const char *dir, const char *name)
{
	for (size_t i = 0; i < NACTS(acts); i++)
		if (strcmp(acts[i].name, name) == 0)
			(void)act_do(dir, &acts[i]);
}

void
forbidden_try_all(const char *dir, void (*enter)(void *arg), void *arg, FILE *to)
{
	int status;

	for (size_t i = 0; i < NACTS(acts); i++) {
		const pid_t pid = fork();

		if (pid == 0) {
			enter(arg);
			_exit(act_do(dir, &acts[i]));
		}
		fprintf(to, "%s ", acts[i].name);
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			fputs("not tried\n", to);
		else if (WIFSIGNALED(status))
			fprintf(to, "killed %d\n", WTERMSIG(status));
		else if (WEXITSTATUS(status) == 0)
			fputs("done\n", to);
		else
			fprintf(to, "%s\n", strerrorname_np(WEXITSTATUS(status)));
	}
}
