/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files to their places, hanaper.yaml last: without it nothing starts.  A restore
 * that was cut off is done again from the start.
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

static bool
own(const struct restore *r, const char *path, struct err *e)
{
	return geteuid() != 0 || !r->given ||
	       owners_give(r->state, path, owner_of(r, path), r->gid, e);
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

/* Of hanaper.yaml: /etc may be another file system than the CA directory. */
static bool
move_across(const char *from, const char *to, struct err *e)
{
	struct buf text;

	buf_init(&text, SMALL_MAX);
	const bool ok = file_read(AT_FDCWD, from, &text, e) &&
			file_create(AT_FDCWD, to, 0600, buf_bytes(&text), e) &&
			(unlink(from) == 0 || err_errno(e, "%s", from));
	buf_wipe(&text);
	return ok;
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
	char *to = mem_printf("%s%s", r->aside, slash);
	const bool ok =
	    rename(path, to) == 0 ||
	    (errno == EXDEV ? move_across(path, to, e) : err_errno(e, "%s", path));
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
	const bool same = file_read(AT_FDCWD, a, &x, &ignored) &&
			  file_read(AT_FDCWD, b, &y, &ignored) &&
			  bytes_eq(buf_bytes(&x), buf_bytes(&y));
	buf_wipe(&x);
	buf_wipe(&y);
	return same;
}

static bool
put(struct restore *r, const char *from, const char *to, bool small, struct err *e)
{
	if (small && same_content(from, to))
		return true;
	if (!move_aside(r, to, e))
		return false;
	return (rename(from, to) == 0 || err_errno(e, "%s", to)) && own(r, to, e);
}

/* ---- one after the other ---- */

static bool
put_journal(struct restore *r, struct err *e)
{
	char *from = mem_printf("%s/" BACKUP_JOURNAL, r->work);
	char *to = mem_printf("%s/" BACKUP_JOURNAL, r->state);
	bool ok = r->keep_journal || put(r, from, to, false, e);

	if (ok && !r->keep_journal) {
		char *const paths[] = { to, NULL };
		FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);

		ok = walk != NULL || err_errno(e, "%s", to);
		for (const FTSENT *f; ok && (f = fts_read(walk)) != NULL;)
			ok = own(r, f->fts_path, e);
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
	ok = ok && (r->keep_database || put(r, from, to, false, e));
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
			ok = put(r, f->fts_path, to, true, e);
		free(to);
	}
	if (walk != NULL)
		fts_close(walk);
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
		ok = move_aside(r, to, e) &&
		     file_create(AT_FDCWD, to, 0640, buf_bytes(&r->yaml), e);
		/* The daemon's user reads it, by its group where it is root's. */
		if (ok && geteuid() == 0 && r->given && stat(r->etc, &st) == 0 &&
		    lchown(to, strcmp(r->etc, r->state) == 0 ? r->uid : st.st_uid,
			r->gid) < 0)
			ok = err_errno(e, "%s", to);
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

bool
restore_place(struct restore *r, struct err *e)
{
	if (!make_dirs(r, e) || !put_journal(r, e) || !put_database(r, e) ||
	    !put_small(r, e) || !make_dir(r, r->etc, 0755, e) || !put_conf(r, e) ||
	    !flush(r->state, e) || !flush(r->etc, e))
		return false;
	restore_issuers_tell(r);
	tell_missing_keys(r);
	return true;
}
