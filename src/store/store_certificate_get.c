/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/mem.h"
#include "store_certificate_impl.h"
#include "store_impl.h"

#define NOTE_MAX KIB(64)

static const struct stmt_def get_def = { CERTIFICATE_COLUMNS
	" FROM certificate c" CERTIFICATE_TABLES
	" WHERE c.serial = $1 AND (CAST($2 AS TEXT) IS NULL OR i.name = $2)"
	" ORDER BY c.id DESC LIMIT 1",
	"find a certificate" };
static const struct stmt_def names_def = {
	"SELECT type, value FROM certificate_name WHERE certificate_id = $1"
	" ORDER BY position",
	"read a certificate's names"
};
static const struct stmt_def serial_def = {
	"SELECT serial FROM certificate WHERE id = $1", "read a certificate's serial"
};
static const struct stmt_def same_key_def = {
	"WITH k (h) AS (SELECT key_hash FROM certificate WHERE serial = $1 LIMIT 1)"
	" SELECT c.serial FROM certificate c"
	" LEFT JOIN revocation r ON r.certificate_id = c.id"
	" WHERE substr(c.key_hash, 1, 8) = substr((SELECT h FROM k), 1, 8)"
	" AND c.key_hash = (SELECT h FROM k) AND c.serial <> $1"
	" AND c.not_after >= $2 AND r.id IS NULL ORDER BY c.id DESC LIMIT $3",
	"find the certificates of a key"
};
static const struct stmt_def der_def = {
	"SELECT der FROM certificate_der WHERE certificate_id = $1",
	"read a certificate's octets"
};
static const struct stmt_def brief_def = {
	"SELECT c.not_after, r.revoked_at, r.reason FROM issuer i"
	" JOIN certificate c ON c.issuer_id = i.id"
	" LEFT JOIN revocation r ON r.certificate_id = c.id"
	" WHERE c.serial = $1 AND i.name = $2",
	"find a certificate's status"
};
static const struct stmt_def brief_revoked_def = {
	"SELECT r.not_after, r.revoked_at, r.reason FROM revocation r"
	" JOIN issuer i ON i.id = r.issuer_id WHERE r.serial = $1 AND i.name = $2",
	"find a serial's revocation"
};

/* As they were stored: they were checked when they came in. */
static bool
read_names(struct store *st, int64_t id, struct names *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &names_def);

	stmt_int(q, 1, id);
	while (stmt_step(q)) {
		const int64_t type = stmt_col_int(q, 0);

		if (type == NAME_TYPE_CN)
			continue;
		ret->v = mem_grow(ret->v, ret->n + 1, sizeof(*ret->v));
		ret->v[ret->n++] = (struct name){
			.type = (enum name_type)type,
			.text = mem_strdup(stmt_col_text(q, 1)),
		};
	}
	return stmt_finish(q, e);
}

/* Columns 14 to 18; all are NULL where it renews none. */
static bool
read_lineage(struct stmt *q, struct certificate_row *r, struct err *e)
{
	r->has_parent = !stmt_col_is_null(q, 14);
	if (!r->has_parent) {
		r->first_id = r->family_id = r->id;
		r->first = r->serial;
		r->first_at = r->issued_at;
		return true;
	}
	r->first_id = stmt_col_int(q, 15);
	r->first_at = stmt_col_int(q, 17);
	r->family_id = stmt_col_int(q, 18);
	return serial_from_bytes(stmt_col_bytes(q, 14), &r->parent, e) &&
	       serial_from_bytes(stmt_col_bytes(q, 16), &r->first, e);
}

bool
store_certificate_read(struct store *st, struct stmt *q, struct certificate_row *ret,
    struct err *e)
{
	const struct bytes key_hash = stmt_col_bytes(q, 10);
	struct certificate_row r = {
		.id = stmt_col_int(q, 0),
		.seq = (uint64_t)stmt_col_int(q, 0),
		.not_before = stmt_col_int(q, 5),
		.not_after = stmt_col_int(q, 6),
		.issued_at = stmt_col_int(q, 7),
		.revoked = !stmt_col_is_null(q, 12),
		.revoked_at = stmt_col_int(q, 12),
		.reason = (unsigned)stmt_col_int(q, 13),
	};

	if (!serial_from_bytes(stmt_col_bytes(q, 2), &r.serial, e) ||
	    key_hash.n != sizeof(r.key_hash) || !read_lineage(q, &r, e))
		return store_damaged(e, "a certificate's serial, key or lineage");
	memcpy(r.key_hash, key_hash.p, sizeof(r.key_hash));
	r.issuer = mem_strdup(stmt_col_text(q, 1));
	r.profile = mem_strdup(stmt_col_text(q, 3));
	r.cn = mem_strdup(stmt_col_text(q, 4));
	r.requester = mem_strdup(stmt_col_text(q, 8));
	r.request_id = mem_strdup(stmt_col_text(q, 9));
	buf_init(&r.note, NOTE_MAX);
	buf_put(&r.note, stmt_col_bytes(q, 11));
	if (!buf_ok(&r.note, "a certificate's note", e) ||
	    !read_names(st, r.id, &r.names, e)) {
		certificate_row_free(&r);
		return false;
	}
	*ret = r;
	return true;
}

bool
store_certificate_get(struct store *st, const char *issuer, const struct serial *serial,
    struct certificate_row *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &get_def);
	struct certificate_row r;
	struct err late;

	stmt_bytes(q, 1, serial_bytes(serial));
	stmt_text(q, 2, issuer);
	if (!stmt_row(q, e)) {
		if (e->code == ERR_NOT_FOUND)
			err_set(e, ERR_NOT_FOUND, "no certificate has this serial");
		return false;
	}
	const bool ok = store_certificate_read(st, q, &r, e);
	if (!stmt_finish(q, &late)) {
		if (ok) {
			*e = late;
			certificate_row_free(&r);
		}
		return false;
	}
	if (ok)
		*ret = r;
	return ok;
}

bool
store_certificate_serial(struct store *st, int64_t id, struct serial *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &serial_def);
	struct serial s;
	struct err late;

	stmt_int(q, 1, id);
	if (!stmt_row(q, e))
		return false;
	const bool ok = serial_from_bytes(stmt_col_bytes(q, 0), &s, e);
	if (!stmt_finish(q, ok ? e : &late) || !ok)
		return false;
	*ret = s;
	return true;
}

bool
store_certificate_same_key(struct store *st, const struct serial *s, int64_t now,
    struct certificate_serials *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &same_key_def);
	struct certificate_serials found = { .n = 0 };
	struct err late;
	bool ok = true;

	stmt_bytes(q, 1, serial_bytes(s));
	stmt_int(q, 2, now);
	stmt_int(q, 3, NITEMS(found.v));
	while (ok && stmt_step(q))
		ok = serial_from_bytes(stmt_col_bytes(q, 0), &found.v[found.n++], e);
	if (!stmt_finish(q, ok ? e : &late) || !ok)
		return false;
	*ret = found;
	return true;
}

bool
store_certificate_der(struct store *st, int64_t id, struct buf *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &der_def);

	stmt_optional(q); /* whoever cannot do without it refuses what is asked */
	stmt_int(q, 1, id);
	if (!stmt_row(q, e))
		return false;
	buf_put(ret, stmt_col_bytes(q, 0));
	return stmt_finish(q, e) && buf_ok(ret, "a certificate", e);
}

static bool
brief(struct store *st, const struct stmt_def *def, const char *issuer,
    const struct serial *serial, struct certificate_brief *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), def);

	stmt_bytes(q, 1, serial_bytes(serial));
	stmt_text(q, 2, issuer);
	if (!stmt_row(q, e))
		return false;
	const struct certificate_brief b = {
		.not_after = stmt_col_int(q, 0),
		.revoked = !stmt_col_is_null(q, 1),
		.revoked_at = stmt_col_int(q, 1),
		.reason = (unsigned)stmt_col_int(q, 2),
	};
	if (!stmt_finish(q, e))
		return false;
	*ret = b;
	return true;
}

bool
store_certificate_brief(struct store *st, const char *issuer,
    const struct serial *serial, struct certificate_brief *ret, struct err *e)
{
	if (brief(st, &brief_def, issuer, serial, ret, e))
		return true;
	return e->code == ERR_NOT_FOUND &&
	       brief(st, &brief_revoked_def, issuer, serial, ret, e);
}
