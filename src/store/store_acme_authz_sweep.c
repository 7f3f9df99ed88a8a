/* SPDX-License-Identifier: Apache-2.0 */
/* Authorizations that time ends, and those that nobody needs any more. */
#include "store/store_acme_authz.h"
#include "store_impl.h"

static const struct stmt_def expire_def = {
	"UPDATE acme_authz SET status = $6 WHERE num > $1 AND num <= $2"
	" AND expires_at <= $3 AND status IN ($4, $5) RETURNING num",
	"end authorizations past their time"
};
static const struct stmt_def window_def = {
	"SELECT COALESCE(max(num), 0) FROM (SELECT num FROM acme_authz WHERE num > $1"
	" ORDER BY num LIMIT $2) AS w",
	"look for old authorizations"
};
/*
 * One that was proved and that no order names goes as soon as it is valid no more; but
 * what nobody ever proved or ordered is shown to its client for a while, as it counts.
 */
static const struct stmt_def remove_def = {
	"DELETE FROM acme_authz WHERE num > $1 AND num <= $2 AND status <> $4"
	" AND (loose = 0 OR expires_at < $3) AND NOT EXISTS"
	" (SELECT 1 FROM acme_order_name n WHERE n.authz_num = acme_authz.num)"
	" RETURNING num",
	"remove old authorizations"
};

bool
store_window(struct store *st, const struct stmt_def *def, int64_t after, int64_t limit,
    int64_t *ret_last, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), def);

	stmt_int(q, 1, after);
	stmt_int(q, 2, limit);
	return store_finish_number(q, ret_last, e);
}

/* Nothing depends on it: who reads a row looks at its time, too. */
static bool
expire(struct store *st, int64_t after, int64_t last, int64_t now, int64_t *n,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &expire_def);

	stmt_int(q, 1, after);
	stmt_int(q, 2, last);
	stmt_int(q, 3, now);
	stmt_int(q, 4, ACME_PENDING);
	stmt_int(q, 5, ACME_VALID);
	stmt_int(q, 6, ACME_EXPIRED);
	return store_finish_counted(q, n, e);
}

static bool
remove_old(struct store *st, int64_t after, int64_t last, int64_t vain_before,
    int64_t *n, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &remove_def);

	stmt_int(q, 1, after);
	stmt_int(q, 2, last);
	stmt_int(q, 3, vain_before);
	stmt_int(q, 4, ACME_VALID);
	return store_finish_counted(q, n, e);
}

/* The next rows after the cursor, whatever they are: so much is looked at in one step. */
static bool
sweep(struct store *st, int64_t now, int64_t vain_before, int64_t limit,
    int64_t *cursor, int64_t *n, struct err *e)
{
	int64_t last;

	if (!store_window(st, &window_def, *cursor, limit, &last, e) ||
	    !expire(st, *cursor, last, now, n, e) ||
	    !remove_old(st, *cursor, last, vain_before, n, e))
		return false;
	*cursor = last; /* 0 behind the last row: from the beginning again */
	return true;
}

bool
store_acme_authz_sweep(struct store *st, int64_t now, int64_t gone_before,
    int64_t vain_before, size_t limit, int64_t *cursor, int64_t *ret_n, struct err *e)
{
	int64_t n = 0, at = *cursor;
	const int64_t most = (int64_t)limit;
	bool own;

	if (!store_own_begin(st, &own, e))
		return false;
	const bool ok = sweep(st, now, vain_before, most, &at, &n, e) &&
			store_acme_attempt_sweep(st, gone_before, most, &n, e);
	if (!store_own_end(st, own, ok, e))
		return false;
	*cursor = at;
	*ret_n = n;
	return true;
}
