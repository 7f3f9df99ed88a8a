/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faults.so - preloaded into a role, it makes the system fail as a test wishes
 * (tests/flow/faults.py).  A page shared with the test holds one plan a role:
 * which calls, from the how-manieth on, how many, what becomes of them.  It also
 * bends the clock, and writes down what would be lost with the power.
 *
 * Only libc's functions are replaced, and only by the very system calls that
 * libc makes, so the sandbox of a role is the same with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "faults_impl.h"

/* ---- the test's page ---- */

struct page *faults_page;
static struct plan *plan;
static int log_fd = -1;

static void
hang(int64_t ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &ts, NULL);
}

static void
die(void)
{
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGKILL);
}

enum fate
faults_judge(enum call call)
{
	if (plan == NULL || __atomic_load_n(&plan->armed, __ATOMIC_ACQUIRE) == 0 ||
	    (plan->calls & (int64_t)call) == 0)
		return GO;
	const int64_t n = __atomic_add_fetch(&plan->counter, 1, __ATOMIC_SEQ_CST);
	if (n < plan->first || n - plan->first >= plan->times)
		return GO;
	__atomic_add_fetch(&plan->hits, 1, __ATOMIC_SEQ_CST);
	switch ((enum action)plan->action) {
	case ACT_KILL_BEFORE:
		die();
		return GO;
	case ACT_KILL_AFTER:
		return DIE;
	case ACT_SHORT:
		return HALF;
	case ACT_HANG:
		hang(plan->error);
		return GO;
	case ACT_ERROR:
		break;
	}
	errno = (int)plan->error;
	return FAIL;
}

/* The end of a call: killed behind it, if that is the plan. */
static long
done(enum fate fate, long ret)
{
	if (fate == DIE)
		die();
	return ret;
}

/* ---- what would be lost with the power ---- */

enum kind {
	OP_WRITE = 1,
	OP_TRUNCATE,
	OP_SYNC,
	OP_OPEN,
	OP_RENAME,
	OP_UNLINK,
	OP_MKDIR,
	OP_LINK,
};

struct op {
	uint64_t kind;
	uint64_t at_ns; /* monotonic */
	uint64_t ino;   /* of the file; OP_UNLINK, OP_RENAME: of the directory */
	uint64_t ino2;  /* of the directory, when it has one */
	uint64_t offset;
	uint64_t n1, n2; /* octets that follow: data or name; the new name */
};

static void
note(struct op op, const void *p1, size_t n1, const void *p2, size_t n2)
{
	struct timespec ts;
	const int saved = errno;

	if (log_fd < 0)
		return;
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	op.at_ns = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	op.n1 = n1;
	op.n2 = n2;
	const struct iovec v[] = { { &op, sizeof(op) }, { (void *)(uintptr_t)p1, n1 },
		{ (void *)(uintptr_t)p2, n2 } };
	if (syscall(SYS_writev, log_fd, v, 3) < 0)
		die(); /* a log with a gap proves nothing */
	errno = saved;
}

/* The inode of a regular file or directory; 0 for all else. */
static uint64_t
inode(int fd, struct stat *ret)
{
	const int saved = errno;
	const bool ok =
	    fstat(fd, ret) == 0 && (S_ISREG(ret->st_mode) || S_ISDIR(ret->st_mode));

	errno = saved;
	return ok ? ret->st_ino : 0;
}

static uint64_t
inode_of(int fd)
{
	struct stat st;

	return fd < 0 ? 0 : inode(fd, &st);
}

static bool
is_file(int fd)
{
	struct stat st;

	return inode(fd, &st) != 0 && S_ISREG(st.st_mode);
}

/* ---- writing ---- */

ssize_t
pwrite(int fd, const void *p, size_t n, off_t at)
{
	const enum fate fate = faults_judge(CALL_WRITE);

	if (fate == FAIL)
		return -1;
	if (fate == HALF && n > 1)
		n /= 2;
	note((struct op){ OP_WRITE, .ino = inode_of(fd), .offset = (uint64_t)at }, p, n,
	    NULL, 0);
	return done(fate, syscall(SYS_pwrite64, fd, p, n, at));
}

ssize_t
pwrite64(int fd, const void *p, size_t n, off_t at)
{
	return pwrite(fd, p, n, at);
}

/* By write(2), since it was opened: no role may call lseek(2), and none writes elsewhere. */
#define FDS 1024
static uint64_t written[FDS];

ssize_t
write(int fd, const void *p, size_t n)
{
	if (faults_page == NULL || !is_file(fd) || fd == STDERR_FILENO ||
	    fd == STDOUT_FILENO)
		return syscall(SYS_write, fd, p, n);
	const enum fate fate = faults_judge(CALL_WRITE);
	if (fate == FAIL)
		return -1;
	if (fate == HALF && n > 1)
		n /= 2;
	note((struct op){ OP_WRITE, .ino = inode_of(fd), .offset = written[fd % FDS] },
	    p, n, NULL, 0);
	written[fd % FDS] += n;
	return done(fate, syscall(SYS_write, fd, p, n));
}

int
ftruncate(int fd, off_t size)
{
	const enum fate fate = faults_judge(CALL_TRUNCATE);

	if (fate == FAIL)
		return -1;
	note((struct op){ OP_TRUNCATE, .ino = inode_of(fd), .offset = (uint64_t)size },
	    NULL, 0, NULL, 0);
	return (int)done(fate, syscall(SYS_ftruncate, fd, size));
}

int
ftruncate64(int fd, off_t size)
{
	return ftruncate(fd, size);
}

static int
sync_by(long call, int fd)
{
	const enum fate fate = faults_judge(CALL_SYNC);

	if (fate == FAIL)
		return -1;
	const long ret = syscall(call, fd);
	if (ret == 0)
		note((struct op){ OP_SYNC, .ino = inode_of(fd) }, NULL, 0, NULL, 0);
	return (int)done(fate, ret);
}

int
fsync(int fd)
{
	return sync_by(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return sync_by(SYS_fdatasync, fd);
}

/* ---- names ---- */

static int
open_by(int dirfd, const char *path, int flags, mode_t mode)
{
	const enum fate fate = faults_judge(CALL_OPEN);

	if (fate == FAIL)
		return -1;
	const int fd = (int)syscall(SYS_openat, dirfd, path, flags, mode);
	if (fd >= 0)
		written[fd % FDS] = 0;
	if (log_fd >= 0 && fd >= 0 && (flags & (O_CREAT | O_TRUNC)) != 0)
		note((struct op){ OP_OPEN, .ino = inode_of(fd), .ino2 = inode_of(dirfd),
			 .offset = (flags & O_TRUNC) != 0 },
		    path, strlen(path), NULL, 0);
	return (int)done(fate, fd);
}

static mode_t
mode_of(int flags, va_list ap)
{
	return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE
		   ? va_arg(ap, mode_t)
		   : 0;
}

#define OPEN(name)                                                                     \
	int name(const char *path, int flags, ...)                                     \
	{                                                                              \
		va_list ap;                                                            \
		va_start(ap, flags);                                                   \
		const mode_t mode = mode_of(flags, ap);                                \
		va_end(ap);                                                            \
		return open_by(AT_FDCWD, path, flags, mode);                           \
	}
#define OPENAT(name)                                                                   \
	int name(int dirfd, const char *path, int flags, ...)                          \
	{                                                                              \
		va_list ap;                                                            \
		va_start(ap, flags);                                                   \
		const mode_t mode = mode_of(flags, ap);                                \
		va_end(ap);                                                            \
		return open_by(dirfd, path, flags, mode);                              \
	}
/* What _FORTIFY_SOURCE makes of them. */
#define FORTIFIED(name)                                                                \
	int name(const char *path, int flags);                                         \
	int name(const char *path, int flags)                                          \
	{                                                                              \
		return open_by(AT_FDCWD, path, flags, 0);                              \
	}
#define FORTIFIEDAT(name)                                                              \
	int name(int dirfd, const char *path, int flags);                              \
	int name(int dirfd, const char *path, int flags)                               \
	{                                                                              \
		return open_by(dirfd, path, flags, 0);                                 \
	}
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
FORTIFIED(__open_2)
FORTIFIED(__open64_2)
FORTIFIEDAT(__openat_2)
FORTIFIEDAT(__openat64_2)

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	const enum fate fate = faults_judge(CALL_NAME);

	if (fate == FAIL)
		return -1;
	note((struct op){ OP_RENAME, .ino = inode_of(from_fd),
		 .ino2 = inode_of(to_fd) },
	    from, strlen(from), to, strlen(to));
	return (int)done(fate, syscall(SYS_renameat, from_fd, from, to_fd, to));
}

int
unlinkat(int dirfd, const char *path, int flags)
{
	const enum fate fate = faults_judge(CALL_NAME);

	if (fate == FAIL)
		return -1;
	note((struct op){ OP_UNLINK, .ino = inode_of(dirfd) }, path, strlen(path), NULL,
	    0);
	return (int)done(fate, syscall(SYS_unlinkat, dirfd, path, flags));
}

int
unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int
mkdirat(int dirfd, const char *path, mode_t mode)
{
	const enum fate fate = faults_judge(CALL_NAME);

	if (fate == FAIL)
		return -1;
	const long ret = syscall(SYS_mkdirat, dirfd, path, mode);
	struct stat st;
	if (ret == 0 && log_fd >= 0 && fstatat(dirfd, path, &st, 0) == 0)
		note((struct op){ OP_MKDIR, .ino = st.st_ino, .ino2 = inode_of(dirfd) },
		    path, strlen(path), NULL, 0);
	return (int)done(fate, ret);
}

int
rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int
link(const char *from, const char *to)
{
	const enum fate fate = faults_judge(CALL_NAME);

	if (fate == FAIL)
		return -1;
	note((struct op){ .kind = OP_LINK }, from, strlen(from), to, strlen(to));
	return (int)done(fate, syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int
mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

/* The six X at the end of a name. */
static bool
draw(char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
	unsigned char *end = (unsigned char *)name + strlen(name) - 6;

	if (getrandom(end, 6, 0) != 6)
		return false;
	for (int i = 0; i < 6; i++)
		end[i] = (unsigned char)letters[end[i] % 32];
	return true;
}

char *
mkdtemp(char *name)
{
	return draw(name) && mkdirat(AT_FDCWD, name, 0700) == 0 ? name : NULL;
}

int
mkostemp(char *name, int flags)
{
	return draw(name)
		   ? open_by(AT_FDCWD, name, flags | O_RDWR | O_CREAT | O_EXCL, 0600)
		   : -1;
}

int
mkstemp(char *name)
{
	return mkostemp(name, 0);
}

/* ---- between roles ---- */

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	const enum fate fate = faults_judge(CALL_SEND);

	if (fate == FAIL)
		return -1;
	return done(fate, syscall(SYS_sendmsg, fd, m, flags));
}

/* ---- beginning ---- */

__attribute__((constructor)) static void
begin(void)
{
	const char *name = getenv("HNP_FAULTS_PAGE"), *role = getenv("HNP_FAULTS_ROLE");
	const char *log = getenv("HNP_FAULTS_LOG");

	if (name == NULL || role == NULL)
		return;
	const int fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC, 0);
	void *p = fd < 0 ? MAP_FAILED
			 : mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE,
			       MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		_exit(125);
	close(fd);
	if (log != NULL)
		log_fd = (int)syscall(SYS_openat, AT_FDCWD, log,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	plan = &((struct page *)p)->plans[(role[0] - '0') % ROLES];
	faults_page = p;
}
