/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions, and those that wait for more of their kind: ADR 0030. */
#include "db_impl.h"

#include <assert.h>

static const struct stmt_def begin_read_def = { "BEGIN", "begin to read" };
static const struct stmt_def begin_def = { "BEGIN IMMEDIATE", "begin a transaction" };
static const struct stmt_def commit_def = { "COMMIT", "commit" };

bool
db_begin(struct db *db, struct err *e)
{
	assert(!db_in_transaction(db));
	if (!db_part(db, e))
		return false;
	if (db->parked) {
		db->parked = false;
		return true;
	}
	if (!db->reading && !db_start_writing(db, e))
		return false;
	if (!db_choose_flush(db, e) ||
	    !stmt_finish(stmt_begin(db, db->reading ? &begin_read_def : &begin_def), e))
		return false;
	db->open = true;
	db->shared = false;
	db->owed = false;
	db->spoil.code = ERR_NONE;
	return true;
}

bool
db_commit(struct db *db, struct err *e)
{
	const int before = db_pages_written(db);
	const bool shared = db->shared;

	assert(db->open);
	db->parked = false; /* not any more, however it ends */
	if (!db_usable(db, e) || !stmt_finish(stmt_begin(db, &commit_def), e)) {
		/* What lazy ones left was part of that flush, and is not written again. */
		if (db->unflushed &&
		    sqlite3_extended_errcode(db->handle) == SQLITE_IOERR_FSYNC) {
			err_prefix(e, "flush the database");
			db->broken = true;
		}
		db_undo(db);
		return false;
	}
	db->open = db->shared = false;
	/*
	 * COMMIT with FULL flushes the whole WAL, so what lazy ones left in it too; but
	 * where there was nothing to write it flushes nothing.
	 */
	if (db->lazy || db_pages_written(db) != before)
		db->unflushed = db->lazy;
	db->lazy_commits += db->lazy;
	if (db_checkpoint_held(db, e) && (!db->owed || db_flush(db, e)))
		return true;
	db->lost |= shared; /* perhaps: nobody knows what the disk holds */
	return false;
}

void
db_undo(struct db *db)
{
	if (!db->open)
		return;
	if (!sqlite3_get_autocommit(db->handle))
		sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
	db->lost |= db->shared;
	db->open = db->parked = db->shared = false;
}

void
db_rollback(struct db *db)
{
	db_undo(db);
	db->lost = false;
}

bool
db_in_transaction(const struct db *db)
{
	return db->open && !db->parked;
}

/* ---- parked ---- */

bool
db_park(struct db *db)
{
	if (!db->open || !db->lazy || db->owed || db->spoil.code != ERR_NONE)
		return false;
	db->parked = db->shared = true;
	return true;
}

bool
db_parked(const struct db *db)
{
	return db->parked;
}

bool
db_unpark(struct db *db, struct err *e)
{
	return !db->parked || db_commit(db, e);
}

bool
db_part(struct db *db, struct err *e)
{
	return db->replaying || db_unpark(db, e);
}

bool
db_lost(struct db *db, struct err *e)
{
	if (!db->lost && (!db->parked || db_usable(db, e)))
		return false;
	if (db->lost)
		err_set(e, ERR_IO, "what was not committed yet is undone%s%.300s",
		    db->spoil.code != ERR_NONE ? ": " : "",
		    db->spoil.code != ERR_NONE ? db->spoil.detail : "");
	return true;
}
