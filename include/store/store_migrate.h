/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_migrate - the schema's versions, in order.  sql/ holds them, one file each;
 * the build makes the table from the files.  A migration that was released is
 * never changed: the next one mends it.
 */
#ifndef STORE_STORE_MIGRATE_H
#define STORE_STORE_MIGRATE_H

#include "db/db.h"

struct store_migration {
	const char
	    *name; /* of the file; its number is its place in the table, from 1 */
	const char *sql;
};

extern const struct store_migration store_migrations[];
extern const unsigned store_migrations_count; /* the newest schema version */

/* The schema's version.  ERR_IO: damaged, there is none. */
MUST_CHECK bool store_migrate_version(struct db *db, int64_t *ret, struct err *e);
/* Brings a database from a version to the newest, each step in one transaction. */
MUST_CHECK bool store_migrate(struct db *db, int64_t from, struct err *e);

#endif
