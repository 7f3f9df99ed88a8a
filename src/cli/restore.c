/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/owners.h"
#include "cli/scratch.h"
#include "cli/setup.h"
#include "conf/conf_load.h"
#include "sys/file.h"

/* ---- the file ---- */

static bool
keep_yaml(void *arg, const struct tar_entry *t, struct bytes piece, struct err *e)
{
	struct restore *r = arg;

	(void)e;
	if (strcmp(t->path, BACKUP_CONF) == 0)
		buf_put(&r->yaml, piece);
	return true;
}

static bool
open_file(struct restore *r, struct err *e)
{
	const unsigned long uid = geteuid();

	r->fd = open(r->file, O_RDONLY | O_CLOEXEC);
	if (r->fd >= 0)
		return true;
	if (errno == EACCES && uid != getuid())
		return err_set(e, ERR_FORBIDDEN,
		    "%s: Permission denied to user %lu, whose directory it is in and "
		    "as "
		    "whom root reads there; if you believe it, copy it to where only "
		    "root may write, and name that",
		    r->file, uid);
	return err_errno(e, "%s", r->file);
}

/* By the 'dir:' that 'yaml' has there, and not by where we are. */
static bool
is_services(const struct restore *r)
{
	struct conf *c;
	struct err none;

	if (!conf_load_text(buf_bytes(&r->yaml), SETUP_ETC "/" BACKUP_CONF, &c, &none))
		return false;
	const bool is = strcmp(c->dir, SETUP_STATE) == 0;
	conf_free(c);
	return is;
}

static bool
is_mine(const char *dir, struct err *e)
{
	return conf_where_mine(dir) || err_set(e, ERR_CONFLICT,
					   "%s is another user's, or leads nowhere; "
					   "name a directory: --dir DIR",
					   dir);
}

/* No link of one user leads root to where that one could not write. */
static bool
agree(const struct restore *r, const char *real, struct err *e)
{
	if (owners_agree(r->dir, real, e))
		return true;
	if (e->code != ERR_CONFLICT)
		return false;
	char *word = out_word(real);
	err_set(e, ERR_CONFLICT,
	    "%s leads to %s by what is another user's; if that is the one that you "
	    "mean: --dir %s",
	    r->dir, real, word);
	free(word);
	return false;
}

/* Looked at where it is followed, or afterwards: then it can be exchanged no more. */
static bool
resolve(struct restore *r, struct err *e)
{
	char *plain = file_absolute(r->dir), *real = realpath(plain, NULL);

	r->etc = plain;
	r->at_hand = !r->named;
	if (real == NULL)
		return r->named || conf_where_free(e);
	const bool ok = (r->named || (conf_where_free(e) && is_mine(r->dir, e))) &&
			(strcmp(real, plain) == 0 || agree(r, real, e));
	r->etc = real;
	free(plain);
	return ok;
}

/* Where it is by no name: of two CAs the one that is run would not be looked at. */
static bool
settle(struct restore *r, struct err *e)
{
	if (!r->named && is_services(r))
		r->etc = mem_strdup(SETUP_ETC);
	else if (r->check)
		r->etc = file_absolute(r->dir);
	else
		return resolve(r, e);
	return true;
}

static bool
load_conf(struct restore *r, struct err *e)
{
	char *path = mem_printf("%s/" BACKUP_CONF, r->etc);
	const bool ok = conf_load_text(buf_bytes(&r->yaml), path, &r->conf, e);
	free(path);
	return ok;
}

/* All of it is read and believed before anything is written. */
static bool
read_file(struct restore *r, struct err *e)
{
	const bool opened = owners_act(r->file, e) && open_file(r, e);

	owners_act_self();
	if (!opened)
		return false;
	if (!archive_read(r->fd, keep_yaml, r, &r->facts, e) ||
	    !buf_ok(&r->yaml, "the backup's hanaper.yaml", e))
		return err_prefix(e, r->file);
	return settle(r, e) && (load_conf(r, e) || err_prefix(e, r->file));
}

static bool
make_work(struct restore *r, struct err *e)
{
	/* There its owner may write, who may not beside it. */
	char *in = r->given ? mem_printf("%s/", r->state) : mem_strdup(r->state);
	const bool ok = scratch_dir(in, "restore", &r->work, e);

	free(in);
	return ok;
}

static bool
extract(struct restore *r, archive_wants *wants, struct err *e)
{
	struct archive_facts f;
	const int dirfd = open(r->work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_errno(e, "%s", r->work);
	const bool ok =
	    archive_extract(r->fd, dirfd, wants, &f, e) && backup_check(r->work, &f, e);
	close(dirfd);
	return ok || err_prefix(e, r->file);
}

/* ---- what is there ---- */

static bool
is_owned(const struct restore *r, const char *path, uid_t *ret)
{
	char *whole = conf_path(r->conf, path);
	struct stat st;
	const bool owned = lstat(whole, &st) == 0 && st.st_uid != 0;

	if (owned)
		*ret = st.st_uid;
	free(whole);
	return owned;
}

/*
 * Whose the journal is that was there, or else a key, as where a restore was cut off; or
 * who is named.
 */
static bool
find_signer(struct restore *r, struct err *e)
{
	bool found = is_owned(r, BACKUP_JOURNAL, &r->signer) ||
		     is_owned(r, "root.key", &r->signer);

	for (size_t i = 0; !found && i < r->conf->n_issuers; i++)
		found = is_owned(r, r->conf->issuers[i].key, &r->signer);
	return owners_signer("", r->users, &r->signer, e);
}

/* The directory itself, or where it is to be made the nearest above it; free() it. */
static char *
nearest_there(const char *path)
{
	char *there = mem_strdup(path), *slash;
	struct stat st;

	while ((slash = strrchr(there, '/')) != NULL && lstat(there, &st) < 0)
		*slash = '\0';
	if (there[0] != '\0')
		return there;
	free(there);
	return mem_strdup("/");
}

/*
 * A service's may be lost, whose backups are its own user's; what is there already nobody
 * has to believe.
 */
static bool
changes_conf(const struct restore *r)
{
	char *path = mem_printf("%s/" BACKUP_CONF, r->etc);
	const bool service =
	    strcmp(r->etc, SETUP_ETC) == 0 && strcmp(r->state, SETUP_STATE) == 0;
	struct buf text;
	struct stat st;
	struct err unread;

	buf_init(&text, MIB(1));
	const bool same = owners_act(path, &unread) &&
			  file_read(AT_FDCWD, path, &text, &unread) &&
			  bytes_eq(buf_bytes(&text), buf_bytes(&r->yaml));
	owners_act_self();
	const bool there = !service || lstat(path, &st) == 0;
	buf_wipe(&text);
	free(path);
	return there && !same;
}

/*
 * A backup that another user has made may say that the CA is anywhere, and of that CA
 * anything.
 */
static bool
believe(const struct restore *r, struct err *e)
{
	char *state = nearest_there(r->state), *etc = nearest_there(r->etc);
	const bool ok = owners_agree(r->file, state, e) &&
			(!changes_conf(r) || owners_agree(r->file, etc, e));

	free(state);
	free(etc);
	return ok;
}

/* A daemon whose run/hanaperd.pid somebody removed still has its journal open. */
static bool
lock_journal(struct restore *r, struct err *e)
{
	char *dir = mem_printf("%s/" BACKUP_JOURNAL, r->state);
	struct err why;

	const bool held = owners_act(dir, &why) && journal_lock(dir, &r->lock, &why);
	owners_act_self();
	free(dir);
	return held || why.code != ERR_CONFLICT ||
	       err_set(e, ERR_CONFLICT, "a daemon serves %s; stop it first", r->state);
}

static bool
is_one(const struct restore *r)
{
	return strcmp(r->etc, r->state) == 0;
}

/* hanaper.yaml's directory is in the CA's. */
static bool
is_inside(const struct restore *r)
{
	const size_t n = strlen(r->state);

	return strncmp(r->etc, r->state, n) == 0 && r->etc[n] == '/';
}

/* Before anything below is looked at: what was not there is nobody's who made it since. */
static bool
make_etc(struct restore *r, struct err *e)
{
	if (r->etc_there || r->made_etc || is_one(r))
		return true;
	r->made_etc = owners_act_in(r->etc, e) && file_mkdir(AT_FDCWD, r->etc, 0755, e);
	owners_act_self();
	return r->made_etc;
}

static bool
make_state(struct restore *r, struct err *e)
{
	char *there = nearest_there(r->state);

	r->made_state =
	    owners_stay(there, e) && file_mkdir(AT_FDCWD, r->state, 0750, e);
	free(there);
	return r->made_state;
}

/* What is empty still, whichever lies in the other. */
static void
unmake(const struct restore *r)
{
	struct err ignored;

	for (int i = 0; i < 2; i++) {
		if (r->made_state)
			(void)rmdir(r->state);
		if (r->made_etc && owners_act_in(r->etc, &ignored))
			(void)rmdir(r->etc);
		owners_act_self();
	}
}

static bool
look(struct restore *r, struct err *e)
{
	struct stat st;

	r->state = mem_strdup(r->conf->dir);
	r->etc_there = lstat(r->etc, &st) == 0;
	/* It was made since it was resolved: in whose directory are we? */
	if (r->at_hand && r->etc_there && !is_mine(r->etc, e))
		return false;
	if (!believe(r, e))
		return false;
	if (r->users->n > 0 && geteuid() != 0)
		return err_set(e, ERR_FORBIDDEN,
		    "--user gives files away: run it as root");
	if (lstat(r->state, &st) < 0 && errno == ENOENT && r->users->n > 0)
		return err_set(e, ERR_NOT_FOUND,
		    "%s is not there, whose owner all other files are to have: "
		    "make it and give it to the daemon's user (for the service: "
		    "systemd-tmpfiles --create)",
		    r->state);
	if (!is_inside(r) && !make_etc(r, e))
		return false;
	if ((is_one(r) && !r->etc_there) ||
	    (lstat(r->state, &st) < 0 && errno == ENOENT))
		return make_state(r, e) && make_etc(r, e);
	if (lstat(r->state, &st) < 0)
		return err_errno(e, "%s", r->state);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONFLICT, "%s is there and no directory",
		    r->state);
	r->given = true;
	r->uid = r->signer = st.st_uid;
	r->gid = st.st_gid;
	return find_signer(r, e) && owners_stay(r->state, e) &&
	       claim_take(r->state, r->uid, r->gid, &r->claim, e) &&
	       lock_journal(r, e) && make_etc(r, e);
}

/* Another CA's directory is not to be touched. */
static bool
check_root(const struct restore *r, struct err *e)
{
	char *path = mem_printf("%s/" BACKUP_ROOT, r->state);
	uint8_t hash[32];
	bool ok = true;

	if (access(path, F_OK) == 0)
		ok = backup_root_hash(path, hash, e) &&
		     (memcmp(hash, r->facts.root, sizeof(hash)) == 0 ||
			 err_set(e, ERR_CONFLICT,
			     "%s is another CA's; restore elsewhere", r->state));
	free(path);
	return ok;
}

/* ---- all of it ---- */

static bool
check_only(struct restore *r, struct err *e)
{
	char at[CLOCK_RFC3339_LEN];

	if (!scratch_temporary("check", &r->work, e) ||
	    !extract(r, backup_check_wants, e))
		return false;
	clock_rfc3339(r->facts.made_at, at);
	strings_printf(&r->told,
	    "%s is whole: made %s, journal up to record %" PRIu64
	    ", database up to %" PRIu64,
	    r->file, at, r->facts.journal_seq, r->facts.database_seq);
	return true;
}

bool
restore_run(struct restore *r, struct err *e)
{
	if (!read_file(r, e))
		return false;
	if (r->check)
		return check_only(r, e);
	if (!look(r, e) || !check_root(r, e) || !make_work(r, e) ||
	    !extract(r, NULL, e) || !restore_judge(r, e))
		return false;
	scratch_keep(r->work); /* from here on it may be all that there is */
	return restore_history(r, e) && restore_place(r, e);
}

void
restore_free(struct restore *r)
{
	store_close(r->store);
	store_close(r->survivor);
	journal_close(r->journal);
	for (size_t i = 0; i < r->n_issuers; i++) {
		free(r->issuers[i].name);
		cert_free(r->issuers[i].cert);
	}
	free(r->issuers);
	scratch_remove(r->work);
	unmake(r);
	if (r->fd >= 0)
		close(r->fd);
	if (r->lock >= 0)
		close(r->lock);
	claim_release(&r->claim);
	conf_free(r->conf);
	buf_free(&r->yaml);
	strings_free(&r->unnamed);
	strings_free(&r->told);
	free(r->etc);
	free(r->state);
	free(r->aside);
	owners_leave();
}
