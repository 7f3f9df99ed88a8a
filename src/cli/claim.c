/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/claim.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/owners.h"
#include "sys/lock.h"

/* Root's lock would keep a daemon of another user out for ever, if we were killed. */
static bool
give(int fd, uid_t uid, gid_t gid)
{
	struct stat st;

	return geteuid() != 0 || (fstat(fd, &st) == 0 && st.st_uid != 0) ||
	       fchown(fd, uid, gid) == 0;
}

static bool
open_lock(const char *run, const char *path, uid_t uid, gid_t gid, int *ret,
    struct err *e)
{
	if (mkdir(run, 0750) == 0 && geteuid() == 0 && lchown(run, uid, gid) < 0)
		return err_errno(e, "%s", run);
	if (!lock_take(path, 0640, ret, e))
		return false;
	return give(*ret, uid, gid) || err_errno(e, "%s", path);
}

bool
claim_take(const char *dir, uid_t uid, gid_t gid, struct claim *ret, struct err *e)
{
	char *run = mem_printf("%s/run", dir);
	char *path = mem_printf("%s/hanaperd.pid", run);
	int fd = -1;

	const bool ok = owners_act(dir, e) && open_lock(run, path, uid, gid, &fd, e);
	owners_act_self();
	if (!ok && e->code == ERR_CONFLICT)
		err_set(e, ERR_CONFLICT, "a daemon serves %s; stop it first", dir);
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
