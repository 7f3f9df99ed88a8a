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

void
doctor_backup(struct doctor *d)
{
	struct buf text;
	struct err e;
	int64_t at = 0;

	if (d->conf == NULL)
		return;
	char *path = conf_path(d->conf, BACKUP_LAST);
	buf_init(&text, KIB(1));
	if (!file_read(AT_FDCWD, path, &text, &e) ||
	    !clock_rfc3339_parse(bytes_trim(buf_bytes(&text)), &at, &e)) {
		doctor_say(d, DOCTOR_WARN, TODO_BACKUP, "no backup was made yet");
	} else {
		const int64_t days = (clock_now() - at) / DAY_S;

		doctor_say(d, clock_now() - at > BACKUP_OLD_S ? DOCTOR_WARN : DOCTOR_OK,
		    clock_now() - at > BACKUP_OLD_S ? TODO_BACKUP : NULL,
		    "the last backup was made %lld %s ago", (long long)days,
		    out_noun((uint64_t)days, "day", "days"));
	}
	buf_free(&text);
	free(path);
}
