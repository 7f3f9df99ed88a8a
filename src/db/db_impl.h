/* SPDX-License-Identifier: Apache-2.0 */
/* db_impl - what db.c and stmt.c share. */
#ifndef DB_DB_IMPL_H
#define DB_DB_IMPL_H

#include <sqlite3.h>

#include "db/db.h"

#define DB_SLOTS 128 /* of the statement cache; a power of two */

struct db {
	sqlite3 *handle;
	char *path;
	bool writing;   /* db_start_writing() was here */
	bool reading;   /* DB_READ */
	bool scratch;   /* DB_SCRATCH */
	bool open;      /* a transaction */
	bool replaying; /* what is written stands elsewhere too */
	bool lazy;      /* this transaction's commit is not flushed */
	bool owed;      /* but this one wrote what stands nowhere else */
	bool parked;    /* done, and committed later */
	bool shared;    /* this transaction holds what was parked */
	bool lost;      /* which is undone */
	int wal_fd;     /* for flushing, after db_keep_files(); else -1 */
	uint64_t lazy_commits,
	    flushing;                 /* so many until now, and when that flush began */
	bool unflushed;               /* there are commits that are not on disk yet */
	bool broken;                  /* they could not be brought there */
	struct err spoil;             /* why it cannot be committed; code 0: it can */
	struct stmt *slots[DB_SLOTS]; /* by hash of the stmt_def's address, chained */
};

/* Translates what SQLite returned; 'what' was being tried. */
bool db_error(struct db *db, int rc, const char *what, struct err *e);
/* SQLite's words, or ours where they are better; borrowed. */
const char *db_text(struct db *db, int rc);
/* Before the first write: WAL, and a checkpoint when it is closed. */
MUST_CHECK bool db_start_writing(struct db *db, struct err *e);
/* False: the open transaction is spoilt, or db_lost(). */
MUST_CHECK bool db_usable(struct db *db, struct err *e);
/* Remembers the first failure inside a transaction. */
void db_spoil(struct db *db, const struct err *e);
/* Before a write that is not db_replaying(): what is parked stands on its own. */
MUST_CHECK bool db_part(struct db *db, struct err *e);
/* Releases the cache. */
void stmt_free_all(struct db *db);

/* The WAL goes back into the database by our own hand, not by SQLite's. */
void db_checkpoint_watch(struct db *db);
/* False: a flush of that failed, and commits may be lost by it; db_broken(). */
MUST_CHECK bool db_checkpoint_held(struct db *db, struct err *e);

/* Before a transaction or a write outside of one: flushed or not, by db_replaying(). */
bool db_choose_flush(struct db *db, struct err *e);
/* Pages that this connection has written to the WAL, by a counter that may wrap. */
int db_pages_written(struct db *db);

/* The name of the VFS that every database is opened by (db_vfs.c). */
const char *db_vfs(void);

#endif
