/* SPDX-License-Identifier: Apache-2.0 */
#include "store_certificate_query.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/mem.h"
#include "store_certificate_impl.h"
#include "store_impl.h"
#include "store_search.h"

#define SQL_MAX    KIB(8)
#define VALUES_MAX 24
#define NARROW_MAX 2000 /* rows: as many are sorted within a few milliseconds */

/*
 * The SQL is put together from the rows below alone; what the caller gives is
 * always bound (R52).
 */
#define AT(member) offsetof(struct certificate_query, member)
static const struct {
	size_t at; /* of the member in struct certificate_query */
	int type;
} names[] = {
	{ AT(dns), NAME_TYPE_DNS },
	{ AT(ip), NAME_TYPE_IP },
	{ AT(uri), NAME_TYPE_URI },
	{ AT(email), NAME_TYPE_EMAIL },
	{ AT(cn), NAME_TYPE_CN },
};

/* Is there no more than a few?  Read off the index alone. */
static const struct stmt_def few_profile_def = {
	"SELECT COUNT(*) FROM (SELECT 1 FROM certificate"
	" WHERE profile = $1 LIMIT $2) AS few",
	"count what is of a profile"
};
static const struct stmt_def few_requester_def = {
	"SELECT COUNT(*) FROM (SELECT 1 FROM certificate"
	" WHERE requester = $1 LIMIT $2) AS few",
	"count what somebody asked for"
};
static const struct {
	size_t at;
	const char *column;
	const struct stmt_def *few; /* NULL: not asked */
} texts[] = {
	{ AT(profile), "c.profile", &few_profile_def },
	{ AT(requester), "c.requester", &few_requester_def },
	{ AT(issuer), "i.name", NULL },
};
#undef AT

struct build {
	struct buf joins, where;
	const char *key; /* the column to page by: its index gives the order */
	unsigned joined;
	bool narrow; /* a column of few rows leads: the others' indexes are kept out */
	bool words;  /* they lead where nothing else does: the same */
	unsigned n;  /* values; $1, $2 and $3 are the cursor, the limit and the floor */
	struct value {
		char *text; /* or NULL: then 'num' */
		int64_t num;
	} values[VALUES_MAX];
};

static unsigned
add_value(struct build *b, char *text, int64_t num)
{
	assert(b->n < VALUES_MAX);
	b->values[b->n++] = (struct value){ text, num };
	return b->n;
}

static const char *
text_at(const struct certificate_query *q, size_t at)
{
	return *(const char *const *)(const void *)((const char *)q + at);
}

/* ---- what is joined: an index of its own gives the order ---- */

/* The form in which the name would be stored; what is no such name finds nothing. */
static char *
name_value(int type, const char *text)
{
	char *normal;
	struct err unused;

	if (type != NAME_TYPE_CN &&
	    name_normal((enum name_type)type, bytes_str(text), &normal, &unused))
		return normal;
	return mem_strdup(text);
}

static void
add_names(struct build *b, const struct certificate_query *q)
{
	for (size_t i = 0; i < NITEMS(names); i++) {
		const char *text = text_at(q, names[i].at);

		if (text == NULL)
			continue;
		const unsigned k = b->joined++;
		buf_printf(&b->joins,
		    " JOIN certificate_name n%u ON n%u.certificate_id = c.id"
		    " AND n%u.type = %d AND n%u.value = $%u",
		    k, k, k, names[i].type, k,
		    add_value(b, name_value(names[i].type, text), 0));
		if (k == 0)
			b->key = "n0.certificate_id";
	}
}

static void
add_metadata(struct build *b, const struct certificate_query *q)
{
	for (size_t i = 0; i < q->n_metadata; i++) {
		const unsigned k = b->joined++;
		const unsigned key = add_value(b, mem_strdup(q->metadata[i].key), 0);
		const unsigned value =
		    add_value(b, mem_strdup(q->metadata[i].value), 0);

		buf_printf(&b->joins,
		    " JOIN certificate_metadata m%u ON m%u.certificate_id = c.id"
		    " AND m%u.key = $%u AND m%u.value = $%u",
		    k, k, k, key, k, value);
		if (k == 0)
			b->key = "m0.certificate_id";
	}
}

/* The revoked are few: they have an index of their own. */
static void
add_status(struct build *b, const struct certificate_query *q)
{
	if (q->status == CERTIFICATE_ANY)
		return;
	buf_printf(&b->where, " AND r.id IS %sNULL",
	    q->status == CERTIFICATE_REVOKED ? "NOT " : "");
	if (q->status == CERTIFICATE_REVOKED && b->joined++ == 0)
		b->key = "r.certificate_id";
}

/* ---- spans of time ---- */

struct span {
	const char *column;
	int64_t from, before; /* 'before' is out of it; 0: no bound */
	const struct stmt_def *few;
};

/* How many rows it has, up to $3: read off the index alone. */
static const struct stmt_def few_end_def = {
	"SELECT COUNT(*) FROM (SELECT 1 FROM certificate"
	" WHERE not_after >= $1 AND not_after < $2 LIMIT $3) AS few",
	"count what ends in a span"
};
static const struct stmt_def few_issued_def = {
	"SELECT COUNT(*) FROM (SELECT 1 FROM certificate"
	" WHERE issued_at >= $1 AND issued_at < $2 LIMIT $3) AS few",
	"count what was issued in a span"
};

static void
close_span(struct span *s)
{
	if (s->before == 0)
		s->before = INT64_MAX;
}

static bool
is_narrow(struct store *st, const struct span *s, bool *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), s->few);

	stmt_int(q, 1, s->from);
	stmt_int(q, 2, s->before);
	stmt_int(q, 3, NARROW_MAX + 1);
	if (!stmt_row(q, e))
		return false;
	*ret = stmt_col_int(q, 0) <= NARROW_MAX;
	return stmt_finish(q, e);
}

/*
 * A narrow span is read by its own index and sorted; of a wide one a page is soon
 * full, so it is walked in the order of ids.  A plus keeps an index out of it.
 */
static bool
add_span(struct store *st, struct build *b, struct span *s, struct err *e)
{
	bool narrow = false;

	if (s->from == 0 && s->before == 0)
		return true;
	close_span(s);
	if (b->joined == 0 && !is_narrow(st, s, &narrow, e))
		return false;
	if (narrow) {
		b->joined++;
		b->narrow = true;
		b->key = "+c.id";
	}
	const char *plus = narrow ? "" : "+";
	const unsigned from = add_value(b, NULL, s->from);
	const unsigned before = add_value(b, NULL, s->before);
	buf_printf(&b->where, " AND %s%s >= $%u AND %s%s < $%u", plus, s->column, from,
	    plus, s->column, before);
	return true;
}

/* Valid and expired are spans too: of the time when a certificate ends. */
static bool
add_spans(struct store *st, struct build *b, const struct certificate_query *q,
    struct err *e)
{
	struct span ends = { "c.not_after", q->expires_after, q->expires_before,
		&few_end_def };
	struct span issued = { "c.issued_at", q->issued_after, q->issued_before,
		&few_issued_def };

	if (q->status == CERTIFICATE_VALID && ends.from < q->now)
		ends.from = q->now;
	if (q->status == CERTIFICATE_EXPIRED &&
	    (ends.before == 0 || ends.before > q->now))
		ends.before = q->now;
	return add_span(st, b, &ends, e) && add_span(st, b, &issued, e);
}

/* ---- what is looked at row by row ---- */

static bool
is_few(struct store *st, const struct stmt_def *few, const char *text, bool *ret,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), few);

	stmt_text(q, 1, text);
	stmt_int(q, 2, NARROW_MAX + 1);
	if (!stmt_row(q, e))
		return false;
	*ret = stmt_col_int(q, 0) <= NARROW_MAX;
	return stmt_finish(q, e);
}

/*
 * SQLite takes an index of equality for the best, however many rows are equal.  The
 * first column that has few of them leads; a plus keeps the other indexes out.
 */
static bool
add_texts(struct store *st, struct build *b, const struct certificate_query *q,
    struct err *e)
{
	bool leads[NITEMS(texts)] = { false };

	for (size_t i = 0; i < NITEMS(texts) && b->joined == 0 && !b->narrow; i++) {
		const char *text = text_at(q, texts[i].at);

		if (text == NULL || texts[i].few == NULL)
			continue;
		if (!is_few(st, texts[i].few, text, &leads[i], e))
			return false;
		b->narrow = leads[i];
	}
	for (size_t i = 0; i < NITEMS(texts); i++) {
		const char *text = text_at(q, texts[i].at);

		if (text == NULL)
			continue;
		const bool plus =
		    !leads[i] && (b->narrow || (b->words && texts[i].few != NULL));
		buf_printf(&b->where, " AND %s%s = $%u", plus ? "+" : "",
		    texts[i].column, add_value(b, mem_strdup(text), 0));
	}
	return true;
}

/*
 * Words are a set of ids.  SQLite makes it when the first row has to be in it: where
 * something else leads to none, never.  Where nothing else is narrow it leads, the
 * newest first.  It is asked for in the order of the index (ascending), which finds
 * its place at once: downwards FTS5 reads all that is above, anew for each slice.
 */
static void
add_words(struct build *b, const struct certificate_query *q)
{
	if (!b->words)
		return;
	const char *plus = b->joined > 0 || b->narrow ? "+" : "";

	buf_printf(&b->where, " AND %s%s IN (" STORE_SEARCH_SET "$%u)", plus,
	    b->key[0] == '+' ? b->key + 1 : b->key,
	    add_value(b, store_search_pattern(q->q), 0));
}

/* ---- the statement ---- */

static struct stmt *
begin(struct store *st, struct build *b)
{
	const char *order = b->key[0] == '+' ? b->key + 1 : b->key;
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql,
	    CERTIFICATE_COLUMNS
	    " FROM certificate c%s" CERTIFICATE_TABLES
	    " WHERE %s < $1 AND %s > $3%s ORDER BY %s DESC LIMIT $2",
	    buf_str(&b->joins), b->key, b->key, buf_str(&b->where), order);
	assert(!sql.full && !b->joins.full && !b->where.full);
	struct stmt *s = store_sql_begin(st, buf_str(&sql), "list certificates");
	for (unsigned i = 0; i < b->n; i++)
		if (b->values[i].text != NULL)
			stmt_text(s, (int)i + 1, b->values[i].text);
		else
			stmt_int(s, (int)i + 1, b->values[i].num);
	buf_free(&sql);
	return s;
}

static void
build_free(struct build *b)
{
	for (unsigned i = 0; i < b->n; i++)
		free(b->values[i].text);
	buf_free(&b->joins);
	buf_free(&b->where);
}

bool
store_certificate_query(struct store *st, const struct certificate_query *q,
    struct stmt **ret, struct err *e)
{
	struct build b = { .key = "c.id", .words = q->q != NULL };

	buf_init(&b.joins, SQL_MAX / 2);
	buf_init(&b.where, SQL_MAX / 2);
	add_value(&b, NULL, q->before_id != 0 ? q->before_id : INT64_MAX);
	add_value(&b, NULL, (int64_t)q->limit);
	add_value(&b, NULL, q->after_id);
	add_names(&b, q);
	add_metadata(&b, q);
	add_status(&b, q);
	const bool ok = add_spans(st, &b, q, e) && add_texts(st, &b, q, e);
	if (ok) {
		add_words(&b, q);
		*ret = begin(st, &b);
	}
	build_free(&b);
	return ok;
}
