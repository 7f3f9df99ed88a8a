/* SPDX-License-Identifier: Apache-2.0 */
#include "faulty.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
	unsigned left; /* calls until it fails; 0: not armed */
	int error;
	bool happened, held;
	const char *which;
} plan;

void
faulty_arm(unsigned nth, int error)
{
	plan.left = nth;
	plan.error = error;
	plan.happened = false;
	plan.which = "none";
}

bool
faulty_disarm(void)
{
	plan.left = 0;
	return plan.happened;
}

bool
faulty_hold(bool on)
{
	const bool before = plan.held;

	plan.held = on;
	return before;
}

const char *
faulty_which(void)
{
	return plan.which;
}

/* Is it this one's turn? */
static bool
is_due(const char *name)
{
	if (plan.held || plan.left == 0 || --plan.left > 0)
		return false;
	plan.happened = true;
	plan.which = name;
	errno = plan.error;
	return true;
}

bool
faulty_now(const char *name)
{
	return plan.error != FAULTY_SHORT && is_due(name);
}

/* ---- in the middle ---- */

#define CALL FAULTY_CALL

/* Octets move: one of them alone when it is to be short. */
#define MOVE(name, params, call, one)                                                  \
	ssize_t __real_##name params;                                                  \
	ssize_t __wrap_##name params;                                                  \
	ssize_t __wrap_##name params                                                   \
	{                                                                              \
		if (plan.error == FAULTY_SHORT)                                        \
			return n > 1 && is_due(#name) ? __real_##name one              \
						      : __real_##name call;            \
		return faulty_now(#name) ? -1 : __real_##name call;                    \
	}

/* clang-format off */
MOVE(read,   (int fd, void *p, size_t n), (fd, p, n), (fd, p, 1))
MOVE(write,  (int fd, const void *p, size_t n), (fd, p, n), (fd, p, 1))
MOVE(pread,  (int fd, void *p, size_t n, off_t at), (fd, p, n, at), (fd, p, 1, at))
MOVE(pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at), (fd, p, 1, at))
MOVE(send,   (int fd, const void *p, size_t n, int flags), (fd, p, n, flags), (fd, p, 1, flags))

CALL(ssize_t, -1, sendmsg, (int fd, const struct msghdr *m, int flags), fd, m, flags)
CALL(ssize_t, -1, recvmsg, (int fd, struct msghdr *m, int flags), fd, m, flags)
CALL(ssize_t, -1, readlink, (const char *path, char *p, size_t n), path, p, n)
CALL(int, -1, fstat, (int fd, struct stat *st), fd, st)
CALL(int, -1, fstatat, (int at, const char *path, struct stat *st, int flags), at, path, st, flags)
CALL(int, -1, lstat, (const char *path, struct stat *st), path, st)
CALL(int, -1, fsync, (int fd), fd)
CALL(int, -1, fdatasync, (int fd), fd)
CALL(int, -1, ftruncate, (int fd, off_t n), fd, n)
CALL(int, -1, fchmod, (int fd, mode_t mode), fd, mode)
CALL(int, -1, chmod, (const char *path, mode_t mode), path, mode)
CALL(int, -1, mkdirat, (int at, const char *path, mode_t mode), at, path, mode)
CALL(int, -1, renameat, (int at, const char *from, int to_at, const char *to), at, from, to_at, to)
CALL(int, -1, renameat2, (int at, const char *from, int to_at, const char *to, unsigned how), at, from, to_at, to, how)
CALL(int, -1, pipe2, (int fds[2], int flags), fds, flags)
CALL(pid_t, -1, fork, (void))
CALL(int, -1, socket, (int domain, int type, int protocol), domain, type, protocol)
CALL(int, -1, socketpair, (int domain, int type, int protocol, int fds[2]), domain, type, protocol, fds)
CALL(int, -1, bind, (int fd, const struct sockaddr *a, socklen_t n), fd, a, n)
CALL(int, -1, listen, (int fd, int backlog), fd, backlog)
CALL(int, -1, setsockopt, (int fd, int level, int name, const void *p, socklen_t n), fd, level, name, p, n)
CALL(int, -1, getsockopt, (int fd, int level, int name, void *p, socklen_t *n), fd, level, name, p, n)
CALL(int, -1, getsockname, (int fd, struct sockaddr *a, socklen_t *n), fd, a, n)
CALL(int, -1, poll, (struct pollfd *p, nfds_t n, int ms), p, n, ms)
CALL(int, -1, msync, (void *p, size_t n, int flags), p, n, flags)
CALL(int, -1, setrlimit, (__rlimit_resource_t what, const struct rlimit *r), what, r)
CALL(int, errno, posix_fallocate, (int fd, off_t at, off_t n), fd, at, n)
CALL(void *, MAP_FAILED, mmap, (void *p, size_t n, int prot, int flags, int fd, off_t at), p, n, prot, flags, fd, at)
CALL(DIR *, NULL, fdopendir, (int fd), fd)
/* clang-format on */

int __real_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

static mode_t
mode_in(int flags, va_list ap)
{
	return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
}

int
__wrap_openat(int at, const char *path, int flags, ...)
{
	va_list ap;

	va_start(ap, flags);
	const mode_t mode = mode_in(flags, ap);
	va_end(ap);
	return faulty_now("openat") ? -1 : __real_openat(at, path, flags, mode);
}

int
__wrap_open(const char *path, int flags, ...)
{
	va_list ap;

	va_start(ap, flags);
	const mode_t mode = mode_in(flags, ap);
	va_end(ap);
	return faulty_now("open") ? -1 : __real_open(path, flags, mode);
}

/* ---- sweeping ---- */

static bool keeps;

void
faulty_keeps_descriptors(void)
{
	keeps = true;
}

static size_t
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	cr_assert_not_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

unsigned
faulty_sweep(int error, void (*begin)(void), bool (*act)(struct err *e),
    void (*end)(bool ok, const struct err *e))
{
	for (unsigned n = 1; n < 10000; n++) {
		const size_t before = descriptors();
		struct err e = { 0 };

		if (begin != NULL)
			begin();
		faulty_arm(n, error);
		const bool ok = act(&e);
		const bool happened = faulty_disarm();

		if (!ok) {
			cr_expect_neq(e.code, ERR_NONE, "%u %s", n, plan.which);
			cr_expect_neq(e.detail[0], '\0', "%u %s", n, plan.which);
		}
		if (end != NULL)
			end(ok, &e);
		cr_expect(keeps || descriptors() == before, "%u %s: descriptors", n,
		    plan.which);
		if (happened)
			continue;
		cr_expect(ok, "without a fault: %s", e.detail);
		return n - 1;
	}
	cr_assert_fail("it never ends");
	return 0;
}
