/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that retention takes out.  How many, up to which id and from which time is
 * kept, so that what somebody else took out is still seen (store_compare.h).
 */
#include "store/store_audit.h"
#include "store_impl.h"

#define NOT_NEWEST " AND id < (SELECT MAX(id) FROM audit)" /* ids are not used twice */

static const struct stmt_def refusals_def = {
	"DELETE FROM audit WHERE id IN (SELECT id FROM audit"
	" WHERE kind = $1 AND at < $2" NOT_NEWEST " ORDER BY at LIMIT $3) RETURNING id",
	"take old refusals out of the audit"
};
static const struct stmt_def all_def = {
	"DELETE FROM audit WHERE id IN (SELECT id FROM audit"
	" WHERE at < $1" NOT_NEWEST " ORDER BY at LIMIT $2) RETURNING id",
	"take old rows out of the audit"
};
static const struct stmt_def read_def = { "SELECT num FROM meta WHERE key = $1",
	"read what was taken out of the audit" };
static const struct stmt_def write_def = {
	"INSERT INTO meta (key, num) VALUES ($1, $2)"
	" ON CONFLICT (key) DO UPDATE SET num = excluded.num",
	"note what was taken out of the audit"
};

#define KEY_ROWS   "audit-pruned-rows"
#define KEY_LAST   "audit-pruned-id"
#define KEY_BEFORE "audit-pruned-before"

/* 0 where it was never written. */
static bool
read_number(struct store *st, const char *key, int64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &read_def);

	stmt_text(q, 1, key);
	*ret = stmt_step(q) ? stmt_col_int(q, 0) : 0;
	return stmt_finish(q, e);
}

static bool
write_number(struct store *st, const char *key, int64_t n, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &write_def);

	stmt_text(q, 1, key);
	stmt_int(q, 2, n);
	return stmt_finish(q, e);
}

bool
store_audit_pruned(struct store *st, struct audit_pruned *ret, struct err *e)
{
	struct audit_pruned p;

	if (!read_number(st, KEY_ROWS, &p.rows, e) ||
	    !read_number(st, KEY_LAST, &p.last_id, e) ||
	    !read_number(st, KEY_BEFORE, &p.before, e))
		return false;
	*ret = p;
	return true;
}

bool
store_audit_pruned_set(struct store *st, int64_t before, struct err *e)
{
	bool own;

	return store_own_begin(st, &own, e) &&
	       store_own_end(st, own, write_number(st, KEY_BEFORE, before, e), e);
}

/* Runs a DELETE whose values are bound. */
static bool
take_out(struct stmt *q, struct audit_pruned *p, size_t *n, struct err *e)
{
	while (stmt_step(q)) {
		const int64_t id = stmt_col_int(q, 0);

		p->last_id = id > p->last_id ? id : p->last_id;
		p->rows++;
		(*n)++;
	}
	return stmt_finish(q, e);
}

static bool
prune_refusals(struct store *st, enum audit_kind kind, int64_t before, size_t most,
    struct audit_pruned *p, size_t *n, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &refusals_def);

	stmt_int(q, 1, kind);
	stmt_int(q, 2, before);
	stmt_int(q, 3, (int64_t)most);
	return take_out(q, p, n, e);
}

static bool
prune_all(struct store *st, int64_t before, size_t most, struct audit_pruned *p,
    size_t *n, struct err *e)
{
	const size_t was = *n;
	struct stmt *q = stmt_begin(store_db(st), &all_def);

	stmt_int(q, 1, before);
	stmt_int(q, 2, (int64_t)most);
	if (!take_out(q, p, n, e))
		return false;
	if (*n > was && before > p->before)
		p->before = before;
	return true;
}

static bool
prune(struct store *st, int64_t refusals_before, int64_t before, size_t most,
    size_t *ret, struct err *e)
{
	struct audit_pruned p;
	size_t n = 0;

	if (!store_audit_pruned(st, &p, e) ||
	    !prune_refusals(st, AUDIT_REFUSED, refusals_before, most, &p, &n, e) ||
	    !prune_refusals(st, AUDIT_DROPPED, refusals_before, most, &p, &n, e) ||
	    !prune_all(st, before, most, &p, &n, e))
		return false;
	if (n > 0 && (!write_number(st, KEY_ROWS, p.rows, e) ||
			 !write_number(st, KEY_LAST, p.last_id, e) ||
			 !write_number(st, KEY_BEFORE, p.before, e)))
		return false;
	*ret = n;
	return true;
}

bool
store_audit_prune(struct store *st, int64_t refusals_before, int64_t before,
    size_t most, size_t *ret, struct err *e)
{
	bool own;

	return store_own_begin(st, &own, e) &&
	       store_own_end(st, own, prune(st, refusals_before, before, most, ret, e),
		   e);
}
