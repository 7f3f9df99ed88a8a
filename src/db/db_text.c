/* SPDX-License-Identifier: Apache-2.0 */
/* What SQLite says of a failure: its connection knows only of the last call that it made itself. */
#include "db_impl.h"

/* Its own words for all of these are "disk I/O error", or none. */
static const struct {
	int rc;
	const char *words;
} texts[] = {
	/* clang-format off */
	{ SQLITE_IOERR_READ,              "reading failed" },
	{ SQLITE_IOERR_SHORT_READ,        "a file ends too early" },
	{ SQLITE_IOERR_WRITE,             "writing failed" },
	{ SQLITE_IOERR_FSYNC,             "flushing failed" },
	{ SQLITE_IOERR_DIR_FSYNC,         "flushing the directory failed" },
	{ SQLITE_IOERR_TRUNCATE,          "cutting a file failed" },
	{ SQLITE_IOERR_FSTAT,             "looking at a file failed" },
	{ SQLITE_IOERR_DELETE,            "removing a file failed" },
	{ SQLITE_IOERR_CLOSE,             "closing a file failed" },
	{ SQLITE_IOERR_LOCK,              "locking failed" },
	{ SQLITE_IOERR_NOMEM,             "there is no memory" },
	{ SQLITE_IOERR_SHMOPEN,           "opening the -shm file failed" },
	{ SQLITE_IOERR_SHMSIZE,           "making the -shm file larger failed" },
	{ SQLITE_IOERR_SHMMAP,            "mapping the -shm file failed" },
	{ SQLITE_READONLY_DBMOVED,        "the file was moved or removed" },
	{ SQLITE_READONLY_DIRECTORY,      "its directory cannot be written" },
	/* clang-format on */
};

const char *
db_text(struct db *db, int rc)
{
	for (size_t i = 0; i < NITEMS(texts); i++)
		if (texts[i].rc == rc)
			return texts[i].words;
	return sqlite3_extended_errcode(db->handle) == rc ? sqlite3_errmsg(db->handle)
							  : sqlite3_errstr(rc);
}
