/* SPDX-License-Identifier: Apache-2.0 */
/* A new certificate, or a new pair, takes the place of the old one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/crypto.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/mem.h"
#include "cli/owners.h"
#include "renew_files_impl.h"
#include "sys/file.h"

#define PEM_MAX      KIB(256)
#define VERSION_NAME "[0-9]*T[0-9]*Z-[0-9a-f]*"

struct renew_files_version {
	char *name; /* of the directory, below that of the files */
	char *path;
	bool used; /* it has become the current one */
};

static bool
sync_dir(const char *dir, struct err *e)
{
	const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(e, "%s", dir);
	const bool ok = file_sync_dir(fd, e);
	close(fd);
	return ok;
}

/*
 * Root in a directory of another user is that user here, without the groups that he is
 * in: where a file of his has one of them, a new file may have it too.
 */
static bool
give_group(int fd, gid_t gid)
{
	const uid_t uid = geteuid();
	const gid_t own = getegid();

	owners_act_self();
	const bool ok = fchown(fd, (uid_t)-1, gid) == 0;
	if (setegid(own) < 0 || seteuid(uid) < 0)
		abort(); /* never root by oversight */
	return ok;
}

static bool
give_like(int fd, const struct stat *like)
{
	struct stat is;

	if (fstat(fd, &is) < 0)
		return false;
	if (is.st_uid == like->st_uid && is.st_gid == like->st_gid)
		return true;
	if (getuid() != 0 || geteuid() == 0)
		return fchown(fd, like->st_uid, like->st_gid) == 0;
	return is.st_uid != like->st_uid || give_group(fd, like->st_gid);
}

/* What another has to mend is told as that, and not as a fault which may pass. */
static bool
not_like(const char *path, const char *like, const struct stat *st, struct err *e)
{
	if (errno != EPERM)
		return err_errno(e, "%s: cannot be given to the owner of %s", path,
		    like);
	const unsigned long uid = geteuid(), gid = getegid();
	return err_set(e, ERR_FORBIDDEN,
	    "%s belongs to user %lu and group %lu, to whom user %lu may give no new "
	    "file; "
	    "run: chown %lu:%lu %s",
	    like, (unsigned long)st->st_uid, (unsigned long)st->st_gid, uid, uid, gid,
	    like);
}

/*
 * A new file with mode and owner of another, so that who could read that reads this.
 * By the descriptor: the name may have come to mean another file.
 */
static bool
create_like(const char *path, struct bytes content, const char *like, struct err *e)
{
	struct stat st;
	int fd;

	if (lstat(like, &st) < 0)
		return err_errno(e, "%s", like);
	if (!file_create_open(AT_FDCWD, path, st.st_mode & 0700, content, &fd, e))
		return false;
	const bool ok = ((give_like(fd, &st) && fchmod(fd, st.st_mode & 0777) == 0) ||
			    not_like(path, like, &st, e)) &&
			(fsync(fd) == 0 || err_errno(e, "%s", path));
	close(fd);
	if (!ok)
		unlink(path);
	return ok;
}

/* The name under which a file comes before it takes the place of another; free() it. */
static char *
temp_of(const char *path)
{
	char *temp = mem_printf("%s.new-%ld", path, (long)getpid());

	unlink(temp); /* of a process that had our number and died */
	return temp;
}

/* An empty file, made as the one to come will be, and removed again. */
static bool
try_like(const char *path, const char *like, struct err *e)
{
	char *temp = temp_of(path);
	const bool ok = create_like(temp, bytes_str(""), like, e);

	if (ok)
		unlink(temp);
	free(temp);
	return ok;
}

static bool
may_write(const char *dir, struct err *e)
{
	return eaccess(dir, W_OK | X_OK) == 0 ||
	       err_set(e, ERR_FORBIDDEN, "user %lu cannot write to %s: %s",
		   (unsigned long)geteuid(), dir, strerror(errno));
}

bool
renew_files_writable(const struct renew_files *f, bool rekey, struct err *e)
{
	char *dir = renew_files_parent(f->cert_at);
	const bool ok =
	    (f->dir == NULL || may_write(f->dir, e)) &&
	    (rekey || (may_write(dir, e) && try_like(f->cert_at, f->cert_at, e)));

	free(dir);
	return ok;
}

/* By one rename: a reader sees the old certificate or the new one, both of the same key. */
static bool
replace_cert(const struct renew_files *f, struct bytes chain, struct err *e)
{
	char *temp = temp_of(f->cert_at);
	char *dir = renew_files_parent(f->cert_at);
	bool ok;

	ok = create_like(temp, chain, f->cert_at, e);
	if (ok && rename(temp, f->cert_at) < 0) {
		ok = err_errno(e, "%s: replacing", f->cert_at);
		unlink(temp);
	}
	ok = ok && sync_dir(dir, e);
	free(temp);
	free(dir);
	return ok;
}

/* ---- pairs in directories ---- */

/* When it was made, in UTC, and something drawn: "20260131T120000Z-9f2c61d0". */
static char *
version_name(void)
{
	const time_t now = (time_t)clock_now();
	uint8_t drawn[4] = { 0 };
	char at[24] = "", hex[2 * sizeof(drawn) + 1];
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(at, sizeof(at), "%Y%m%dT%H%M%SZ", &tm) == 0 ||
	    gnutls_rnd(GNUTLS_RND_NONCE, drawn, sizeof(drawn)) != 0)
		return NULL;
	hex_write(bytes_of(drawn, sizeof(drawn)), hex);
	return mem_printf("%s-%s", at, hex);
}

/* Only a group that is not ours may be denied to us. */
static bool
own_dir(const char *path, const char *like, const struct stat *st, struct err *e)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_errno(e, "%s", path);
	const bool ok = give_like(fd, st) ||
			(geteuid() != 0 && geteuid() == st->st_uid) ||
			not_like(path, like, st, e);
	close(fd);
	return ok;
}

/* With mode and owner of the directory that it lies in. */
bool
renew_files_version_make(const struct renew_files *f, struct renew_files_version **ret,
    struct err *e)
{
	struct renew_files_version *v = mem_zalloc(sizeof(*v));
	struct stat st;
	bool ok = false;

	v->name = version_name();
	if (v->name == NULL)
		err_set(e, ERR_INTERNAL, "neither time nor random octets");
	else if (lstat(f->dir, &st) < 0)
		err_errno(e, "%s", f->dir);
	else {
		v->path = mem_printf("%s/%s", f->dir, v->name);
		ok = file_mkdir(AT_FDCWD, v->path, st.st_mode & 0777, e) &&
		     own_dir(v->path, f->dir, &st, e);
	}
	if (ok)
		*ret = v;
	else
		renew_files_version_free(v);
	return ok;
}

void
renew_files_version_free(struct renew_files_version *v)
{
	if (v == NULL)
		return;
	if (v->path != NULL && !v->used)
		file_remove_tree(v->path);
	free(v->name);
	free(v->path);
	free(v);
}

bool
renew_files_version_put(const struct renew_files_version *v, const char *name,
    struct bytes content, const char *like, struct err *e)
{
	char *path = mem_printf("%s/%s", v->path, name);
	const bool ok = create_like(path, content, like, e);

	free(path);
	return ok;
}

bool
renew_files_version_copy(const struct renew_files_version *v, const char *name,
    const char *from, struct err *e)
{
	char *real = realpath(from, NULL);
	struct buf content;

	buf_init(&content, PEM_MAX);
	const bool ok = real == NULL ? err_errno(e, "%s", from)
				     : file_read(AT_FDCWD, real, &content, e) &&
					   renew_files_version_put(v, name,
					       buf_bytes(&content), real, e);
	buf_wipe(&content);
	free(real);
	return ok;
}

bool
renew_files_version_new(const struct renew_files *f, struct bytes key,
    struct renew_files_version **ret, struct err *e)
{
	struct renew_files_version *v = NULL;

	if (!renew_files_version_make(f, &v, e))
		return false;
	char *cert = mem_printf("%s/" RENEW_FILES_CERT, v->path);
	const bool ok =
	    renew_files_version_put(v, RENEW_FILES_KEY, key, f->key_at, e) &&
	    try_like(cert, f->cert_at, e);
	free(cert);
	if (ok)
		*ret = v;
	else
		renew_files_version_free(v);
	return ok;
}

/* A symbolic link takes the place of whatever was there. */
static bool
put_link(const struct renew_files *f, const char *name, const char *to, struct err *e)
{
	char *path = mem_printf("%s/%s", f->dir, name);
	char *temp = temp_of(path);
	bool ok = true;

	if (symlink(to, temp) < 0 || rename(temp, path) < 0) {
		ok = err_errno(e, "%s: replacing", path);
		unlink(temp);
	}
	free(path);
	free(temp);
	return ok;
}

bool
renew_files_through_current(const struct renew_files *f, const char *name,
    struct err *e)
{
	char *to = mem_printf(RENEW_FILES_CURRENT "/%s", name);
	const bool ok = put_link(f, name, to, e);

	free(to);
	return ok;
}

static bool
link_into(const struct renew_files_version *v, const char *from, const char *name,
    struct err *e)
{
	char *to = mem_printf("%s/%s", v->path, name);
	bool ok = link(from, to) == 0;

	/* The kernel lets nobody give a second name to another user's file. */
	if (!ok)
		ok = errno == EPERM ? renew_files_version_copy(v, name, from, e)
				    : err_errno(e, "%s", to);
	free(to);
	return ok;
}

/*
 * The first time: the pair that lies there goes into a directory of its own
 * (the same files, under a second name), and links take its place.  Whoever reads
 * meanwhile gets the same octets either way.
 */
static bool
make_links(const struct renew_files *f, struct err *e)
{
	struct renew_files_version *old = NULL;

	if (strcmp(f->cert, f->cert_at) != 0) /* the second may lack after a crash */
		return renew_files_through_current(f, RENEW_FILES_KEY, e);
	if (!renew_files_version_make(f, &old, e))
		return false;
	bool ok = link_into(old, f->cert_at, RENEW_FILES_CERT, e) &&
		  link_into(old, f->key_at, RENEW_FILES_KEY, e) &&
		  put_link(f, RENEW_FILES_CURRENT, old->name, e);
	old->used = ok;
	ok = ok && renew_files_through_current(f, RENEW_FILES_CERT, e) &&
	     renew_files_through_current(f, RENEW_FILES_KEY, e);
	renew_files_version_free(old);
	return ok;
}

/* Removes all pairs but the current one and the one before. */
static void
sweep(const char *dir, const char *current, const char *before)
{
	DIR *d = opendir(dir);
	const struct dirent *at;

	while (d != NULL && (at = readdir(d)) != NULL) {
		if (fnmatch(VERSION_NAME, at->d_name, 0) != 0 ||
		    strcmp(at->d_name, current) == 0 ||
		    (before != NULL && strcmp(at->d_name, before) == 0))
			continue;
		char *path = mem_printf("%s/%s", dir, at->d_name);
		file_remove_tree(path);
		free(path);
	}
	if (d != NULL)
		closedir(d);
}

bool
renew_files_version_use(const struct renew_files *f, struct renew_files_version *v,
    struct err *e)
{
	char *before = renew_files_link(f->dir, RENEW_FILES_CURRENT);
	bool ok = put_link(f, RENEW_FILES_CURRENT, v->name, e);

	if (ok) {
		v->used = true;
		ok = sync_dir(f->dir, e);
		sweep(f->dir, v->name, before);
	}
	free(before);
	return ok;
}

static bool
switch_pair(const struct renew_files *f, struct renew_files_version *v,
    struct bytes chain, struct err *e)
{
	return renew_files_version_put(v, RENEW_FILES_CERT, chain, f->cert_at, e) &&
	       make_links(f, e) && renew_files_version_use(f, v, e);
}

/*
 * A directory's note comes last: one of another certificate tells of a crash between.
 * A file's names the certificate to come: else a first one could not tell.
 */
bool
renew_files_put(const struct renew_files *f, struct renew_files_version *v,
    const struct renew_files_new *n, struct err *e)
{
	if (f->dir == NULL)
		return renew_files_note(f, n, e) && replace_cert(f, n->chain, e);
	return (v == NULL ? replace_cert(f, n->chain, e)
			  : switch_pair(f, v, n->chain, e)) &&
	       renew_files_note(f, n, e);
}
