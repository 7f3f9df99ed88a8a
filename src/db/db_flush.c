/* SPDX-License-Identifier: Apache-2.0 */
/* What is on the disk: ADR 0019. */
#include "db_impl.h"

/* The WAL's octets to the disk, as COMMIT does where synchronous is FULL. */
static bool
flush_wal(struct db *db, struct err *e)
{
	sqlite3_file *wal = NULL;

	int rc = sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER,
	    &wal);
	if (rc == SQLITE_OK && (wal == NULL || wal->pMethods == NULL))
		rc = SQLITE_NOTFOUND;
	if (rc == SQLITE_OK)
		rc = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
	return rc == SQLITE_OK ? true : db_error(db, rc, "flush the database", e);
}

bool
db_flush(struct db *db, struct err *e)
{
	if (!db->unflushed)
		return true;
	const bool ok = flush_wal(db, e);
	db->broken |= !ok;
	db->unflushed = false;
	return ok;
}

bool
db_flush_begin(struct db *db, int *ret_fd)
{
	if (!db->unflushed || db->wal_fd < 0)
		return false;
	db->flushing = db->lazy_commits;
	*ret_fd = db->wal_fd;
	return true;
}

void
db_flush_end(struct db *db, bool flushed)
{
	if (!flushed)
		db->broken = true;
	if (!flushed || db->lazy_commits == db->flushing)
		db->unflushed = false;
}

bool
db_broken(const struct db *db)
{
	return db->broken;
}

bool
db_unflushed(const struct db *db)
{
	return db->unflushed;
}

void
db_replaying(struct db *db, bool on)
{
	db->replaying = on;
}

int
db_pages_written(struct db *db)
{
	int n = 0, ignored;

	(void)sqlite3_db_status(db->handle, SQLITE_DBSTATUS_CACHE_WRITE, &n, &ignored,
	    0);
	return n;
}
