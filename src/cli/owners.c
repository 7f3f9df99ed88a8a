/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/file.h"

static bool
find_in_image(const char *root, const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	char *path = mem_printf("%s/etc/passwd", root);
	FILE *f = fopen(path, "re");
	const struct passwd *p = NULL;

	free(path);
	while (f != NULL && (p = fgetpwent(f)) != NULL && strcmp(p->pw_name, name) != 0)
		continue;
	if (p != NULL) {
		*ret_uid = p->pw_uid;
		*ret_gid = p->pw_gid;
	}
	if (f != NULL)
		fclose(f);
	return p != NULL;
}

static bool
find_here(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	const struct passwd *p = getpwnam(name);

	if (p == NULL)
		return false;
	*ret_uid = p->pw_uid;
	*ret_gid = p->pw_gid;
	return true;
}

bool
owners_find(const char *root, const char *name, uid_t *ret_uid, gid_t *ret_gid,
    struct err *e)
{
	char *end;
	const unsigned long n = strtoul(name, &end, 10);
	uid_t uid = (uid_t)n;
	gid_t gid = (gid_t)n;

	if (!(root[0] == '\0' ? find_here(name, &uid, &gid)
			      : find_in_image(root, name, &uid, &gid)) &&
	    (name[0] < '0' || name[0] > '9' || *end != '\0' || n >= UINT32_MAX))
		return err_set(e, ERR_NOT_FOUND, "there is no user %s", name);
	*ret_uid = uid;
	if (ret_gid != NULL)
		*ret_gid = gid;
	return true;
}

bool
owners_signer(const char *root, const struct strings *options, uid_t *ret,
    struct err *e)
{
	static const char signer[] = "signer=";

	for (size_t i = 0; i < options->n; i++) {
		const char *option = options->v[i];
		uid_t uid;

		if (strncmp(option, signer, sizeof(signer) - 1) != 0)
			return err_set(e, ERR_MALFORMED,
			    "--user %s: it must be signer=USER; no other role has "
			    "files of its own",
			    option);
		if (!owners_find(root, option + sizeof(signer) - 1, &uid, NULL, e))
			return err_prefix(e, "--user");
		if (uid == 0)
			return err_set(e, ERR_MALFORMED,
			    "--user: a role does not run as root");
		*ret = uid;
	}
	return true;
}

/* The directory that 'path' is in; free() it. */
static char *
dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_strdup(".");
	return slash == path ? mem_strdup("/")
			     : mem_strndup(bytes_of(path, (size_t)(slash - path)));
}

static bool
no_stat(const char *path, struct err *e)
{
	return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "%s: no such file", path)
			       : err_errno(e, "%s", path);
}

#define LINKS_MAX 40 /* as the kernel has it */

/* The way that is left, with what a link says in the place of its name. */
static bool
follow(const char *link, char **rest, char **done, struct err *e)
{
	char to[PATH_MAX];
	const ssize_t n = readlink(link, to, sizeof(to) - 1);

	if (n <= 0)
		return err_errno(e, "%s", link);
	to[n] = '\0';
	char *all = mem_printf("%s/%s", to, *rest);
	free(*rest);
	*rest = all;
	char *slash = strrchr(*done, '/');
	*(to[0] == '/' ? *done : slash) = '\0'; /* the link's name goes */
	return true;
}

/* Whose the components of a path are that are not root's. */
struct way {
	struct stat last;
	uid_t like;  /* whose all of them are to be */
	uid_t other; /* whose one of them is, too; 0: nobody's */
};

/* One component on: *done has no links in it. */
static bool
step(char **rest, char **done, unsigned *links, struct way *ret, struct err *e)
{
	const size_t n = strcspn(*rest, "/");
	char *name = mem_strndup(bytes_of(*rest, n));
	char *left = mem_strdup(*rest + n + ((*rest)[n] == '/'));
	char *whole = mem_printf("%s/%s", *done, name);
	struct stat st;
	bool ok = true;

	free(*rest);
	*rest = left;
	if (strcmp(name, "..") == 0) {
		char *slash = strrchr(*done, '/');

		if (slash != NULL)
			*slash = '\0';
	} else if (name[0] != '\0' && strcmp(name, ".") != 0) {
		ok = lstat(whole, &st) == 0 || no_stat(whole, e);
		if (ok && st.st_uid != 0)
			ret->last = st;
		if (ok && st.st_uid != 0 && st.st_uid != ret->like)
			ret->other = st.st_uid;
		free(*done);
		*done = whole;
		whole = NULL;
		if (ok && S_ISLNK(st.st_mode))
			ok = ++*links <= LINKS_MAX
				 ? follow(*done, rest, done, e)
				 : err_set(e, ERR_IO, "%s: too many links", *done);
	}
	free(name);
	free(whole);
	return ok;
}

/*
 * Of the components of a path, and of all that links among them lead through, the last one
 * that is not root's: who has it may exchange it, and all behind it.  ret->last stays where
 * all are root's.
 */
static bool
nearest(const char *path, struct way *ret, struct err *e)
{
	char *rest = file_absolute(path), *done = mem_strdup("");
	unsigned links = 0;
	bool ok = true;

	while (ok && rest[0] != '\0')
		ok = step(&rest, &done, &links, ret, e);
	free(rest);
	free(done);
	return ok;
}

/* Whom owners_act_self() comes back to; 0: root. */
static struct {
	uid_t uid;
	gid_t gid;
} self;

static bool
become(uid_t uid, gid_t gid)
{
	return uid == 0 ||
	       (setgroups(0, NULL) == 0 && setegid(gid) == 0 && seteuid(uid) == 0);
}

void
owners_act_root(void)
{
	if (getuid() != 0 || geteuid() == 0)
		return;
	if (seteuid(0) < 0 || setegid(getgid()) < 0)
		abort(); /* root is always let back */
}

void
owners_act_self(void)
{
	owners_act_root();
	if (geteuid() == 0 && !become(self.uid, self.gid))
		abort();
}

bool
owners_act(const char *path, struct err *e)
{
	struct way way = { 0 };

	owners_act_root();
	if (geteuid() != 0)
		return true;
	const bool found = nearest(path, &way, e);
	if (found && become(way.last.st_uid, way.last.st_gid))
		return true;
	if (found)
		err_errno(e, "%s: acting as its owner", path);
	owners_act_self();
	return false;
}

bool
owners_act_in(const char *path, struct err *e)
{
	char *dir = dir_of(path);
	const bool ok = owners_act(dir, e);

	free(dir);
	return ok;
}

bool
owners_stay(const char *path, struct err *e)
{
	if (!owners_act(path, e))
		return false;
	if (getuid() == 0) {
		self.uid = geteuid();
		self.gid = getegid();
	}
	return true;
}

bool
owners_stay_in(const char *path, struct err *e)
{
	char *dir = dir_of(path);
	const bool ok = owners_stay(dir, e);

	free(dir);
	return ok;
}

bool
owners_agree(const char *file, const char *dir, struct err *e)
{
	struct way of = { 0 }, its = { 0 };

	if (getuid() != 0)
		return true;
	owners_act_root();
	bool found = nearest(dir, &its, e);
	of.like = its.last.st_uid;
	found = found && nearest(file, &of, e);
	owners_act_self();
	if (!found || of.other == 0)
		return found;
	return err_set(e, ERR_CONFLICT,
	    "%s is user %lu's, and names %s, which is not: if you believe it, copy it "
	    "to "
	    "where only root may write, and name that",
	    file, (unsigned long)of.other, dir);
}

void
owners_leave(void)
{
	self.uid = 0;
	self.gid = 0;
	owners_act_self();
}

bool
owners_give(const char *dir, const char *path, uid_t uid, gid_t gid, struct err *e)
{
	const size_t skip = strlen(dir);
	const struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	struct stat st;

	if (strncmp(path, dir, skip) != 0 || path[skip] != '/')
		return lchown(path, uid, gid) == 0 || err_errno(e, "%s", path);
	const int top = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const int fd = top < 0 ? -1
			       : (int)syscall(SYS_openat2, top, path + skip + 1, &how,
				     sizeof(how));
	bool ok = fd >= 0 && fstat(fd, &st) == 0;
	if (ok && S_ISREG(st.st_mode) && st.st_nlink > 1) {
		errno = EMLINK;
		ok = false;
	}
	ok = (ok && fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0) ||
	     err_errno(e, "%s", path);
	if (fd >= 0)
		close(fd);
	if (top >= 0)
		close(top);
	return ok;
}

bool
owners_are_signers(const char *name, const struct strings *keys)
{
	return strcmp(name, "journal") == 0 || strncmp(name, "journal/", 8) == 0 ||
	       strcmp(name, "root.key") == 0 || strings_has(keys, name);
}
