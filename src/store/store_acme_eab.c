/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_acme_eab.h"

#include <stdlib.h>

#include "base/mem.h"
#include "policy/acme_state.h"
#include "store_impl.h"

#define COLUMNS                                                                        \
	"SELECT num, kid, directory, names, accounts_max, accounts_n,"                 \
	" certificates_max, certificates_n, expires_at, ends_at, created_at,"          \
	" created_by, request_id, revoked_at, revoked_by FROM acme_eab"
#define OPEN "revoked_at IS NULL AND expires_at > $1 AND accounts_n < accounts_max"

static const struct stmt_def add_def = {
	"INSERT INTO acme_eab (kid, directory, names, accounts_max, certificates_max,"
	" expires_at, ends_at, created_at, created_by, request_id)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
	"add an external account key"
};
static const struct stmt_def by_kid_def = { COLUMNS " WHERE kid = $1",
	"find an external account key" };
static const struct stmt_def by_num_def = { COLUMNS " WHERE num = $1",
	"find an external account key by number" };
static const struct stmt_def bind_def = {
	"UPDATE acme_eab SET accounts_n = accounts_n + 1"
	" WHERE num = $1 AND accounts_n < accounts_max AND revoked_at IS NULL",
	"bind an account"
};
/* By the index over the open orders, which are few; "status < 4" is what chooses it. */
static const struct stmt_def under_way_def = {
	"SELECT count(*) FROM acme_order o JOIN acme_account a ON a.num = o.account_num"
	" WHERE o.status = $2 AND o.status < 4 AND a.eab_num = $1",
	"count an external account's certificates to come"
};
static const struct stmt_def count_def = {
	"UPDATE acme_eab SET certificates_n = certificates_n + 1 WHERE num = $1",
	"count a bound account's certificate"
};
static const struct stmt_def revoke_def = {
	"UPDATE acme_eab SET revoked_at = $2, revoked_by = $3"
	" WHERE num = $1 AND revoked_at IS NULL",
	"revoke an external account key"
};
static const struct stmt_def expire_def = {
	"UPDATE acme_eab SET expires_at = $2 WHERE num = $1 AND expires_at > $2",
	"end an external account key"
};
static const struct stmt_def count_open_def = { "SELECT count(*) FROM acme_eab"
						" WHERE " OPEN,
	"count the open external account keys" };
static const struct stmt_def expire_all_def = {
	"UPDATE acme_eab SET expires_at = $1 WHERE " OPEN,
	"end the open external account keys"
};
static const struct stmt_def list_def = { COLUMNS
	" WHERE num < $1 ORDER BY num DESC LIMIT $2",
	"list the external account keys" };

void
store_acme_eab_free(struct acme_eab *k)
{
	free(k->kid);
	free(k->directory);
	free(k->names);
	free(k->created_by);
	free(k->request_id);
	free(k->revoked_by);
	*k = (struct acme_eab){ 0 };
}

enum acme_eab_status
store_acme_eab_status(const struct acme_eab *k, int64_t now)
{
	if (k->revoked_at != 0)
		return ACME_EAB_REVOKED;
	if (k->ends_at != 0 && now >= k->ends_at)
		return ACME_EAB_ENDED;
	if (k->certificates_max != 0 && k->certificates_n >= k->certificates_max)
		return ACME_EAB_SPENT;
	if (k->accounts_n >= k->accounts_max)
		return ACME_EAB_BOUND;
	return now >= k->expires_at ? ACME_EAB_EXPIRED : ACME_EAB_OPEN;
}

const char *
store_acme_eab_status_word(enum acme_eab_status s)
{
	static const char *const words[] = {
		[ACME_EAB_OPEN] = "open",
		[ACME_EAB_EXPIRED] = "expired",
		[ACME_EAB_BOUND] = "bound",
		[ACME_EAB_SPENT] = "spent",
		[ACME_EAB_ENDED] = "ended",
		[ACME_EAB_REVOKED] = "revoked",
	};

	return words[s];
}

bool
store_acme_eab_add(struct store *st, const struct acme_eab *k, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &add_def);

	stmt_text(q, 1, k->kid);
	stmt_text(q, 2, k->directory);
	stmt_text(q, 3, k->names != NULL ? k->names : "[]");
	stmt_int(q, 4, k->accounts_max);
	stmt_int(q, 5, k->certificates_max);
	stmt_int(q, 6, k->expires_at);
	stmt_int(q, 7, k->ends_at);
	stmt_int(q, 8, k->created_at);
	stmt_text(q, 9, STORE_TEXT(k->created_by));
	stmt_text(q, 10, STORE_TEXT(k->request_id));
	return stmt_finish_one(q, e);
}

static void
read_row(struct stmt *q, struct acme_eab *ret)
{
	*ret = (struct acme_eab){
		.num = stmt_col_int(q, 0),
		.kid = mem_strdup(stmt_col_text(q, 1)),
		.directory = mem_strdup(stmt_col_text(q, 2)),
		.names = mem_strdup(stmt_col_text(q, 3)),
		.accounts_max = stmt_col_int(q, 4),
		.accounts_n = stmt_col_int(q, 5),
		.certificates_max = stmt_col_int(q, 6),
		.certificates_n = stmt_col_int(q, 7),
		.expires_at = stmt_col_int(q, 8),
		.ends_at = stmt_col_int(q, 9),
		.created_at = stmt_col_int(q, 10),
		.created_by = mem_strdup(stmt_col_text(q, 11)),
		.request_id = mem_strdup(stmt_col_text(q, 12)),
		.revoked_at = stmt_col_int(q, 13),
		.revoked_by = mem_strdup(stmt_col_text(q, 14)),
	};
}

static bool
get(struct stmt *q, struct acme_eab *ret, struct err *e)
{
	struct acme_eab k;

	if (!stmt_row(q, e)) {
		if (e->code == ERR_NOT_FOUND)
			err_set(e, ERR_NOT_FOUND,
			    "there is no such external account key");
		return false;
	}
	read_row(q, &k);
	if (!stmt_finish(q, e)) {
		store_acme_eab_free(&k);
		return false;
	}
	*ret = k;
	return true;
}

bool
store_acme_eab_by_kid(struct store *st, const char *kid, struct acme_eab *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &by_kid_def);

	stmt_text(q, 1, kid);
	return get(q, ret, e);
}

bool
store_acme_eab_by_num(struct store *st, int64_t num, struct acme_eab *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &by_num_def);

	stmt_int(q, 1, num);
	return get(q, ret, e);
}

bool
store_acme_eab_bind(struct store *st, int64_t num, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &bind_def);

	stmt_int(q, 1, num);
	return stmt_finish_one(q, e);
}

bool
store_acme_eab_count(struct store *st, int64_t num, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &count_def);

	stmt_int(q, 1, num);
	return stmt_finish(q, e);
}

bool
store_acme_eab_under_way(struct store *st, int64_t num, int64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &under_way_def);

	stmt_int(q, 1, num);
	stmt_int(q, 2, ACME_PROCESSING);
	return store_finish_number(q, ret, e);
}

bool
store_acme_eab_revoke(struct store *st, int64_t num, int64_t at, const char *by,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &revoke_def);

	stmt_int(q, 1, num);
	stmt_int(q, 2, at);
	stmt_text(q, 3, STORE_TEXT(by));
	return stmt_finish(q, e);
}

bool
store_acme_eab_expire(struct store *st, int64_t num, int64_t at, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &expire_def);

	stmt_int(q, 1, num);
	stmt_int(q, 2, at);
	return stmt_finish(q, e);
}

static bool
expire_all(struct store *st, int64_t at, int64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &count_open_def);

	stmt_int(q, 1, at);
	if (!stmt_row(q, e))
		return false;
	*ret = stmt_col_int(q, 0);
	if (!stmt_finish(q, e))
		return false;
	q = stmt_begin(store_db(st), &expire_all_def);
	stmt_int(q, 1, at);
	return stmt_finish(q, e);
}

bool
store_acme_eab_expire_all(struct store *st, int64_t at, int64_t *ret, struct err *e)
{
	bool own;

	return store_own_begin(st, &own, e) &&
	       store_own_end(st, own, expire_all(st, at, ret, e), e);
}

bool
store_acme_eab_list(struct store *st, int64_t before, size_t limit,
    store_acme_eab_each *each, void *arg, struct err *e)
{
	bool ok = true;

	if (limit < 1 || limit > STORE_ACME_EAB_LIST_MAX)
		return err_set(e, ERR_MALFORMED, "limit: 1 to %d",
		    STORE_ACME_EAB_LIST_MAX);
	struct stmt *q = stmt_begin(store_db(st), &list_def);
	stmt_int(q, 1, before > 0 ? before : INT64_MAX);
	stmt_int(q, 2, (int64_t)limit);
	while (ok && stmt_step(q)) {
		struct acme_eab k;

		read_row(q, &k);
		ok = each(arg, &k, e);
		store_acme_eab_free(&k);
	}
	struct err unused; /* 'e' has the cause */
	return stmt_finish(q, ok ? e : &unused) && ok;
}
