/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/store_migrate.h"
#include "store_impl.h"

struct store {
	struct db *db;
	int64_t migrated_from;
	struct store_sql *sql;
};

static struct store *
new_store(struct db *db)
{
	struct store *st = mem_zalloc(sizeof(*st));

	st->db = db;
	return st;
}

static bool
make(const char *path, enum db_mode mode, struct db **ret, struct err *e)
{
	struct db *db;

	if (!db_open(path, mode, &db, e))
		return false;
	if (!store_migrate(db, 0, e)) {
		db_discard(db); /* half a database would be taken for a damaged one */
		return false;
	}
	*ret = db;
	return true;
}

/* So who is killed meanwhile leaves no half of one, either. */
bool
store_create(const char *path, struct store **ret, struct err *e)
{
	char *under = mem_printf("%s.unfinished", path);
	struct db *db;

	db_remove(under);
	const bool ok = make(under, DB_CREATE, &db, e) && db_place(db, path, e) &&
			store_open(path, ret, e);
	free(under);
	return ok;
}

bool
store_scratch(const char *path, struct store **ret, struct err *e)
{
	struct db *db;

	if (!make(path, DB_SCRATCH, &db, e))
		return false;
	*ret = new_store(db);
	return true;
}

void
store_discard(struct store *st)
{
	if (st == NULL)
		return;
	db_discard(st->db);
	store_sql_free(st->sql);
	free(st);
}

bool
store_open_read(const char *path, struct store **ret, struct err *e)
{
	struct db *db;
	int64_t version;

	if (!db_open(path, DB_READ, &db, e))
		return false;
	if (store_migrate_version(db, &version, e)) {
		if (version == store_migrations_count) {
			*ret = new_store(db);
			return true;
		}
		err_set(e, ERR_UNAVAILABLE,
		    "database %s: schema %lld, this version has %u; %s", path,
		    (long long)version, store_migrations_count,
		    version < store_migrations_count
			? "the daemon of this version brings it up when it starts"
			: "it was made by a newer version, use that one's command");
	}
	db_close(db);
	return false;
}

bool
store_open(const char *path, struct store **ret, struct err *e)
{
	struct db *db;
	int64_t version;

	if (!db_open(path, DB_MUST_EXIST, &db, e))
		return false;
	if (!store_migrate_version(db, &version, e))
		goto fail;
	if (version > store_migrations_count) {
		err_set(e, ERR_UNAVAILABLE,
		    "database %s: made by a newer version (schema %lld, this one knows "
		    "%u); "
		    "install that version",
		    path, (long long)version, store_migrations_count);
		goto fail;
	}
	if (!store_migrate(db, version, e))
		goto fail;
	*ret = new_store(db);
	if (version < store_migrations_count)
		(*ret)->migrated_from = version;
	return true;
fail:
	db_close(db);
	return false;
}

int64_t
store_migrated_from(const struct store *st)
{
	return st->migrated_from;
}

void
store_close(struct store *st)
{
	if (st == NULL)
		return;
	db_close(st->db);
	store_sql_free(st->sql);
	free(st);
}

bool
store_keep_files(struct store *st, struct err *e)
{
	return db_keep_files(st->db, e);
}

bool
store_settle(struct store *st, struct err *e)
{
	return db_settle(st->db, e);
}

struct db *
store_db(struct store *st)
{
	return st->db;
}

struct store_sql **
store_sql_kept(struct store *st)
{
	return &st->sql;
}

/* ---- transactions ---- */

bool
store_begin(struct store *st, struct err *e)
{
	return db_in_transaction(st->db) || db_begin(st->db, e);
}

bool
store_commit(struct store *st, struct err *e)
{
	return !db_in_transaction(st->db) || db_commit(st->db, e);
}

void
store_rollback(struct store *st)
{
	db_rollback(st->db);
}

bool
store_dirty(const struct store *st)
{
	return db_in_transaction(st->db);
}

bool
store_park(struct store *st)
{
	return db_park(st->db);
}

bool
store_parked(const struct store *st)
{
	return db_parked(st->db);
}

bool
store_unpark(struct store *st, struct err *e)
{
	return db_unpark(st->db, e);
}

bool
store_lost(struct store *st, struct err *e)
{
	return db_lost(st->db, e);
}

void
store_replaying(struct store *st, bool on)
{
	db_replaying(st->db, on);
}

bool
store_bulk(struct store *st, bool on, struct err *e)
{
	return db_bulk(st->db, on, e);
}

bool
store_unflushed(const struct store *st)
{
	return db_unflushed(st->db);
}

bool
store_flush(struct store *st, struct err *e)
{
	return db_flush(st->db, e);
}

bool
store_flush_begin(struct store *st, int *ret_fd)
{
	return db_flush_begin(st->db, ret_fd);
}

void
store_flush_end(struct store *st, bool flushed)
{
	db_flush_end(st->db, flushed);
}

bool
store_broken(const struct store *st)
{
	return db_broken(st->db);
}

bool
store_own_begin(struct store *st, bool *ret_own, struct err *e)
{
	*ret_own = !db_in_transaction(st->db);
	return store_begin(st, e);
}

bool
store_own_end(struct store *st, bool own, bool ok, struct err *e)
{
	if (!own)
		return ok;
	if (ok)
		return db_commit(st->db, e);
	db_undo(st->db);
	return false;
}

bool
store_finish_counted(struct stmt *q, int64_t *n, struct err *e)
{
	int64_t more = 0;

	while (stmt_step(q))
		more++;
	if (!stmt_finish(q, e))
		return false;
	*n += more;
	return true;
}

bool
store_finish_number(struct stmt *q, int64_t *ret, struct err *e)
{
	if (!stmt_row(q, e))
		return false;
	const int64_t n = stmt_col_int(q, 0);
	if (!stmt_finish(q, e))
		return false;
	*ret = n;
	return true;
}

/* ---- check ---- */

/* Each answers how many rows do not fit: what one commit wrote together is together. */
static const struct stmt_def fits[] = {
	{ "SELECT count(*) FROM certificate c LEFT JOIN certificate_der d"
	  " ON d.certificate_id = c.id WHERE d.certificate_id IS NULL",
	    "certificates without their octets" },
	{ "SELECT count(*) FROM revocation r JOIN certificate c"
	  " ON c.serial = r.serial AND c.issuer_id = r.issuer_id"
	  " WHERE r.certificate_id IS NULL OR r.certificate_id <> c.id",
	    "revocations that are not tied to their certificate" },
	{ "SELECT (SELECT count(*) FROM certificate)"
	  " - (SELECT count(*) FROM certificate_search)"
	  " - (SELECT count(*) FROM certificate_unsearched)",
	    "certificates that cannot be searched" },
};

bool
store_check(struct store *st, struct err *e)
{
	if (!db_check(st->db, e))
		return false;
	for (size_t i = 0; i < NITEMS(fits); i++) {
		struct stmt *q = stmt_begin(st->db, &fits[i]);

		int64_t n;

		if (!store_finish_number(q, &n, e))
			return false;
		if (n != 0)
			return store_damaged(e, fits[i].what);
	}
	return true;
}

bool
store_damaged(struct err *e, const char *what)
{
	return err_set(e, ERR_IO,
	    "the database is damaged; restore it from a backup (%s)", what);
}

/* ---- meta ---- */

static const struct stmt_def seq_def = { "SELECT num FROM meta WHERE key = 'seq'",
	"read the last record's number" };
static const struct stmt_def seq_set_def = {
	"UPDATE meta SET num = $1 WHERE key = 'seq' AND num <= $1",
	"set the last record's number"
};
static const struct stmt_def root_def = { "SELECT octets FROM meta WHERE key = 'root'",
	"read which CA this is of" };
static const struct stmt_def root_set_def = {
	"UPDATE meta SET octets = $1 WHERE key = 'root'"
	" AND (octets IS NULL OR octets = $1)",
	"set which CA this is of"
};

bool
store_int(uint64_t v, int64_t *ret, struct err *e)
{
	if (v > INT64_MAX)
		return err_set(e, ERR_INTERNAL, "a number over 2^63 for the database");
	*ret = (int64_t)v;
	return true;
}

bool
store_seq(struct store *st, uint64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(st->db, &seq_def);

	int64_t seq;

	if (!store_finish_number(q, &seq, e))
		return false;
	*ret = (uint64_t)seq;
	return true;
}

bool
store_seq_set(struct store *st, uint64_t seq, struct err *e)
{
	int64_t v = 0;

	if (!store_int(seq, &v, e))
		return false;
	struct stmt *q = stmt_begin(st->db, &seq_set_def);
	stmt_int(q, 1, v);
	return stmt_finish_one(q, e);
}

bool
store_root(struct store *st, uint8_t ret[static 32], bool *ret_set, struct err *e)
{
	struct stmt *q = stmt_begin(st->db, &root_def);
	uint8_t hash[32];

	if (!stmt_row(q, e))
		return false;
	const bool set = !stmt_col_is_null(q, 0);
	const struct bytes b = stmt_col_bytes(q, 0);
	const size_t n = b.n;
	if (n == sizeof(hash))
		memcpy(hash, b.p, sizeof(hash));
	if (!stmt_finish(q, e))
		return false;
	if (set && n != sizeof(hash))
		return store_damaged(e, "the root's hash");
	if (set)
		memcpy(ret, hash, sizeof(hash));
	*ret_set = set;
	return true;
}

bool
store_root_set(struct store *st, struct bytes hash, struct err *e)
{
	if (hash.n != 32)
		return err_set(e, ERR_INTERNAL, "the root's hash has %zu octets",
		    hash.n);
	struct stmt *q = stmt_begin(st->db, &root_set_def);
	stmt_bytes(q, 1, hash);
	if (stmt_finish_one(q, e))
		return true;
	if (e->code == ERR_CONFLICT)
		err_set(e, ERR_CONFLICT, "the database is of another CA");
	return false;
}

/* ---- issuers ---- */

static const struct stmt_def issuer_def = { "SELECT id FROM issuer WHERE name = $1",
	"find an issuer" };
static const struct stmt_def issuer_add_def = { "INSERT INTO issuer (name) VALUES ($1)",
	"add an issuer" };

bool
store_issuer(struct store *st, const char *name, int64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(st->db, &issuer_def);
	int64_t id = 0;

	assert(name != NULL);
	stmt_text(q, 1, name);
	if (stmt_step(q))
		id = stmt_col_int(q, 0);
	if (!stmt_finish(q, e))
		return false;
	if (id == 0) {
		q = stmt_begin(st->db, &issuer_add_def);
		stmt_text(q, 1, name);
		if (!stmt_finish_one(q, e))
			return false;
		id = db_last_id(st->db);
	}
	*ret = id;
	return true;
}
