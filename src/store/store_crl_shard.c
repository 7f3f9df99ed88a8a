/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_crl_shard.h"

#include <stdlib.h>

#include "base/mem.h"
#include "store_impl.h"

static const struct stmt_def sum_def = {
	"SELECT COUNT(*), COALESCE(SUM(serial_octets), 0),"
	" COALESCE(SUM(CASE WHEN reason = 0 THEN 0 ELSE 1 END), 0),"
	" COALESCE(MAX(id), 0)"
	" FROM revocation WHERE issuer_id = (SELECT id FROM issuer WHERE name = $1)"
	" AND bucket >= $2 AND bucket < $3 AND not_after >= $4",
	"sum the revocations of a shard"
};
static const struct stmt_def list_def = {
	"SELECT id, serial, not_after, revoked_at, reason FROM revocation"
	" WHERE issuer_id = (SELECT id FROM issuer WHERE name = $1)"
	" AND (bucket, id) > ($2, $3) AND bucket < $4 AND id <= $5 AND not_after >= $6"
	" ORDER BY bucket, id LIMIT $7",
	"list the revocations of a shard"
};
static const struct stmt_def last_def = {
	"SELECT c.number, c.seq, c.this_update, c.next_update, c.entries"
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
static const struct stmt_def place_def = {
	"INSERT INTO crl_place (issuer_id, shards, place, not_after)"
	" VALUES ($1, $2, $3, $4) ON CONFLICT (issuer_id, shards, place)"
	" DO UPDATE SET not_after = excluded.not_after"
	" WHERE excluded.not_after > crl_place.not_after",
	"remember a set of shards"
};

bool
store_crl_shard_sum(struct store *st, const char *issuer, struct crl_shard shard,
    int64_t since, struct revocation_sum *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &sum_def);
	uint32_t from, to;

	crl_shard_buckets(shard, &from, &to);
	stmt_text(q, 1, issuer);
	stmt_int(q, 2, from);
	stmt_int(q, 3, to);
	stmt_int(q, 4, since);
	if (!stmt_row(q, e))
		return false;
	const struct revocation_sum sum = {
		.entries = (uint64_t)stmt_col_int(q, 0),
		.serial_octets = (uint64_t)stmt_col_int(q, 1),
		.with_reason = (uint64_t)stmt_col_int(q, 2),
		.last_id = stmt_col_int(q, 3),
	};
	if (!stmt_finish(q, e))
		return false;
	*ret = sum;
	return true;
}

static bool
row(struct stmt *q, const char *issuer, struct revocation *ret, struct err *e)
{
	*ret = (struct revocation){
		.id = stmt_col_int(q, 0),
		.issuer = issuer,
		.not_after = stmt_col_int(q, 2),
		.revoked_at = stmt_col_int(q, 3),
		.reason = (unsigned)stmt_col_int(q, 4),
	};
	if (!serial_from_bytes(stmt_col_bytes(q, 1), &ret->serial, e))
		return store_damaged(e, "a revocation's serial");
	return true;
}

bool
store_crl_shard_list(struct store *st, const char *issuer, struct crl_shard shard,
    int64_t since, struct crl_shard_at after, int64_t last_id, size_t limit,
    revocation_each *each, void *arg, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &list_def);
	struct revocation r;
	uint32_t from, to;

	crl_shard_buckets(shard, &from, &to);
	if (after.bucket < from)
		after = (struct crl_shard_at){ .bucket = from };
	stmt_text(q, 1, issuer);
	stmt_int(q, 2, after.bucket);
	stmt_int(q, 3, after.id);
	stmt_int(q, 4, to);
	stmt_int(q, 5, last_id);
	stmt_int(q, 6, since);
	stmt_int(q, 7, (int64_t)limit);
	while (stmt_step(q))
		if (!row(q, issuer, &r, e) || !each(arg, &r, e)) {
			struct err unused; /* 'e' has the cause */
			(void)!stmt_finish(q, &unused);
			return false;
		}
	return stmt_finish(q, e);
}

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
