/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_lineage.h"

#include "base/sets.h"
#include "store/store_certificate.h"
#include "store_impl.h"

static const struct stmt_def parent_def = {
	"SELECT c.id, COALESCE(l.first_id, c.id), COALESCE(l.family_id, c.id)"
	" FROM certificate c"
	" LEFT JOIN lineage l ON l.certificate_id = c.id"
	" WHERE c.serial = $1 AND c.id < $2 ORDER BY c.id DESC LIMIT 1",
	"find the certificate that another renews"
};
static const struct stmt_def add_def = { "INSERT INTO lineage (certificate_id, "
					 "parent_id, first_id, not_after, family_id)"
					 " VALUES ($1, $2, $3, $4, $5)",
	"add a certificate's lineage" };
static const struct stmt_def taint_def = {
	"INSERT INTO lineage_compromised (first_id, certificate_id)"
	" VALUES (COALESCE((SELECT first_id FROM lineage WHERE certificate_id = $1), "
	"$1), $1)"
	" ON CONFLICT DO NOTHING",
	"remember a compromised lineage"
};
static const struct stmt_def least_def = {
	"SELECT COALESCE(MIN(certificate_id), 0) FROM lineage_compromised"
	" WHERE first_id = $1",
	"look for a compromised lineage"
};
/* Ids grow along a lineage: nobody above the oldest compromised one is of interest. */
static const struct stmt_def ancestor_def = {
	"WITH RECURSIVE up (id) AS ("
	"SELECT parent_id FROM lineage WHERE certificate_id = $1 AND parent_id >= $3"
	" UNION ALL "
	"SELECT l.parent_id FROM up JOIN lineage l ON l.certificate_id = up.id"
	" WHERE l.parent_id >= $3)"
	" SELECT COUNT(*) FROM up JOIN lineage_compromised k"
	" ON k.first_id = $2 AND k.certificate_id = up.id",
	"look for a compromised ancestor"
};
static const struct stmt_def list_def = {
	"SELECT c.id, c.serial, i.name, c.not_after, r.revoked_at, c.key_hash FROM ("
	"SELECT CAST(CASE WHEN $8 = 0 THEN $1 ELSE $8 END AS INTEGER) AS id"
	" UNION SELECT CAST($2 AS INTEGER) UNION SELECT certificate_id FROM lineage"
	" WHERE first_id = $1 AND not_after >= $3 AND ($8 = 0 OR family_id = $8)) AS m"
	" JOIN certificate c ON c.id = m.id JOIN issuer i ON i.id = c.issuer_id"
	" LEFT JOIN revocation r ON r.certificate_id = c.id"
	" WHERE c.id > $4 AND (c.not_after >= $3 OR c.id = $2)"
	" AND (r.id IS NULL OR ($5 = 1 AND r.reason <> $6))"
	" ORDER BY c.id LIMIT $7",
	"list a lineage"
};

bool
store_lineage_add(struct store *st, int64_t id, const struct certificate_new *c,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &parent_def);
	int64_t parent_id = 0, first_id = 0, family_id = 0;

	stmt_bytes(q, 1, serial_bytes(c->parent));
	stmt_int(q, 2, id);
	if (stmt_step(q)) {
		parent_id = stmt_col_int(q, 0);
		first_id = stmt_col_int(q, 1);
		family_id = c->by_holder ? id : stmt_col_int(q, 2);
	}
	if (!stmt_finish(q, e))
		return false;
	if (parent_id == 0) /* of a journal that begins later: a lineage of its own */
		return true;
	q = stmt_begin(store_db(st), &add_def);
	stmt_int(q, 1, id);
	stmt_int(q, 2, parent_id);
	stmt_int(q, 3, first_id);
	stmt_int(q, 4, c->cert->not_after);
	stmt_int(q, 5, family_id);
	return stmt_finish_one(q, e);
}

bool
store_lineage_taint(struct store *st, int64_t certificate_id, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &taint_def);

	stmt_int(q, 1, certificate_id);
	return stmt_finish(q, e);
}

static bool
number(struct stmt *q, int64_t *ret, struct err *e)
{
	return store_finish_number(q, ret, e);
}

bool
store_lineage_compromised(struct store *st, int64_t id, int64_t first_id, bool *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &least_def);
	int64_t least, n = 0;

	stmt_int(q, 1, first_id);
	if (!number(q, &least, e))
		return false;
	if (least != 0 && least < id) {
		q = stmt_begin(store_db(st), &ancestor_def);
		stmt_int(q, 1, id);
		stmt_int(q, 2, first_id);
		stmt_int(q, 3, least);
		if (!number(q, &n, e))
			return false;
	}
	*ret = n > 0;
	return true;
}

static bool
member(struct stmt *q, struct lineage_member *ret, struct err *e)
{
	*ret = (struct lineage_member){
		.id = stmt_col_int(q, 0),
		.issuer = stmt_col_text(q, 2),
		.not_after = stmt_col_int(q, 3),
		.revoked = !stmt_col_is_null(q, 4),
		.revoked_at = stmt_col_int(q, 4),
		.key_hash = stmt_col_bytes(q, 5),
	};
	return serial_from_bytes(stmt_col_bytes(q, 1), &ret->serial, e) ||
	       store_damaged(e, "a certificate's serial");
}

bool
store_lineage_list(struct store *st, const struct lineage_query *l, lineage_each *each,
    void *arg, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &list_def);
	struct lineage_member m;

	stmt_int(q, 1, l->first_id);
	stmt_int(q, 2, l->target_id);
	stmt_int(q, 3, l->now);
	stmt_int(q, 4, l->after_id);
	stmt_int(q, 5, l->raise);
	stmt_int(q, 6, REASON_KEY_COMPROMISE);
	stmt_int(q, 7, (int64_t)l->limit);
	stmt_int(q, 8, l->family_id);
	while (stmt_step(q))
		if (!member(q, &m, e) || !each(arg, &m, e)) {
			struct err unused; /* 'e' has the cause */
			(void)!stmt_finish(q, &unused);
			return false;
		}
	return stmt_finish(q, e);
}
