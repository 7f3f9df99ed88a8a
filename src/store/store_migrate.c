/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_migrate.h"

static const struct stmt_def version_def = {
	"SELECT num FROM meta WHERE key = 'schema'", "read the schema's version"
};
static const struct stmt_def set_version_def = {
	"UPDATE meta SET num = $1 WHERE key = 'schema'", "set the schema's version"
};

bool
store_migrate_version(struct db *db, int64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(db, &version_def);

	if (stmt_row(q, e)) {
		const int64_t version = stmt_col_int(q, 0);
		if (stmt_finish(q, e) && version > 0) {
			*ret = version;
			return true;
		}
	}
	if (e->code != ERR_IO)
		err_set(e, ERR_IO,
		    "the database is damaged, it has no schema; restore it from a "
		    "backup");
	return false;
}

static bool
step(struct db *db, int64_t version, struct err *e)
{
	if (!db_exec(db, store_migrations[version - 1].sql, e))
		return false;
	struct stmt *q = stmt_begin(db, &set_version_def);
	stmt_int(q, 1, version);
	return stmt_finish_one(q, e);
}

bool
store_migrate(struct db *db, int64_t from, struct err *e)
{
	for (int64_t v = from + 1; v <= store_migrations_count; v++) {
		if (!db_begin(db, e))
			return false;
		if (!step(db, v, e))
			db_rollback(db);
		else if (db_commit(db, e))
			continue;
		return err_prefix(e, store_migrations[v - 1].name);
	}
	return true;
}
