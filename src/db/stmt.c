/* SPDX-License-Identifier: Apache-2.0 */
#include "db_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define PARAMS_MAX 24

enum stage {
	STAGE_IDLE,  /* in the cache */
	STAGE_BOUND, /* begun, not stepped */
	STAGE_ROW,
	STAGE_DONE /* no more rows, or failed */
};

struct stmt {
	struct db *db;
	const struct stmt_def *def; /* NULL: made at run time */
	struct stmt *next;          /* in its slot */
	sqlite3_stmt *handle;       /* NULL when it could not be prepared */
	const char *what;
	enum stage stage;
	bool cached, optional;
	int param[PARAMS_MAX + 1]; /* SQLite's number of $N; 0: there is none */
	uint32_t unbound;          /* bit N: $N has no value yet */
	uint32_t params;           /* bit N: there is a $N */
	int64_t changed;           /* rows */
	struct err error;          /* the first; code 0: none */
};

static bool
failed(const struct stmt *q)
{
	return q->error.code != ERR_NONE;
}

static void
fail(struct stmt *q, int rc)
{
	if (!failed(q))
		db_error(q->db, rc, q->what, &q->error);
	q->stage = STAGE_DONE;
}

void
stmt_optional(struct stmt *q)
{
	q->optional = true;
}

/* SQLite numbers $N in the order in which they appear: $2 may be its first. */
static void
map_params(struct stmt *q)
{
	const int n = sqlite3_bind_parameter_count(q->handle);

	for (int i = 1; i <= n; i++) {
		const char *name = sqlite3_bind_parameter_name(q->handle, i);

		assert(name != NULL && name[0] == '$');
		const unsigned long number = strtoul(name + 1, NULL, 10);
		assert(number >= 1 && number <= PARAMS_MAX);
		q->param[number] = i;
		q->params |= UINT32_C(1) << number;
	}
}

static void
prepare(struct stmt *q, const char *sql)
{
	const unsigned flags = q->cached ? SQLITE_PREPARE_PERSISTENT : 0;
	const char *tail = NULL;

	const int rc =
	    sqlite3_prepare_v3(q->db->handle, sql, -1, flags, &q->handle, &tail);
	if (rc != SQLITE_OK) {
		fail(q, rc);
		return;
	}
	assert(q->handle != NULL && *tail == '\0'); /* one statement, no more */
	map_params(q);
}

static size_t
slot_of(const struct stmt_def *def)
{
	return (size_t)((uintptr_t)def / sizeof(*def)) % DB_SLOTS;
}

static struct stmt *
new_stmt(struct db *db, const struct stmt_def *def, const char *what)
{
	struct stmt *q = mem_zalloc(sizeof(*q));

	q->db = db;
	q->def = def;
	q->what = what;
	return q;
}

/* The common end of both begins: ready to be bound, or failed already. */
static struct stmt *
begun(struct stmt *q)
{
	struct err e;

	q->stage = STAGE_BOUND;
	q->unbound = q->params;
	q->changed = 0;
	q->optional = false;
	const bool writes = !failed(q) && !sqlite3_stmt_readonly(q->handle);
	if (writes && !db_part(q->db, &e))
		q->error = e;
	if (!failed(q) && !db_usable(q->db, &e))
		q->error = e;
	if (!failed(q) && !q->db->open && writes &&
	    (!db_start_writing(q->db, &e) || !db_choose_flush(q->db, &e)))
		q->error = e;
	if (failed(q))
		q->stage = STAGE_DONE;
	else if (q->db->open && writes) {
		q->db->parked = false;
		q->db->owed |= !q->db->replaying;
	}
	return q;
}

struct stmt *
stmt_begin(struct db *db, const struct stmt_def *def)
{
	struct stmt **slot = &db->slots[slot_of(def)];
	struct stmt *q = *slot;

	while (q != NULL && q->def != def)
		q = q->next;
	if (q != NULL && q->stage != STAGE_IDLE)
		return stmt_begin_sql(db, def->sql, def->what);
	if (q == NULL) {
		q = new_stmt(db, def, def->what);
		q->cached = true;
		q->next = *slot;
		*slot = q;
	}
	if (q->handle == NULL)
		prepare(q, def->sql);
	return begun(q);
}

struct stmt *
stmt_begin_sql(struct db *db, const char *sql, const char *what)
{
	struct stmt *q = new_stmt(db, NULL, what);

	prepare(q, sql);
	return begun(q);
}

/* ---- binding ---- */

/* SQLite's number of a parameter; 0 when there is nothing to do any more. */
static int
take_param(struct stmt *q, int index)
{
	if (q->stage != STAGE_BOUND) {
		assert(failed(q)); /* bound after the first step */
		return 0;
	}
	assert(index >= 1 && index <= PARAMS_MAX && q->param[index] != 0);
	q->unbound &= ~(UINT32_C(1) << index);
	return q->param[index];
}

static void
bound(struct stmt *q, int rc)
{
	if (rc != SQLITE_OK)
		fail(q, rc);
}

void
stmt_int(struct stmt *q, int index, int64_t v)
{
	const int i = take_param(q, index);

	if (i != 0)
		bound(q, sqlite3_bind_int64(q->handle, i, v));
}

void
stmt_text(struct stmt *q, int index, const char *v)
{
	const int i = take_param(q, index);

	if (i != 0 && v == NULL)
		bound(q, sqlite3_bind_null(q->handle, i));
	else if (i != 0)
		bound(q, sqlite3_bind_text(q->handle, i, v, -1, SQLITE_TRANSIENT));
}

void
stmt_bytes(struct stmt *q, int index, struct bytes v)
{
	const int i = take_param(q, index);

	/* A NULL pointer would bind NULL; no octets are a value. */
	if (i != 0)
		bound(q, sqlite3_bind_blob64(q->handle, i,
			     v.n > 0 ? (const void *)v.p : "", v.n, SQLITE_TRANSIENT));
}

void
stmt_null(struct stmt *q, int index)
{
	stmt_text(q, index, NULL);
}

/* ---- running ---- */

bool
stmt_step(struct stmt *q)
{
	if (q->stage == STAGE_DONE)
		return false;
	assert(q->unbound == 0);
	const int rc = sqlite3_step(q->handle);
	if (rc == SQLITE_ROW) {
		q->stage = STAGE_ROW;
		return true;
	}
	if (rc != SQLITE_DONE) {
		fail(q, rc);
		return false;
	}
	if (!sqlite3_stmt_readonly(q->handle))
		q->changed = sqlite3_changes64(q->db->handle);
	q->stage = STAGE_DONE;
	return false;
}

static int
column(const struct stmt *q, int index)
{
	assert(q->stage == STAGE_ROW);
	assert(index >= 0 && index < sqlite3_column_count(q->handle));
	return index;
}

bool
stmt_col_is_null(struct stmt *q, int index)
{
	return sqlite3_column_type(q->handle, column(q, index)) == SQLITE_NULL;
}

int64_t
stmt_col_int(struct stmt *q, int index)
{
	return sqlite3_column_int64(q->handle, column(q, index));
}

const char *
stmt_col_text(struct stmt *q, int index)
{
	const unsigned char *s = sqlite3_column_text(q->handle, column(q, index));

	return s != NULL ? (const char *)s : "";
}

struct bytes
stmt_col_bytes(struct stmt *q, int index)
{
	const void *p = sqlite3_column_blob(q->handle, column(q, index));

	return bytes_of(p, (size_t)sqlite3_column_bytes(q->handle, index));
}

static void
free_stmt(struct stmt *q)
{
	sqlite3_finalize(q->handle);
	free(q);
}

/* Back into the cache, or away. */
static void
release(struct stmt *q)
{
	if (!q->cached) {
		free_stmt(q);
		return;
	}
	if (q->handle != NULL) {
		sqlite3_reset(q->handle);
		sqlite3_clear_bindings(q->handle);
	}
	q->error.code = ERR_NONE;
	q->stage = STAGE_IDLE;
}

static bool
finish(struct stmt *q, int64_t *ret_changed, struct err *e)
{
	if (q->stage == STAGE_BOUND)
		while (stmt_step(q))
			; /* a PRAGMA may answer rows that nobody asked for */
	const bool ok = !failed(q);
	if (ok) {
		*ret_changed = q->changed;
	} else {
		*e = q->error;
		/* Beside what is parked a reading that fails takes nothing with it. */
		if (!q->db->parked && !q->optional)
			db_spoil(q->db, e);
	}
	release(q);
	return ok;
}

bool
stmt_finish(struct stmt *q, struct err *e)
{
	int64_t changed;

	return finish(q, &changed, e);
}

bool
stmt_finish_one(struct stmt *q, struct err *e)
{
	const char *what = q->what;
	int64_t changed;

	if (!finish(q, &changed, e))
		return false;
	if (changed != 1)
		return err_set(e, ERR_CONFLICT, "%s: %lld rows changed instead of one",
		    what, (long long)changed);
	return true;
}

bool
stmt_row(struct stmt *q, struct err *e)
{
	const char *what = q->what;

	if (stmt_step(q))
		return true;
	if (!stmt_finish(q, e))
		return false;
	return err_set(e, ERR_NOT_FOUND, "%s: there is none", what);
}

void
stmt_free_all(struct db *db)
{
	for (size_t i = 0; i < DB_SLOTS; i++)
		while (db->slots[i] != NULL) {
			struct stmt *q = db->slots[i];
			db->slots[i] = q->next;
			free_stmt(q);
		}
}
