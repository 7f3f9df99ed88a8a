/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/claim.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

bool
claim_take(const char *dir, uid_t uid, gid_t gid, struct claim *ret, struct err *e)
{
	const struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char *run = mem_printf("%s/run", dir);
	char *path = mem_printf("%s/hanaperd.pid", run);
	int fd = -1;
	bool ok = true;

	if ((mkdir(run, 0750) == 0 && geteuid() == 0 && lchown(run, uid, gid) < 0) ||
	    (fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640)) < 0)
		ok = err_errno(e, "%s", path);
	else if (fcntl(fd, F_OFD_SETLK, &whole) < 0)
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
	if (c->path != NULL)
		unlink(c->path); /* while it is ours */
	if (c->fd >= 0)
		close(c->fd);
	free(c->path);
	*c = (struct claim){ .fd = -1 };
}
