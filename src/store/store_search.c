/* SPDX-License-Identifier: Apache-2.0 */
#include "store_search.h"

#include <string.h>

#include "base/mem.h"
#include "store_impl.h"

#define WORDS_MAX MIB(1) /* octets: names and metadata have limits of their own */

static const struct stmt_def metadata_def = {
	"INSERT INTO certificate_metadata (certificate_id, key, value)"
	" VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
	"add a word about a certificate"
};
static const struct stmt_def add_def = {
	"INSERT INTO certificate_unsearched (certificate_id, text) VALUES ($1, $2)",
	"keep a certificate's words"
};
#define OLDEST                                                                         \
	"SELECT certificate_id FROM certificate_unsearched"                            \
	" ORDER BY certificate_id LIMIT $1"
static const struct stmt_def move_def = {
	"INSERT INTO certificate_search (rowid, text)"
	" SELECT certificate_id, text FROM certificate_unsearched"
	" ORDER BY certificate_id LIMIT $1",
	"make certificates searchable"
};
static const struct stmt_def moved_def = {
	"DELETE FROM certificate_unsearched WHERE certificate_id IN (" OLDEST ")",
	"take searchable certificates off the list"
};
static const struct stmt_def count_def = {
	"SELECT COUNT(*) FROM certificate_unsearched", "count what cannot be searched"
};

char *
store_search_pattern(const char *part)
{
	struct buf b;

	/* A string of FTS5: every character stands for itself, '"' is doubled. */
	buf_init(&b, 2 * strlen(part) + 3);
	buf_putc(&b, '"');
	for (const char *p = part; *p != '\0'; p++) {
		if (*p == '"')
			buf_putc(&b, '"');
		buf_putc(&b, (uint8_t)*p);
	}
	buf_putc(&b, '"');
	char *pattern = mem_strdup(buf_str(&b));
	buf_free(&b);
	return pattern;
}

static void
put_line(struct buf *b, const char *text)
{
	buf_putc(b, '\n');
	buf_puts(b, text);
}

static bool
add_metadata(struct store *st, int64_t id, const struct certificate_metadata *m,
    struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &metadata_def);

	stmt_int(q, 1, id);
	stmt_text(q, 2, m->key);
	stmt_text(q, 3, m->value);
	return stmt_finish(q, e);
}

static bool
add_words(struct store *st, int64_t id, struct buf *words, struct err *e)
{
	if (!buf_ok(words, "a certificate's words", e))
		return false;
	struct stmt *q = stmt_begin(store_db(st), &add_def);
	stmt_int(q, 1, id);
	stmt_text(q, 2, buf_str(words));
	return stmt_finish(q, e);
}

bool
store_search_add(struct store *st, int64_t id, const struct certificate_new *c,
    struct err *e)
{
	const struct names *names = &c->cert->names;
	const char *cn = c->cert->cn;
	bool ok = true, cn_told = cn[0] == '\0';
	struct buf words;

	buf_init(&words, WORDS_MAX);
	buf_puts(&words, STORE_TEXT(c->requester));
	for (size_t i = 0; i < names->n; i++) {
		put_line(&words, names->v[i].text);
		cn_told = cn_told || strcmp(names->v[i].text, cn) == 0;
	}
	if (!cn_told)
		put_line(&words, cn);
	for (size_t i = 0; ok && i < c->n_metadata; i++) {
		put_line(&words, c->metadata[i].value);
		ok = add_metadata(st, id, &c->metadata[i], e);
	}
	ok = ok && add_words(st, id, &words, e);
	buf_free(&words);
	return ok;
}

bool
store_unsearched(struct store *st, int64_t *ret, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), &count_def);

	return store_finish_number(q, ret, e);
}

static bool
move(struct store *st, const struct stmt_def *def, int64_t n, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(st), def);

	stmt_int(q, 1, n);
	return stmt_finish(q, e);
}

/* Both read the rows in the same order, in one transaction: they are the same rows. */
static bool
move_some(struct store *st, int64_t n, struct err *e)
{
	bool own;

	return store_own_begin(st, &own, e) &&
	       store_own_end(st, own,
		   move(st, &move_def, n, e) && move(st, &moved_def, n, e), e);
}

/* The words lie in the database either way, so no flush is owed for it. */
bool
store_search_catch_up(struct store *st, int64_t most, struct err *e)
{
	store_replaying(st, true);
	const bool ok = move_some(st, most, e);
	store_replaying(st, false);
	return ok;
}
