/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_acme_order.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store_acme_order_impl.h"
#include "store_impl.h"

#define COLUMNS                                                                        \
	"SELECT num, id, account_num, status, profile, profile_asked, created_at,"     \
	" expires_at, not_before, not_after, replaces, error, certificate_id"          \
	" FROM acme_order"

static const struct stmt_def add_def = {
	"INSERT INTO acme_order (id, account_num, status, profile, profile_asked,"
	" created_at, expires_at, not_before, not_after, replaces, error, unproved)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
	"add an order"
};
static const struct stmt_def add_name_def = {
	"INSERT INTO acme_order_name (order_num, position, type, value, authz_num)"
	" VALUES ($1, $2, $3, $4, $5)",
	"add an order's name"
};
static const struct stmt_def name_authz_def = {
	"UPDATE acme_authz SET loose = 0 WHERE num = $1 AND loose = 1",
	"note that an order names an authorization"
};
static const struct stmt_def names_def = {
	"SELECT n.type, n.value, n.authz_num, a.id FROM acme_order_name n"
	" JOIN acme_authz a ON a.num = n.authz_num WHERE n.order_num = $1"
	" ORDER BY n.position",
	"read an order's names"
};
static const struct stmt_def by_id_def = { COLUMNS " WHERE id = $1", "find an order" };
static const struct stmt_def by_num_def = { COLUMNS " WHERE num = $1",
	"find an order" };
static const struct stmt_def by_certificate_def = { COLUMNS
	" WHERE certificate_id = $1 ORDER BY num DESC LIMIT 1",
	"find a certificate's order" };
/* One that has its certificate, or will have, before any that may still end; 2 and 4. */
static const struct stmt_def replacing_def = { COLUMNS
	" WHERE num IN (SELECT num FROM acme_order INDEXED BY acme_order_replaces"
	" WHERE replaces = $1 AND replaces <> '' AND " PROVED
	" UNION ALL SELECT num FROM acme_order INDEXED BY acme_order_open"
	" WHERE account_num = $2 AND " OPEN " AND " PENDING
	" AND replaces = $1 AND replaces <> '')"
	" ORDER BY status IN (2, 4) DESC, expires_at DESC LIMIT 1",
	"find the order that replaces a certificate" };
/* An order whose names share the authorization is there once for each of them. */
static const struct stmt_def waiting_def = {
	"SELECT o.num, o.status, o.profile, o.expires_at FROM acme_order_name n"
	" JOIN acme_order o ON o.num = n.order_num"
	" WHERE n.authz_num = $1 AND o.status IN ($2, $3)"
	" ORDER BY n.order_num DESC LIMIT $4",
	"list the orders that wait for an authorization"
};
static const struct stmt_def move_def = {
	"UPDATE acme_order SET status = $3, error = COALESCE($4, error),"
	" unproved = CASE WHEN $3 = $5 THEN 0 ELSE unproved END"
	" WHERE num = $1 AND status = $2",
	"move an order"
};
/* The life of a finished order is that of its certificate: so long it is kept. */
static const struct stmt_def issued_def = {
	"UPDATE acme_order SET certificate_id = $2, unproved = 0,"
	" status = CASE WHEN status = $4 THEN status ELSE $3 END,"
	" error = CASE WHEN status = $4 THEN error ELSE '' END,"
	" expires_at = COALESCE((SELECT not_after + 1 FROM certificate WHERE id = $2),"
	" expires_at) WHERE id = $1 AND certificate_id IS NULL",
	"finish an order"
};
static const struct stmt_def resume_def = {
	"UPDATE acme_order SET status = $2 WHERE " OPEN
	" AND status = $1 AND certificate_id IS NULL RETURNING num",
	"take up orders that a stop cut off"
};
static const struct stmt_def end_account_def = {
	"UPDATE acme_order SET status = $2, error = $3 WHERE account_num = $1 "
	"AND " OPEN,
	"end an account's orders"
};
void
store_acme_order_free(struct acme_order *o)
{
	free(o->profile);
	free(o->replaces);
	free(o->error);
	for (size_t i = 0; i < o->n_names; i++)
		free(o->names[i].value);
	free(o->names);
	*o = (struct acme_order){ 0 };
}

/* ---- making one ---- */

static void
bind_time(struct stmt *q, int index, int64_t at)
{
	if (at == 0)
		stmt_null(q, index);
	else
		stmt_int(q, index, at);
}

static bool
add_row(struct store *st, const struct acme_order *o, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &add_def);

	stmt_text(q, 1, o->id);
	stmt_int(q, 2, o->account_num);
	stmt_int(q, 3, o->status);
	stmt_text(q, 4, o->profile);
	stmt_int(q, 5, o->profile_asked);
	stmt_int(q, 6, o->created_at);
	stmt_int(q, 7, o->expires_at);
	bind_time(q, 8, o->not_before);
	bind_time(q, 9, o->not_after);
	stmt_text(q, 10, STORE_TEXT(o->replaces));
	stmt_text(q, 11, STORE_TEXT(o->error));
	stmt_int(q, 12, o->status == ACME_PENDING ? (int64_t)o->n_names : 0);
	return stmt_finish_one(q, e);
}

static bool
add_name(struct store *st, int64_t order_num, int64_t position,
    const struct acme_order_name *n, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &add_name_def);

	stmt_int(q, 1, order_num);
	stmt_int(q, 2, position);
	stmt_int(q, 3, n->type);
	stmt_text(q, 4, n->value);
	stmt_int(q, 5, n->authz_num);
	if (!stmt_finish_one(q, e))
		return false;
	q = stmt_begin(store_db(st), &name_authz_def);
	stmt_int(q, 1, n->authz_num);
	return stmt_finish(q, e);
}

static bool
add(struct store *st, const struct acme_order *o, int64_t *ret_num, struct err *e)
{
	if (!add_row(st, o, e))
		return false;
	const int64_t num = db_last_id(store_db(st));
	for (size_t i = 0; i < o->n_names; i++)
		if (!add_name(st, num, (int64_t)i, &o->names[i], e))
			return false;
	*ret_num = num;
	return true;
}

bool
store_acme_order_add(struct store *st, const struct acme_order *o, int64_t *ret_num,
    struct err *e)
{
	bool own;

	return store_own_begin(st, &own, e) &&
	       store_own_end(st, own, add(st, o, ret_num, e), e);
}

/* ---- reading ---- */

static bool
read_names(struct store *st, struct acme_order *o, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &names_def);

	stmt_int(q, 1, o->num);
	while (stmt_step(q)) {
		o->names = mem_grow(o->names, o->n_names + 1, sizeof(*o->names));
		struct acme_order_name *n = &o->names[o->n_names++];
		*n = (struct acme_order_name){
			.type = (enum name_type)stmt_col_int(q, 0),
			.value = mem_strdup(stmt_col_text(q, 1)),
			.authz_num = stmt_col_int(q, 2),
		};
		snprintf(n->authz_id, sizeof(n->authz_id), "%s", stmt_col_text(q, 3));
	}
	return stmt_finish(q, e);
}

static bool
read_row(struct store *st, struct stmt *q, struct acme_order *ret, struct err *e)
{
	struct acme_order o = {
		.num = stmt_col_int(q, 0),
		.account_num = stmt_col_int(q, 2),
		.status = (enum acme_status)stmt_col_int(q, 3),
		.profile_asked = stmt_col_int(q, 5) != 0,
		.created_at = stmt_col_int(q, 6),
		.expires_at = stmt_col_int(q, 7),
		.not_before = stmt_col_int(q, 8),
		.not_after = stmt_col_int(q, 9),
		.certificate_id = stmt_col_int(q, 12),
	};

	if (o.status < ACME_PENDING || o.status > ACME_REVOKED)
		return store_damaged(e, "an order's status");
	snprintf(o.id, sizeof(o.id), "%s", stmt_col_text(q, 1));
	o.profile = mem_strdup(stmt_col_text(q, 4));
	o.replaces = mem_strdup(stmt_col_text(q, 10));
	o.error = mem_strdup(stmt_col_text(q, 11));
	if (!read_names(st, &o, e)) {
		store_acme_order_free(&o);
		return false;
	}
	*ret = o;
	return true;
}

static bool
read_one(struct store *st, struct stmt *q, struct acme_order *ret, struct err *e)
{
	struct acme_order o = { 0 };
	struct err late;

	if (!stmt_row(q, e)) {
		if (e->code == ERR_NOT_FOUND)
			err_set(e, ERR_NOT_FOUND, "there is no such order");
		return false;
	}
	const bool ok = read_row(st, q, &o, e);
	if (!stmt_finish(q, ok ? e : &late)) {
		store_acme_order_free(&o);
		return false;
	}
	if (ok)
		*ret = o;
	return ok;
}

bool
store_acme_order_by_id(struct store *st, const char *id, struct acme_order *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &by_id_def);

	stmt_text(q, 1, id);
	return read_one(st, q, ret, e);
}

bool
store_acme_order_by_num(struct store *st, int64_t num, struct acme_order *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &by_num_def);

	stmt_int(q, 1, num);
	return read_one(st, q, ret, e);
}

bool
store_acme_order_by_certificate(struct store *st, int64_t certificate_id,
    struct acme_order *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &by_certificate_def);

	stmt_int(q, 1, certificate_id);
	return read_one(st, q, ret, e);
}

bool
store_acme_order_replacing(struct store *st, const char *replaces, int64_t account_num,
    struct acme_order *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &replacing_def);

	stmt_text(q, 1, replaces);
	stmt_int(q, 2, account_num);
	return read_one(st, q, ret, e);
}

/* ---- lists ---- */

/* What is open is few. */
#define IS_OPEN " AND num IN (SELECT num FROM acme_order WHERE " OPEN ")"

/* Only what is asked for, so that an index serves it. */
static struct stmt *
begin_list(struct store *st, const struct acme_order_query *l)
{
	struct buf sql;
	int n = 3;

	buf_init(&sql, KIB(2));
	buf_puts(&sql, COLUMNS " WHERE num < $1 AND num >= $3");
	if (l->account_num != 0)
		buf_printf(&sql, " AND account_num = $%d", ++n);
	if (l->status != 0)
		buf_printf(&sql, "%s AND status = $%d",
		    l->status < ACME_VALID    ? IS_OPEN
		    : l->account_num == 0     ? " AND " ENDED
		    : l->status == ACME_VALID ? " AND " NOT_INVALID
					      : "",
		    ++n);
	if (l->not_invalid)
		buf_puts(&sql, " AND " NOT_INVALID);
	if (l->name != NULL)
		buf_printf(&sql,
		    " AND num IN (SELECT order_num FROM acme_order_name WHERE"
		    " value = $%d)",
		    ++n);
	buf_puts(&sql, " ORDER BY num DESC LIMIT $2");
	struct stmt *q = stmt_begin_sql(store_db(st), buf_str(&sql), "list the orders");
	buf_free(&sql);
	return q;
}

static void
bind_list(struct stmt *q, const struct acme_order_query *l)
{
	int n = 3;

	stmt_int(q, 1, l->before > 0 ? l->before : INT64_MAX);
	stmt_int(q, 2, (int64_t)l->limit);
	stmt_int(q, 3, l->from);
	if (l->account_num != 0)
		stmt_int(q, ++n, l->account_num);
	if (l->status != 0)
		stmt_int(q, ++n, l->status);
	if (l->name != NULL)
		stmt_text(q, ++n, l->name);
}

bool
store_acme_order_list(struct store *st, const struct acme_order_query *l,
    store_acme_order_each *each, void *arg, struct err *e)
{
	struct stmt *q = begin_list(st, l);
	struct err unused; /* 'e' has the cause */
	bool ok = true;

	bind_list(q, l);
	while (ok && stmt_step(q)) {
		struct acme_order o;

		ok = read_row(st, q, &o, e);
		if (ok) {
			ok = each(arg, &o, e);
			store_acme_order_free(&o);
		}
	}
	return stmt_finish(q, ok ? e : &unused) && ok;
}

bool
store_acme_order_newest(struct store *st, int64_t *ret, struct err *e)
{
	static const struct stmt_def newest_def = {
		"SELECT COALESCE(MAX(num), 0) FROM acme_order", "find the newest order"
	};
	struct stmt *q = stmt_begin(store_db(st), &newest_def);

	return store_finish_number(q, ret, e);
}

bool
store_acme_order_waiting(struct store *st, int64_t authz_num, size_t limit,
    store_acme_order_each *each, void *arg, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &waiting_def);
	struct err unused; /* 'e' has the cause */
	int64_t last = 0;
	bool ok = true;

	stmt_int(q, 1, authz_num);
	stmt_int(q, 2, ACME_PENDING);
	stmt_int(q, 3, ACME_READY);
	stmt_int(q, 4, (int64_t)limit);
	while (ok && stmt_step(q)) {
		struct acme_order o = {
			.num = stmt_col_int(q, 0),
			.status = (enum acme_status)stmt_col_int(q, 1),
			.expires_at = stmt_col_int(q, 3),
		};

		if (o.num == last)
			continue;
		last = o.num;
		o.profile = mem_strdup(stmt_col_text(q, 2));
		ok = each(arg, &o, e);
		store_acme_order_free(&o);
	}
	return stmt_finish(q, ok ? e : &unused) && ok;
}

/* ---- what becomes of it ---- */

bool
store_acme_order_move(struct store *st, int64_t num, enum acme_status from,
    enum acme_status to, const char *error, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &move_def);

	stmt_int(q, 1, num);
	stmt_int(q, 2, from);
	stmt_int(q, 3, to);
	stmt_text(q, 4, error);
	stmt_int(q, 5, ACME_READY);
	return stmt_finish_one(q, e);
}

bool
store_acme_order_issued(struct store *st, const char *id, int64_t certificate_id,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &issued_def);

	stmt_text(q, 1, id);
	stmt_int(q, 2, certificate_id);
	stmt_int(q, 3, ACME_VALID);
	stmt_int(q, 4, ACME_INVALID);
	return stmt_finish(q, e);
}

bool
store_acme_order_end_account(struct store *st, int64_t account_num, const char *error,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &end_account_def);

	stmt_int(q, 1, account_num);
	stmt_int(q, 2, ACME_INVALID);
	stmt_text(q, 3, STORE_TEXT(error));
	return stmt_finish(q, e);
}

bool
store_acme_order_resume(struct store *st, int64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &resume_def);
	int64_t n = 0;

	stmt_int(q, 1, ACME_PROCESSING);
	stmt_int(q, 2, ACME_READY);
	if (!store_finish_counted(q, &n, e))
		return false;
	*ret = n;
	return true;
}
