/* SPDX-License-Identifier: Apache-2.0 */
/* Orders that time ends, and those that nobody asks for any more. */
#include "store_acme_order_impl.h"
#include "store_impl.h"

static const struct stmt_def window_def = {
	"SELECT COALESCE(max(num), 0) FROM (SELECT num FROM acme_order WHERE num > $1"
	" ORDER BY num LIMIT $2) AS w",
	"look for old orders"
};
static const struct stmt_def expire_def = {
	"UPDATE acme_order SET status = $4, error = $5 WHERE num > $1 AND num <= $2"
	" AND expires_at <= $3 AND status IN ($6, $7) RETURNING num",
	"end orders past their time"
};
static const struct stmt_def remove_def = {
	"DELETE FROM acme_order WHERE num > $1 AND num <= $2"
	" AND expires_at < CASE WHEN unproved > 0 THEN $4 ELSE $3 END"
	" AND " ENDED " RETURNING num",
	"remove old orders"
};

/* Nothing depends on it: who reads or counts orders looks at their time, too. */
static bool
expire(struct store *st, int64_t after, int64_t last, int64_t now, const char *error,
    int64_t *n, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &expire_def);

	stmt_int(q, 1, after);
	stmt_int(q, 2, last);
	stmt_int(q, 3, now);
	stmt_int(q, 4, ACME_INVALID);
	stmt_text(q, 5, STORE_TEXT(error));
	stmt_int(q, 6, ACME_PENDING);
	stmt_int(q, 7, ACME_READY);
	return store_finish_counted(q, n, e);
}

static bool
remove_old(struct store *st, int64_t after, int64_t last, int64_t gone_before,
    int64_t vain_before, int64_t *n, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &remove_def);

	stmt_int(q, 1, after);
	stmt_int(q, 2, last);
	stmt_int(q, 3, gone_before);
	stmt_int(q, 4, vain_before);
	return store_finish_counted(q, n, e);
}

/* The next rows after the cursor, whatever they are: so much is looked at in one step. */
bool
store_acme_order_sweep(struct store *st, int64_t now, int64_t gone_before,
    int64_t vain_before, const char *error, size_t limit, int64_t *cursor,
    int64_t *ret_n, struct err *e)
{
	int64_t n = 0, last;
	bool own;

	if (!store_own_begin(st, &own, e))
		return false;
	const bool ok =
	    store_window(st, &window_def, *cursor, (int64_t)limit, &last, e) &&
	    expire(st, *cursor, last, now, error, &n, e) &&
	    remove_old(st, *cursor, last, gone_before, vain_before, &n, e);
	if (!store_own_end(st, own, ok, e))
		return false;
	*cursor = last; /* 0 behind the last row: from the beginning again */
	*ret_n = n;
	return true;
}
