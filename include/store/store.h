/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store - the database: issued, revoked, published.  SQL lives here and
 * nowhere else.
 *
 * What is in it is a function of the journal: rows are written from journal
 * records (ca/reconcile), live or replayed.  One writer, one thread.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "db/db.h"

struct store;

/* Makes a new database with the newest schema; ERR_CONFLICT when the file is there. */
MUST_CHECK bool store_create(const char *path, struct store **ret, struct err *e);
/*
 * Opens and migrates (each step in one transaction).  ERR_NOT_FOUND: no file.
 * ERR_UNAVAILABLE: made by a newer program, left untouched (S92).  ERR_IO: damaged.
 */
MUST_CHECK bool store_open(const char *path, struct store **ret, struct err *e);
/*
 * For reading only, while a daemon may have it open: store_begin() holds the state
 * of that moment.  ERR_UNAVAILABLE: another version's schema.
 */
MUST_CHECK bool store_open_read(const char *path, struct store **ret, struct err *e);
/* As store_create(), for what is thrown away by store_discard(): not flushed. */
MUST_CHECK bool store_scratch(const char *path, struct store **ret, struct err *e);
void store_discard(
    struct store *st); /* closes it and removes its files; NULL is fine */
/* The schema that store_open() has brought up to the newest; 0: it was that. */
int64_t store_migrated_from(const struct store *st);
void store_close(struct store *st); /* NULL is fine */
/* db_keep_files() */
MUST_CHECK bool store_keep_files(struct store *st, struct err *e);

MUST_CHECK bool store_begin(struct store *st,
    struct err *e); /* nothing when one is open */
MUST_CHECK bool store_commit(struct store *st,
    struct err *e); /* nothing when none is open */
void store_rollback(struct store *st);
bool store_dirty(const struct store *st); /* a transaction is open, not a parked one */
/* db_park() and so on */
bool store_park(struct store *st);
bool store_parked(const struct store *st);
MUST_CHECK bool store_unpark(struct store *st, struct err *e);
bool store_lost(struct store *st, struct err *e);
/* db_replaying(), db_flush() and so on: what the journal has need not be flushed here. */
void store_replaying(struct store *st, bool on);
MUST_CHECK bool store_bulk(struct store *st, bool on, struct err *e); /* db_bulk() */
bool store_unflushed(const struct store *st);
MUST_CHECK bool store_flush(struct store *st, struct err *e);
bool store_flush_begin(struct store *st, int *ret_fd);
void store_flush_end(struct store *st, bool flushed);
bool store_broken(const struct store *st);
/* db_settle() */
MUST_CHECK bool store_settle(struct store *st, struct err *e);
/* Walks through everything, which is slow.  ERR_IO: the first damage. */
MUST_CHECK bool store_check(struct store *st, struct err *e);

/*
 * The last journal record whose effect is in the database; 0 at first.  It never
 * goes back: ERR_CONFLICT.
 */
MUST_CHECK bool store_seq(struct store *st, uint64_t *ret, struct err *e);
MUST_CHECK bool store_seq_set(struct store *st, uint64_t seq, struct err *e);
/* SHA-256 of the root: which CA this database is of; not set at first.  Once set it
 * stays: ERR_CONFLICT. */
MUST_CHECK bool store_root(struct store *st, uint8_t ret[static 32], bool *ret_set,
    struct err *e);
MUST_CHECK bool store_root_set(struct store *st, struct bytes hash, struct err *e);

struct db *store_db(struct store *st); /* for the other store_*.c files */

#endif
