/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define READ_AT_ONCE KIB(64)

/* What an open(2) or stat(2) that failed means to the caller. */
static bool
not_there(const char *path, struct err *e)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return err_set(e, ERR_NOT_FOUND, "%s: no such file", path);
	if (errno == ELOOP)
		return err_set(e, ERR_IO,
		    "%s: is a symbolic link; put the file itself there", path);
	return err_errno(e, "%s", path);
}

/* ---- reading ---- */

static bool
read_all(int fd, const char *path, struct buf *ret, struct err *e)
{
	for (;;) {
		const size_t room = ret->max - ret->n;
		const size_t want = room < READ_AT_ONCE ? room : READ_AT_ONCE;
		uint8_t over;
		uint8_t *p = want > 0 ? buf_reserve(ret, want) : &over;
		const ssize_t got = p == NULL ? 0 : read(fd, p, want > 0 ? want : 1);

		if (p == NULL || (want == 0 && got > 0))
			return err_set(e, ERR_TOO_LARGE,
			    "%s: is larger than %zu octets", path, ret->max);
		if (want > 0)
			ret->n -= want - (got > 0 ? (size_t)got : 0);
		if (got == 0)
			return true;
		if (got < 0 && errno != EINTR)
			return err_errno(e, "%s: reading", path);
	}
}

bool
file_read_fd(int fd, const char *name, struct buf *ret, struct err *e)
{
	const size_t before = ret->n;

	if (read_all(fd, name, ret, e))
		return true;
	if (ret->n > before)
		mem_wipe(ret->p + before, ret->n - before);
	ret->n = before;
	return false;
}

/* 'end': of the end, what surely has room while the file grows. */
static bool
read_open(int dirfd, const char *path, int flags, bool end, struct buf *ret,
    uid_t *ret_owner, struct err *e)
{
	/* O_NONBLOCK: a FIFO in the file's place must not hold us. */
	const int fd =
	    openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags);
	const off_t most = (off_t)((ret->max - ret->n) / 2);
	struct stat st;
	bool ok = false;

	if (fd < 0)
		return not_there(path, e);
	if (fstat(fd, &st) < 0)
		err_errno(e, "%s", path);
	else if (!S_ISREG(st.st_mode))
		err_set(e, ERR_IO, "%s: is no regular file", path);
	else if (end && st.st_size > most && lseek(fd, st.st_size - most, SEEK_SET) < 0)
		err_errno(e, "%s", path);
	else
		ok = file_read_fd(fd, path, ret, e);
	if (ok && ret_owner != NULL)
		*ret_owner = st.st_uid;
	close(fd);
	return ok;
}

bool
file_read(int dirfd, const char *path, struct buf *ret, struct err *e)
{
	return read_open(dirfd, path, O_NOFOLLOW, false, ret, NULL, e);
}

bool
file_read_of(const char *path, struct buf *ret, uid_t *ret_owner, struct err *e)
{
	return read_open(AT_FDCWD, path, O_NOFOLLOW, false, ret, ret_owner, e);
}

bool
file_read_end(int dirfd, const char *path, struct buf *ret, struct err *e)
{
	return read_open(dirfd, path, O_NOFOLLOW, true, ret, NULL, e);
}

/* Who writes into it may come later. */
static bool
read_fifo(const char *path, struct buf *ret, struct err *e)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return not_there(path, e);
	const bool ok = file_read_fd(fd, path, ret, e);
	close(fd);
	return ok;
}

bool
file_read_named(const char *path, struct buf *ret, struct err *e)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
		return read_fifo(path, ret, e);
	return read_open(AT_FDCWD, path, 0, false, ret, NULL, e);
}

/* ---- writing ---- */

bool
file_sync_dir(int dirfd, struct err *e)
{
	/* Opened anew: 'dirfd' may be AT_FDCWD or O_PATH. */
	const int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = true;

	if (fd < 0)
		return err_errno(e, "opening a directory to flush it");
	if (fsync(fd) < 0)
		ok = err_errno(e, "flushing a directory");
	close(fd);
	return ok;
}

/* Flushes the directory that 'path' lies in. */
bool
file_sync_parent(int dirfd, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return file_sync_dir(dirfd, e);
	const size_t n = slash == path ? 1 : (size_t)(slash - path);
	char *dir = mem_strndup(bytes_of(path, n));
	const int fd = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const bool ok = fd < 0 ? err_errno(e, "%s", dir) : file_sync_dir(fd, e);

	if (fd >= 0)
		close(fd);
	free(dir);
	return ok;
}

static bool
write_all(int fd, struct bytes content)
{
	while (content.n > 0) {
		const ssize_t n = write(fd, content.p, content.n);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			content = bytes_skip(content, (size_t)n);
	}
	return true;
}

bool
file_write(int fd, const char *path, struct bytes content, struct err *e)
{
	return (write_all(fd, content) && fsync(fd) == 0) ||
	       err_errno(e, "%s: writing", path);
}

/*
 * A new file with its content on disk; removed again when that fails.  The
 * mode is never looser than 'mode', not even for a moment (S81).  Faults are told
 * of 'name', which the caller knows.
 */
static bool
write_open(int dirfd, const char *path, const char *name, mode_t mode,
    struct bytes content, int *ret, struct err *e)
{
	const int fd = openat(dirfd, path,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	bool ok;

	if (fd < 0 && errno == EEXIST)
		return err_set(e, ERR_CONFLICT, "%s: is there already", name);
	if (fd < 0)
		return not_there(name, e);
	ok = (fchmod(fd, mode) == 0 || err_errno(e, "%s", name)) &&
	     file_write(fd, name, content, e);
	if (ok) {
		*ret = fd;
		return true;
	}
	close(fd);
	unlinkat(dirfd, path, 0);
	return false;
}

static bool
write_new(int dirfd, const char *path, const char *name, mode_t mode,
    struct bytes content, struct err *e)
{
	int fd;

	if (!write_open(dirfd, path, name, mode, content, &fd, e))
		return false;
	if (close(fd) == 0)
		return true;
	err_errno(e, "%s: closing", name);
	unlinkat(dirfd, path, 0);
	return false;
}

bool
file_create_open(int dirfd, const char *path, mode_t mode, struct bytes content,
    int *ret, struct err *e)
{
	int fd;

	if (!write_open(dirfd, path, path, mode, content, &fd, e))
		return false;
	if (!file_sync_parent(dirfd, path, e)) {
		close(fd);
		return false;
	}
	*ret = fd;
	return true;
}

bool
file_create(int dirfd, const char *path, mode_t mode, struct bytes content,
    struct err *e)
{
	return write_new(dirfd, path, path, mode, content, e) &&
	       file_sync_parent(dirfd, path, e);
}

bool
file_replace(int dirfd, const char *path, mode_t mode, struct bytes content,
    struct err *e)
{
	static atomic_uint counter;
	char *temp = mem_printf("%s.new-%ld-%u", path, (long)getpid(),
	    atomic_fetch_add(&counter, 1));
	bool ok = false;

	unlinkat(dirfd, temp, 0); /* of a process that had our number and died */
	if (!write_new(dirfd, temp, path, mode, content, e))
		goto out;
	if (renameat(dirfd, temp, dirfd, path) < 0) {
		err_errno(e, "%s: replacing", path);
		unlinkat(dirfd, temp, 0);
		goto out;
	}
	ok = file_sync_parent(dirfd, path, e);
out:
	free(temp);
	return ok;
}

/* The name is taken by something of ours first, which rename(2) may replace. */
static int
take_and_move(const char *from, const char *to)
{
	struct stat st;

	if (lstat(from, &st) < 0)
		return -1;
	const int fd = S_ISDIR(st.st_mode)
			   ? mkdir(to, 0700)
			   : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (!S_ISDIR(st.st_mode))
		close(fd);
	if (rename(from, to) == 0)
		return 0;
	const int why = errno;
	remove(to);
	errno = why;
	return -1;
}

int
file_link_or_move(const char *from, const char *to)
{
	if (link(from, to) == 0)
		return 0;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
		return -1;
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	/* ZFS, NFS and others have no such flag. */
	return errno == EINVAL || errno == ENOSYS ? take_and_move(from, to) : -1;
}

/* ---- directories and modes ---- */

char *
file_absolute(const char *path)
{
	char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);
	char *all = here != NULL ? mem_printf("%s/%s", here, path) : mem_strdup(path);
	char *to = all;

	free(here);
	for (const char *p = all; all[0] == '/' && *p != '\0';) {
		const size_t n = strcspn(++p, "/");

		if (n > 0 && !(n == 1 && *p == '.')) {
			*to++ = '/';
			memmove(to, p, n);
			to += n;
		}
		p += n;
	}
	if (to == all && all[0] == '/')
		to++;
	if (to > all)
		*to = '\0';
	return all;
}

bool
file_mkdir(int dirfd, const char *path, mode_t mode, struct err *e)
{
	int fd;
	bool ok;

	if (mkdirat(dirfd, path, mode) < 0) {
		if (errno == EEXIST)
			return err_set(e, ERR_CONFLICT, "%s: is there already", path);
		return not_there(path, e);
	}
	fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	ok = fd >= 0 && fchmod(fd, mode) == 0;
	if (!ok)
		err_errno(e, "%s", path);
	if (fd >= 0)
		close(fd);
	return ok && file_sync_parent(dirfd, path, e);
}

/* 'needs': it is 'uid' who has to read it. */
static bool
check(int dirfd, const char *path, mode_t forbidden, uid_t uid, bool needs,
    struct err *e)
{
	struct stat st;

	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return not_there(path, e);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_set(e, ERR_IO, "%s: is neither a file nor a directory",
		    path);
	if (st.st_uid != uid && st.st_uid != 0)
		return err_set(e, ERR_IO, "%s: belongs to user %lu; run: chown %lu %s",
		    path, (unsigned long)st.st_uid, (unsigned long)uid, path);
	if (needs && st.st_uid != uid && (st.st_mode & 0044) == 0)
		return err_set(e, ERR_IO,
		    "%s: is root's and closed to user %lu, who needs it; run: chown "
		    "%lu "
		    "%s",
		    path, (unsigned long)uid, (unsigned long)uid, path);
	if ((st.st_mode & forbidden) != 0)
		return err_set(e, ERR_IO,
		    "%s: mode %04o lets others in; run: chmod %04o %s", path,
		    (unsigned)(st.st_mode & 07777),
		    (unsigned)(st.st_mode & 07777 & ~forbidden), path);
	return true;
}

bool
file_check_mode(int dirfd, const char *path, mode_t forbidden, struct err *e)
{
	return file_check_owned(dirfd, path, forbidden, geteuid(), e);
}

bool
file_check_owned(int dirfd, const char *path, mode_t forbidden, uid_t uid,
    struct err *e)
{
	return check(dirfd, path, forbidden, uid, uid == geteuid(), e);
}

bool
file_check_for(int dirfd, const char *path, mode_t forbidden, uid_t uid, struct err *e)
{
	return check(dirfd, path, forbidden, uid, true, e);
}

bool
file_check_regular(int dirfd, const char *path, struct err *e)
{
	struct stat st;

	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return not_there(path, e);
	return S_ISREG(st.st_mode) ||
	       err_set(e, ERR_IO, "%s: is no regular file", path);
}
