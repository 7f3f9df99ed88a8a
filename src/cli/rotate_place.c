/* SPDX-License-Identifier: Apache-2.0 */
/* Like the file before: of its owner, its group and its mode. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/owners.h"
#include "cli/rotate.h"
#include "sys/file.h"

/*
 * Only to whom the one that acts may give it: what the owner of a directory has made, and may
 * have opened meanwhile, must not become root's.
 */
static bool
give_user(int fd, const char *like, const struct stat *of, struct err *e)
{
	struct stat is;

	if (fstat(fd, &is) < 0)
		return err_errno(e, "%s", like);
	if (is.st_uid == of->st_uid || fchown(fd, of->st_uid, (gid_t)-1) == 0)
		return true;
	return err_set(e, ERR_CONFLICT,
	    "%s is user %lu's, and user %lu's the directory, who cannot replace it by "
	    "one that is; run: chown %lu %s",
	    like, (unsigned long)of->st_uid, (unsigned long)is.st_uid,
	    (unsigned long)is.st_uid, like);
}

/* Root acts as the owner without the groups that he is in. */
static bool
give_group(int fd, const char *like, const struct stat *of, struct err *e)
{
	struct stat is;

	if (fstat(fd, &is) < 0)
		return err_errno(e, "%s", like);
	if (is.st_gid == of->st_gid)
		return true;
	owners_act_root();
	const bool ok = fchown(fd, (uid_t)-1, of->st_gid) == 0 ||
			err_errno(e, "%s: one more file of its group %lu", like,
			    (unsigned long)of->st_gid);
	return owners_act_in(like, e) && ok;
}

static bool
make_like(const char *path, const char *like, struct bytes content, struct err *e)
{
	struct stat st;
	int fd;

	if (lstat(like, &st) < 0)
		return err_errno(e, "%s", like);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFLICT, "%s is no regular file any more", like);
	unlink(path); /* of a process that had our number and died */
	if (!file_create_open(AT_FDCWD, path, st.st_mode & 0600, content, &fd, e))
		return false;
	const bool ok = give_user(fd, like, &st, e) && give_group(fd, like, &st, e) &&
			((fchmod(fd, st.st_mode & 0777) == 0 && fsync(fd) == 0) ||
			    err_errno(e, "%s", path));
	close(fd);
	return ok;
}

static void
take_away(const char *path)
{
	struct err ignored;

	if (owners_act_in(path, &ignored))
		unlink(path);
}

static bool
take_place(const struct rotate *r, bool for_good, struct err *e)
{
	const char *file = r->conf->file;
	char *next = mem_printf("%s.new-%ld", file, (long)getpid());
	bool ok =
	    owners_act_in(file, e) && make_like(next, file, buf_bytes(&r->edited), e);

	if (ok && for_good)
		ok = rename(next, file) == 0 ? file_sync_parent(AT_FDCWD, file, e)
					     : err_errno(e, "%s: replacing", file);
	if (!ok || !for_good)
		take_away(next);
	owners_act_self();
	free(next);
	return ok;
}

bool
rotate_place_try(struct rotate *r, struct err *e)
{
	return take_place(r, false, e);
}

bool
rotate_place(struct rotate *r, struct err *e)
{
	return take_place(r, true, e);
}
