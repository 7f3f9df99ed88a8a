/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "store/store_revocation.h"
#include "store_impl.h"

/* P61, R34: a number that does not grow adds nothing. */
#define GROWS                                                                          \
	" WHERE NOT EXISTS"                                                            \
	" (SELECT 1 FROM crl WHERE issuer_id = $1 AND number >= $2)"                   \
	" AND NOT EXISTS"                                                              \
	" (SELECT 1 FROM crl_shard WHERE issuer_id = $1 AND number >= $2)"

static const struct stmt_def add_def = {
	"INSERT INTO crl (issuer_id, number, seq, this_update, next_update, entries)"
	" SELECT $1, $2, $3, $4, $5, $6" GROWS,
	"add a CRL"
};
static const struct stmt_def add_shard_def = {
	"INSERT INTO crl_shard (issuer_id, number, seq, this_update, next_update,"
	" entries, shards, shard, base) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9" GROWS
	" ON CONFLICT (issuer_id, shards, shard) DO UPDATE SET"
	" number = excluded.number, seq = excluded.seq,"
	" this_update = excluded.this_update, next_update = excluded.next_update,"
	" entries = excluded.entries, base = excluded.base",
	"add a CRL of a shard or a delta"
};
static const struct stmt_def before_def = {
	"SELECT c.number, c.seq, c.this_update, c.next_update, c.entries"
	" FROM crl c JOIN issuer i ON i.id = c.issuer_id"
	" WHERE i.name = $1 AND c.number < $2 ORDER BY c.number DESC LIMIT 1",
	"find the last CRL"
};

static bool
add(struct store *st, const struct crl_row *r, struct err *e)
{
	int64_t issuer_id, number, seq, entries, base;

	if (!store_int(r->number, &number, e) || !store_int(r->seq, &seq, e) ||
	    !store_int(r->entries, &entries, e) || !store_int(r->base, &base, e) ||
	    !store_issuer(st, r->issuer, &issuer_id, e))
		return false;
	const bool shard = r->shard.of != 0 || r->base != 0;
	struct stmt *q = stmt_begin(store_db(st), shard ? &add_shard_def : &add_def);
	stmt_int(q, 1, issuer_id);
	stmt_int(q, 2, number);
	stmt_int(q, 3, seq);
	stmt_int(q, 4, r->this_update);
	stmt_int(q, 5, r->next_update);
	stmt_int(q, 6, entries);
	if (shard) {
		stmt_int(q, 7, r->shard.of);
		stmt_int(q, 8, r->shard.at);
		stmt_int(q, 9, base);
	}
	if (stmt_finish_one(q, e))
		return true;
	if (e->code == ERR_CONFLICT)
		err_set(e, ERR_CONFLICT,
		    "CRL number %" PRIu64 " of %s: there is one as high or higher",
		    r->number, r->issuer);
	return false;
}

bool
store_crl_add(struct store *st, const struct crl_row *r, struct err *e)
{
	bool own;

	return store_own_begin(st, &own, e) && store_own_end(st, own, add(st, r, e), e);
}

bool
store_crl_before(struct store *st, const char *issuer, uint64_t number,
    struct crl_row *ret, struct err *e)
{
	int64_t below;

	if (!store_int(number, &below, e))
		return false;
	struct stmt *q = stmt_begin(store_db(st), &before_def);
	stmt_text(q, 1, issuer);
	stmt_int(q, 2, below);
	if (!stmt_row(q, e))
		return false;
	const struct crl_row row = {
		.issuer = issuer,
		.number = (uint64_t)stmt_col_int(q, 0),
		.seq = (uint64_t)stmt_col_int(q, 1),
		.this_update = stmt_col_int(q, 2),
		.next_update = stmt_col_int(q, 3),
		.entries = (uint64_t)stmt_col_int(q, 4),
	};
	if (!stmt_finish(q, e))
		return false;
	*ret = row;
	return true;
}

bool
store_crl_last(struct store *st, const char *issuer, struct crl_row *ret, struct err *e)
{
	return store_crl_before(st, issuer, INT64_MAX, ret, e);
}
