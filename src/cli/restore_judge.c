/* SPDX-License-Identifier: Apache-2.0 */
/* Which journal and which database count: the newest that there are. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/owners.h"
#include "cli/restore.h"
#include "sys/file.h"

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
note_stored(void *arg, const struct record *rec, struct err *e)
{
	struct restore *r = arg;

	(void)e;
	if (rec->stored > r->ever_stored)
		r->ever_stored = rec->stored;
	return true;
}

static bool
judge_journal(struct restore *r, struct err *e)
{
	char *here = mem_printf("%s/" BACKUP_JOURNAL, r->state);
	char *theirs = mem_printf("%s/" BACKUP_JOURNAL, r->work);
	struct journal_extent a, b;
	bool ok = extent(theirs, note_stored, r, &b, e);

	if (!ok)
		goto out;
	r->journal_seq = b.last_seq;
	if (!extent(here, note_stored, r, &a, e)) {
		ok = e->code == ERR_NOT_FOUND;
		if (!ok)
			err_prefix(e, "the journal here is damaged; move it away, keep "
				      "it, and restore again");
		goto out;
	}
	r->keep_journal = a.last_seq >= b.last_seq;
	ok = r->keep_journal ? has_end_of(here, &b, e) : has_end_of(theirs, &a, e);
	if (r->keep_journal)
		r->journal_seq = a.last_seq;
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

/*
 * One that is whole, ours, and no older than the backup's is better than that, unless it
 * knows more than the journal that counts: hanaperd would refuse the two.
 */
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
	if (good && seq <= r->journal_seq) {
		r->keep_database = true;
		r->old_copy = seq < r->ever_stored;
		r->store = st;
		strings_printf(&r->told,
		    "the database here is kept: it is whole and no older than the "
		    "backup's");
	} else if (good) {
		r->survivor = st; /* no journal has all that it knows */
	} else {
		store_close(st);
	}
	r->old_copy = r->old_copy || !r->keep_database;
	const bool ok = r->store != NULL || store_open(theirs, &r->store, e);
	free(here);
	free(theirs);
	return ok;
}

/* ---- a journal here that is behind ---- */

static bool
copy_segment(const char *here, const char *to, unsigned n, uint64_t size, struct err *e)
{
	char file[JOURNAL_FILE_LEN];
	struct stat st;

	journal_file(n, file);
	char *path = mem_printf("%s/%s", here, file);
	char *copy = mem_printf("%s/%s", to, file);
	bool ok = owners_act(path, e);
	const int in = ok ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	if (ok && (in < 0 || fstat(in, &st) < 0))
		ok = err_errno(e, "%s", path);
	owners_act_self();
	const int out =
	    ok ? open(copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	if (ok && out < 0)
		ok = err_errno(e, "%s", copy);
	ok = ok &&
	     restore_copy(in, out, size > 0 ? size : (uint64_t)st.st_size, copy, e);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	free(path);
	free(copy);
	return ok;
}

/*
 * In the place of the backup's, which it goes on from.  The one here stays as it is, and
 * shorter than the database that knows more, until the copy can take its place: grown
 * where it lies it would, were we cut off, pass for the one that this database is of.
 */
static bool
copy_journal(struct restore *r, struct err *e)
{
	char *here = mem_printf("%s/" BACKUP_JOURNAL, r->state);
	char *copy = mem_printf("%s/" BACKUP_JOURNAL, r->work);
	struct journal_extent x;

	file_remove_tree(copy);
	bool ok =
	    extent(here, NULL, NULL, &x, e) && file_mkdir(AT_FDCWD, copy, 0700, e);
	for (unsigned n = 1; ok && n <= x.segments; n++)
		ok = copy_segment(here, copy, n, n == x.segments ? x.end : 0, e);
	free(here);
	free(copy);
	return ok;
}

/*
 * Likewise the database, where records are to be added: the one here stays as it is, and
 * what serves goes on serving, if we cannot bring it to an end.  An old copy, once it is
 * level with the journal, could not be told from the newest.
 */
static bool
copy_database(struct restore *r, struct err *e)
{
	char *copy = mem_printf("%s/" BACKUP_DATABASE, r->work);
	struct store *here = r->store;

	r->store = NULL;
	file_remove_tree(copy);
	const bool ok =
	    db_copy(store_db(here), copy, e) && store_open(copy, &r->store, e);
	store_close(here);
	free(copy);
	return ok;
}

/* The journal here is the newest; a database or CRLs may know what was behind its end. */
static bool
judge_behind(struct restore *r, struct err *e)
{
	if (!r->keep_journal)
		return true;
	if (r->survivor == NULL && r->crls->n == 0) {
		strings_printf(&r->told,
		    "the journal here is kept: it goes to record %" PRIu64
		    ", the backup's to %" PRIu64,
		    r->journal_seq, r->facts.journal_seq);
		return true;
	}
	r->keep_journal = false;
	r->go_on_here = true;
	strings_printf(&r->told,
	    "the journal here goes to record %" PRIu64
	    "; what %s beyond that is added to it",
	    r->journal_seq,
	    r->survivor != NULL ? "the database here knows" : "the CRLs tell");
	return copy_journal(r, e);
}

/* ---- all of it ---- */

/* The newest journal is lost: who knows what was revoked since? */
static bool
judge_knowledge(const struct restore *r, struct err *e)
{
	char at[CLOCK_RFC3339_LEN];

	if (r->keep_journal || r->go_on_here || r->nothing_since || r->crls->n > 0 ||
	    r->survivor != NULL)
		return true;
	clock_rfc3339(r->facts.made_at, at);
	return err_set(e, ERR_CONFLICT,
	    "the newest journal is not here, and what was revoked after %s is not in "
	    "the backup: put journal/ back, or give the last CRL of each issuer: "
	    "--crl FILE, or say that there was nothing: --nothing-since",
	    at);
}

bool
restore_judge(struct restore *r, struct err *e)
{
	if (!judge_journal(r, e) || !judge_database(r, e) || !judge_behind(r, e) ||
	    !judge_knowledge(r, e))
		return false;
	r->new_database = !r->keep_journal || r->old_copy;
	return !r->keep_database || !r->new_database || copy_database(r, e);
}
