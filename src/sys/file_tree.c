/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory goes with all below it.  Others may own what is in there and exchange it
 * meanwhile, and a signal's handler may be who removes it: so there are no paths but the
 * first, nothing but system calls, and bounded ones.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"

#define DEPTH_MAX  64 /* each holds a descriptor and a buffer */
#define ROUNDS_MAX 1000

static bool remove_at(int dirfd, const char *name, const struct statx *top,
    unsigned depth);

/* A bind mount is on the same device as its surroundings. */
static bool
same_mount(const struct statx *a, const struct statx *b)
{
	return a->stx_mnt_id == b->stx_mnt_id && a->stx_dev_major == b->stx_dev_major &&
	       a->stx_dev_minor == b->stx_dev_minor;
}

/* One look at all entries; how many of them went. */
static size_t
remove_some(int fd, const struct statx *top, unsigned depth)
{
	_Alignas(struct dirent64) char entries[4096];
	size_t gone = 0;
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return 0;
	while ((n = getdents64(fd, entries, sizeof(entries))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(entries + at);

			at += d->d_reclen;
			if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
				gone += remove_at(fd, d->d_name, top, depth);
		}
	return gone;
}

static void
empty(int fd, const struct statx *top, unsigned depth)
{
	struct statx here = { 0 };

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &here) < 0)
		return;
	if (top == NULL)
		top = &here;
	/* Looked at anew, for removing moves what is left; not for ever, should others add. */
	for (unsigned round = 0; same_mount(&here, top) && round < ROUNDS_MAX; round++)
		if (remove_some(fd, top, depth) == 0)
			break;
}

static bool
remove_at(int dirfd, const char *name, const struct statx *top, unsigned depth)
{
	if (unlinkat(dirfd, name, 0) == 0)
		return true;
	if ((errno != EISDIR && errno != EPERM) || depth == DEPTH_MAX)
		return false;
	const int fd =
	    openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		empty(fd, top, depth + 1);
		close(fd);
	}
	return unlinkat(dirfd, name, AT_REMOVEDIR) == 0;
}

void
file_remove_tree(const char *path)
{
	(void)remove_at(AT_FDCWD, path, NULL, 0);
}
