/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "store/store_audit.h"
#include "store_impl.h"

#define COLUMNS_MAX 16
#define SHOWN_MAX   60 /* characters of a value in a sentence */

enum kind {
	END, /* of the columns */
	INT,
	TIME,
	TEXT,
	HEX,   /* few octets: a serial, a hash */
	OCTETS /* many */
};

/*
 * The columns that are the key come first, and the rows in their order.  "*" in
 * front of a column's words: the sentence names the row by it.
 */
static const struct table {
	const char *what;
	struct stmt_def def;
	unsigned keys;
	struct column {
		enum kind kind;
		const char *words;
	} columns[COLUMNS_MAX];
} tables[] = {
	{ "the CA",
	    { "SELECT key, octets FROM meta WHERE key = 'root'", "compare the root" },
	    1, { { TEXT, "key" }, { HEX, "the root's hash" } } },
	{ "issuer", { "SELECT id, name FROM issuer ORDER BY id", "compare issuers" }, 1,
	    { { INT, "*number" }, { TEXT, "name" } } },
	{ "certificate",
	    { "SELECT c.id, c.serial, i.name, c.profile, c.cn, c.not_before,"
	      " c.not_after, c.issued_at, c.requester, c.request_id, c.key_hash, c.note"
	      " FROM certificate c JOIN issuer i ON i.id = c.issuer_id ORDER BY c.id",
		"compare certificates" },
	    1,
	    { { INT, "*record" }, { HEX, "*serial" }, { TEXT, "issuer" },
		{ TEXT, "profile" }, { TEXT, "common name" }, { TIME, "begin" },
		{ TIME, "end" }, { TIME, "time of issue" }, { TEXT, "requester" },
		{ TEXT, "request id" }, { HEX, "key hash" }, { OCTETS, "note" } } },
	{ "the octets of the certificate",
	    { "SELECT certificate_id, der FROM certificate_der ORDER BY certificate_id",
		"compare certificates' octets" },
	    1, { { INT, "*record" }, { OCTETS, "octets" } } },
	{ "a name of the certificate",
	    { "SELECT certificate_id, position, type, value FROM certificate_name"
	      " ORDER BY certificate_id, position",
		"compare names" },
	    2,
	    { { INT, "*record" }, { INT, "*position" }, { INT, "type" },
		{ TEXT, "value" } } },
	{ "a word about the certificate",
	    { "SELECT key, value, certificate_id FROM certificate_metadata"
	      " ORDER BY key, value, certificate_id",
		"compare metadata" },
	    3, { { TEXT, "*key" }, { TEXT, "*value" }, { INT, "*record" } } },
	{ "the lineage of the certificate",
	    { "SELECT certificate_id, parent_id, first_id, not_after, family_id"
	      " FROM lineage"
	      " ORDER BY certificate_id",
		"compare lineages" },
	    1,
	    { { INT, "*record" }, { INT, "record of the one before" },
		{ INT, "record of the first" }, { TIME, "end" },
		{ INT, "record of the first of its renewals" } } },
	{ "compromised lineage",
	    { "SELECT first_id, certificate_id FROM lineage_compromised"
	      " ORDER BY first_id, certificate_id",
		"compare compromised lineages" },
	    2, { { INT, "*record of the first" }, { INT, "*record" } } },
	{ "revocation",
	    { "SELECT r.id, r.serial, i.name, r.certificate_id, r.seq, r.not_after,"
	      " r.revoked_at, r.reason, r.serial_octets, r.requester, r.request_id"
	      " FROM revocation r JOIN issuer i ON i.id = r.issuer_id ORDER BY r.id",
		"compare revocations" },
	    1,
	    { { INT, "*record" }, { HEX, "*serial" }, { TEXT, "issuer" },
		{ INT, "certificate's record" }, { INT, "record of the reason" },
		{ TIME, "certificate's end" }, { TIME, "time" }, { INT, "reason" },
		{ INT, "octets of the serial" }, { TEXT, "requester" },
		{ TEXT, "request id" } } },
	{ "compromised key",
	    { "SELECT key_hash FROM compromised_key ORDER BY key_hash",
		"compare compromised keys" },
	    1, { { HEX, "*hash" } } },
	{ "CRL",
	    { "SELECT issuer_id, number, seq, this_update, next_update, entries"
	      " FROM crl ORDER BY issuer_id, number",
		"compare CRLs" },
	    2,
	    { { INT, "*issuer" }, { INT, "*number" }, { INT, "record" },
		{ TIME, "time" }, { TIME, "next update" }, { INT, "entries" } } },
	{ "CRL of a shard",
	    { "SELECT issuer_id, shards, shard, number, seq, this_update, next_update,"
	      " entries, base FROM crl_shard ORDER BY issuer_id, shards, shard",
		"compare the CRLs of shards" },
	    3,
	    { { INT, "*issuer" }, { INT, "*shards" }, { INT, "*shard" },
		{ INT, "number" }, { INT, "record" }, { TIME, "time" },
		{ TIME, "next update" }, { INT, "entries" },
		{ INT, "base of a delta" } } },
	{ "set of shards",
	    { "SELECT issuer_id, shards, place, not_after FROM crl_place"
	      " ORDER BY issuer_id, shards, place",
		"compare the sets of shards" },
	    3,
	    { { INT, "*issuer" }, { INT, "*shards" }, { TEXT, "*place" },
		{ TIME, "last end" } } },
	{ "row of the audit",
	    { "SELECT seq, kind, at, request_id, identity, profile, issuer, names, "
	      "serial,"
	      " object, result, reason FROM audit WHERE seq IS NOT NULL AND at >="
	      " (SELECT COALESCE(MAX(num), 0) FROM meta WHERE key = "
	      "'audit-pruned-before')"
	      " ORDER BY seq",
		"compare the audit" },
	    1,
	    { { INT, "*record" }, { INT, "event" }, { TIME, "time" },
		{ TEXT, "request id" }, { TEXT, "identity" }, { TEXT, "profile" },
		{ TEXT, "issuer" }, { TEXT, "names" }, { TEXT, "serial" },
		{ TEXT, "object" }, { TEXT, "result" }, { TEXT, "reason" } } },
};

struct side {
	struct stmt *q;
	bool has; /* a row */
};

/* ---- values ---- */

static int
compare_value(enum kind kind, int i, struct stmt *a, struct stmt *b)
{
	if (stmt_col_is_null(a, i) || stmt_col_is_null(b, i))
		return (int)stmt_col_is_null(b, i) - (int)stmt_col_is_null(a, i);
	if (kind == INT || kind == TIME) {
		const int64_t x = stmt_col_int(a, i), y = stmt_col_int(b, i);

		return x < y ? -1 : x > y;
	}
	if (kind == TEXT)
		return strcmp(stmt_col_text(a, i), stmt_col_text(b, i));
	const struct bytes x = stmt_col_bytes(a, i), y = stmt_col_bytes(b, i);
	const size_t n = x.n < y.n ? x.n : y.n;
	const int r = n > 0 ? memcmp(x.p, y.p, n) : 0;

	return r != 0 ? r : x.n < y.n ? -1 : x.n > y.n;
}

static void
put_text(struct buf *b, const char *text)
{
	const struct bytes t = bytes_str(text);

	buf_putc(b, '"');
	for (size_t i = 0; i < t.n && i < SHOWN_MAX; i++)
		buf_putc(b, t.p[i] < 0x20 || t.p[i] == 0x7f ? '?' : t.p[i]);
	buf_puts(b, t.n > SHOWN_MAX ? "…\"" : "\"");
}

static void
put_hex(struct buf *b, struct bytes v)
{
	char hex[2 * 32 + 1];

	hex_write(bytes_of(v.p, v.n < 32 ? v.n : 32), hex);
	buf_puts(b, v.n > 0 ? hex : "nothing");
}

static void
put_value(struct buf *b, enum kind kind, int i, struct stmt *q)
{
	char at[CLOCK_RFC3339_LEN];

	if (stmt_col_is_null(q, i)) {
		buf_puts(b, "nothing");
	} else if (kind == INT) {
		buf_printf(b, "%" PRId64, stmt_col_int(q, i));
	} else if (kind == TIME) {
		clock_rfc3339(stmt_col_int(q, i), at);
		buf_puts(b, at);
	} else if (kind == TEXT) {
		put_text(b, stmt_col_text(q, i));
	} else if (kind == HEX) {
		put_hex(b, stmt_col_bytes(q, i));
	} else {
		buf_printf(b, "%zu octets", stmt_col_bytes(q, i).n);
	}
}

/* ---- sentences ---- */

/* "certificate (record 12, serial 0cf5…): " */
static void
put_row(struct buf *b, const struct table *t, struct stmt *q)
{
	bool first = true;

	buf_puts(b, t->what);
	for (int i = 0; i < COLUMNS_MAX && t->columns[i].kind != END; i++) {
		if (t->columns[i].words[0] != '*')
			continue;
		buf_printf(b, "%s%s ", first ? " (" : ", ", t->columns[i].words + 1);
		put_value(b, t->columns[i].kind, i, q);
		first = false;
	}
	buf_puts(b, first ? ": " : "): ");
}

static void
say_lonely(const struct table *t, struct stmt *q, const char *words, compare_say *say,
    void *arg)
{
	struct buf b;

	buf_init(&b, KIB(4));
	put_row(&b, t, q);
	buf_puts(&b, words);
	say(arg, buf_str(&b));
	buf_free(&b);
}

static void
say_edited(const struct table *t, int i, struct stmt *want, struct stmt *have,
    compare_say *say, void *arg)
{
	const struct column *c = &t->columns[i];
	struct buf b;

	buf_init(&b, KIB(4));
	put_row(&b, t, have);
	buf_printf(&b, "%s: the database says ", c->words + (c->words[0] == '*'));
	put_value(&b, c->kind, i, have);
	buf_puts(&b, ", the journal ");
	put_value(&b, c->kind, i, want);
	if (c->kind == OCTETS)
		buf_puts(&b, ", and not the same");
	buf_puts(&b, "; the row was edited");
	say(arg, buf_str(&b));
	buf_free(&b);
}

/* ---- the walk ---- */

static int
compare_keys(const struct table *t, const struct side *want, const struct side *have)
{
	if (!want->has || !have->has)
		return want->has ? -1 : 1;
	for (int i = 0; i < (int)t->keys; i++) {
		const int r = compare_value(t->columns[i].kind, i, want->q, have->q);

		if (r != 0)
			return r;
	}
	return 0;
}

static void
compare_row(const struct table *t, struct stmt *want, struct stmt *have,
    compare_say *say, void *arg)
{
	for (int i = (int)t->keys; i < COLUMNS_MAX && t->columns[i].kind != END; i++)
		if (compare_value(t->columns[i].kind, i, want, have) != 0)
			say_edited(t, i, want, have, say, arg);
}

static bool
compare_table(const struct table *t, struct store *want_store, struct store *have_store,
    compare_say *say, void *arg, struct err *e)
{
	struct side want = { .q = stmt_begin(store_db(want_store), &t->def) };
	struct side have = { .q = stmt_begin(store_db(have_store), &t->def) };

	want.has = stmt_step(want.q);
	have.has = stmt_step(have.q);
	while (want.has || have.has) {
		const int order = compare_keys(t, &want, &have);

		if (order < 0)
			say_lonely(t, want.q,
			    "the journal has it, the database does not; the row was "
			    "deleted",
			    say, arg);
		else if (order > 0)
			say_lonely(t, have.q,
			    "the database has it, the journal does not; the row was "
			    "inserted",
			    say, arg);
		else
			compare_row(t, want.q, have.q, say, arg);
		if (order <= 0)
			want.has = stmt_step(want.q);
		if (order >= 0)
			have.has = stmt_step(have.q);
	}
	struct err second;
	const bool ok = stmt_finish(want.q, e);
	if (stmt_finish(have.q, &second))
		return ok;
	if (ok)
		*e = second;
	return false;
}

bool
store_compare(struct store *want, struct store *have, compare_say *say, void *arg,
    struct err *e)
{
	for (size_t i = 0; i < NITEMS(tables); i++)
		if (!compare_table(&tables[i], want, have, say, arg, e))
			return false;
	return true;
}

/* It is compared with itself: a journal that was lied to tells both. */
static const struct table early = { "revocation",
	{ "SELECT r.id, r.serial, i.name, r.not_after, c.not_after FROM revocation r"
	  " JOIN issuer i ON i.id = r.issuer_id"
	  " JOIN certificate c ON c.id = r.certificate_id"
	  " WHERE r.not_after < c.not_after ORDER BY r.id",
	    "compare the ends of revocations and certificates" },
	1, { { INT, "*record" }, { HEX, "*serial" }, { TEXT, "*issuer" } } };

bool
store_compare_ends(struct store *want, compare_say *say, void *arg, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(want), &early.def);

	while (stmt_step(q)) {
		struct buf b;

		buf_init(&b, KIB(4));
		put_row(&b, &early, q);
		buf_puts(&b, "it is on no CRL any more from ");
		put_value(&b, TIME, 3, q);
		buf_puts(&b, " on, its certificate ends at ");
		put_value(&b, TIME, 4, q);
		buf_puts(&b, "; revoke it again");
		say(arg, buf_str(&b));
		buf_free(&b);
	}
	return stmt_finish(q, e);
}

static const struct stmt_def gaps_def = {
	"SELECT a.id, (SELECT MAX(b.id) FROM audit b WHERE b.id < a.id) FROM audit a"
	" WHERE a.id > $1 + 1"
	" AND NOT EXISTS (SELECT 1 FROM audit b WHERE b.id = a.id - 1) ORDER BY a.id",
	"look for gaps in the audit"
};
static const struct stmt_def count_def = { "SELECT count(*) FROM audit WHERE id <= $1",
	"count the audit's rows" };

/* Among those up to where retention came, as many lack as it took out. */
static bool
compare_count(struct store *have, const struct audit_pruned *p, compare_say *say,
    void *arg, struct err *e)
{
	struct stmt *q = stmt_begin(store_db(have), &count_def);
	char words[200];

	stmt_int(q, 1, p->last_id);
	if (!stmt_row(q, e))
		return false;
	const int64_t lack = p->last_id - stmt_col_int(q, 0) - p->rows;
	if (!stmt_finish(q, e))
		return false;
	if (lack == 0)
		return true;
	snprintf(words, sizeof(words),
	    "of the audit's rows up to %" PRId64 ", %" PRId64
	    " %s than those that retention took out; they were %s",
	    p->last_id, lack < 0 ? -lack : lack, lack < 0 ? "fewer lack" : "more lack",
	    lack < 0 ? "inserted" : "deleted");
	say(arg, words);
	return true;
}

bool
store_compare_gaps(struct store *have, compare_say *say, void *arg, struct err *e)
{
	struct audit_pruned p;
	char words[120];

	if (!store_audit_pruned(have, &p, e) || !compare_count(have, &p, say, arg, e))
		return false;
	struct stmt *q = stmt_begin(store_db(have), &gaps_def);
	stmt_int(q, 1, p.last_id);
	while (stmt_step(q)) {
		const int64_t before = stmt_col_int(q, 1);
		const int64_t from = (before > p.last_id ? before : p.last_id) + 1,
			      to = stmt_col_int(q, 0) - 1;

		snprintf(words, sizeof(words),
		    from == to ? "row %" PRId64
				 " of the audit is missing; it was deleted"
			       : "rows %" PRId64 " to %" PRId64
				 " of the audit are missing; they were deleted",
		    from, to);
		say(arg, words);
	}
	return stmt_finish(q, e);
}
