/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_token.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store_impl.h"

#define COLUMNS                                                                        \
	"SELECT num, id, rest, profile, uses, uses_left, expires_at, created_at,"      \
	" created_by, request_id, withdrawn_at, withdrawn_by, metadata FROM token"

static const struct stmt_def add_def = {
	"INSERT INTO token (id, rest, profile, uses, uses_left, expires_at,"
	" created_at, created_by, request_id, metadata)"
	" VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
	"add a token"
};
static const struct stmt_def add_name_def = {
	"INSERT INTO token_name (token_num, position, type, value)"
	" VALUES ($1, $2, $3, $4)",
	"add a token's name"
};
static const struct stmt_def get_def = { COLUMNS " WHERE id = $1", "find a token" };
static const struct stmt_def names_def = {
	"SELECT type, value FROM token_name WHERE token_num = $1 ORDER BY position",
	"read a token's names"
};
static const struct stmt_def withdraw_def = {
	"UPDATE token SET withdrawn_at = $2, withdrawn_by = $3"
	" WHERE id = $1 AND withdrawn_at IS NULL",
	"withdraw a token"
};
static const struct stmt_def newest_def = { "SELECT COALESCE(MAX(num), 0) FROM token",
	"find the newest token" };
static const struct stmt_def count_pending_def = {
	"SELECT count(*) FROM token WHERE withdrawn_at IS NULL AND uses_left > 0"
	" AND expires_at > $1",
	"count the tokens"
};
static const struct stmt_def withdraw_all_def = {
	"UPDATE token SET withdrawn_at = $1, withdrawn_by = $2"
	" WHERE withdrawn_at IS NULL AND uses_left > 0 AND expires_at > $1",
	"withdraw all tokens"
};
static const struct stmt_def use_def = {
	"UPDATE token SET uses_left = uses_left - 1 WHERE id = $1 AND uses_left > 0",
	"count a token's use"
};

/* The same order of judgement as store_token_status(). */
#define LIST(where)                                                                    \
	{                                                                              \
		COLUMNS " WHERE num < $1 AND num > $4 AND $2 = $2 AND " where          \
			" ORDER BY num DESC LIMIT $3",                                 \
		    "list the tokens"                                                  \
	}
static const struct stmt_def lists[] = {
	[STORE_TOKEN_ANY] = LIST("1 = 1"),
	[STORE_TOKEN_PENDING] =
	    LIST("uses_left > 0 AND withdrawn_at IS NULL AND expires_at > $2"),
	[STORE_TOKEN_USED] = LIST("uses_left = 0"),
	[STORE_TOKEN_WITHDRAWN] = LIST("uses_left > 0 AND withdrawn_at IS NOT NULL"),
	[STORE_TOKEN_EXPIRED] =
	    LIST("uses_left > 0 AND withdrawn_at IS NULL AND expires_at <= $2"),
};

void
store_token_free(struct store_token *t)
{
	free(t->profile);
	names_free(&t->names);
	free(t->created_by);
	free(t->request_id);
	free(t->withdrawn_by);
	free(t->metadata);
	*t = (struct store_token){ 0 };
}

enum store_token_status
store_token_status(const struct store_token *t, int64_t now)
{
	if (t->uses_left <= 0)
		return STORE_TOKEN_USED;
	if (t->withdrawn_at != 0)
		return STORE_TOKEN_WITHDRAWN;
	return now >= t->expires_at ? STORE_TOKEN_EXPIRED : STORE_TOKEN_PENDING;
}

const char *
store_token_status_word(enum store_token_status s)
{
	static const char *const words[] = {
		[STORE_TOKEN_ANY] = "any",
		[STORE_TOKEN_PENDING] = "pending",
		[STORE_TOKEN_USED] = "used",
		[STORE_TOKEN_WITHDRAWN] = "withdrawn",
		[STORE_TOKEN_EXPIRED] = "expired",
	};

	return words[s];
}

/* ---- making one ---- */

static bool
add_row(struct store *st, const struct store_token *t, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &add_def);

	stmt_bytes(q, 1, bytes_of(t->hash, TOKEN_KEY_LEN));
	stmt_bytes(q, 2,
	    bytes_of(t->hash + TOKEN_KEY_LEN, TOKEN_HASH_LEN - TOKEN_KEY_LEN));
	stmt_text(q, 3, t->profile);
	stmt_int(q, 4, t->uses);
	stmt_int(q, 5, t->expires_at);
	stmt_int(q, 6, t->created_at);
	stmt_text(q, 7, STORE_TEXT(t->created_by));
	stmt_text(q, 8, STORE_TEXT(t->request_id));
	stmt_text(q, 9, STORE_TEXT(t->metadata));
	return stmt_finish_one(q, e);
}

static bool
add(struct store *st, const struct store_token *t, struct err *e)
{
	if (!add_row(st, t, e))
		return false;
	const int64_t num = db_last_id(store_db(st));
	for (size_t i = 0; i < t->names.n; i++) {
		struct stmt *q = stmt_begin(store_db(st), &add_name_def);

		stmt_int(q, 1, num);
		stmt_int(q, 2, (int64_t)i);
		stmt_int(q, 3, (int64_t)t->names.v[i].type);
		stmt_text(q, 4, t->names.v[i].text);
		if (!stmt_finish_one(q, e))
			return false;
	}
	return true;
}

bool
store_token_add(struct store *st, const struct store_token *t, struct err *e)
{
	bool own;

	return store_own_begin(st, &own, e) && store_own_end(st, own, add(st, t, e), e);
}

/* ---- reading ---- */

static bool
read_names(struct store *st, int64_t num, struct names *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &names_def);

	stmt_int(q, 1, num);
	while (stmt_step(q)) {
		ret->v = mem_grow(ret->v, ret->n + 1, sizeof(*ret->v));
		ret->v[ret->n++] = (struct name){
			.type = (enum name_type)stmt_col_int(q, 0),
			.text = mem_strdup(stmt_col_text(q, 1)),
		};
	}
	return stmt_finish(q, e);
}

static bool
read_row(struct store *st, struct stmt *q, struct store_token *ret, struct err *e)
{
	const struct bytes key = stmt_col_bytes(q, 1), rest = stmt_col_bytes(q, 2);
	struct store_token t = {
		.num = stmt_col_int(q, 0),
		.uses = stmt_col_int(q, 4),
		.uses_left = stmt_col_int(q, 5),
		.expires_at = stmt_col_int(q, 6),
		.created_at = stmt_col_int(q, 7),
		.withdrawn_at = stmt_col_int(q, 10),
	};

	if (key.n != TOKEN_KEY_LEN || rest.n != TOKEN_HASH_LEN - TOKEN_KEY_LEN)
		return store_damaged(e, "a token's hash");
	memcpy(t.hash, key.p, key.n);
	memcpy(t.hash + TOKEN_KEY_LEN, rest.p, rest.n);
	t.profile = mem_strdup(stmt_col_text(q, 3));
	t.created_by = mem_strdup(stmt_col_text(q, 8));
	t.request_id = mem_strdup(stmt_col_text(q, 9));
	t.withdrawn_by = mem_strdup(stmt_col_text(q, 11));
	t.metadata = mem_strdup(stmt_col_text(q, 12));
	if (!read_names(st, t.num, &t.names, e)) {
		store_token_free(&t);
		return false;
	}
	*ret = t;
	return true;
}

bool
store_token_get(struct store *st, const uint8_t key[static TOKEN_KEY_LEN],
    struct store_token *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &get_def);
	struct store_token t = { 0 };
	struct err late;

	stmt_bytes(q, 1, bytes_of(key, TOKEN_KEY_LEN));
	if (!stmt_row(q, e)) {
		if (e->code == ERR_NOT_FOUND)
			err_set(e, ERR_NOT_FOUND, "there is no such token");
		return false;
	}
	bool ok = read_row(st, q, &t, e);
	if (!stmt_finish(q, ok ? e : &late)) {
		store_token_free(&t);
		return false;
	}
	if (ok)
		*ret = t;
	return ok;
}

bool
store_token_list(struct store *st, enum store_token_status status, int64_t now,
    int64_t before_num, int64_t after_num, size_t limit, store_token_each *each,
    void *arg, struct err *e)
{
	bool ok = true;

	if (limit < 1 || limit > STORE_TOKEN_LIST_MAX)
		return err_set(e, ERR_MALFORMED, "limit: 1 to %d",
		    STORE_TOKEN_LIST_MAX);
	struct stmt *q = stmt_begin(store_db(st), &lists[status]);
	stmt_int(q, 1, before_num > 0 ? before_num : INT64_MAX);
	stmt_int(q, 2, now);
	stmt_int(q, 3, (int64_t)limit);
	stmt_int(q, 4, after_num);
	while (ok && stmt_step(q)) {
		struct store_token t;

		ok = read_row(st, q, &t, e);
		if (ok) {
			ok = each(arg, &t, e);
			store_token_free(&t);
		}
	}
	struct err unused; /* 'e' has the cause */
	return stmt_finish(q, ok ? e : &unused) && ok;
}

bool
store_token_newest(struct store *st, int64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &newest_def);

	return store_finish_number(q, ret, e);
}

/* ---- what becomes of it ---- */

bool
store_token_withdraw(struct store *st, const uint8_t key[static TOKEN_KEY_LEN],
    int64_t at, const char *by, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &withdraw_def);

	stmt_bytes(q, 1, bytes_of(key, TOKEN_KEY_LEN));
	stmt_int(q, 2, at);
	stmt_text(q, 3, STORE_TEXT(by));
	return stmt_finish(q, e);
}

static bool
withdraw_all(struct store *st, int64_t at, const char *by, int64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &count_pending_def);

	stmt_int(q, 1, at);
	if (!stmt_row(q, e))
		return false;
	*ret = stmt_col_int(q, 0);
	if (!stmt_finish(q, e))
		return false;
	q = stmt_begin(store_db(st), &withdraw_all_def);
	stmt_int(q, 1, at);
	stmt_text(q, 2, STORE_TEXT(by));
	return stmt_finish(q, e);
}

bool
store_token_withdraw_all(struct store *st, int64_t at, const char *by, int64_t *ret,
    struct err *e)
{
	bool own;

	return store_own_begin(st, &own, e) &&
	       store_own_end(st, own, withdraw_all(st, at, by, ret, e), e);
}

bool
store_token_use(struct store *st, const uint8_t key[static TOKEN_KEY_LEN],
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &use_def);

	stmt_bytes(q, 1, bytes_of(key, TOKEN_KEY_LEN));
	return stmt_finish(q, e);
}
