/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_renewal.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store_impl.h"

static const struct stmt_def put_def = {
	"INSERT INTO renewal (certificate_id, start_at, end_at, ordered_at, ordered_by,"
	" reason) VALUES ($1, $2, $3, $4, $5, $6)"
	" ON CONFLICT (certificate_id) DO UPDATE SET start_at = excluded.start_at,"
	" end_at = excluded.end_at, ordered_at = excluded.ordered_at,"
	" ordered_by = excluded.ordered_by, reason = excluded.reason",
	"order a renewal"
};
static const struct stmt_def get_def = {
	"SELECT start_at, end_at, ordered_at, ordered_by, reason FROM renewal"
	" WHERE certificate_id = $1",
	"find an ordered renewal"
};

void
store_renewal_free(struct renewal *r)
{
	free(r->ordered_by);
	free(r->reason);
	*r = (struct renewal){ 0 };
}

bool
store_renewal_put(struct store *st, const struct renewal *r, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &put_def);

	stmt_int(q, 1, r->certificate_id);
	stmt_int(q, 2, r->start_at);
	stmt_int(q, 3, r->end_at);
	stmt_int(q, 4, r->ordered_at);
	stmt_text(q, 5, STORE_TEXT(r->ordered_by));
	stmt_text(q, 6, STORE_TEXT(r->reason));
	return stmt_finish_one(q, e);
}

bool
store_renewal_get(struct store *st, int64_t certificate_id, struct renewal *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &get_def);

	stmt_int(q, 1, certificate_id);
	if (!stmt_row(q, e))
		return false;
	struct renewal r = {
		.certificate_id = certificate_id,
		.start_at = stmt_col_int(q, 0),
		.end_at = stmt_col_int(q, 1),
		.ordered_at = stmt_col_int(q, 2),
		.ordered_by = mem_strdup(stmt_col_text(q, 3)),
		.reason = mem_strdup(stmt_col_text(q, 4)),
	};
	if (!stmt_finish(q, e)) {
		store_renewal_free(&r);
		return false;
	}
	*ret = r;
	return true;
}
