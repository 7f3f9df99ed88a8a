/* SPDX-License-Identifier: Apache-2.0 */
/* What would be missed most: the database, whole; a backup, not too old. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/backup.h"
#include "cli/doctor.h"
#include "cli/out.h"
#include "store/store.h"
#include "sys/file.h"

#define DAY_S        INT64_C(86400)
#define BACKUP_OLD_S (7 * DAY_S)
#define TODO_BACKUP                                                                    \
	"hanaper backup FILE, each day by a timer (of a service: systemctl enable "    \
	"--now hanaper-backup.timer), and the files to another machine"

void
doctor_database(struct doctor *d)
{
	struct store *st = NULL;
	struct err e;

	if (d->conf == NULL)
		return;
	char *path = conf_path(d->conf, d->conf->database);
	if (access(path, R_OK) < 0)
		doctor_say(d, DOCTOR_WARN, "run this as root or as the daemon's user",
		    "%s cannot be read from here", path);
	else if (store_open_read(path, &st, &e) && store_check(st, &e))
		doctor_say(d, DOCTOR_OK, NULL, "%s is whole", path);
	else
		doctor_say(d, DOCTOR_FAIL,
		    "stop the daemon, then hanaper restore FILE: the journal has all "
		    "that the backup lacks",
		    "%s", e.detail);
	store_close(st);
	free(path);
}

static struct bytes
next_line(struct bytes *lines)
{
	const size_t n = bytes_index(*lines, '\n');
	const struct bytes line = { lines->p, n };

	*lines = bytes_skip(*lines, n + 1);
	return line;
}

/* An issuer's key that the last backup lacks is to be kept elsewhere; the lines name them. */
static void
say_lacking(struct doctor *d, struct bytes lines)
{
	while (lines.n > 0) {
		const struct bytes key = next_line(&lines);

		for (size_t i = 0; i < d->conf->n_issuers; i++)
			if (bytes_eq_str(key, d->conf->issuers[i].key))
				doctor_say(d, DOCTOR_OK, NULL,
				    "%s is not in it, for it is not encrypted: have a "
				    "copy elsewhere",
				    d->conf->issuers[i].key);
	}
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
