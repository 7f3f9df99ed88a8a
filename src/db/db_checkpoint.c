/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The WAL goes back into the database.  SQLite would do it by itself, and tell nobody
 * that it failed: then a flush that failed would be forgotten, and the next one, which
 * finds nothing to write any more, would be believed (ADR 0019).
 */
#include "db_impl.h"

/*
 * Pages: at 1000 inserts are a third slower, at 20000 a commit that meets the
 * checkpoint waits for a quarter of a second.
 */
#define PAGES 4000

/* An error that this returned would be the commit's, which is done: it is kept instead. */
static int
on_commit(void *arg, sqlite3 *handle, const char *name, int pages)
{
	struct db *db = arg;

	if (pages < PAGES)
		return SQLITE_OK;
	const int rc = sqlite3_wal_checkpoint_v2(handle, name,
	    SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	/*
	 * What was flushed before is safe in the WAL, and each commit tries again.  What was
	 * not may be lost by now, and no later flush would say so.
	 */
	if (rc == SQLITE_IOERR_FSYNC && (db->lazy || db->unflushed))
		db->broken = true;
	return SQLITE_OK;
}

void
db_checkpoint_watch(struct db *db)
{
	sqlite3_wal_hook(db->handle, on_commit, db);
}

bool
db_checkpoint_held(struct db *db, struct err *e)
{
	return !db->broken || db_error(db, SQLITE_IOERR_FSYNC, "flush the database", e);
}
