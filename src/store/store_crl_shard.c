/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_crl_shard.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store_impl.h"

static const struct stmt_def last_def = {
	"SELECT c.number, c.seq, c.this_update, c.next_update, c.entries, c.base"
	" FROM crl_shard c JOIN issuer i ON i.id = c.issuer_id"
	" WHERE i.name = $1 AND c.shards = $2 AND c.shard = $3",
	"find the last CRL of a shard"
};
static const struct stmt_def number_def = {
	"SELECT COALESCE(MAX(number), 0) FROM ("
	"SELECT MAX(number) AS number FROM crl"
	" WHERE issuer_id = (SELECT id FROM issuer WHERE name = $1)"
	" UNION ALL "
	"SELECT MAX(number) AS number FROM crl_shard"
	" WHERE issuer_id = (SELECT id FROM issuer WHERE name = $1)) AS highest",
	"find the highest CRL number"
};
static const struct stmt_def places_def = {
	"SELECT p.shards, p.place FROM crl_place p JOIN issuer i ON i.id = p.issuer_id"
	" WHERE i.name = $1 AND p.not_after >= $2"
	" ORDER BY p.not_after DESC, p.shards, p.place",
	"list the sets of shards"
};
static const struct stmt_def sets_def = {
	"SELECT DISTINCT shards FROM crl_shard"
	" WHERE issuer_id = (SELECT id FROM issuer WHERE name = $1) AND shards > 0",
	"list the sets of shards that were made"
};
static const struct stmt_def place_def = {
	"INSERT INTO crl_place (issuer_id, shards, place, not_after)"
	" VALUES ($1, $2, $3, $4) ON CONFLICT (issuer_id, shards, place)"
	" DO UPDATE SET not_after = excluded.not_after"
	" WHERE excluded.not_after > crl_place.not_after",
	"remember a set of shards"
};

bool
store_crl_shard_last(struct store *st, const char *issuer, struct crl_shard shard,
    struct crl_row *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &last_def);

	stmt_text(q, 1, issuer);
	stmt_int(q, 2, shard.of);
	stmt_int(q, 3, shard.at);
	if (!stmt_row(q, e))
		return false;
	const struct crl_row last = {
		.issuer = issuer,
		.shard = shard,
		.number = (uint64_t)stmt_col_int(q, 0),
		.seq = (uint64_t)stmt_col_int(q, 1),
		.this_update = stmt_col_int(q, 2),
		.next_update = stmt_col_int(q, 3),
		.entries = (uint64_t)stmt_col_int(q, 4),
		.base = (uint64_t)stmt_col_int(q, 5),
	};
	if (!stmt_finish(q, e))
		return false;
	*ret = last;
	return true;
}

bool
store_crl_shard_number(struct store *st, const char *issuer, uint64_t *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &number_def);

	stmt_text(q, 1, issuer);
	if (!stmt_row(q, e))
		return false;
	const uint64_t number = (uint64_t)stmt_col_int(q, 0);
	if (!stmt_finish(q, e))
		return false;
	*ret = number;
	return true;
}

bool
store_crl_shard_places(struct store *st, const char *issuer, int64_t since,
    crl_place_each *each, void *arg, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &places_def);

	stmt_text(q, 1, issuer);
	stmt_int(q, 2, since);
	while (stmt_step(q))
		if (!each(arg, (uint32_t)stmt_col_int(q, 0), stmt_col_text(q, 1), e)) {
			struct err unused; /* 'e' has the cause */
			(void)!stmt_finish(q, &unused);
			return false;
		}
	return stmt_finish(q, e);
}

bool
store_crl_shard_sets(struct store *st, const char *issuer, crl_place_each *each,
    void *arg, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &sets_def);

	stmt_text(q, 1, issuer);
	while (stmt_step(q))
		if (!each(arg, (uint32_t)stmt_col_int(q, 0), "", e)) {
			struct err unused; /* 'e' has the cause */
			(void)!stmt_finish(q, &unused);
			return false;
		}
	return stmt_finish(q, e);
}

bool
store_crl_shard_named(struct store *st, int64_t issuer_id, const char *issuer,
    const struct cert *c, struct err *e)
{
	struct crl_shard shard;
	struct bytes view;

	if (!crl_shard_from_url(c->crl_url, issuer, &view, &shard))
		return true;
	char *place = mem_strndup(view);
	struct stmt *q = stmt_begin(store_db(st), &place_def);
	stmt_int(q, 1, issuer_id);
	stmt_int(q, 2, shard.of);
	stmt_text(q, 3, place);
	stmt_int(q, 4, c->not_after);
	const bool ok = stmt_finish(q, e);
	free(place);
	return ok;
}
