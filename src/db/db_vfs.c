/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's own VFS, but for one thing: a journal beside a database may name a "super-journal",
 * any file, that SQLite removes when it has rolled back.  We never write one; whoever may write
 * beside the database, and has root open it, could remove any file by it.
 */
#include <string.h>

#include "base/mem.h"
#include "db_impl.h"

#define NAME "hanaper"

static sqlite3_vfs *theirs;

static int
open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *ret, int flags,
    int *ret_flags)
{
	(void)vfs;
	if ((flags & SQLITE_OPEN_SUPER_JOURNAL) != 0) {
		ret->pMethods = NULL;
		return SQLITE_CANTOPEN;
	}
	return theirs->xOpen(theirs, name, ret, flags, ret_flags);
}

/* What lies beside a database, and nothing else. */
static int
delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
	static const char *const ends[] = { "-wal", "-shm", "-journal" };
	const size_t n = strlen(name);

	(void)vfs;
	for (size_t i = 0; i < NITEMS(ends); i++) {
		const size_t end = strlen(ends[i]);

		if (n > end && strcmp(name + n - end, ends[i]) == 0)
			return theirs->xDelete(theirs, name, sync);
	}
	return SQLITE_IOERR_DELETE;
}

const char *
db_vfs(void)
{
	static sqlite3_vfs ours;

	if (theirs == NULL && (theirs = sqlite3_vfs_find(NULL)) != NULL) {
		ours = *theirs;
		ours.zName = NAME;
		ours.pNext = NULL;
		ours.xOpen = open_file;
		ours.xDelete = delete_file;
		if (sqlite3_vfs_register(&ours, 0) != SQLITE_OK)
			return "none"; /* which there is not: the open fails */
	}
	return NAME;
}
