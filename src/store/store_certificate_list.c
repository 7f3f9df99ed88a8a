/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store_certificate_impl.h"
#include "store_impl.h"

#define SQL_MAX    KIB(8)
#define VALUES_MAX 24

/*
 * The SQL is put together from the rows below alone; what the caller gives is
 * always bound (R52).  A filter stands in the text as before, $N, after.
 */
enum filter_kind {
	FILTER_NAME, /* joins certificate_name, whose index gives the order, too */
	FILTER_TEXT,
	FILTER_PART, /* of a text, letter case ignored */
	FILTER_TIME  /* 0: not given */
};

#define AT(member) offsetof(struct certificate_query, member)
static const struct filter {
	size_t at; /* of the member in struct certificate_query */
	enum filter_kind kind;
	int name_type;
	const char *before;
	const char *after;
} filters[] = {
	/* clang-format off */
	{ AT(dns),            FILTER_NAME, NAME_TYPE_DNS,   NULL, NULL },
	{ AT(ip),             FILTER_NAME, NAME_TYPE_IP,    NULL, NULL },
	{ AT(uri),            FILTER_NAME, NAME_TYPE_URI,   NULL, NULL },
	{ AT(email),          FILTER_NAME, NAME_TYPE_EMAIL, NULL, NULL },
	{ AT(cn),             FILTER_NAME, NAME_TYPE_CN,    NULL, NULL },
	{ AT(profile),        FILTER_TEXT, 0, "c.profile = ", "" },
	{ AT(requester),      FILTER_TEXT, 0, "c.requester = ", "" },
	{ AT(issuer),         FILTER_TEXT, 0, "i.name = ", "" },
	{ AT(expires_before), FILTER_TIME, 0, "c.not_after < ", "" },
	{ AT(expires_after),  FILTER_TIME, 0, "c.not_after >= ", "" },
	{ AT(issued_before),  FILTER_TIME, 0, "c.issued_at < ", "" },
	{ AT(issued_after),   FILTER_TIME, 0, "c.issued_at >= ", "" },
	{ AT(q),              FILTER_PART, 0,
	    "EXISTS (SELECT 1 FROM certificate_name n WHERE n.certificate_id = c.id"
	    " AND lower(n.value) LIKE ", " ESCAPE '!')" },
	/* clang-format on */
};
#undef AT

/* The plus keeps the index on not_after out: half of all rows would be sorted. */
static const struct {
	const char *where;
	bool with_now;
} statuses[] = {
	[CERTIFICATE_ANY] = { NULL, false },
	[CERTIFICATE_VALID] = { "r.id IS NULL AND +c.not_after >= ", true },
	[CERTIFICATE_EXPIRED] = { "r.id IS NULL AND +c.not_after < ", true },
	[CERTIFICATE_REVOKED] = { "r.id IS NOT NULL", false },
};

struct build {
	struct buf joins, where;
	const char *key; /* the column to page by: its index gives the order */
	unsigned names;
	unsigned n; /* values; $1, $2 and $3 are the cursor, the limit and the floor */
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

static char *
lower(const char *s)
{
	char *copy = mem_strdup(s);

	for (char *p = copy; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
	return copy;
}

/* "%" and "_" are letters like others. */
static char *
like_pattern(const char *part)
{
	char *low = lower(part);
	struct buf b;

	buf_init(&b, (size_t)2 * CERTIFICATE_Q_MAX + 2);
	buf_putc(&b, '%');
	for (const char *p = low; *p != '\0'; p++) {
		if (strchr("%_!", *p) != NULL)
			buf_putc(&b, '!');
		buf_putc(&b, (uint8_t)*p);
	}
	buf_putc(&b, '%');
	assert(!b.full);
	char *pattern = mem_strdup(buf_str(&b));
	buf_free(&b);
	free(low);
	return pattern;
}

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
add_name(struct build *b, const struct filter *f, const char *text)
{
	const unsigned k = b->names++;

	buf_printf(&b->joins,
	    " JOIN certificate_name n%u ON n%u.certificate_id = c.id"
	    " AND n%u.type = %d AND n%u.value = $%u",
	    k, k, k, f->name_type, k, add_value(b, name_value(f->name_type, text), 0));
	if (k == 0)
		b->key = "n0.certificate_id";
}

static void
add_filter(struct build *b, const struct filter *f, const struct certificate_query *q)
{
	const void *member = (const char *)q + f->at;

	if (f->kind == FILTER_TIME) {
		const int64_t at = *(const int64_t *)member;
		if (at != 0)
			buf_printf(&b->where, " AND %s$%u%s", f->before,
			    add_value(b, NULL, at), f->after);
		return;
	}
	const char *text = *(const char *const *)member;
	if (text == NULL)
		return;
	if (f->kind == FILTER_NAME) {
		add_name(b, f, text);
		return;
	}
	char *v = f->kind == FILTER_PART ? like_pattern(text) : mem_strdup(text);
	buf_printf(&b->where, " AND %s$%u%s", f->before, add_value(b, v, 0), f->after);
}

static void
add_status(struct build *b, const struct certificate_query *q)
{
	if (q->status == CERTIFICATE_ANY)
		return;
	buf_printf(&b->where, " AND %s", statuses[q->status].where);
	if (statuses[q->status].with_now)
		buf_printf(&b->where, "$%u", add_value(b, NULL, q->now));
	if (q->status == CERTIFICATE_REVOKED && b->names == 0)
		b->key = "r.certificate_id";
}

static void
build_free(struct build *b)
{
	for (unsigned i = 0; i < b->n; i++)
		free(b->values[i].text);
	buf_free(&b->joins);
	buf_free(&b->where);
}

static struct stmt *
begin(struct store *st, struct build *b)
{
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql,
	    CERTIFICATE_COLUMNS
	    " FROM certificate c%s" CERTIFICATE_TABLES
	    " WHERE %s < $1 AND %s > $3%s ORDER BY %s DESC LIMIT $2",
	    buf_str(&b->joins), b->key, b->key, buf_str(&b->where), b->key);
	assert(!sql.full && !b->joins.full && !b->where.full);
	struct stmt *s =
	    stmt_begin_sql(store_db(st), buf_str(&sql), "list certificates");
	for (unsigned i = 0; i < b->n; i++)
		if (b->values[i].text != NULL)
			stmt_text(s, (int)i + 1, b->values[i].text);
		else
			stmt_int(s, (int)i + 1, b->values[i].num);
	buf_free(&sql);
	return s;
}

static struct stmt *
begin_query(struct store *st, const struct certificate_query *q)
{
	struct build b = { .key = "c.id" };

	buf_init(&b.joins, SQL_MAX / 2);
	buf_init(&b.where, SQL_MAX / 2);
	add_value(&b, NULL, q->before_id != 0 ? q->before_id : INT64_MAX);
	add_value(&b, NULL, (int64_t)q->limit);
	add_value(&b, NULL, q->after_id);
	for (size_t i = 0; i < NITEMS(filters); i++)
		add_filter(&b, &filters[i], q);
	add_status(&b, q);
	struct stmt *s = begin(st, &b);
	build_free(&b);
	return s;
}

bool
store_certificate_newest(struct store *st, int64_t *ret, struct err *e)
{
	static const struct stmt_def newest_def = {
		"SELECT coalesce(max(id), 0) FROM certificate",
		"find the newest certificate"
	};
	struct stmt *q = stmt_begin(store_db(st), &newest_def);
	int64_t id = 0;

	if (stmt_step(q))
		id = stmt_col_int(q, 0);
	if (!stmt_finish(q, e))
		return false;
	*ret = id;
	return true;
}

bool
store_certificate_list(struct store *st, const struct certificate_query *q,
    certificate_each *each, void *arg, struct err *e)
{
	bool ok = true;

	if (q->limit < 1 || q->limit > CERTIFICATE_LIST_MAX)
		return err_set(e, ERR_MALFORMED, "limit: 1 to %d",
		    CERTIFICATE_LIST_MAX);
	if (q->q != NULL && strlen(q->q) > CERTIFICATE_Q_MAX)
		return err_set(e, ERR_MALFORMED, "q: at most %d octets",
		    CERTIFICATE_Q_MAX);
	struct stmt *s = begin_query(st, q);
	while (ok && stmt_step(s)) {
		struct certificate_row r;

		ok = store_certificate_read(st, s, &r, e);
		if (ok) {
			ok = each(arg, &r, e);
			certificate_row_free(&r);
		}
	}
	if (!ok) {
		struct err unused; /* 'e' has the cause */
		(void)!stmt_finish(s, &unused);
		return false;
	}
	return stmt_finish(s, e);
}
