/* SPDX-License-Identifier: Apache-2.0 */
/* Authorizations that time ends, and those that nobody needs any more. */
#include "store/store_acme_authz.h"
#include "store_impl.h"

static const struct stmt_def expire_def = {
	"UPDATE acme_authz SET status = $3 WHERE num IN"
	" (SELECT num FROM acme_authz WHERE status = $1 AND expires_at <= $2"
	" ORDER BY expires_at LIMIT $4) RETURNING num",
	"end authorizations past their time"
};
static const struct stmt_def window_def = {
	"SELECT COALESCE(max(num), 0) FROM (SELECT num FROM acme_authz WHERE num > $1"
	" ORDER BY num LIMIT $2) AS w",
	"look for old authorizations"
};
static const struct stmt_def remove_def = {
	"DELETE FROM acme_authz WHERE num > $1 AND num <= $2 AND expires_at < $3"
	" AND status <> $4 AND status <> $5 AND NOT EXISTS"
	" (SELECT 1 FROM acme_order_name n WHERE n.authz_num = acme_authz.num)"
	" RETURNING num",
	"remove old authorizations"
};

static bool
expire(struct store *st, enum acme_status from, int64_t now, int64_t limit, int64_t *n,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &expire_def);

	stmt_int(q, 1, from);
	stmt_int(q, 2, now);
	stmt_int(q, 3, ACME_EXPIRED);
	stmt_int(q, 4, limit);
	return store_finish_counted(q, n, e);
}

/* The next rows after the cursor, whatever they are: so much is looked at in one step. */
static bool
next_window(struct store *st, int64_t after, int64_t limit, int64_t *ret_last,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &window_def);

	stmt_int(q, 1, after);
	stmt_int(q, 2, limit);
	if (!stmt_row(q, e))
		return false;
	const int64_t last = stmt_col_int(q, 0);
	if (!stmt_finish(q, e))
		return false;
	*ret_last = last;
	return true;
}

static bool
remove_old(struct store *st, int64_t gone_before, int64_t limit, int64_t *cursor,
    int64_t *n, struct err *e)
{
	int64_t last;

	if (!next_window(st, *cursor, limit, &last, e))
		return false;
	struct stmt *q = stmt_begin(store_db(st), &remove_def);
	stmt_int(q, 1, *cursor);
	stmt_int(q, 2, last);
	stmt_int(q, 3, gone_before);
	stmt_int(q, 4, ACME_PENDING);
	stmt_int(q, 5, ACME_VALID);
	*cursor = last; /* 0 behind the last row: from the beginning again */
	return store_finish_counted(q, n, e);
}

bool
store_acme_authz_sweep(struct store *st, int64_t now, int64_t gone_before, size_t limit,
    int64_t *cursor, int64_t *ret_n, struct err *e)
{
	int64_t n = 0, at = *cursor;
	const int64_t most = (int64_t)limit;
	bool own;

	if (!store_own_begin(st, &own, e))
		return false;
	const bool ok = expire(st, ACME_PENDING, now, most, &n, e) &&
			expire(st, ACME_VALID, now, most - n, &n, e) &&
			remove_old(st, gone_before, most, &at, &n, e) &&
			store_acme_attempt_sweep(st, gone_before, most, &n, e);
	if (!store_own_end(st, own, ok, e))
		return false;
	*cursor = at;
	*ret_n = n;
	return true;
}
