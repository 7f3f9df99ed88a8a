/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_once.h"

#include <string.h>

#include "store_impl.h"

static const struct stmt_def put_def = {
	"INSERT INTO once (key, request, serial, at) VALUES ($1, $2, $3, $4)"
	" ON CONFLICT (key) DO UPDATE SET request = excluded.request,"
	" serial = excluded.serial, at = excluded.at",
	"remember an answer"
};
/* A few at a time: whoever comes pays for no more than about what came before. */
static const struct stmt_def drop_def = {
	"DELETE FROM once WHERE key IN (SELECT key FROM once WHERE at < $1 LIMIT 8)",
	"forget old answers"
};
static const struct stmt_def get_def = {
	"SELECT request, serial, at FROM once WHERE key = $1 AND at >= $2",
	"recall an answer"
};

bool
store_once_put(struct store *st, const struct store_once *o, int64_t since,
    struct err *e)
{
	if (!store_begin(st, e))
		return false;
	struct stmt *q = stmt_begin(store_db(st), &drop_def);
	stmt_int(q, 1, since);
	if (!stmt_finish(q, e))
		return false;
	q = stmt_begin(store_db(st), &put_def);
	stmt_bytes(q, 1, bytes_of(o->key, sizeof(o->key)));
	stmt_bytes(q, 2, bytes_of(o->request, sizeof(o->request)));
	stmt_bytes(q, 3, serial_bytes(&o->serial));
	stmt_int(q, 4, o->at);
	return stmt_finish_one(q, e);
}

bool
store_once_get(struct store *st, const uint8_t key[static STORE_ONCE_HASH],
    int64_t since, struct store_once *ret, struct err *e)
{
	struct store_once o = { 0 };
	struct stmt *q = stmt_begin(store_db(st), &get_def);

	stmt_bytes(q, 1, bytes_of(key, STORE_ONCE_HASH));
	stmt_int(q, 2, since);
	if (!stmt_row(q, e))
		return false;
	const struct bytes request = stmt_col_bytes(q, 0);
	bool ok = request.n == sizeof(o.request) &&
		  serial_from_bytes(stmt_col_bytes(q, 1), &o.serial, e);
	if (ok) {
		memcpy(o.key, key, sizeof(o.key));
		memcpy(o.request, request.p, sizeof(o.request));
		o.at = stmt_col_int(q, 2);
	}
	struct err ignored;
	ok = stmt_finish(q, ok ? e : &ignored) && ok;
	if (ok)
		*ret = o;
	return ok;
}
