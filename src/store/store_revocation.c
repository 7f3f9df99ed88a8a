/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_revocation.h"

#include <string.h>

#include "base/sets.h"
#include "store_impl.h"

static const struct stmt_def find_def = {
	"SELECT id, reason, not_after FROM revocation WHERE serial = $1 AND issuer_id "
	"= $2",
	"find a revocation"
};
static const struct stmt_def certificate_def = {
	"SELECT id, key_hash FROM certificate WHERE serial = $1 AND issuer_id = $2",
	"find a revoked certificate"
};
static const struct stmt_def add_def = {
	"INSERT INTO revocation (id, issuer_id, serial, certificate_id, seq, not_after,"
	" revoked_at, reason, serial_octets, requester, request_id)"
	" VALUES ($1, $2, $3, $4, $1, $5, $6, $7, $8, $9, $10)",
	"add a revocation"
};
static const struct stmt_def raise_def = {
	"UPDATE revocation SET reason = $2, seq = $3 WHERE id = $1",
	"raise a revocation's reason"
};
static const struct stmt_def lengthen_def = {
	"UPDATE revocation SET not_after = $2 WHERE id = $1",
	"tell a later end of a revoked certificate"
};
static const struct stmt_def end_def = {
	"SELECT r.not_after FROM revocation r JOIN issuer i ON i.id = r.issuer_id"
	" WHERE r.serial = $1 AND i.name = $2",
	"look for the end of a revoked certificate"
};
static const struct stmt_def tie_def = {
	"UPDATE revocation SET certificate_id = $2 WHERE id = $1",
	"tie a revocation to its certificate"
};
static const struct stmt_def compromised_def = {
	"INSERT INTO compromised_key (key_hash) VALUES ($1) ON CONFLICT DO NOTHING",
	"remember a compromised key"
};

struct found {
	int64_t id; /* 0: nothing was found */
	unsigned reason;
	int64_t not_after;
};

static bool
find(struct store *st, int64_t issuer_id, const struct serial *serial,
    struct found *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &find_def);

	*ret = (struct found){ 0 };
	stmt_bytes(q, 1, serial_bytes(serial));
	stmt_int(q, 2, issuer_id);
	if (stmt_step(q)) {
		ret->id = stmt_col_int(q, 0);
		ret->reason = (unsigned)stmt_col_int(q, 1);
		ret->not_after = stmt_col_int(q, 2);
	}
	return stmt_finish(q, e);
}

static bool
remember_key(struct store *st, struct bytes key_hash, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &compromised_def);

	stmt_bytes(q, 1, key_hash);
	return stmt_finish(q, e);
}

/* The revoked certificate's id, 0 when it is not here; remembers its key where due. */
static bool
find_certificate(struct store *st, int64_t issuer_id, const struct revocation *r,
    int64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &certificate_def);
	uint8_t hash[32];
	size_t n = 0;

	*ret = 0;
	stmt_bytes(q, 1, serial_bytes(&r->serial));
	stmt_int(q, 2, issuer_id);
	if (stmt_step(q)) {
		const struct bytes b = stmt_col_bytes(q, 1);
		*ret = stmt_col_int(q, 0);
		n = b.n <= sizeof(hash) ? b.n : 0;
		if (n > 0)
			memcpy(hash, b.p, n);
	}
	if (!stmt_finish(q, e))
		return false;
	if (*ret != 0 && sets_reason_is_compromise((enum reason)r->reason))
		return remember_key(st, bytes_of(hash, n), e) &&
		       store_lineage_taint(st, *ret, e);
	return true;
}

static bool
add(struct store *st, int64_t issuer_id, int64_t id, const struct revocation *r,
    struct err *e)
{
	int64_t certificate_id;

	if (!find_certificate(st, issuer_id, r, &certificate_id, e))
		return false;
	struct stmt *q = stmt_begin(store_db(st), &add_def);
	stmt_int(q, 1, id);
	stmt_int(q, 2, issuer_id);
	stmt_bytes(q, 3, serial_bytes(&r->serial));
	if (certificate_id != 0)
		stmt_int(q, 4, certificate_id);
	else
		stmt_null(q, 4);
	stmt_int(q, 5, r->not_after);
	stmt_int(q, 6, r->revoked_at);
	stmt_int(q, 7, r->reason);
	stmt_int(q, 8, (int64_t)serial_der_len(&r->serial));
	stmt_text(q, 9, STORE_TEXT(r->requester));
	stmt_text(q, 10, STORE_TEXT(r->request_id));
	return stmt_finish_one(q, e);
}

/* A reason gives way to one that says more about the key, never the other way. */
static int
rank_of(unsigned reason)
{
	static const struct {
		unsigned reason;
		int rank;
	} ranks[] = {
		{ REASON_UNSPECIFIED, 0 },
		{ REASON_CA_COMPROMISE, 2 },
		{ REASON_KEY_COMPROMISE, 3 },
	};

	for (size_t i = 0; i < NITEMS(ranks); i++)
		if (ranks[i].reason == reason)
			return ranks[i].rank;
	return 1;
}

static bool
raise_reason(struct store *st, int64_t issuer_id, int64_t seq, const struct found *old,
    const struct revocation *r, struct err *e)
{
	int64_t certificate_id;

	if (rank_of(r->reason) <= rank_of(old->reason))
		return true;
	struct stmt *q = stmt_begin(store_db(st), &raise_def);
	stmt_int(q, 1, old->id);
	stmt_int(q, 2, r->reason);
	stmt_int(q, 3, seq);
	return stmt_finish_one(q, e) &&
	       find_certificate(st, issuer_id, r, &certificate_id, e);
}

static bool
lengthen(struct store *st, const struct found *old, const struct revocation *r,
    struct err *e)
{
	if (r->not_after <= old->not_after)
		return true;
	struct stmt *q = stmt_begin(store_db(st), &lengthen_def);
	stmt_int(q, 1, old->id);
	stmt_int(q, 2, r->not_after);
	return stmt_finish_one(q, e);
}

static bool
put(struct store *st, const struct revocation *r, struct err *e)
{
	int64_t issuer_id, seq;
	struct found old;

	if (!store_int(r->seq, &seq, e) ||
	    !store_issuer(st, r->issuer, &issuer_id, e) ||
	    !find(st, issuer_id, &r->serial, &old, e))
		return false;
	return old.id == 0 ? add(st, issuer_id, seq, r, e)
			   : lengthen(st, &old, r, e) &&
				 raise_reason(st, issuer_id, seq, &old, r, e);
}

bool
store_revocation_put(struct store *st, const struct revocation *r, struct err *e)
{
	bool own;

	return store_own_begin(st, &own, e) && store_own_end(st, own, put(st, r, e), e);
}

bool
store_revocation_end(struct store *st, const char *issuer, const struct serial *serial,
    int64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &end_def);

	stmt_bytes(q, 1, serial_bytes(serial));
	stmt_text(q, 2, issuer);
	return store_finish_number(q, ret, e);
}

bool
store_revocation_tie(struct store *st, int64_t issuer_id, const struct serial *serial,
    int64_t certificate_id, struct bytes key_hash, struct err *e)
{
	struct found old;

	if (!find(st, issuer_id, serial, &old, e))
		return false;
	if (old.id == 0)
		return true;
	struct stmt *q = stmt_begin(store_db(st), &tie_def);
	stmt_int(q, 1, old.id);
	stmt_int(q, 2, certificate_id);
	if (!stmt_finish_one(q, e))
		return false;
	return !sets_reason_is_compromise((enum reason)old.reason) ||
	       (remember_key(st, key_hash, e) &&
		   store_lineage_taint(st, certificate_id, e));
}

/* ---- all of them ---- */

/* The plus keeps issuer_id's index out of it: the order of ids is at hand for nothing. */
static const struct stmt_def list_def = {
	"SELECT id, seq, serial, not_after, revoked_at, reason, requester, request_id"
	" FROM revocation WHERE id > $3 AND id <= $4 AND +not_after >= $2"
	" AND +issuer_id = (SELECT id FROM issuer WHERE name = $1) ORDER BY id LIMIT "
	"$5",
	"list the revocations"
};

static bool
row(struct stmt *q, const char *issuer, struct revocation *ret, struct err *e)
{
	*ret = (struct revocation){
		.id = stmt_col_int(q, 0),
		.seq = (uint64_t)stmt_col_int(q, 1),
		.issuer = issuer,
		.not_after = stmt_col_int(q, 3),
		.revoked_at = stmt_col_int(q, 4),
		.reason = (unsigned)stmt_col_int(q, 5),
		.requester = stmt_col_text(q, 6),
		.request_id = stmt_col_text(q, 7),
	};
	if (!serial_from_bytes(stmt_col_bytes(q, 2), &ret->serial, e))
		return store_damaged(e, "a revocation's serial");
	return true;
}

bool
store_revocation_list(struct store *st, const char *issuer, int64_t since,
    int64_t after_id, int64_t last_id, size_t limit, revocation_each *each, void *arg,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &list_def);
	struct revocation r;

	stmt_text(q, 1, issuer);
	stmt_int(q, 2, since);
	stmt_int(q, 3, after_id);
	stmt_int(q, 4, last_id);
	stmt_int(q, 5, (int64_t)limit);
	while (stmt_step(q))
		if (!row(q, issuer, &r, e) || !each(arg, &r, e)) {
			struct err unused; /* 'e' has the cause */
			(void)!stmt_finish(q, &unused);
			return false;
		}
	return stmt_finish(q, e);
}
