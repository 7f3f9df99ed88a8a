/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_acme_account.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store_impl.h"

#define COLUMNS                                                                        \
	"SELECT num, id, directory, status, thumbprint, key_hash, key, contact,"       \
	" terms_at, eab_num, eab, created_at, created_from, ended_at, ended_by"        \
	" FROM acme_account"

static const struct stmt_def add_def = {
	"INSERT INTO acme_account (id, directory, status, thumbprint, key, key_hash,"
	" contact, terms_at, eab_num, eab, created_at, created_from)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
	" ON CONFLICT DO NOTHING",
	"add an ACME account"
};
static const struct stmt_def by_id_def = { COLUMNS " WHERE id = $1",
	"find an ACME account" };
static const struct stmt_def by_num_def = { COLUMNS " WHERE num = $1",
	"find an ACME account" };
static const struct stmt_def by_key_def = { COLUMNS
	" WHERE directory = $1 AND thumbprint = $2",
	"find the ACME account of a key" };
static const struct stmt_def has_key_def = {
	"SELECT 1 FROM acme_account WHERE key_hash = $1 LIMIT 1",
	"look whether a key is an ACME account's"
};
static const struct stmt_def contact_def = {
	"UPDATE acme_account SET contact = $2 WHERE num = $1",
	"change an ACME account's contacts"
};
static const struct stmt_def rekey_taken_def = {
	"SELECT 1 FROM acme_account WHERE thumbprint = $2 AND directory ="
	" (SELECT directory FROM acme_account WHERE num = $1)",
	"look whether a key is an ACME account's"
};
static const struct stmt_def rekey_def = {
	"UPDATE acme_account SET thumbprint = $2, key_hash = $3, key = $4"
	" WHERE num = $1",
	"change an ACME account's key"
};
static const struct stmt_def end_def = {
	"UPDATE acme_account SET status = $3, ended_at = $4, ended_by = $5"
	" WHERE num = $1 AND status = $2",
	"end an ACME account"
};
static const struct stmt_def list_def = { COLUMNS
	" WHERE num < $1 AND num >= $6 AND ($2 = '' OR directory = $2)"
	" AND ($3 = 0 OR status = $3) AND ($4 = 0 OR eab_num = $4)"
	" ORDER BY num DESC LIMIT $5",
	"list the ACME accounts" };
/* By its index: the accounts of one key may be far apart. */
static const struct stmt_def list_eab_def = { COLUMNS
	" WHERE eab_num = $4 AND num < $1 AND num >= $6 AND ($2 = '' OR directory = $2)"
	" AND ($3 = 0 OR status = $3) ORDER BY num DESC LIMIT $5",
	"list the ACME accounts of a key" };

static const struct stmt_def newest_def = {
	"SELECT COALESCE(MAX(num), 0) FROM acme_account", "find the newest account"
};

void
store_acme_account_free(struct acme_account *a)
{
	free(a->directory);
	free(a->key);
	free(a->contact);
	free(a->eab);
	free(a->created_from);
	free(a->ended_by);
	*a = (struct acme_account){ 0 };
}

static void
bind_or_null(struct stmt *q, int index, int64_t v)
{
	if (v == 0)
		stmt_null(q, index);
	else
		stmt_int(q, index, v);
}

bool
store_acme_account_add(struct store *st, const struct acme_account *a, int64_t *ret_num,
    struct err *e)
{
	struct stmt *q;

	if (!store_begin(st, e))
		return false;
	q = stmt_begin(store_db(st), &add_def);
	stmt_text(q, 1, a->id);
	stmt_text(q, 2, a->directory);
	stmt_int(q, 3, a->status);
	stmt_bytes(q, 4, bytes_of(a->thumbprint, sizeof(a->thumbprint)));
	stmt_text(q, 5, a->key);
	stmt_bytes(q, 6, bytes_of(a->key_hash, sizeof(a->key_hash)));
	stmt_text(q, 7, a->contact);
	bind_or_null(q, 8, a->terms_at);
	bind_or_null(q, 9, a->eab_num);
	stmt_text(q, 10, STORE_TEXT(a->eab));
	stmt_int(q, 11, a->created_at);
	stmt_text(q, 12, STORE_TEXT(a->created_from));
	if (!stmt_finish_one(q, e))
		return false;
	*ret_num = db_last_id(store_db(st));
	return true;
}

/* 'a' is zero before. */
static bool
read_row(struct stmt *q, struct acme_account *a, struct err *e)
{
	const struct bytes thumbprint = stmt_col_bytes(q, 4);

	if (thumbprint.n != sizeof(a->thumbprint))
		return store_damaged(e, "the thumbprint of an ACME account");
	memcpy(a->thumbprint, thumbprint.p, sizeof(a->thumbprint));
	const struct bytes hash = stmt_col_bytes(q, 5);
	if (hash.n != sizeof(a->key_hash) ||
	    strlen(stmt_col_text(q, 1)) != ACME_ID_LEN - 1)
		return store_damaged(e, "an ACME account");
	memcpy(a->key_hash, hash.p, sizeof(a->key_hash));
	a->num = stmt_col_int(q, 0);
	memcpy(a->id, stmt_col_text(q, 1), ACME_ID_LEN);
	a->directory = mem_strdup(stmt_col_text(q, 2));
	a->status = (enum acme_status)stmt_col_int(q, 3);
	a->key = mem_strdup(stmt_col_text(q, 6));
	a->contact = mem_strdup(stmt_col_text(q, 7));
	a->terms_at = stmt_col_int(q, 8);
	a->eab_num = stmt_col_int(q, 9);
	a->eab = mem_strdup(stmt_col_text(q, 10));
	a->created_at = stmt_col_int(q, 11);
	a->created_from = mem_strdup(stmt_col_text(q, 12));
	a->ended_at = stmt_col_int(q, 13);
	a->ended_by = mem_strdup(stmt_col_text(q, 14));
	return true;
}

static bool
get(struct stmt *q, struct acme_account *ret, struct err *e)
{
	struct acme_account a = { 0 };
	struct err unused; /* 'e' has the cause */

	if (!stmt_row(q, e)) {
		if (e->code == ERR_NOT_FOUND)
			err_set(e, ERR_NOT_FOUND, "there is no such account");
		return false;
	}
	const bool ok = read_row(q, &a, e);
	if (!stmt_finish(q, ok ? e : &unused) || !ok) {
		store_acme_account_free(&a);
		return false;
	}
	*ret = a;
	return true;
}

bool
store_acme_account_by_id(struct store *st, const char *id, struct acme_account *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &by_id_def);

	stmt_text(q, 1, id);
	return get(q, ret, e);
}

bool
store_acme_account_by_num(struct store *st, int64_t num, struct acme_account *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &by_num_def);

	stmt_int(q, 1, num);
	return get(q, ret, e);
}

bool
store_acme_account_by_key(struct store *st, const char *directory,
    const uint8_t thumbprint[static 32], struct acme_account *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &by_key_def);

	stmt_text(q, 1, directory);
	stmt_bytes(q, 2, bytes_of(thumbprint, 32));
	return get(q, ret, e);
}

/* Is there a row? */
static bool
any(struct stmt *q, bool *ret, struct err *e)
{
	const bool there = stmt_step(q);

	if (!stmt_finish(q, e))
		return false;
	*ret = there;
	return true;
}

bool
store_acme_account_has_key(struct store *st, const uint8_t key_hash[static 32],
    bool *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &has_key_def);

	stmt_bytes(q, 1, bytes_of(key_hash, 32));
	return any(q, ret, e);
}

bool
store_acme_account_contact(struct store *st, int64_t num, const char *contact,
    struct err *e)
{
	if (!store_begin(st, e))
		return false;
	struct stmt *q = stmt_begin(store_db(st), &contact_def);
	stmt_int(q, 1, num);
	stmt_text(q, 2, contact);
	return stmt_finish_one(q, e);
}

/* Asked first: a statement that meets a unique index would spoil the transaction. */
bool
store_acme_account_rekey(struct store *st, int64_t num,
    const uint8_t thumbprint[static 32], const uint8_t key_hash[static 32],
    const char *key, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &rekey_taken_def);
	bool taken;

	stmt_int(q, 1, num);
	stmt_bytes(q, 2, bytes_of(thumbprint, 32));
	if (!any(q, &taken, e))
		return false;
	if (taken)
		return err_set(e, ERR_CONFLICT, "an account has this key already");
	if (!store_begin(st, e))
		return false;
	q = stmt_begin(store_db(st), &rekey_def);
	stmt_int(q, 1, num);
	stmt_bytes(q, 2, bytes_of(thumbprint, 32));
	stmt_bytes(q, 3, bytes_of(key_hash, 32));
	stmt_text(q, 4, key);
	return stmt_finish_one(q, e);
}

bool
store_acme_account_end(struct store *st, int64_t num, enum acme_status from,
    enum acme_status to, int64_t at, const char *by, struct err *e)
{
	if (!store_begin(st, e))
		return false;
	struct stmt *q = stmt_begin(store_db(st), &end_def);
	stmt_int(q, 1, num);
	stmt_int(q, 2, from);
	stmt_int(q, 3, to);
	stmt_int(q, 4, at);
	stmt_text(q, 5, by);
	return stmt_finish_one(q, e);
}

bool
store_acme_account_list(struct store *st, const struct acme_account_query *f,
    store_acme_account_each *each, void *arg, struct err *e)
{
	struct stmt *q =
	    stmt_begin(store_db(st), f->eab_num != 0 ? &list_eab_def : &list_def);
	struct err unused; /* 'e' has the cause */
	bool ok = true;

	stmt_int(q, 1, f->before > 0 ? f->before : INT64_MAX);
	stmt_text(q, 2, f->directory != NULL ? f->directory : "");
	stmt_int(q, 3, f->status);
	stmt_int(q, 4, f->eab_num);
	stmt_int(q, 5, (int64_t)f->limit);
	stmt_int(q, 6, f->from);
	while (ok && stmt_step(q)) {
		struct acme_account a = { 0 };

		ok = read_row(q, &a, e) && each(arg, &a, e);
		store_acme_account_free(&a);
	}
	return stmt_finish(q, ok ? e : &unused) && ok;
}

bool
store_acme_account_newest(struct store *st, int64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &newest_def);

	return store_finish_number(q, ret, e);
}
