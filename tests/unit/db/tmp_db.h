/* SPDX-License-Identifier: Apache-2.0 */
/* tmp_db - a directory of a test's own, and a database in it. */
#ifndef TMP_DB_H
#define TMP_DB_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/db.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

static char tmp_dir[] = "/tmp/hnp-db-XXXXXX";
static char tmp_path[64];
static struct db *db;
static struct err e;

static inline void
tmp_begin(void)
{
	cr_assert_not_null(mkdtemp(tmp_dir));
	snprintf(tmp_path, sizeof(tmp_path), "%s/a.db", tmp_dir);
	MUST(db_open(tmp_path, DB_CREATE, &db, &e));
	MUST(db_exec(db,
	    "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE, b BLOB) STRICT",
	    &e));
}

static inline void
tmp_end(void)
{
	db_discard(db);
	rmdir(tmp_dir);
}

static const struct stmt_def tmp_insert_def = {
	"INSERT INTO t (name, id, b) VALUES ($2, $1, $3)", "add to t"
};
static const struct stmt_def tmp_count_def = { "SELECT count(*) FROM t", "count t" };

static inline bool
tmp_insert(int64_t id, const char *name)
{
	struct stmt *q = stmt_begin(db, &tmp_insert_def);

	stmt_int(q, 1, id);
	stmt_text(q, 2, name);
	stmt_null(q, 3);
	return stmt_finish_one(q, &e);
}

static inline int64_t
tmp_count(void)
{
	struct stmt *q = stmt_begin(db, &tmp_count_def);

	MUST(stmt_row(q, &e));
	const int64_t n = stmt_col_int(q, 0);
	MUST(stmt_finish(q, &e));
	return n;
}

#endif
