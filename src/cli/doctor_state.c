/* SPDX-License-Identifier: Apache-2.0 */
/* What would be missed most: the database, whole; a backup, not too old. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/acme.h"
#include "ca/reconcile.h"
#include "cli/backup.h"
#include "cli/doctor.h"
#include "cli/out.h"
#include "journal/journal.h"
#include "store/store.h"
#include "sys/file.h"

#define DAY_S        INT64_C(86400)
#define BACKUP_OLD_S (7 * DAY_S)
#define TODO_BACKUP                                                                    \
	"hanaper backup FILE, each day by a timer (of a service: systemctl enable "    \
	"--now hanaper-backup.timer), and the files to another machine"

/* ---- the journal ---- */

struct walk {
	struct doctor_journal *j;
	uint8_t root[32];
	bool has_root;
};

static bool
on_record(void *arg, const struct record *r, struct err *e)
{
	struct walk *w = arg;
	struct record_genesis g;

	if (r->stored > w->j->stored)
		w->j->stored = r->stored;
	if (r->type != RECORD_GENESIS || !w->has_root)
		return true;
	if (!record_genesis_get(r->body, &g, e))
		return false;
	return bytes_eq(g.root_hash, bytes_of(w->root, sizeof(w->root))) ||
	       err_set(e, ERR_CONFLICT, "the journal is of another CA than root.crt");
}

static bool
read_journal(struct doctor *d, const char *dir, struct err *e)
{
	struct doctor_journal j = { .read = true };
	char *root = conf_path(d->conf, BACKUP_ROOT);
	struct walk w = { .j = &j };
	struct journal_extent x;
	struct err told;

	w.has_root = backup_root_hash(root, w.root, &told);
	free(root);
	if (!journal_extent(dir, on_record, &w, &x, e))
		return false;
	if (x.last_seq == 0)
		return err_set(e, ERR_CONFLICT,
		    "the journal %s is empty: it was replaced; put the newest one back",
		    dir);
	j.last = x.last_seq;
	d->journal = j;
	return true;
}

void
doctor_journal(struct doctor *d)
{
	struct err e;

	if (d->conf == NULL)
		return;
	char *dir = conf_path(d->conf, BACKUP_JOURNAL);
	if (access(dir, R_OK | X_OK) < 0 && errno == EACCES)
		doctor_say(d, DOCTOR_WARN, DOCTOR_AS_OWNER,
		    "%s cannot be read from here", dir);
	else if (read_journal(d, dir, &e))
		doctor_say(d, DOCTOR_OK, NULL, "%s is whole", dir);
	else
		doctor_say(d, DOCTOR_FAIL,
		    e.code == ERR_IO
			? DOCTOR_AS_IT_SAYS
			: "put the newest journal/ back; where it is lost: hanaper "
			  "restore FILE",
		    "%s", e.detail);
	free(dir);
}

/* ---- the database ---- */

/*
 * Is it as new as the journal knows?  The journal was read before, so whatever that says
 * was stored is in it; it may hold more by now than the journal did then.
 */
static bool
fits(struct doctor *d, struct store *st, struct err *e)
{
	struct doctor_journal *j = &d->journal;
	uint64_t held;

	if (!j->read)
		return true;
	if (!store_seq(st, &held, e))
		return false;
	if (reconcile_fits(held, j->last, j->stored, d->conf, e))
		return true;
	if (e->code != ERR_CONFLICT)
		return false;
	char *dir = conf_path(d->conf, BACKUP_JOURNAL);
	const bool ok =
	    read_journal(d, dir, e) && reconcile_fits(held, j->last, 0, d->conf, e);
	free(dir);
	return ok;
}

static const char *
mend_database(const struct err *why)
{
	if (why->code == ERR_UNAVAILABLE || why->code == ERR_CONFLICT)
		return "stop the daemon, if one runs, and do as it says";
	return "stop the daemon, then hanaper restore FILE: the journal has all that "
	       "the backup lacks";
}

/* Of it or of what SQLite has beside it. */
static bool
is_told(const struct doctor *d, const char *database)
{
	const size_t n = strlen(database);

	for (size_t i = 0; i < d->told.n; i++)
		if (strncmp(d->told.v[i], database, n) == 0)
			return true;
	return false;
}

void
doctor_database(struct doctor *d)
{
	struct store *st = NULL;
	struct err e;

	if (d->conf == NULL)
		return;
	char *path = conf_path(d->conf, d->conf->database);
	const int missing = access(path, R_OK) < 0 ? errno : 0;
	if (missing == ENOENT && !reconcile_lacks(path, d->conf, &e))
		doctor_say(d, DOCTOR_FAIL, DOCTOR_AS_IT_SAYS, "%s", e.detail);
	else if (missing != 0)
		doctor_say(d, DOCTOR_WARN, DOCTOR_AS_OWNER,
		    "%s cannot be read from here", path);
	else if (is_told(d, path))
		; /* whose it is, or who else may read it: first that */
	else if (store_open_read(path, &st, &e) && store_check(st, &e) &&
		 fits(d, st, &e))
		doctor_say(d, DOCTOR_OK, NULL, "%s is whole", path);
	else
		doctor_say(d, DOCTOR_FAIL, mend_database(&e), "%s", e.detail);
	store_close(st);
	free(path);
}

/* ---- the last backup ---- */

static struct bytes
next_line(struct bytes *lines)
{
	const size_t n = bytes_index(*lines, '\n');
	const struct bytes line = { lines->p, n };

	*lines = bytes_skip(*lines, n + 1);
	return line;
}

static void
say_lacks(struct doctor *d, const char *key, const char *then)
{
	doctor_say(d, DOCTOR_WARN,
	    "hanaper backup --with-keys FILE and guard that file, or keep a copy of "
	    "the "
	    "key offline",
	    "%s is not in it, for it is not encrypted: if it is lost, %s", key, then);
}

/*
 * What the last backup lacks is to be kept elsewhere; the lines name it.  Not so
 * root.key, which belongs offline, and admin.key, for there are others.
 */
static void
say_lacking(struct doctor *d, struct bytes lines)
{
	char *acme = conf_path_beside_database(d->conf, ACME_KEY_FILE);

	while (lines.n > 0) {
		char *key = mem_strndup(next_line(&lines));

		if (conf_path_same(d->conf, key, acme))
			say_lacks(d, key, "so are the keys of external ACME accounts");
		for (size_t i = 0; i < d->conf->n_issuers; i++)
			if (conf_path_same(d->conf, key, d->conf->issuers[i].key))
				say_lacks(d, key, "this issuer signs no more");
		free(key);
	}
	free(acme);
}

static void
say_made(struct doctor *d, int64_t at)
{
	const int64_t ago = clock_now() - at, days = ago / DAY_S;
	const bool old = ago > BACKUP_OLD_S;

	doctor_say(d, old ? DOCTOR_WARN : DOCTOR_OK, old ? TODO_BACKUP : NULL,
	    "the last backup was made %lld %s ago", (long long)days,
	    out_noun((uint64_t)days, "day", "days"));
}

void
doctor_backup(struct doctor *d)
{
	struct bytes lines;
	struct buf text;
	struct err e;
	int64_t at = 0;

	if (d->conf == NULL)
		return;
	char *path = conf_path(d->conf, BACKUP_LAST);
	buf_init(&text, BACKUP_LAST_MAX);
	const bool read = file_read(AT_FDCWD, path, &text, &e);
	lines = bytes_trim(buf_bytes(&text));
	if (read && clock_rfc3339_parse(next_line(&lines), &at, &e)) {
		say_made(d, at);
		say_lacking(d, lines);
	} else {
		doctor_say(d, DOCTOR_WARN, TODO_BACKUP, "no backup was made yet");
	}
	buf_free(&text);
	free(path);
}
