/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_census.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store_impl.h"

static const struct stmt_def issuers_def = { "SELECT id, name FROM issuer ORDER BY id",
	"list the issuers" };
static const struct stmt_def live_def = {
	"SELECT c.issuer_id, c.not_after, c.id, r.id FROM certificate c"
	" LEFT JOIN revocation r ON r.certificate_id = c.id"
	" WHERE c.not_after >= $1 AND (c.not_after > $1 OR c.id > $2)"
	" ORDER BY c.not_after, c.id LIMIT $3",
	"count what is valid"
};
static const struct stmt_def issued_def = {
	"SELECT issuer_id, profile, id FROM certificate WHERE id > $1"
	" ORDER BY id LIMIT $2",
	"count what was issued"
};
static const struct stmt_def revoked_def = {
	"SELECT issuer_id, id FROM revocation WHERE id > $1 ORDER BY id LIMIT $2",
	"count what was revoked"
};

bool
store_census_issuers(struct store *st, struct census_issuer **ret, size_t *ret_n,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &issuers_def);
	struct census_issuer *v = NULL;
	size_t n = 0;

	while (stmt_step(q)) {
		v = mem_grow(v, n + 1, sizeof(*v));
		v[n++] = (struct census_issuer){ stmt_col_int(q, 0),
			mem_strdup(stmt_col_text(q, 1)) };
	}
	if (!stmt_finish(q, e)) {
		for (size_t i = 0; i < n; i++)
			free(v[i].name);
		free(v);
		return false;
	}
	*ret = v;
	*ret_n = n;
	return true;
}

bool
store_census_live(struct store *st, struct census_at *at, size_t limit,
    census_each *each, void *arg, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &live_def);

	stmt_int(q, 1, at->not_after);
	stmt_int(q, 2, at->id);
	stmt_int(q, 3, (int64_t)limit);
	at->rows = 0;
	while (stmt_step(q)) {
		at->not_after = stmt_col_int(q, 1);
		at->id = stmt_col_int(q, 2);
		at->rows++;
		each(arg, stmt_col_int(q, 0), at->not_after, !stmt_col_is_null(q, 3));
	}
	return stmt_finish(q, e);
}

bool
store_census_issued(struct store *st, struct census_at *at, size_t limit,
    census_each_issued *each, void *arg, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &issued_def);

	stmt_int(q, 1, at->id);
	stmt_int(q, 2, (int64_t)limit);
	at->rows = 0;
	while (stmt_step(q) && each(arg, stmt_col_int(q, 0), stmt_col_text(q, 1))) {
		at->id = stmt_col_int(q, 2);
		at->rows++;
	}
	return stmt_finish(q, e);
}

bool
store_census_revoked(struct store *st, struct census_at *at, size_t limit,
    census_each_revoked *each, void *arg, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &revoked_def);

	stmt_int(q, 1, at->id);
	stmt_int(q, 2, (int64_t)limit);
	at->rows = 0;
	while (stmt_step(q) && each(arg, stmt_col_int(q, 0))) {
		at->id = stmt_col_int(q, 1);
		at->rows++;
	}
	return stmt_finish(q, e);
}
