/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/claim.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/owners.h"

/* Root's lock would keep a daemon of another user out for ever, if we were killed. */
static bool
give(int fd, uid_t uid, gid_t gid)
{
	struct stat st;

	return geteuid() != 0 || (fstat(fd, &st) == 0 && st.st_uid != 0) ||
	       fchown(fd, uid, gid) == 0;
}

static int
open_lock(const char *run, const char *path, uid_t uid, gid_t gid)
{
	if (mkdir(run, 0750) == 0 && geteuid() == 0 && lchown(run, uid, gid) < 0)
		return -1;
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd >= 0 && !give(fd, uid, gid)) {
		close(fd);
		return -1;
	}
	return fd;
}

bool
claim_take(const char *dir, uid_t uid, gid_t gid, struct claim *ret, struct err *e)
{
	const struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char *run = mem_printf("%s/run", dir);
	char *path = mem_printf("%s/hanaperd.pid", run);
	int fd = -1;
	bool ok = owners_act(dir, e);

	if (ok && (fd = open_lock(run, path, uid, gid)) < 0)
		ok = err_errno(e, "%s", path);
	owners_act_self();
	if (ok && fcntl(fd, F_OFD_SETLK, &whole) < 0)
		ok = err_set(e, ERR_CONFLICT, "a daemon serves %s; stop it first", dir);
	if (ok) {
		*ret = (struct claim){ fd, path };
	} else {
		if (fd >= 0)
			close(fd);
		free(path);
	}
	free(run);
	return ok;
}

void
claim_release(struct claim *c)
{
	struct err ignored;

	if (c->path != NULL && owners_act_in(c->path, &ignored))
		unlink(c->path); /* while it is ours */
	owners_act_self();
	if (c->fd >= 0)
		close(c->fd);
	free(c->path);
	*c = (struct claim){ .fd = -1 };
}
