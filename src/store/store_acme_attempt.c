/* SPDX-License-Identifier: Apache-2.0 */
/* What attempts to validate a challenge saw: rows that are written once, and go by age. */
#include "store/store_acme_authz.h"
#include "store_impl.h"

static const struct stmt_def add_def = {
	"INSERT INTO acme_attempt (at, account_num, type, value, challenge, result,"
	" detail, transcript, seen, request_id)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
	"add an attempt"
};
/* Two for each that is added, so that no flood outruns it. */
static const struct stmt_def bound_def = {
	"DELETE FROM acme_attempt WHERE num IN (SELECT num FROM acme_attempt"
	" WHERE num <= $1 ORDER BY num LIMIT 2) RETURNING num",
	"remove the oldest attempts"
};
#define LIST(where)                                                                    \
	{                                                                              \
		"SELECT num, at, account_num, type, value, challenge, result, detail," \
		" transcript, seen, request_id FROM acme_attempt"                      \
		" WHERE num < $1 AND " where " ORDER BY num DESC LIMIT $3",            \
		    "list the attempts"                                                \
	}
static const struct stmt_def list_all_def = LIST("COALESCE($2, '') = ''");
static const struct stmt_def list_of_def = LIST("value = $2");
static const struct stmt_def remove_def = {
	"DELETE FROM acme_attempt WHERE num IN (SELECT num FROM acme_attempt"
	" ORDER BY num LIMIT $2) AND at < $1 RETURNING num",
	"remove old attempts"
};

bool
store_acme_authz_attempt(struct store *st, const struct acme_attempt *a, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &add_def);
	int64_t removed = 0;

	stmt_int(q, 1, a->at);
	if (a->account_num == 0)
		stmt_null(q, 2);
	else
		stmt_int(q, 2, a->account_num);
	stmt_int(q, 3, a->type);
	stmt_text(q, 4, a->value);
	stmt_int(q, 5, a->challenge);
	stmt_text(q, 6, a->result);
	stmt_text(q, 7, STORE_TEXT(a->detail));
	stmt_text(q, 8, STORE_TEXT(a->transcript));
	stmt_text(q, 9, STORE_TEXT(a->seen));
	stmt_text(q, 10, STORE_TEXT(a->request_id));
	if (!stmt_finish_one(q, e))
		return false;
	/* Strangers make these, and choose how long a transcript gets. */
	const int64_t gone = db_last_id(store_db(st)) - STORE_ACME_ATTEMPTS_MAX;
	if (gone <= 0)
		return true;
	q = stmt_begin(store_db(st), &bound_def);
	stmt_int(q, 1, gone);
	return store_finish_counted(q, &removed, e);
}

bool
store_acme_authz_attempts(struct store *st, const char *value, int64_t before,
    size_t limit, store_acme_authz_each_attempt *each, void *arg, struct err *e)
{
	struct stmt *q =
	    stmt_begin(store_db(st), value != NULL ? &list_of_def : &list_all_def);
	struct err unused; /* 'e' has the cause */
	bool ok = true;

	stmt_int(q, 1, before > 0 ? before : INT64_MAX);
	stmt_text(q, 2, STORE_TEXT(value));
	stmt_int(q, 3, (int64_t)limit);
	while (ok && stmt_step(q)) {
		const struct acme_attempt a = {
			.num = stmt_col_int(q, 0),
			.at = stmt_col_int(q, 1),
			.account_num = stmt_col_int(q, 2),
			.type = (enum name_type)stmt_col_int(q, 3),
			.value = stmt_col_text(q, 4),
			.challenge = (enum challenge)stmt_col_int(q, 5),
			.result = stmt_col_text(q, 6),
			.detail = stmt_col_text(q, 7),
			.transcript = stmt_col_text(q, 8),
			.seen = stmt_col_text(q, 9),
			.request_id = stmt_col_text(q, 10),
		};

		ok = each(arg, &a, e);
	}
	return stmt_finish(q, ok ? e : &unused) && ok;
}

bool
store_acme_attempt_sweep(struct store *st, int64_t gone_before, int64_t limit,
    int64_t *n, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &remove_def);

	stmt_int(q, 1, gone_before);
	stmt_int(q, 2, limit);
	return store_finish_counted(q, n, e);
}
