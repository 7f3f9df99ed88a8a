/* SPDX-License-Identifier: Apache-2.0 */
#include "tmp_certificate.h"

#include "base/mem.h"
#include "store/store_audit.h"
#include "store/store_migrate.h"

struct seen {
	int64_t ids[32];
	size_t n;
	struct audit_row last; /* its texts are gone */
};

static bool
see(void *arg, const struct audit_row *r, struct err *ignored)
{
	struct seen *s = arg;

	(void)ignored;
	cr_assert_lt(s->n, NITEMS(s->ids));
	s->ids[s->n++] = r->id;
	s->last = *r;
	return true;
}

static void
expect_ids(struct audit_query q, size_t n, const int64_t *ids)
{
	struct seen s = { 0 };
	struct audit_seen seen;

	q.limit = q.limit == 0 ? 31 : q.limit;
	MUST(store_audit_list(st, &q, see, &s, &seen, &e));
	cr_assert_eq(s.n, n, "%zu rows, %zu expected", s.n, n);
	for (size_t i = 0; i < n; i++)
		cr_expect_eq(s.ids[i], ids[i], "row %zu: %lld", i, (long long)s.ids[i]);
}

#define IDS(...)                                                                       \
	sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t), (const int64_t[])  \
	{                                                                              \
		__VA_ARGS__                                                            \
	}

static void
add(int64_t at, enum audit_kind kind, const char *identity, const char *serial)
{
	MUST(store_audit_add(st,
	    &(struct audit_row){ .at = at,
		.kind = kind,
		.identity = identity,
		.serial = serial,
		.result = AUDIT_DONE },
	    &e));
}

static void
begin_with_rows(void)
{
	tmp_begin();
	add(100, AUDIT_STARTED, "system", NULL);
	add(200, AUDIT_ISSUED, "cert:a", "0a");
	add(200, AUDIT_ISSUED, "cert:b", "0b");
	add(300, AUDIT_REVOKED, "cert:a", "0a");
	add(250, AUDIT_REFUSED, "cert:b", NULL); /* the clock went back */
}

Test(store_audit, rows_are_found_by_each_filter_newest_first, .init = begin_with_rows,
    .fini = tmp_end)
{
	expect_ids((struct audit_query){ 0 }, IDS(4, 5, 3, 2, 1));
	expect_ids((struct audit_query){ .kind = AUDIT_ISSUED }, IDS(3, 2));
	expect_ids((struct audit_query){ .identity = "cert:a" }, IDS(4, 2));
	expect_ids((struct audit_query){ .serial = "0a" }, IDS(4, 2));
	expect_ids((struct audit_query){ .since = 250 }, IDS(4, 5));
	expect_ids((struct audit_query){ .until = 200 }, IDS(1));
	expect_ids((struct audit_query){ .kind = AUDIT_ISSUED, .identity = "cert:b" },
	    IDS(3));
	expect_ids((struct audit_query){ .identity = "cert" }, 0, NULL);
}

Test(store_audit, pages_go_on_where_the_last_one_ended, .init = begin_with_rows,
    .fini = tmp_end)
{
	expect_ids((struct audit_query){ .limit = 2 }, IDS(4, 5));
	add(400, AUDIT_STOPPED, "system", NULL); /* comes in between */
	expect_ids((struct audit_query){ .limit = 2, .before_at = 250, .before_id = 5 },
	    IDS(3, 2));
	expect_ids((struct audit_query){ .limit = 2, .before_at = 200, .before_id = 2 },
	    IDS(1));
	expect_ids((struct audit_query){ .oldest_first = true, .after_id = 4 },
	    IDS(5, 6));
	expect_ids((struct audit_query){ .oldest_first = true, .limit = 2 }, IDS(1, 2));
	const struct audit_query none = { 0 }, many = { .limit = AUDIT_LIST_MAX + 1 };
	struct seen s = { 0 };
	struct audit_seen seen;
	cr_expect_not(store_audit_list(st, &none, see, &s, &seen, &e));
	cr_expect_not(store_audit_list(st, &many, see, &s, &seen, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
}

/* S32 */
Test(store_audit, a_slice_looks_at_so_many_rows_and_says_how_far_it_came,
    .init = begin_with_rows, .fini = tmp_end)
{
	struct audit_query q = { .identity = "cert:b",
		.kind = AUDIT_ISSUED,
		.limit = 9,
		.look = 1 };
	struct audit_seen seen = { 0 };
	struct seen s = { 0 };

	MUST(store_audit_list(st, &q, see, &s, &seen, &e)); /* the refusal is none */
	cr_expect(s.n == 0 && seen.id == 5 && seen.at == 250 && !seen.all);
	q.before_at = seen.at;
	q.before_id = seen.id;
	MUST(store_audit_list(st, &q, see, &s, &seen, &e));
	cr_expect(s.n == 1 && s.ids[0] == 3 && seen.id == 3 && !seen.all);
	q.before_at = seen.at;
	q.before_id = seen.id;
	MUST(store_audit_list(st, &q, see, &s, &seen, &e));
	cr_expect(s.n == 1 && seen.all);

	q = (struct audit_query){ .kind = AUDIT_REVOKED,
		.oldest_first = true,
		.after_id = 1,
		.limit = 9,
		.look = 2 };
	s.n = 0;
	MUST(store_audit_list(st, &q, see, &s, &seen, &e));
	cr_expect(s.n == 0 && seen.id == 3 && !seen.all);
	q.after_id = 3;
	q.look = 0;
	MUST(store_audit_list(st, &q, see, &s, &seen, &e));
	cr_expect(s.n == 1 && s.ids[0] == 4 && seen.id == 5 && seen.all);
}

Test(store_audit, retention_takes_old_rows_out_and_never_the_newest, .init = tmp_begin,
    .fini = tmp_end)
{
	struct audit_pruned p;
	int64_t last;
	size_t n = 9;

	for (int64_t i = 1; i <= 9; i++)
		add(i * 10, i % 2 != 0 ? AUDIT_REFUSED : AUDIT_STOPPED, NULL, NULL);
	MUST(store_audit_pruned(st, &p, &e));
	cr_expect(p.rows == 0 && p.last_id == 0 && p.before == 0);
	MUST(store_audit_prune(st, 60, 0, 2, &n, &e));
	cr_expect_eq(n, 2u);
	MUST(store_audit_prune(st, 60, 0, 2, &n, &e));
	cr_expect_eq(n, 1u);
	MUST(store_audit_pruned(st, &p, &e));
	cr_expect(p.rows == 3 && p.last_id == 5 && p.before == 0);
	expect_ids((struct audit_query){ 0 }, IDS(9, 8, 7, 6, 4, 2));
	MUST(store_audit_prune(st, 60, 45, 100, &n, &e));
	cr_expect_eq(n, 2u);
	MUST(store_audit_pruned(st, &p, &e));
	cr_expect(p.rows == 5 && p.last_id == 5 && p.before == 45);
	MUST(store_audit_prune(st, 1000, 1000, 100, &n, &e));
	expect_ids((struct audit_query){ 0 }, IDS(9));
	MUST(store_audit_last(st, &last, &e));
	cr_expect_eq(last, 9);
	MUST(store_audit_last_at(st, &last, &e));
	cr_expect_eq(last, 90);
	MUST(store_audit_prune(st, 1000, 1000, 100, &n, &e));
	cr_expect_eq(n, 0u);
}

Test(store_audit, a_record_has_one_row_and_ids_have_no_gap, .init = tmp_begin,
    .fini = tmp_end)
{
	const struct audit_row r = { .at = 1, .kind = AUDIT_ISSUED, .seq = 7 };
	int64_t last = 9;

	MUST(store_audit_last(st, &last, &e));
	cr_expect_eq(last, 0);
	MUST(store_audit_last_at(st, &last, &e));
	cr_expect_eq(last, 0);
	MUST(store_audit_add(st, &r, &e));
	cr_expect_not(store_audit_add(st, &r, &e));
	MUST(store_begin(st, &e));
	add(2, AUDIT_STOPPED, NULL, NULL);
	store_rollback(st);
	add(3, AUDIT_STOPPED, NULL, NULL);
	MUST(store_audit_last(st, &last, &e));
	cr_expect_eq(last, 2);
}

Test(store_audit, each_kind_has_a_word_of_its_own)
{
	unsigned kinds = 0;

	for (unsigned k = 0; k < 64; k++) {
		const char *word = store_audit_word(k);
		enum audit_kind back;

		if (word == NULL)
			continue;
		kinds++;
		cr_expect(store_audit_from(bytes_str(word), &back) && back == k);
	}
	cr_expect_eq(kinds, 20u);
	enum audit_kind none;
	cr_expect_not(store_audit_from(bytes_str("nothing"), &none));
}

Test(store_audit, names_are_words_with_their_types)
{
	struct tmp_certificate t;
	struct buf b;

	tmp_certificate(&t, 3);
	tmp_name(&t, NAME_TYPE_IP, "10.0.0.1");
	buf_init(&b, KIB(1));
	store_audit_names(&b, &t.cert.names);
	cr_expect_str_eq(buf_str(&b), "dns:host-3.internal ip:10.0.0.1");
	buf_clear(&b);
	store_audit_names(&b, NULL);
	cr_expect_str_eq(buf_str(&b), "");
	buf_free(&b);
	tmp_certificate_free(&t);
}

/* A database of before this table: what it holds stays, and is told apart. */
Test(store_audit, an_old_database_gets_the_table, .init = tmp_begin, .fini = tmp_end)
{
	struct db *db;
	uint64_t since = 0;

	tmp_drop();
	MUST(db_open(tmp_path, DB_CREATE, &db, &e));
	MUST(db_begin(db, &e));
	MUST(db_exec(db, store_migrations[0].sql, &e));
	MUST(db_exec(db,
	    "UPDATE meta SET num = 1 WHERE key = 'schema';"
	    "UPDATE meta SET num = 41 WHERE key = 'seq'",
	    &e));
	MUST(db_commit(db, &e));
	db_close(db);
	MUST(store_open(tmp_path, &st, &e));
	MUST(store_audit_since(st, &since, &e));
	cr_expect_eq(since, 41u);
	add(1, AUDIT_STARTED, "system", NULL);
	expect_ids((struct audit_query){ 0 }, IDS(1));
}
