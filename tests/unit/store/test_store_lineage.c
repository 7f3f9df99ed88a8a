/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/mem.h"
#include "store/store_lineage.h"
#include "store/store_migrate.h"
#include "tmp_certificate.h"

/* The n-th certificate, which has a parent. */
static void
place(unsigned n, unsigned parent, bool by_holder)
{
	struct tmp_certificate t;
	const struct serial p = tmp_serial(parent);

	tmp_certificate(&t, n);
	t.new.parent = &p;
	t.new.by_holder = by_holder;
	MUST(store_certificate_add(st, &t.new, &e));
	tmp_certificate_free(&t);
}

static void
renew(unsigned n, unsigned parent)
{
	place(n, parent, false);
}

static struct certificate_row
row(unsigned n)
{
	const struct serial s = tmp_serial(n);
	struct certificate_row r;

	MUST(store_certificate_get(st, NULL, &s, &r, &e));
	return r;
}

static void
expect_place(unsigned n, unsigned parent, unsigned first)
{
	struct certificate_row r = row(n);
	const struct serial p = tmp_serial(parent), f = tmp_serial(first);

	cr_expect_eq(r.has_parent, parent != 0, "%u", n);
	if (parent != 0)
		cr_expect(serial_eq(&r.parent, &p), "%u", n);
	cr_expect(serial_eq(&r.first, &f), "%u", n);
	cr_expect_eq(r.first_id, first);
	cr_expect_eq(r.first_at, first + 1);
	certificate_row_free(&r);
}

static bool
compromised(unsigned n)
{
	struct certificate_row r = row(n);
	bool bad = false;

	MUST(store_lineage_compromised(st, r.id, r.first_id, &bad, &e));
	certificate_row_free(&r);
	return bad;
}

/*
 *	1 - 2 - 3 - 6
 *	     \- 4 - 7
 *	5 (alone)
 */
static void
plant(void)
{
	tmp_begin();
	tmp_add(1);
	renew(2, 1);
	renew(3, 2);
	renew(4, 2);
	tmp_add(5);
	renew(6, 3);
	renew(7, 4);
}

Test(store_lineage, each_knows_its_parent_and_the_first, .init = plant, .fini = tmp_end)
{
	expect_place(1, 0, 1);
	expect_place(2, 1, 1);
	expect_place(3, 2, 1);
	expect_place(7, 4, 1);
	expect_place(5, 0, 5);
	renew(8, 77); /* a parent that is not here: a lineage of its own */
	expect_place(8, 0, 8);
	MUST(store_check(st, &e));
}

/* S8 */
Test(store_lineage, what_descends_from_a_compromised_key_is_known_and_nothing_else,
    .init = plant, .fini = tmp_end)
{
	tmp_revoke(8, 1, REASON_SUPERSEDED);
	for (unsigned n = 1; n <= 7; n++)
		cr_expect_not(compromised(n), "%u", n);
	tmp_revoke(9, 3, REASON_KEY_COMPROMISE);
	for (unsigned n = 1; n <= 7; n++)
		cr_expect_eq(compromised(n), n == 6, "%u", n);
	tmp_revoke(10, 1, REASON_KEY_COMPROMISE); /* raised */
	for (unsigned n = 1; n <= 7; n++)
		cr_expect_eq(compromised(n), n != 1 && n != 5, "%u", n);
	renew(11, 7);
	cr_expect(compromised(11));
	renew(12, 5);
	cr_expect_not(compromised(12));
}

/* S8: a revocation may be known before the certificate is. */
Test(store_lineage, a_revocation_that_came_first_counts, .init = tmp_begin,
    .fini = tmp_end)
{
	tmp_revoke(1, 2, REASON_KEY_COMPROMISE);
	tmp_add(2);
	renew(3, 2);
	cr_expect(compromised(3));
}

struct list {
	unsigned n;
	int64_t ids[20];
};

static bool
take(void *arg, const struct lineage_member *m, struct err *unused)
{
	struct list *l = arg;

	(void)unused;
	cr_expect_str_eq(m->issuer, "main");
	l->ids[l->n++] = m->id;
	return l->n < NITEMS(l->ids);
}

static struct list
listed(struct lineage_query q)
{
	struct list l = { 0 };

	q.first_id = q.first_id == 0 ? 1 : q.first_id;
	q.limit = q.limit == 0 ? 20 : q.limit;
	MUST(store_lineage_list(st, &q, take, &l, &e));
	return l;
}

static void
expect_list(struct lineage_query q, unsigned n, const int64_t *ids)
{
	const struct list l = listed(q);

	cr_assert_eq(l.n, n);
	for (unsigned i = 0; i < n; i++)
		cr_expect_eq(l.ids[i], ids[i]);
}

Test(store_lineage, lists_what_is_still_to_be_revoked, .init = plant, .fini = tmp_end)
{
	/* Certificate n ends with second 10000 + n. */
	expect_list((struct lineage_query){ .target_id = 4, .now = 1 }, 6,
	    (int64_t[]){ 1, 2, 3, 4, 6, 7 });
	expect_list((struct lineage_query){ .target_id = 4, .now = 10003 }, 4,
	    (int64_t[]){ 3, 4, 6, 7 });
	expect_list((struct lineage_query){ .target_id = 2, .now = 10004 }, 4,
	    (int64_t[]){ 2, 4, 6, 7 });
	expect_list((struct lineage_query){ .target_id = 2, .now = 1, .limit = 2 }, 2,
	    (int64_t[]){ 1, 2 });
	expect_list((struct lineage_query){ .target_id = 2, .now = 1, .after_id = 3 },
	    3, (int64_t[]){ 4, 6, 7 });
	tmp_revoke(8, 3, REASON_SUPERSEDED);
	tmp_revoke(9, 4, REASON_KEY_COMPROMISE);
	expect_list((struct lineage_query){ .target_id = 4, .now = 1 }, 4,
	    (int64_t[]){ 1, 2, 6, 7 });
	expect_list((struct lineage_query){ .target_id = 4, .now = 1, .raise = true },
	    5, (int64_t[]){ 1, 2, 3, 6, 7 });
}

/*
 *	8 - 10 - 11
 *	 \\= 9 - 12	9: its holder got it
 */
Test(store_lineage, renewals_are_listed_apart_from_what_a_holder_got, .init = tmp_begin,
    .fini = tmp_end)
{
	tmp_add(8);
	place(9, 8, true);
	renew(10, 8);
	renew(11, 10);
	renew(12, 9);
	for (unsigned n = 8; n <= 12; n++) {
		struct certificate_row r = row(n);

		cr_expect_eq(r.first_id, 8);
		cr_expect_eq(r.family_id, n == 9 || n == 12 ? 9 : 8, "%u", n);
		certificate_row_free(&r);
	}
	const struct lineage_query
	    of_9 = { .first_id = 8, .family_id = 9, .target_id = 12, .now = 1 },
	    of_8 = { .first_id = 8, .family_id = 8, .target_id = 8, .now = 1 },
	    all = { .first_id = 8, .target_id = 12, .now = 1 };
	expect_list(of_9, 2, (int64_t[]){ 9, 12 });
	expect_list(of_8, 3, (int64_t[]){ 8, 10, 11 });
	expect_list(all, 5, (int64_t[]){ 8, 9, 10, 11, 12 });
}

#define LONG_CHAIN 5000

/* What holds the loop must not grow with the years that a service is renewed. */
Test(store_lineage, a_long_chain_is_not_walked, .init = tmp_begin, .fini = tmp_end)
{
	MUST(store_begin(st, &e));
	tmp_add(1);
	for (unsigned n = 2; n <= LONG_CHAIN; n++)
		renew(n, n - 1);
	MUST(store_commit(st, &e));
	int64_t began = clock_mono_ms();
	for (int i = 0; i < 100; i++) {
		cr_expect_not(compromised(LONG_CHAIN));
		cr_expect_eq(listed((struct lineage_query){ .target_id = LONG_CHAIN,
					.now = 10000 + LONG_CHAIN })
				 .n,
		    1);
	}
	cr_expect_lt(clock_mono_ms() - began, 1000);

	tmp_revoke(LONG_CHAIN + 1, 1, REASON_KEY_COMPROMISE);
	began = clock_mono_ms();
	cr_expect(compromised(LONG_CHAIN));
	cr_expect_lt(clock_mono_ms() - began, 500, "the whole walk");
}

/* S92 */
Test(store_lineage, a_database_from_before_is_taken_over, .init = tmp_begin,
    .fini = tmp_end)
{
	struct db *db;

	store_close(st);
	st = NULL;
	unlink(tmp_path);
	MUST(db_open(tmp_path, DB_CREATE, &db, &e));
	MUST(db_exec(db, store_migrations[0].sql, &e));
	MUST(db_exec(db,
	    "UPDATE meta SET num = 1 WHERE key = 'schema';"
	    "INSERT INTO issuer (id, name) VALUES (1, 'main');"
	    "INSERT INTO certificate VALUES (1, 1, x'41', 'server', '', 1, 2, 1, '', "
	    "'',"
	    " zeroblob(32), x''), (2, 1, x'42', 'server', '', 1, 2, 1, '', '',"
	    " zeroblob(32), x'');"
	    "INSERT INTO certificate_der VALUES (1, x'00'), (2, x'00');"
	    "INSERT INTO revocation VALUES (3, 1, x'41', 1, 3, 2, 1, 1, 1, '', '');",
	    &e));
	db_close(db);
	MUST(store_open(tmp_path, &st, &e));
	cr_expect_eq(tmp_number("SELECT first_id FROM lineage_compromised"), 1);
	struct certificate_row r;
	const struct serial old = { .n = 1, .b = { 0x42 } };
	MUST(store_certificate_get(st, NULL, &old, &r, &e));
	cr_expect_not(r.has_parent);
	cr_expect_eq(r.first_id, 2);
	certificate_row_free(&r);
}
