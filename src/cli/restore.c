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

/* All of it is read and believed before anything is written. */
static bool
read_file(struct restore *r, struct err *e)
{
	r->fd = open(r->file, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0)
		return err_errno(e, "%s", r->file);

	char *path = mem_printf("%s/" BACKUP_CONF, r->etc);
	const bool ok = archive_read(r->fd, keep_yaml, r, &r->facts, e) &&
			buf_ok(&r->yaml, "the backup's hanaper.yaml", e) &&
			conf_load_text(buf_bytes(&r->yaml), path, &r->conf, e);
	free(path);
	return ok || err_prefix(e, r->file);
}

static bool
extract(struct restore *r, const char *beside, struct err *e)
{
	struct archive_facts f;

	/* There its owner may write, who may not beside it. */
	char *in = r->given ? mem_printf("%s/", beside) : mem_strdup(beside);
	const bool made = scratch_dir(in, "restore", &r->work, e);
	free(in);
	if (!made)
		return false;
	const int dirfd = open(r->work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_errno(e, "%s", r->work);
	const bool ok =
	    archive_extract(r->fd, dirfd, &f, e) && backup_check(r->work, &f, e);
	close(dirfd);
	return ok || err_prefix(e, r->file);
}

/* ---- what is there ---- */

/* Whose the journal is that was there, or who is named. */
static bool
find_signer(struct restore *r, struct err *e)
{
	char *journal = mem_printf("%s/" BACKUP_JOURNAL, r->state);
	struct stat st;

	if (lstat(journal, &st) == 0 && st.st_uid != 0)
		r->signer = st.st_uid;
	free(journal);
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

static bool
stay_above(const char *path, struct err *e)
{
	char *there = nearest_there(path);
	const bool ok = owners_stay(there, e);

	free(there);
	return ok;
}

/* A backup that another user has made may say that the CA is anywhere. */
static bool
believe(const struct restore *r, struct err *e)
{
	char *there = nearest_there(r->state);
	const bool ok = owners_agree(r->file, there, e);

	free(there);
	return ok;
}

static bool
look(struct restore *r, struct err *e)
{
	struct stat st;

	r->state = mem_strdup(r->conf->dir);
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
	if (lstat(r->state, &st) < 0)
		return errno == ENOENT ? stay_above(r->state, e)
				       : err_errno(e, "%s", r->state);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONFLICT, "%s is there and no directory",
		    r->state);
	r->given = true;
	r->uid = r->signer = st.st_uid;
	r->gid = st.st_gid;
	return find_signer(r, e) && owners_stay(r->state, e) &&
	       claim_take(r->state, r->uid, r->gid, &r->claim, e);
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

/* ---- which journal counts ---- */

struct meeting { /* where one journal ends, and what the other has there */
	uint64_t seq;
	uint8_t hash[RECORD_HASH_LEN];
	bool same;
};

static bool
meet(void *arg, const struct record *rec, struct err *e)
{
	struct meeting *m = arg;

	(void)e;
	if (rec->seq == m->seq)
		m->same = bytes_eq(rec->hash, bytes_of(m->hash, sizeof(m->hash)));
	return true;
}

/* The one here may be a signer's with a user of its own. */
static bool
extent(const char *dir, journal_each *each, void *arg, struct journal_extent *ret,
    struct err *e)
{
	const bool ok = owners_act(dir, e) && journal_extent(dir, each, arg, ret, e);

	owners_act_self();
	return ok;
}

static bool
has_end_of(const char *longer, const struct journal_extent *shorter, struct err *e)
{
	struct meeting m = { .seq = shorter->last_seq };
	struct journal_extent x;

	memcpy(m.hash, shorter->last_hash, sizeof(m.hash));
	if (!extent(longer, meet, &m, &x, e))
		return false;
	return m.same ||
	       err_set(e, ERR_CONFLICT,
		   "the journal here and the backup's tell two different histories "
		   "from some record up to %" PRIu64
		   " on; restore elsewhere, and compare",
		   shorter->last_seq);
}

static bool
judge_journal(struct restore *r, struct err *e)
{
	char *here = mem_printf("%s/" BACKUP_JOURNAL, r->state);
	char *theirs = mem_printf("%s/" BACKUP_JOURNAL, r->work);
	struct journal_extent a, b;
	bool ok = extent(theirs, NULL, NULL, &b, e);

	if (!ok)
		goto out;
	if (!extent(here, NULL, NULL, &a, e)) {
		ok = e->code == ERR_NOT_FOUND;
		if (!ok)
			err_prefix(e, "the journal here is damaged; move it away, keep "
				      "it, and restore again");
		goto out;
	}
	r->keep_journal = a.last_seq >= b.last_seq;
	ok = r->keep_journal ? has_end_of(here, &b, e) : has_end_of(theirs, &a, e);
	if (ok && r->keep_journal)
		strings_printf(&r->told,
		    "the journal here is kept: it goes to record %" PRIu64
		    ", the backup's to %" PRIu64,
		    a.last_seq, b.last_seq);
out:
	free(here);
	free(theirs);
	return ok;
}

/* ---- which database counts ---- */

static bool
is_of_root(struct store *st, const struct archive_facts *f)
{
	struct err ignored;
	uint8_t root[32];
	bool set = false;

	return store_root(st, root, &set, &ignored) && set &&
	       memcmp(root, f->root, sizeof(root)) == 0;
}

/* One that is whole, ours, and no older than the backup's is better than that. */
static bool
judge_database(struct restore *r, struct err *e)
{
	char *here = conf_path(r->conf, r->conf->database);
	char *theirs = mem_printf("%s/" BACKUP_DATABASE, r->work);
	struct store *st = NULL;
	struct err why;
	uint64_t seq = 0;

	const bool good = access(here, F_OK) == 0 && store_open(here, &st, &why) &&
			  store_check(st, &why) && is_of_root(st, &r->facts) &&
			  store_seq(st, &seq, &why) && seq >= r->facts.database_seq;
	if (good && (r->keep_journal || seq <= r->facts.journal_seq)) {
		r->keep_database = true;
		r->store = st;
		strings_printf(&r->told,
		    "the database here is kept: it is whole and no older than the "
		    "backup's");
	} else if (good) {
		r->survivor = st; /* no journal has all that it knows */
	} else {
		store_close(st);
	}
	const bool ok = r->store != NULL || store_open(theirs, &r->store, e);
	free(here);
	free(theirs);
	return ok;
}

/* The newest journal is lost: who knows what was revoked since? */
static bool
judge_knowledge(const struct restore *r, struct err *e)
{
	char at[CLOCK_RFC3339_LEN];

	if (r->keep_journal || r->nothing_since || r->crls->n > 0 ||
	    r->survivor != NULL)
		return true;
	clock_rfc3339(r->facts.made_at, at);
	return err_set(e, ERR_CONFLICT,
	    "the newest journal is not here, and what was revoked after %s is not in "
	    "the backup: put journal/ back, or give the last CRL of each issuer: "
	    "--crl FILE, or say that there was nothing: --nothing-since",
	    at);
}

/* ---- all of it ---- */

static bool
check_only(struct restore *r, struct err *e)
{
	char at[CLOCK_RFC3339_LEN];

	if (!owners_stay_in(r->file, e) || !extract(r, r->file, e))
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
	if (!look(r, e) || !check_root(r, e) || !extract(r, r->state, e) ||
	    !judge_journal(r, e) || !judge_database(r, e) || !judge_knowledge(r, e))
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
	if (r->fd >= 0)
		close(r->fd);
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
