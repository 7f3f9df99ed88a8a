/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db - the driver seam: open, prepare, bind, step, transaction.
 *
 * SQL is written in the subset that SQLite and PostgreSQL share, with $1
 * parameters.  Errors stick in a statement: the first failed bind or step is
 * remembered and told by the call that finishes.  Statements are prepared once
 * and kept (by the address of their struct stmt_def).
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct db;
struct stmt;

struct stmt_def {
	const char *sql;
	const char *what; /* for errors: "move an order" */
};

enum db_mode {
	DB_MUST_EXIST, /* ERR_NOT_FOUND, nothing is made (R91) */
	DB_CREATE,     /* ERR_CONFLICT when it is there */
	DB_READ,   /* as DB_MUST_EXIST; a transaction is one moment's state, held while
	                  others write, and statements that write fail */
	DB_SCRATCH /* as DB_CREATE, and no flush: it need not outlive us */
};

/*
 * SQLite: WAL, synchronous=FULL but for db_replaying(), foreign keys on, mode 0600.  ERR_IO: damaged, not
 * ours, or open to others (S81).  What is only read is left octet for octet as it
 * was, also when it is closed (S92).
 */
MUST_CHECK bool db_open(const char *path, enum db_mode mode, struct db **ret,
    struct err *e);
void db_close(struct db *db); /* NULL is fine */
/*
 * All files that writing needs are there from now on, and stay when it is closed
 * (the WAL with no octet): for who cannot make or remove files later.
 */
MUST_CHECK bool db_keep_files(struct db *db, struct err *e);
/* Removes a database that db_open() made and the caller could not fill; closes it. */
void db_discard(struct db *db);
/* All files of a database that nobody uses; none is fine. */
void db_remove(const char *path);
/*
 * Closes a database that was made under another name, and gives it this one at once,
 * flushed: nothing of it is there before it is whole.  It is removed where that fails.
 * ERR_CONFLICT: there is something of this name.
 */
MUST_CHECK bool db_place(struct db *db, const char *path, struct err *e);
/*
 * A copy as of one moment, in a new file of mode 0600, while others write.  It is
 * flushed.  ERR_CONFLICT: there is something at 'path'.
 */
MUST_CHECK bool db_copy(struct db *db, const char *path, struct err *e);
/*
 * Brings what the WAL holds into the file itself and flushes it: from here on that
 * alone is the database.  A close tries the same, and tells nobody when it fails.
 */
MUST_CHECK bool db_settle(struct db *db, struct err *e);
/* ERR_IO telling the first damage that a walk through all of it finds: slow. */
MUST_CHECK bool db_check(struct db *db, struct err *e);

/*
 * A statement that fails inside a transaction spoils it, as in PostgreSQL: later
 * statements are refused, db_commit() rolls back and tells the first failure.
 * "No row changed" (stmt_finish_one, ON CONFLICT DO NOTHING) and "no row there"
 * (stmt_row) are answers and spoil nothing.  The connection stays usable.
 */
MUST_CHECK bool db_begin(struct db *db, struct err *e);  /* immediate */
MUST_CHECK bool db_commit(struct db *db, struct err *e); /* rolled back when it fails */
void db_rollback(struct db *db); /* nothing open: nothing happens */
/*
 * The same for who does not know whether his transaction is one that was parked before
 * he joined it: if it was, that is db_lost() until db_rollback().
 */
void db_undo(struct db *db);
bool db_in_transaction(const struct db *db); /* also when it is spoilt */

/*
 * What is written while it is on can be made again from elsewhere: a transaction that
 * began so, and in which nothing else was written, is committed without a flush.
 * It is seen at once, survives our end, and may be undone by a power cut, never
 * alone: what came before stays.  Any other commit flushes it too.
 */
void db_replaying(struct db *db, bool on);
bool db_unflushed(const struct db *db); /* there are such commits */
MUST_CHECK bool db_flush(struct db *db, struct err *e);
/*
 * The same for who has a thread that may wait: fdatasync(2) of *ret_fd, which is ours
 * and stays open until db_close(), then db_flush_end().  False: nothing waits for it,
 * or db_keep_files() was not called.
 */
bool db_flush_begin(struct db *db, int *ret_fd);
void db_flush_end(struct db *db, bool flushed);
/*
 * Instead of db_commit(): such a transaction stays open, for more of the same to join
 * by db_begin().  For us it is done, others do not see it yet.  Any other write commits it
 * first.  False: there was something else in it; nothing has happened, db_commit() it.
 */
bool db_park(struct db *db);
bool db_parked(const struct db *db);
/* Nothing parked is fine.  False: it was rolled back, and db_lost() is true. */
MUST_CHECK bool db_unpark(struct db *db, struct err *e);
/*
 * What was parked is undone, by whoever ended the transaction that it was in.  Until
 * db_rollback() every statement fails: who read what was before it would take it for what is.
 */
bool db_lost(struct db *db, struct err *e);
/* A flush failed: what the disk holds is not known any more, the process should end. */
bool db_broken(const struct db *db);
/* Very much will be written: a large cache, until it is turned off. */
MUST_CHECK bool db_bulk(struct db *db, bool on, struct err *e);
/* Runs statements without parameters or rows: migrations. */
MUST_CHECK bool db_exec(struct db *db, const char *sql, struct err *e);

/*
 * Never NULL.  'def' must live as long as the database is open.  A statement that
 * is begun again before it was finished gets a second handle.  Parameters are
 * $1 to $24; all must be bound.
 */
struct stmt *stmt_begin(struct db *db, const struct stmt_def *def);
void stmt_int(struct stmt *q, int index, int64_t v);
void stmt_text(struct stmt *q, int index, const char *v); /* NULL binds NULL; copied */
void stmt_bytes(struct stmt *q, int index, struct bytes v); /* copied */
void stmt_null(struct stmt *q, int index);

/* A reading that who asks can do without: where it fails it spoils no transaction. */
void stmt_optional(struct stmt *q);
/* The next row.  False: no more, or an error; stmt_finish() tells which. */
bool stmt_step(struct stmt *q);
/* Of the present row, index from 0; views die with the next step or finish. */
bool stmt_col_is_null(struct stmt *q, int index);
int64_t stmt_col_int(struct stmt *q, int index);
const char *stmt_col_text(struct stmt *q, int index); /* never NULL */
struct bytes stmt_col_bytes(struct stmt *q, int index);

/* Ends; runs the statement first if it was never stepped.  ERR_IO, ERR_CONFLICT (unique). */
MUST_CHECK bool stmt_finish(struct stmt *q, struct err *e);
/* The same, and exactly one row must have been changed: else ERR_CONFLICT. */
MUST_CHECK bool stmt_finish_one(struct stmt *q, struct err *e);
/* One row is expected: steps; false with ERR_NOT_FOUND when there is none (then it is finished). */
MUST_CHECK bool stmt_row(struct stmt *q, struct err *e);
int64_t db_last_id(struct db *db);

/*
 * Statements made at run time (lists with filters): 'sql' is copied; released by
 * stmt_finish*().
 */
struct stmt *stmt_begin_sql(struct db *db, const char *sql, const char *what);

#endif
