/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_audit.h"

#include <assert.h>

#include "base/sets.h"
#include "store_impl.h"

#define SQL_MAX KIB(2)

static const struct {
	unsigned n;
	const char *word;
} kinds[] = {
#define AUDIT(name, n, word, level, when) { n, word },
#include "tbl/audits.h"
#undef AUDIT
};

const char *
store_audit_word(unsigned kind)
{
	for (size_t i = 0; i < NITEMS(kinds); i++)
		if (kinds[i].n == kind)
			return kinds[i].word;
	return NULL;
}

bool
store_audit_from(struct bytes word, enum audit_kind *ret)
{
	for (size_t i = 0; i < NITEMS(kinds); i++)
		if (bytes_eq_str(word, kinds[i].word)) {
			*ret = (enum audit_kind)kinds[i].n;
			return true;
		}
	return false;
}

void
store_audit_names(struct buf *ret, const struct names *names)
{
	for (size_t i = 0; names != NULL && i < names->n; i++)
		buf_printf(ret, "%s%s:%s", i > 0 ? " " : "",
		    sets_name_type_word((unsigned)names->v[i].type), names->v[i].text);
}

/* ---- adding ---- */

static const struct stmt_def add_def = {
	"INSERT INTO audit (at, kind, seq, request_id, identity, profile, issuer, "
	"names,"
	" serial, object, result, reason)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
	"add to the audit"
};

bool
store_audit_add(struct store *st, const struct audit_row *r, struct err *e)
{
	int64_t seq;
	bool own;

	if (!store_int(r->seq, &seq, e) || !store_own_begin(st, &own, e))
		return false;
	struct stmt *q = stmt_begin(store_db(st), &add_def);
	stmt_int(q, 1, r->at);
	stmt_int(q, 2, r->kind);
	if (seq == 0)
		stmt_null(q, 3);
	else
		stmt_int(q, 3, seq);
	stmt_text(q, 4, STORE_TEXT(r->request_id));
	stmt_text(q, 5, STORE_TEXT(r->identity));
	stmt_text(q, 6, STORE_TEXT(r->profile));
	stmt_text(q, 7, STORE_TEXT(r->issuer));
	stmt_text(q, 8, STORE_TEXT(r->names));
	stmt_text(q, 9, STORE_TEXT(r->serial));
	stmt_text(q, 10, STORE_TEXT(r->object));
	stmt_text(q, 11, STORE_TEXT(r->result));
	stmt_text(q, 12, STORE_TEXT(r->reason));
	return store_own_end(st, own, stmt_finish_one(q, e), e);
}

/* ---- listing ---- */

/* SQL and its values; $1 is how many rows are looked at. */
struct build {
	struct buf
	    walk; /* conditions that an index follows, in the order of the list */
	struct buf match; /* those on each row that is looked at */
	unsigned n;
	struct value {
		const char *text; /* or NULL: then 'num' */
		int64_t num;
	} values[10];
};

static unsigned
add_value(struct build *b, const char *text, int64_t num)
{
	assert(b->n < NITEMS(b->values));
	b->values[b->n++] = (struct value){ text, num };
	return b->n;
}

static void
add(struct build *b, struct buf *to, const char *before, const char *text, int64_t num)
{
	buf_printf(to, " AND %s $%u", before, add_value(b, text, num));
}

/* The first condition on 'at' is the one that an index takes. */
static void
add_cursor(struct build *b, int64_t at, int64_t id)
{
	const unsigned k = add_value(b, NULL, at);

	buf_printf(&b->walk, " AND at <= $%u AND (at < $%u OR id < $%u)", k, k,
	    add_value(b, NULL, id));
}

/*
 * The filter that lets the fewest through leads the walk, by its index; the others
 * are looked at row by row, so that a slice ends after so many rows (S32).
 */
static void
add_filters(struct build *b, const struct audit_query *q)
{
	const bool by_id = q->oldest_first;
	struct buf *next = by_id ? &b->match : &b->walk;

	if (q->serial != NULL) {
		add(b, next, "serial <> '' AND serial =", q->serial, 0);
		next = &b->match;
	}
	if (q->identity != NULL) {
		add(b, next, "identity =", q->identity, 0);
		next = &b->match;
	}
	if (q->kind != 0)
		add(b, next, "kind =", NULL, q->kind);
	next = by_id ? &b->match : &b->walk;
	if (q->since != 0)
		add(b, next, "at >=", NULL, q->since);
	if (q->until != 0)
		add(b, next, "at <", NULL, q->until);
	if (q->after_id != 0)
		add(b, by_id ? &b->walk : &b->match, "id >", NULL, q->after_id);
	if (q->before_id != 0 && !by_id)
		add_cursor(b, q->before_at, q->before_id);
}

static struct stmt *
begin_list(struct store *st, const struct audit_query *q)
{
	struct build b = { 0 };
	struct buf sql;

	buf_init(&b.walk, SQL_MAX);
	buf_init(&b.match, SQL_MAX);
	buf_init(&sql, 3 * SQL_MAX);
	add_value(&b, NULL, q->look > 0 ? (int64_t)q->look : INT64_MAX);
	add_filters(&b, q);
	buf_printf(&sql,
	    "SELECT id, at, kind, seq, request_id, identity, profile, issuer, names,"
	    " serial, object, result, reason, CASE WHEN id > 0%s THEN 1 ELSE 0 END"
	    " FROM audit WHERE id > 0%s ORDER BY %s LIMIT $1",
	    buf_str(&b.match), buf_str(&b.walk),
	    q->oldest_first ? "id" : "at DESC, id DESC");
	assert(!sql.full && !b.walk.full && !b.match.full);
	struct stmt *s = store_sql_begin(st, buf_str(&sql), "list the audit");
	for (unsigned i = 0; i < b.n; i++)
		if (b.values[i].text != NULL)
			stmt_text(s, (int)i + 1, b.values[i].text);
		else
			stmt_int(s, (int)i + 1, b.values[i].num);
	buf_free(&b.walk);
	buf_free(&b.match);
	buf_free(&sql);
	return s;
}

/* The present row; its texts live until the next step. */
static struct audit_row
read_row(struct stmt *s)
{
	return (struct audit_row){
		.id = stmt_col_int(s, 0),
		.at = stmt_col_int(s, 1),
		.kind = (enum audit_kind)stmt_col_int(s, 2),
		.seq = (uint64_t)stmt_col_int(s, 3), /* NULL reads as 0 */
		.request_id = stmt_col_text(s, 4),
		.identity = stmt_col_text(s, 5),
		.profile = stmt_col_text(s, 6),
		.issuer = stmt_col_text(s, 7),
		.names = stmt_col_text(s, 8),
		.serial = stmt_col_text(s, 9),
		.object = stmt_col_text(s, 10),
		.result = stmt_col_text(s, 11),
		.reason = stmt_col_text(s, 12),
	};
}

#define COLUMN_MATCH 13

bool
store_audit_list(struct store *st, const struct audit_query *q, audit_each *each,
    void *arg, struct audit_seen *ret, struct err *e)
{
	struct audit_seen seen = { 0 };
	size_t told = 0, looked = 0;
	bool ok = true;

	if (q->limit < 1 || q->limit > AUDIT_LIST_MAX)
		return err_set(e, ERR_MALFORMED, "limit: 1 to %d", AUDIT_LIST_MAX);
	struct stmt *s = begin_list(st, q);
	while (ok && told < q->limit && stmt_step(s)) {
		const struct audit_row r = read_row(s);

		looked++;
		seen.at = r.at;
		seen.id = r.id;
		if (stmt_col_int(s, COLUMN_MATCH) == 0)
			continue;
		told++;
		ok = each(arg, &r, e);
	}
	if (!ok) {
		struct err unused; /* 'e' has the cause */
		(void)!stmt_finish(s, &unused);
		return false;
	}
	if (!stmt_finish(s, e))
		return false;
	seen.all = told < q->limit && (q->look == 0 || looked < q->look);
	*ret = seen;
	return true;
}

/* ---- single numbers ---- */

static const struct stmt_def last_def = { "SELECT COALESCE(MAX(id), 0) FROM audit",
	"find the audit's last row" };
static const struct stmt_def last_at_def = {
	"SELECT COALESCE((SELECT at FROM audit ORDER BY id DESC LIMIT 1), 0)",
	"find the time of the audit's last row"
};
static const struct stmt_def forget_def = { "DELETE FROM audit WHERE seq <= $1",
	"forget the audit's first rows" };
static const struct stmt_def since_def = { "SELECT num FROM meta WHERE key = 'audit'",
	"find where the audit begins" };

static bool
number(struct store *st, const struct stmt_def *def, int64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), def);

	return store_finish_number(q, ret, e);
}

bool
store_audit_last(struct store *st, int64_t *ret, struct err *e)
{
	return number(st, &last_def, ret, e);
}

bool
store_audit_last_at(struct store *st, int64_t *ret, struct err *e)
{
	return number(st, &last_at_def, ret, e);
}

bool
store_audit_since(struct store *st, uint64_t *ret, struct err *e)
{
	int64_t n;

	if (!number(st, &since_def, &n, e))
		return false;
	*ret = (uint64_t)n;
	return true;
}

bool
store_audit_forget(struct store *scratch, uint64_t upto, struct err *e)
{
	int64_t seq;
	bool own;

	if (!store_int(upto, &seq, e) || !store_own_begin(scratch, &own, e))
		return false;
	struct stmt *q = stmt_begin(store_db(scratch), &forget_def);
	stmt_int(q, 1, seq);
	return store_own_end(scratch, own, stmt_finish(q, e), e);
}
