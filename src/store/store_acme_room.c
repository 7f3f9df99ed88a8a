/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_acme_room.h"

#include "store_acme_order_impl.h"
#include "store_impl.h"

static const struct stmt_def open_def = {
	"SELECT"
	" COALESCE(sum(CASE WHEN expires_at <= $2 THEN 0 WHEN " PENDING
	" THEN unproved ELSE 1 END), 0),"
	" COALESCE(sum(CASE WHEN expires_at <= $2 AND created_at > $3"
	" THEN unproved ELSE 0 END), 0)"
	" FROM acme_order INDEXED BY acme_order_open WHERE account_num = $1 AND " OPEN,
	"count an account's open orders"
};
static const struct stmt_def vain_def = {
	"SELECT COALESCE(sum(unproved), 0) FROM acme_order INDEXED BY acme_order_vain"
	" WHERE account_num = $1 AND created_at > $2 AND status = 5 AND unproved > 0",
	"count an account's orders that ended unproved"
};
_Static_assert(ACME_PENDING == 1, "the number here and in sql/");
static const struct stmt_def loose_def = {
	"SELECT count(*) FROM acme_authz INDEXED BY acme_authz_loose"
	" WHERE account_num = $1 AND status = 1 AND loose = 1 AND expires_at > $2",
	"count an account's authorizations that no order names"
};
static const struct stmt_def all_def = {
	"SELECT num FROM meta WHERE key = 'acme-unproved'",
	"count what all accounts hold without proof"
};
static const struct stmt_def proved_def = {
	"SELECT EXISTS (SELECT 1 FROM acme_order INDEXED BY acme_order_live"
	" WHERE account_num = $1 AND " PROVED ")",
	"look whether an account has proved anything"
};

bool
store_acme_room_open(struct store *st, int64_t account_num, int64_t now, int64_t since,
    struct store_acme_open *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &open_def);

	stmt_int(q, 1, account_num);
	stmt_int(q, 2, now);
	stmt_int(q, 3, since);
	if (!stmt_row(q, e))
		return false;
	const struct store_acme_open o = { stmt_col_int(q, 0), stmt_col_int(q, 1) };
	if (!stmt_finish(q, e))
		return false;
	*ret = o;
	return true;
}

bool
store_acme_room_vain(struct store *st, int64_t account_num, int64_t since, int64_t *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &vain_def);

	stmt_int(q, 1, account_num);
	stmt_int(q, 2, since);
	return store_finish_number(q, ret, e);
}

bool
store_acme_room_loose(struct store *st, int64_t account_num, int64_t now, int64_t *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &loose_def);

	stmt_int(q, 1, account_num);
	stmt_int(q, 2, now);
	return store_finish_number(q, ret, e);
}

bool
store_acme_room_all(struct store *st, int64_t *ret, struct err *e)
{
	return store_finish_number(stmt_begin(store_db(st), &all_def), ret, e);
}

bool
store_acme_room_proved(struct store *st, int64_t account_num, bool *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &proved_def);
	int64_t n;

	stmt_int(q, 1, account_num);
	if (!store_finish_number(q, &n, e))
		return false;
	*ret = n != 0;
	return true;
}
