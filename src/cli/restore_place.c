/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files to their places: the database before the journal, and hanaper.yaml last, without
 * which nothing starts.  A restore that was cut off is done again from the start.
 *
 * All is done as the owner of the directory (cli/owners.h), but what is said here.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/owners.h"
#include "cli/restore.h"
#include "cli/scratch.h"
#include "sys/file.h"

#define SMALL_MAX    MIB(1)
#define COPY_AT_ONCE MIB(256)

static uid_t
owner_of(const struct restore *r, const char *path)
{
	const size_t skip = strlen(r->state);
	struct strings keys = { 0 };

	if (strncmp(path, r->state, skip) != 0 || path[skip] != '/')
		return r->uid;
	for (size_t i = 0; i < r->conf->n_issuers; i++) {
		char *name = conf_path_below(r->conf, r->conf->issuers[i].key);

		if (name != NULL)
			strings_add(&keys, name);
		free(name);
	}
	const bool signers = owners_are_signers(path + skip + 1, &keys);
	strings_free(&keys);
	return signers ? r->signer : r->uid;
}

/* Only root gives the signer what is the signer's. */
bool
restore_own(const struct restore *r, const char *path, const char *to, struct err *e)
{
	const uid_t uid = owner_of(r, to);

	if (getuid() != 0 || !r->given || uid == geteuid())
		return true;
	owners_act_root();
	const bool ok = owners_give(r->state, path, uid, r->gid, e);
	owners_act_self();
	return ok;
}

bool
restore_make_dir(const struct restore *r, const char *path, mode_t mode, struct err *e)
{
	if (mkdir(path, mode) < 0)
		return errno == EEXIST || err_errno(e, "%s", path);
	/* The umask is not to tell. */
	return (chmod(path, mode) == 0 || err_errno(e, "%s", path)) &&
	       restore_own(r, path, path, e);
}

bool
restore_copy(int from, int to, uint64_t size, const char *path, struct err *e)
{
	ssize_t n = 1;

	while (size > 0 && n > 0) {
		n = sendfile(to, from, NULL, size < COPY_AT_ONCE ? size : COPY_AT_ONCE);
		size -= n > 0 ? (uint64_t)n : 0;
	}
	if (n == 0)
		errno = EIO; /* it has fewer */
	return (n > 0 && fsync(to) == 0) || err_errno(e, "%s", path);
}

/* As whoever it belongs to. */
static bool
read_as_owner(const char *path, struct buf *ret, struct err *e)
{
	const bool ok = owners_act(path, e) && file_read(AT_FDCWD, path, ret, e);

	owners_act_self();
	return ok;
}

static bool
same_content(const char *a, const char *b)
{
	struct err ignored;
	struct buf x, y;

	buf_init(&x, SMALL_MAX);
	buf_init(&y, SMALL_MAX);
	const bool same = read_as_owner(a, &x, &ignored) &&
			  read_as_owner(b, &y, &ignored) &&
			  bytes_eq(buf_bytes(&x), buf_bytes(&y));
	buf_wipe(&x);
	buf_wipe(&y);
	return same;
}

/* The database, and what lies beside it, may be on another file system than the CA directory. */
static bool
move_across(const char *from, const char *to, struct err *e)
{
	const int in = open(from, O_RDONLY | O_CLOEXEC);
	char *name = NULL;
	int fd = -1;
	struct stat st;
	bool ok = (in >= 0 && fstat(in, &st) == 0) || err_errno(e, "%s", from);

	ok = ok && scratch_file(to, "restore", &name, &fd, e) &&
	     restore_copy(in, fd, (uint64_t)st.st_size, to, e) &&
	     (rename(name, to) == 0 || err_errno(e, "%s", to));
	scratch_remove(name);
	if (fd >= 0)
		close(fd);
	if (in >= 0)
		close(in);
	return ok;
}

static bool
move(const char *from, const char *to, struct err *e)
{
	return rename(from, to) == 0 ||
	       (errno == EXDEV ? move_across(from, to, e) : err_errno(e, "%s", to));
}

/* It has its owner before it has its name, for who goes on where we are cut off. */
static bool
put(struct restore *r, const char *from, const char *to, struct err *e)
{
	return restore_own(r, from, to, e) && restore_aside(r, to, e) &&
	       move(from, to, e);
}

/* ---- one after the other ---- */

/* Beside the database (ca/acme.h). */
static bool
put_acme_key(struct restore *r, struct err *e)
{
	char *from = mem_printf("%s/" BACKUP_ACME_KEY, r->work);
	char *to = conf_path_beside_database(r->conf, BACKUP_ACME_KEY);
	const bool ok =
	    access(from, F_OK) < 0 || same_content(from, to) || put(r, from, to, e);

	free(from);
	free(to);
	return ok;
}

/*
 * The one that was there stays until this one takes its place: it may be all that knows
 * of a revocation.
 */
static bool
put_database(struct restore *r, struct err *e)
{
	static const char *const beside[] = { "-wal", "-shm" };
	char *from = mem_printf("%s/" BACKUP_DATABASE, r->work);
	char *to = conf_path(r->conf, r->conf->database);
	bool ok = true;

	for (size_t i = 0; ok && r->new_database && i < NITEMS(beside); i++) {
		char *path = mem_printf("%s%s", to, beside[i]);

		ok = restore_aside(r, path, e);
		free(path);
	}
	if (ok && r->new_database)
		ok = restore_aside_link(r, to, e) && move(from, to, e);
	ok = ok && put_acme_key(r, e) && file_sync_parent(AT_FDCWD, to, e);
	free(from);
	free(to);
	return ok;
}

/* The directory last: then it is closed to us. */
static bool
own_journal(const struct restore *r, char *dir, const char *to, struct err *e)
{
	char *const paths[] = { dir, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	bool ok = walk != NULL || err_errno(e, "%s", dir);

	for (const FTSENT *f; ok && (f = fts_read(walk)) != NULL;)
		ok = f->fts_info == FTS_D || restore_own(r, f->fts_path, to, e);
	if (walk != NULL)
		fts_close(walk);
	return ok;
}

static bool
put_journal(struct restore *r, struct err *e)
{
	char *from = mem_printf("%s/" BACKUP_JOURNAL, r->work);
	char *to = mem_printf("%s/" BACKUP_JOURNAL, r->state);
	bool ok = r->keep_journal || own_journal(r, from, to, e);

	if (ok && !r->keep_journal && r->given && r->signer != r->uid && getuid() == 0)
		ok = restore_aside(r, to, e) && restore_aside_as_root(r, BACKUP_JOURNAL,
						    strrchr(r->work, '/') + 1, ".", e);
	else if (ok && !r->keep_journal)
		ok = put(r, from, to, e);
	free(from);
	free(to);
	return ok;
}

/* Certificates and keys, wherever below the directory the configuration has them. */
static bool
put_small(struct restore *r, struct err *e)
{
	char *const paths[] = { r->work, NULL };
	const size_t skip = strlen(r->work);
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	bool ok = walk != NULL || err_errno(e, "%s", r->work);

	for (FTSENT *f; ok && (f = fts_read(walk)) != NULL;) {
		const char *name = f->fts_path + skip;
		char *to = mem_printf("%s%s", r->state, name);

		if (f->fts_info == FTS_D && strcmp(name, "/" BACKUP_JOURNAL) == 0)
			fts_set(walk, f, FTS_SKIP);
		else if (f->fts_info == FTS_D && name[0] != '\0')
			ok = restore_make_dir(r, to, 0700, e);
		else if (f->fts_info == FTS_F && strcmp(name, "/" BACKUP_CONF) != 0 &&
			 strcmp(name, "/" BACKUP_ACME_KEY) != 0 &&
			 strncmp(name, "/" BACKUP_DATABASE,
			     sizeof("/" BACKUP_DATABASE) - 1) != 0)
			ok =
			    same_content(f->fts_path, to) || put(r, f->fts_path, to, e);
		free(to);
	}
	if (walk != NULL)
		fts_close(walk);
	return ok;
}

/*
 * Beside a hanaper.yaml that lies elsewhere, too, as init --system has it: for who may
 * not look into the CA directory.
 */
static void
put_root(struct restore *r)
{
	char *from = mem_printf("%s/root.crt", r->state);
	char *to = mem_printf("%s/root.crt", r->etc);
	struct buf text;
	struct stat st;
	struct err unread;

	buf_init(&text, SMALL_MAX);
	if (lstat(to, &st) < 0 && errno == ENOENT) {
		const bool ok =
		    read_as_owner(from, &text, &unread) && owners_act_in(to, &unread) &&
		    file_replace(AT_FDCWD, to, 0644, buf_bytes(&text), &unread);
		owners_act_self();
		if (!ok)
			strings_printf(&r->told,
			    "%s could not be written: copy %s there", to, from);
	} else if (!same_content(from, to)) {
		strings_printf(&r->told, "%s is not the root of this CA: copy %s there",
		    to, from);
	}
	buf_free(&text);
	free(from);
	free(to);
}

/*
 * As the owner of its directory; not by rename(2) from ours, for /etc may be another file
 * system.  It is whole, and the daemon's user may read it, before it has its name.
 */
static bool
write_conf(const struct restore *r, const char *to, struct err *e)
{
	struct stat st;
	char *name = NULL;
	int fd = -1;
	bool ok = owners_act_in(to, e) && scratch_file(to, "restore", &name, &fd, e) &&
		  file_write(fd, to, buf_bytes(&r->yaml), e) &&
		  (fchmod(fd, 0640) == 0 || err_errno(e, "%s", to));

	/* By its group where it is root's. */
	if (ok && geteuid() == 0 && r->given &&
	    (stat(r->etc, &st) < 0 || fchown(fd, st.st_uid, r->gid) < 0))
		ok = err_errno(e, "%s", to);
	ok = ok && (rename(name, to) == 0 || err_errno(e, "%s", to));
	scratch_remove(name);
	owners_act_self();
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool
put_conf(struct restore *r, struct err *e)
{
	char *from = mem_printf("%s/" BACKUP_CONF, r->work);
	char *to = mem_printf("%s/" BACKUP_CONF, r->etc);
	struct stat st;
	bool ok = true;

	if (!same_content(from, to)) {
		r->yaml_aside = lstat(to, &st) == 0;
		ok = restore_aside_copy(r, to, e) && write_conf(r, to, e);
	}
	free(from);
	free(to);
	return ok;
}

/* Where the database is to be, which hanaper.yaml may have in a directory of its own. */
static bool
make_parents(const struct restore *r, const char *path, struct err *e)
{
	char *way = mem_strdup(path);
	const size_t skip = strlen(r->state);
	const bool below = strncmp(way, r->state, skip) == 0 && way[skip] == '/';
	bool ok = true;

	for (char *slash = strchr(way + (below ? skip : 0) + 1, '/');
	     ok && slash != NULL; slash = strchr(slash + 1, '/')) {
		struct stat st;

		*slash = '\0';
		ok = stat(way, &st) == 0 || (restore_make_dir(r, way, 0750, e) &&
						file_sync_parent(AT_FDCWD, way, e));
		*slash = '/';
	}
	free(way);
	return ok;
}

static bool
make_dirs(const struct restore *r, struct err *e)
{
	static const char *const dirs[] = { "", "/issuers", "/pub", "/pub/ca",
		"/pub/crl", "/run" };

	for (size_t i = 0; i < NITEMS(dirs); i++) {
		char *path = mem_printf("%s%s", r->state, dirs[i]);
		/* The signer's user has to reach its keys. */
		const bool ok = restore_make_dir(r, path,
		    i == 1 && r->signer == r->uid ? 0700 : 0750, e);

		free(path);
		if (!ok)
			return false;
	}
	char *database = conf_path(r->conf, r->conf->database);
	const bool ok = make_parents(r, database, e);
	free(database);
	return ok;
}

static bool
flush_one(const char *path, struct err *e)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(e, "%s", path);
	const bool ok = file_sync_dir(fd, e);
	close(fd);
	return ok;
}

/* Each directory that names were put into, and the one that the first of them lies in. */
static bool
flush(const char *dir, struct err *e)
{
	char *above = mem_printf("%s/..", dir), *path = mem_strdup(dir);
	char *const paths[] = { path, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	bool ok = walk != NULL || err_errno(e, "%s", dir);

	for (FTSENT *f; ok && (f = fts_read(walk)) != NULL;)
		if (f->fts_info == FTS_D)
			ok = flush_one(f->fts_path, e);
	ok = ok && flush_one(above, e);
	if (walk != NULL)
		fts_close(walk);
	free(above);
	free(path);
	return ok;
}

static void
tell_missing_keys(struct restore *r)
{
	for (size_t i = 0; i < r->conf->n_issuers; i++) {
		const struct conf_issuer *s = &r->conf->issuers[i];
		char *path = conf_path(r->conf, s->key);

		if (access(path, F_OK) < 0) {
			r->keyless++;
			strings_printf(&r->told,
			    "done, but it cannot start yet: %s is missing: put the key "
			    "of issuer %s there",
			    path, s->name);
		}
		free(path);
	}
}

/* Directories are opened for this and nothing else, whosever they are. */
static bool
flush_all(const struct restore *r, struct err *e)
{
	owners_act_root();
	const bool ok = flush(r->state, e) && flush(r->etc, e);
	owners_act_self();
	return ok;
}

bool
restore_place(struct restore *r, struct err *e)
{
	if (!make_dirs(r, e) || !put_database(r, e) || !put_journal(r, e) ||
	    !put_small(r, e))
		return false;
	put_root(r);
	if (!put_conf(r, e) || !flush_all(r, e))
		return false;
	restore_aside_tell(r);
	restore_issuers_tell(r);
	tell_missing_keys(r);
	return true;
}
