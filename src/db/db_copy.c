/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's online backup (sqlite.org/backup.html), in one go: in WAL no writer waits for it. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "db_impl.h"

#define TRIES   50
#define WAIT_MS 200

static bool
copy_pages(struct db *db, sqlite3 *to, struct err *e)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", db->handle, "main");
	int rc = SQLITE_ERROR;

	if (b != NULL) {
		for (int i = 0; i < TRIES; i++) {
			rc = sqlite3_backup_step(b, -1);
			if (rc != SQLITE_BUSY && rc != SQLITE_LOCKED)
				break;
			sqlite3_sleep(WAIT_MS);
		}
		const int end = sqlite3_backup_finish(b);
		if (rc == SQLITE_DONE)
			rc = end == SQLITE_OK ? SQLITE_DONE : end;
	}
	if (rc == SQLITE_DONE)
		return true;
	struct db other = { .handle = to };
	return db_error(&other, rc, "copy the database", e);
}

bool
db_copy(struct db *db, const char *path, struct err *e)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	sqlite3 *to = NULL;

	if (fd < 0 && errno == EEXIST)
		return err_set(e, ERR_CONFLICT, "%s: it is there already", path);
	if (fd < 0)
		return err_errno(e, "%s", path);
	bool ok =
	    sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		db_vfs()) == SQLITE_OK ||
	    err_set(e, ERR_IO, "%s: cannot be opened as a database", path);
	ok = ok && copy_pages(db, to, e);
	sqlite3_close_v2(to);
	if (ok && fsync(fd) < 0)
		ok = err_errno(e, "%s", path);
	close(fd);
	if (!ok)
		unlink(path);
	return ok;
}

bool
db_settle(struct db *db, struct err *e)
{
	struct stmt *q = stmt_begin_sql(db, "PRAGMA wal_checkpoint(TRUNCATE)",
	    "bring the database into one file");

	if (!stmt_row(q, e))
		return false;
	const bool busy = stmt_col_int(q, 0) != 0;
	if (!stmt_finish(q, e))
		return false;
	return !busy || err_set(e, ERR_IO, "another program reads the database");
}
