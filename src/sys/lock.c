/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 8 /* each is another's end, just now */

static bool
bears_its_name(int fd, const char *path)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && lstat(path, &named) == 0 &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

bool
lock_take(const char *path, mode_t mode, int *ret, struct err *e)
{
	const struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	for (int i = 0; i < TRIES; i++) {
		const int fd =
		    open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
		if (fd < 0)
			return err_errno(e, "%s", path);
		if (fcntl(fd, F_OFD_SETLK, &whole) < 0) {
			if (errno == EAGAIN || errno == EACCES)
				err_set(e, ERR_CONFLICT, "%s is held by another", path);
			else
				err_errno(e, "%s", path);
			close(fd);
			return false;
		}
		if (bears_its_name(fd, path)) {
			*ret = fd;
			return true;
		}
		close(fd);
	}
	return err_set(e, ERR_CONFLICT, "%s comes and goes", path);
}
