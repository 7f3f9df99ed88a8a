/* SPDX-License-Identifier: Apache-2.0 */
#include "db_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/version.h"
#include "sys/file.h"

#define HEADER_LEN      100        /* sqlite.org/fileformat2.html 1.3 */
#define APPLICATION_ID  0x484e5052 /* "HNPR": our files are known by it */
#define CACHE           "-16384"   /* KiB */
#define CACHE_BULK      "-262144"
#define THERE_ALREADY   "database %s: it is there already"
#define BUSY_TIMEOUT_MS 2000 /* an operator's sqlite3 shell may hold the lock */

/* clang-format off */
static const struct {
	int rc; /* SQLite's primary code */
	enum err_code code;
	const char *words;
} failures[] = {
	{ SQLITE_FULL,     ERR_IO,       "the disk is full; free some space" },
	{ SQLITE_IOERR,    ERR_IO,       "the disk failed; see the kernel's log" },
	{ SQLITE_READONLY, ERR_IO,       "the database cannot be written; check the mount and the owner of the file and its directory" },
	{ SQLITE_CANTOPEN, ERR_IO,       "the database cannot be opened; check the owner of the file and its directory" },
	{ SQLITE_PERM,     ERR_IO,       "the database cannot be opened; check its owner and mode" },
	{ SQLITE_AUTH,     ERR_IO,       "the database cannot be opened; check its owner and mode" },
	{ SQLITE_BUSY,     ERR_IO,       "another program holds the database; end it" },
	{ SQLITE_LOCKED,   ERR_IO,       "another program holds the database; end it" },
	{ SQLITE_PROTOCOL, ERR_IO,       "another program holds the database; end it" },
	{ SQLITE_CORRUPT,  ERR_IO,       "the database is damaged; restore it from a backup" },
	{ SQLITE_NOTADB,   ERR_IO,       "the database is damaged; restore it from a backup" },
};
/* clang-format on */

bool
db_error(struct db *db, int rc, const char *what, struct err *e)
{
	const char *said = db_text(db, rc);

	if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY)
		return err_set(e, ERR_CONFLICT, "%s: it is there already (%s)", what,
		    said);
	for (size_t i = 0; i < NITEMS(failures); i++)
		if (failures[i].rc == (rc & 0xff))
			return err_set(e, failures[i].code, "%s: %s (%s, %d)", what,
			    failures[i].words, said, rc);
	return err_set(e, ERR_INTERNAL, "%s: %s (%d)", what, said, rc);
}

bool
db_usable(struct db *db, struct err *e)
{
	if (db->lost) /* nobody reads what was before it, and decides by that */
		return !db_lost(db, e);
	if (!db->open)
		return true;
	if (db->spoil.code == ERR_NONE && sqlite3_get_autocommit(db->handle))
		/* SQLite rolls back by itself on some failures, and would go on without. */
		err_set(&db->spoil, ERR_IO, "the transaction was rolled back");
	if (db->spoil.code == ERR_NONE)
		return true;
	*e = db->spoil;
	return false;
}

void
db_spoil(struct db *db, const struct err *e)
{
	if (db->open && db->spoil.code == ERR_NONE)
		db->spoil = *e;
}

/* ---- open and close ---- */

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool
has_wal(const char *path)
{
	char *wal = mem_printf("%s-wal", path);
	struct stat st;
	const bool has = stat(wal, &st) == 0 && st.st_size > 0;

	free(wal);
	return has;
}

/* Is what the last checkpoint left there whole?  Only told when no WAL can mend it. */
static bool
is_cut(const char *path, const uint8_t header[static HEADER_LEN], off_t size)
{
	const uint32_t size_field = (uint32_t)header[16] << 8 | header[17];
	const uint64_t page = size_field == 1 ? 65536 : size_field;

	return !has_wal(path) && (uint64_t)size < page * be32(header + 28);
}

static const char *const beside_it[] = { "-wal", "-shm", "-journal" };

/* What SQLite opens there: a FIFO that another user put there would hold us. */
static bool
check_beside(const char *path, struct err *e)
{
	struct err why;
	bool ok = true;

	for (size_t i = 0; ok && i < NITEMS(beside_it); i++) {
		char *beside = mem_printf("%s%s", path, beside_it[i]);
		ok = file_check_regular(AT_FDCWD, beside, &why) ||
		     why.code == ERR_NOT_FOUND;
		free(beside);
	}
	if (!ok)
		*e = why;
	return ok;
}

/*
 * Looks at the file before SQLite does: SQLite takes an empty file for a new
 * database, and R91 wants none in the place of one that was lost.
 */
static bool
check_file(const char *path, struct err *e)
{
	uint8_t header[HEADER_LEN];
	struct stat st;
	const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "database %s: there is no such file",
		    path);
	if (fd < 0)
		return err_errno(e, "database %s", path);
	const bool known = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	const ssize_t n = known ? pread(fd, header, sizeof(header), 0) : 0;
	close(fd); /* SQLite has no lock on it yet that this could drop */

	if (!known)
		return err_set(e, ERR_IO, "database %s: not a regular file", path);
	if ((st.st_mode & FILE_OPEN_DATA) != 0)
		return err_set(e, ERR_IO,
		    "database %s: its mode lets others in; run chmod 600 on it", path);
	if (n != HEADER_LEN || memcmp(header, "SQLite format 3", 16) != 0)
		return err_set(e, ERR_IO,
		    "database %s: damaged, or no database; restore it from a backup",
		    path);
	if (be32(header + 68) != APPLICATION_ID)
		return err_set(e, ERR_IO, "database %s: of another program", path);
	if (is_cut(path, header, st.st_size))
		return err_set(e, ERR_IO,
		    "database %s: damaged, its end is missing; restore a backup", path);
	return check_beside(path, e);
}

/* An empty file of ours alone: -wal and -shm take its mode. */
static bool
make_file(const char *path, struct err *e)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return err_set(e, ERR_CONFLICT, THERE_ALREADY, path);
	if (fd < 0)
		return err_errno(e, "database %s", path);
	close(fd);
	return true;
}

static bool
run(struct db *db, const char *sql, const char *what, struct err *e)
{
	const int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? true : db_error(db, rc, what, e);
}

/*
 * Settings of the connection.  The default cache is 2 MB.  With a million
 * certificates 16 MB without mmap(2) cost 11 us more for each than 32 MB and 64 MB
 * mapped, and core 80 MB less.  Deletes of ours hide nothing.  The WAL keeps its size
 * between checkpoints, so that it is not allocated anew.
 */
static bool
set_up(struct db *db, struct err *e)
{
	static const struct {
		int option;
		int value;
	} options[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
		{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
	};

	sqlite3_extended_result_codes(db->handle, 1);
	db_checkpoint_watch(db);
	sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
	for (size_t i = 0; i < NITEMS(options); i++)
		sqlite3_db_config(db->handle, options[i].option, options[i].value,
		    NULL);
	return run(db,
	    "PRAGMA synchronous = FULL;"
	    "PRAGMA foreign_keys = ON;"
	    "PRAGMA cell_size_check = ON;"
	    "PRAGMA secure_delete = OFF;"
	    "PRAGMA temp_store = MEMORY;"
	    "PRAGMA cache_size = " CACHE ";"
	    "PRAGMA mmap_size = 0;"
	    "PRAGMA journal_size_limit = 25165824;",
	    "open the database", e);
}

bool
db_bulk(struct db *db, bool on, struct err *e)
{
	if (on)
		return run(db, "PRAGMA cache_size = " CACHE_BULK,
		    "make the cache larger", e);
	if (!run(db, "PRAGMA cache_size = " CACHE "; PRAGMA shrink_memory",
		"make the cache smaller", e))
		return false;
	malloc_trim(0); /* its pages lie all over the heap */
	return true;
}

bool
db_start_writing(struct db *db, struct err *e)
{
	if (db->writing)
		return true;
	if (db->reading)
		return err_set(e, ERR_INTERNAL, "the database was opened for reading");
	if (!run(db, "PRAGMA journal_mode = WAL", "switch the database to WAL", e))
		return false;
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	db->writing = true;
	return true;
}

bool
db_keep_files(struct db *db, struct err *e)
{
	uint8_t octet;
	int on = 1;

	sqlite3_randomness(sizeof(octet), &octet); /* seeds it, out of /dev/urandom */
	/* The WAL is made by the first reading. */
	if (!db_start_writing(db, e) ||
	    !run(db, "SELECT count(*) FROM sqlite_master", "read the database", e))
		return false;
	if (sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_PERSIST_WAL, &on) !=
	    SQLITE_OK)
		return err_set(e, ERR_INTERNAL, "SQLite does not keep its WAL");
	/* SQLite locks nothing of this file, so there is no lock that closing it drops. */
	char *wal = mem_printf("%s-wal", db->path);
	if (db->wal_fd < 0)
		db->wal_fd = open(wal, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	const bool ok = db->wal_fd >= 0 || err_errno(e, "%s", wal);
	free(wal);
	return ok;
}

/* Each program of ours that has a database uses it from one thread: no lock is needed. */
static void
set_up_library(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

bool
db_open(const char *path, enum db_mode mode, struct db **ret, struct err *e)
{
	struct db *db = mem_zalloc(sizeof(*db));
	char *sql = NULL;
	const bool make = mode == DB_CREATE || mode == DB_SCRATCH;
	bool made = false, ok = false;
	int rc;

	set_up_library();
	if (!version_check("SQLite", sqlite3_libversion(), SQLITE_VERSION, e)) {
		free(db);
		return false;
	}
	db->path = mem_strdup(path);
	db->wal_fd = -1;
	db->reading = mode == DB_READ;
	db->scratch = mode == DB_SCRATCH;
	if (make && !(made = make_file(path, e)))
		goto out;
	if (!make && !check_file(path, e))
		goto out;
	rc = sqlite3_open_v2(path, &db->handle,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE,
	    db_vfs());
	if (rc != SQLITE_OK) {
		db_error(db, rc, "open the database", e);
		goto out;
	}
	/* Nothing to mend: -wal and -shm, which reading makes, go again with the close. */
	const bool clean = db->reading && !has_wal(path);
	if (!set_up(db, e) ||
	    (db->reading &&
		!run(db, "PRAGMA query_only = ON", "open the database", e)) ||
	    (mode == DB_SCRATCH &&
		!run(db, "PRAGMA synchronous = OFF", "open the database", e)))
		goto out;
	if (clean)
		sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0,
		    NULL);
	/* Before the switch to WAL, so that the file itself bears it from the start. */
	sql = mem_printf("PRAGMA application_id = %d", APPLICATION_ID);
	if (made && (!run(db, sql, "mark the database", e) || !db_start_writing(db, e)))
		goto out;

	*ret = db;
	db = NULL;
	ok = true;
out:
	free(sql);
	if (made)
		db_discard(db);
	else
		db_close(db);
	return ok;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	struct err ignored; /* the close writes all of it into the database anyway */

	db_rollback(db);
	if (!db_flush(db, &ignored))
		db->unflushed = false;
	stmt_free_all(db);
	sqlite3_close_v2(db->handle);
	if (db->wal_fd >= 0)
		close(db->wal_fd);
	free(db->path);
	free(db);
}

static void
remove_beside(const char *path)
{
	for (size_t i = 0; i < NITEMS(beside_it); i++) {
		char *one = mem_printf("%s%s", path, beside_it[i]);
		unlink(one);
		free(one);
	}
}

void
db_remove(const char *path)
{
	unlink(path);
	remove_beside(path);
}

void
db_discard(struct db *db)
{
	if (db == NULL)
		return;
	char *path = mem_strdup(db->path);
	db_close(db);
	db_remove(path);
	free(path);
}

/* A WAL that was left there is another database's. */
static bool
take_place(const char *made, const char *path, struct err *e)
{
	struct stat there;

	if (lstat(path, &there) == 0)
		return err_set(e, ERR_CONFLICT, THERE_ALREADY, path);
	remove_beside(path);
	return (rename(made, path) == 0 || err_errno(e, "database %s", path)) &&
	       file_sync_parent(AT_FDCWD, path, e);
}

bool
db_place(struct db *db, const char *path, struct err *e)
{
	char *made = mem_strdup(db->path);
	bool ok = db_settle(db, e);

	db_close(db);
	ok = ok && take_place(made, path, e);
	if (!ok)
		db_remove(made);
	free(made);
	return ok;
}

bool
db_check(struct db *db, struct err *e)
{
	struct stmt *q =
	    stmt_begin_sql(db, "PRAGMA integrity_check(1)", "check the database");

	if (!stmt_row(q, e))
		return false;
	char *said = mem_strdup(stmt_col_text(q, 0));
	bool ok = stmt_finish(q, e);
	if (ok && strcmp(said, "ok") != 0)
		ok = err_set(e, ERR_IO,
		    "the database is damaged; restore it from a backup (%s)", said);
	free(said);
	return ok;
}

/* Whether COMMIT flushes can be changed between transactions alone. */
bool
db_choose_flush(struct db *db, struct err *e)
{
	const bool lazy = db->replaying;

	if (db->scratch || db->reading || lazy == db->lazy)
		return true;
	if (!run(db, lazy ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL",
		"choose when to flush", e))
		return false;
	db->lazy = lazy;
	return true;
}

bool
db_exec(struct db *db, const char *sql, struct err *e)
{
	if (!db_part(db, e) || !db_usable(db, e) || !db_start_writing(db, e))
		return false;
	if (run(db, sql, "change the schema", e))
		return true;
	db_spoil(db, e);
	return false;
}

int64_t
db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}
