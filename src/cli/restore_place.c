/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files to their places, hanaper.yaml last: without it nothing starts.  A restore
 * that was cut off is done again from the start.
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
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/owners.h"
#include "cli/restore.h"
#include "sys/file.h"

#define SMALL_MAX MIB(1)

static uid_t
owner_of(const struct restore *r, const char *path)
{
	const size_t skip = strlen(r->state);
	struct strings keys = { 0 };

	if (strncmp(path, r->state, skip) != 0 || path[skip] != '/')
		return r->uid;
	for (size_t i = 0; i < r->conf->n_issuers; i++)
		strings_add(&keys, r->conf->issuers[i].key);
	const bool signers = owners_are_signers(path + skip + 1, &keys);
	strings_free(&keys);
	return signers ? r->signer : r->uid;
}

/* Only root gives the signer what is the signer's. */
static bool
own(const struct restore *r, const char *path, struct err *e)
{
	const uid_t uid = owner_of(r, path);

	if (getuid() != 0 || !r->given || uid == geteuid())
		return true;
	owners_act_root();
	const bool ok = owners_give(r->state, path, uid, r->gid, e);
	owners_act_self();
	return ok;
}

static bool
make_dir(const struct restore *r, const char *path, mode_t mode, struct err *e)
{
	if (mkdir(path, mode) < 0)
		return errno == EEXIST || err_errno(e, "%s", path);
	/* The umask is not to tell. */
	return (chmod(path, mode) == 0 || err_errno(e, "%s", path)) && own(r, path, e);
}

/* ---- what was there ---- */

static bool
need_aside(struct restore *r, struct err *e)
{
	const time_t now = (time_t)clock_now();
	struct tm tm;
	char at[32];

	if (r->aside != NULL)
		return true;
	gmtime_r(&now, &tm);
	strftime(at, sizeof(at), "%Y%m%dT%H%M%SZ", &tm);
	r->aside = mem_printf("%s/before-restore-%s", r->state, at);
	if (!make_dir(r, r->aside, 0700, e))
		return false;
	strings_printf(&r->told, "what was there is in %s", r->aside);
	return true;
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
take_away(const char *path, struct err *e)
{
	const bool ok =
	    owners_act_in(path, e) && (unlink(path) == 0 || err_errno(e, "%s", path));

	owners_act_self();
	return ok;
}

/*
 * Of hanaper.yaml: /etc may be another file system than the CA directory, and another's.
 */
static bool
move_across(const char *from, const char *to, struct err *e)
{
	struct buf text;

	buf_init(&text, SMALL_MAX);
	const bool ok = read_as_owner(from, &text, e) &&
			file_create(AT_FDCWD, to, 0600, buf_bytes(&text), e) &&
			take_away(from, e);
	buf_wipe(&text);
	return ok;
}

/* A directory of the signer's, which only root can move, from one descriptor to another. */
static bool
move_as_root(const struct restore *r, const char *name, struct err *e)
{
	const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	const int from = open(r->state, flags);
	const int to = from < 0 ? -1 : openat(from, strrchr(r->aside, '/') + 1, flags);

	owners_act_root();
	const bool ok = to >= 0 && renameat(from, name, to, name) == 0;
	const int why = errno;
	owners_act_self();
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	errno = why;
	return ok || err_errno(e, "%s/%s", r->state, name);
}

/* Out of the way, by its last name.  Nothing there: nothing to do. */
static bool
move_aside(struct restore *r, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT || err_errno(e, "%s", path);
	if (!need_aside(r, e))
		return false;
	if (S_ISDIR(st.st_mode) && st.st_uid != geteuid())
		return move_as_root(r, slash + 1, e);
	char *to = mem_printf("%s%s", r->aside, slash);
	const bool ok = rename(path, to) == 0 ||
			(errno == EXDEV || errno == EACCES ? move_across(path, to, e)
							   : err_errno(e, "%s", path));
	free(to);
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

static bool
put(struct restore *r, const char *from, const char *to, struct err *e)
{
	return move_aside(r, to, e) &&
	       (rename(from, to) == 0 || err_errno(e, "%s", to));
}

/* ---- one after the other ---- */

static bool
put_journal(struct restore *r, struct err *e)
{
	char *from = mem_printf("%s/" BACKUP_JOURNAL, r->work);
	char *to = mem_printf("%s/" BACKUP_JOURNAL, r->state);
	bool ok = r->keep_journal || put(r, from, to, e);

	if (ok && !r->keep_journal) {
		char *const paths[] = { to, NULL };
		FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

		ok = walk != NULL || err_errno(e, "%s", to);
		/* The directory last: then it is closed to us. */
		for (const FTSENT *f; ok && (f = fts_read(walk)) != NULL;)
			ok = f->fts_info == FTS_D || own(r, f->fts_path, e);
		if (walk != NULL)
			fts_close(walk);
	}
	free(from);
	free(to);
	return ok;
}

static bool
put_database(struct restore *r, struct err *e)
{
	static const char *const beside[] = { "-wal", "-shm" };
	char *from = mem_printf("%s/" BACKUP_DATABASE, r->work);
	char *to = conf_path(r->conf, r->conf->database);
	bool ok = true;

	for (size_t i = 0; ok && !r->keep_database && i < NITEMS(beside); i++) {
		char *path = mem_printf("%s%s", to, beside[i]);

		ok = move_aside(r, path, e);
		free(path);
	}
	ok = ok && (r->keep_database || put(r, from, to, e));
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
			ok = make_dir(r, to, 0700, e);
		else if (f->fts_info == FTS_F && strcmp(name, "/" BACKUP_CONF) != 0 &&
			 strncmp(name, "/" BACKUP_DATABASE,
			     sizeof("/" BACKUP_DATABASE) - 1) != 0)
			ok = same_content(f->fts_path, to) ||
			     (put(r, f->fts_path, to, e) && own(r, to, e));
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
static bool
put_root(struct restore *r, struct err *e)
{
	char *from = mem_printf("%s/root.crt", r->state);
	char *to = mem_printf("%s/root.crt", r->etc);
	struct buf text;
	struct stat st;
	bool ok = true;

	buf_init(&text, SMALL_MAX);
	if (lstat(to, &st) < 0 && errno == ENOENT) {
		ok = read_as_owner(from, &text, e) && owners_act_in(to, e) &&
		     file_create(AT_FDCWD, to, 0644, buf_bytes(&text), e);
		owners_act_self();
	} else if (!same_content(from, to)) {
		strings_printf(&r->told, "%s is not the root of this CA: copy %s there",
		    to, from);
	}
	buf_free(&text);
	free(from);
	free(to);
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
		/* Not by rename(2): /etc may be another file system. */
		ok = move_aside(r, to, e) && owners_act_in(to, e) &&
		     file_create(AT_FDCWD, to, 0640, buf_bytes(&r->yaml), e);
		/* The daemon's user reads it, by its group where it is root's. */
		if (ok && geteuid() == 0 && r->given && stat(r->etc, &st) == 0 &&
		    lchown(to, st.st_uid, r->gid) < 0)
			ok = err_errno(e, "%s", to);
		owners_act_self();
	}
	free(from);
	free(to);
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
		const bool ok =
		    make_dir(r, path, i == 1 && r->signer == r->uid ? 0700 : 0750, e);

		free(path);
		if (!ok)
			return false;
	}
	return true;
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

static bool
make_etc(struct restore *r, struct err *e)
{
	struct stat st;

	if (stat(r->etc, &st) == 0)
		return true;
	const bool ok = owners_act_in(r->etc, e) && make_dir(r, r->etc, 0755, e);
	owners_act_self();
	return ok;
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
	if (!make_dirs(r, e) || !put_journal(r, e) || !put_database(r, e) ||
	    !put_small(r, e) || !make_etc(r, e) || !put_root(r, e) || !put_conf(r, e) ||
	    !flush_all(r, e))
		return false;
	restore_issuers_tell(r);
	tell_missing_keys(r);
	return true;
}
