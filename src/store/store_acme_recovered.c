/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_acme_recovered.h"

#include "policy/acme_state.h"
#include "store/store_acme_eab.h"
#include "store_impl.h"

static const struct stmt_def end_def = {
	"UPDATE acme_authz SET status = $3 WHERE status IN ($1, $2) RETURNING num",
	"end all authorizations"
};
static const struct stmt_def count_def = {
	"SELECT count(*) FROM acme_account WHERE status = $1",
	"count the valid ACME accounts"
};

static bool
end_authorizations(struct store *st, int64_t *n, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &end_def);

	stmt_int(q, 1, ACME_PENDING);
	stmt_int(q, 2, ACME_VALID);
	stmt_int(q, 3, ACME_DEACTIVATED);
	return store_finish_counted(q, n, e);
}

static bool
count_accounts(struct store *st, int64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &count_def);

	stmt_int(q, 1, ACME_VALID);
	return store_finish_number(q, ret, e);
}

bool
store_acme_recovered(struct store *st, int64_t now, struct store_acme_recovered *ret,
    struct err *e)
{
	struct store_acme_recovered r = { 0 };
	bool own;

	if (!store_own_begin(st, &own, e))
		return false;
	const bool ok = store_acme_eab_expire_all(st, now, &r.keys, e) &&
			end_authorizations(st, &r.authorizations, e) &&
			count_accounts(st, &r.accounts, e);
	if (!store_own_end(st, own, ok, e))
		return false;
	*ret = r;
	return true;
}
