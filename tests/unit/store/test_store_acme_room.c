/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_acme_room.h"

#include "store/store_migrate.h"
#include "tmp_acme.h"

#define HOUR 3600

static int64_t
all(void)
{
	int64_t n = -1;

	MUST(store_acme_room_all(st, &n, &e));
	return n;
}

static int64_t
all_of_rows(void)
{
	return tmp_number("SELECT (SELECT COALESCE(sum(unproved), 0) FROM acme_order)"
			  " + (SELECT count(*) FROM acme_authz WHERE loose = 1)");
}

static void
expect_all(int64_t want, const char *when)
{
	cr_expect_eq(all(), want, "%s: %lld", when, (long long)all());
	cr_expect_eq(all_of_rows(), want, "%s: %lld by the rows", when,
	    (long long)all_of_rows());
}

static int64_t
add_loose(unsigned n)
{
	struct acme_authz a = {
		.account_num = 1,
		.type = NAME_TYPE_DNS,
		.value = (char *)"loose.internal",
		.loose = true,
		.status = ACME_PENDING,
		.created_at = NOW,
		.expires_at = NOW + 60,
	};
	int64_t num;

	snprintf(a.id, sizeof(a.id), "loose%u", n);
	MUST(store_acme_authz_add(st, &a, &num, &e));
	return num;
}

/* An order of account 1 with so many names. */
static int64_t
add_order(unsigned n, unsigned names_n, enum acme_status status, int64_t created_at,
    int64_t expires_at)
{
	struct acme_order_name names[5];
	struct acme_order o = {
		.account_num = 1,
		.status = status,
		.profile = (char *)"server",
		.created_at = created_at,
		.expires_at = expires_at,
		.names = names,
		.n_names = names_n,
	};
	int64_t num;

	for (unsigned i = 0; i < names_n; i++)
		names[i] = (struct acme_order_name){ NAME_TYPE_DNS,
			(char *)"a.internal", 1, "" };
	snprintf(o.id, sizeof(o.id), "o%u", n);
	MUST(store_acme_order_add(st, &o, &num, &e));
	return num;
}

/* S32 */
Test(store_acme_room, the_sum_is_that_of_the_rows_whatever_becomes_of_them,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	int64_t n, cursor = 0;

	expect_all(0, "at first");
	tmp_authz(1, 1, "a.internal", ACME_PENDING, NOW + 60);
	const int64_t proved = add_order(1, 3, ACME_PENDING, NOW, NOW + 60),
		      vain = add_order(2, 5, ACME_PENDING, NOW, NOW + 60);
	add_order(3, 2, ACME_READY, NOW, NOW + 60);
	expect_all(8, "made");
	MUST(store_acme_order_move(st, proved, ACME_PENDING, ACME_READY, NULL, &e));
	expect_all(5, "one proved");
	MUST(store_acme_order_move(st, vain, ACME_PENDING, ACME_INVALID, "{}", &e));
	expect_all(5, "one failed");
	const int64_t loose = add_loose(1);
	add_loose(2);
	expect_all(7, "two authorized before any order");
	tmp_order(4, 1, loose, ACME_READY, NOW + 60);
	expect_all(6, "an order names one");
	tmp_sql("DELETE FROM acme_authz WHERE id = 'loose2'");
	expect_all(5, "the other is gone");
	MUST(store_acme_order_sweep(st, NOW + 61, NOW, NOW + 60, "{}", 9, &cursor, &n,
	    &e));
	expect_all(5, "at its end");
	cursor = 0;
	MUST(store_acme_order_sweep(st, NOW + 62, NOW, NOW + 61, "{}", 9, &cursor, &n,
	    &e));
	expect_all(0, "swept");
	cr_expect_eq(tmp_number("SELECT count(*) FROM acme_order"), 3);
	add_order(5, 4, ACME_PENDING, NOW, NOW + 60);
	tmp_add(1);
	MUST(store_acme_order_issued(st, "o5", 1, &e)); /* replayed into an old copy */
	expect_all(0, "issued");
}

/* S32, A246 */
Test(store_acme_room, a_proof_ends_what_was_authorized_before_any_order,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	const int64_t proved = add_loose(1), failed = add_loose(2),
		      given_up = add_loose(3);
	int64_t n, cursor = 0;

	MUST(store_acme_authz_move(st, failed, ACME_PENDING, ACME_INVALID, 0, &e));
	expect_all(3, "a failure is none");
	MUST(store_acme_authz_move(st, proved, ACME_PENDING, ACME_VALID, NOW + 60, &e));
	MUST(store_acme_authz_move(st, given_up, ACME_PENDING, ACME_VALID, NOW + 60,
	    &e));
	expect_all(1, "two proved");
	MUST(store_acme_authz_move(st, given_up, ACME_VALID, ACME_DEACTIVATED, 0, &e));
	expect_all(1, "one of them given up");
	MUST(store_acme_authz_sweep(st, NOW + 59, NOW, NOW, 9, &cursor, &n, &e));
	cr_expect_eq(tmp_number("SELECT count(*) FROM acme_authz"), 2,
	    "what was given up is gone");
	cursor = 0;
	MUST(store_acme_authz_sweep(st, NOW + 60, NOW, NOW, 9, &cursor, &n, &e));
	cr_expect_eq(tmp_number("SELECT num FROM acme_authz"), failed);
	expect_all(1, "its time is over");
	cursor = 0;
	MUST(store_acme_authz_sweep(st, NOW + 62, NOW, NOW + 61, 9, &cursor, &n, &e));
	expect_all(0, "nothing is left");
	cr_expect_eq(tmp_number("SELECT count(*) FROM acme_authz"), 0);
}

/* S32, A152 */
Test(store_acme_room, names_count_until_they_are_proved_and_then_the_order,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	static const struct {
		unsigned names_n;
		enum acme_status status;
		int64_t created_at, expires_at;
		int64_t open, late; /* of these and those above */
	} rows[] = {
		{ 3, ACME_PENDING, NOW - 9 * HOUR, NOW + 1, 3, 0 },
		{ 3, ACME_READY, NOW, NOW + 1, 4, 0 },
		{ 3, ACME_PROCESSING, NOW, NOW + 1, 5, 0 },
		{ 3, ACME_VALID, NOW, NOW + 1, 5, 0 },
		{ 3, ACME_INVALID, NOW, NOW + 1, 5, 0 }, /* by what was proved */
		{ 2, ACME_PENDING, NOW - 1, NOW, 5, 2 },
		{ 2, ACME_PENDING, NOW - HOUR, NOW, 5, 2 },
		{ 2, ACME_READY, NOW - 1, NOW, 5, 2 },
	};
	struct store_acme_open r;
	int64_t vain;

	tmp_authz(1, 1, "a.internal", ACME_PENDING, NOW + 60);
	for (unsigned i = 0; i < NITEMS(rows); i++) {
		add_order(i, rows[i].names_n, rows[i].status, rows[i].created_at,
		    rows[i].expires_at);
		MUST(store_acme_room_open(st, 1, NOW, NOW - HOUR, &r, &e));
		cr_expect_eq(r.names, rows[i].open, "row %u: %lld", i,
		    (long long)r.names);
		cr_expect_eq(r.late, rows[i].late, "row %u: %lld", i,
		    (long long)r.late);
	}
	MUST(store_acme_room_vain(st, 1, NOW - HOUR, &vain, &e));
	cr_expect_eq(vain, 0);
	tmp_sql("UPDATE acme_order SET status = 5 WHERE status = 1");
	MUST(store_acme_room_open(st, 1, NOW, NOW - HOUR, &r, &e));
	cr_expect_eq(r.names, 2);
	cr_expect_eq(r.late, 0);
	MUST(store_acme_room_vain(st, 1, NOW - HOUR, &vain, &e));
	cr_expect_eq(vain, 2, "they are on the disk still");
	MUST(store_acme_room_vain(st, 1, NOW - HOUR - 1, &vain, &e));
	cr_expect_eq(vain, 4);
	MUST(store_acme_room_vain(st, 2, 0, &vain, &e));
	cr_expect_eq(vain, 0, "of another account");
}

/* S32 */
Test(store_acme_room, one_order_that_was_proved_makes_an_account_known,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	static const struct {
		enum acme_status status;
		bool want;
	} cases[] = { { ACME_PENDING, false }, { ACME_INVALID, false },
		{ ACME_READY, true }, { ACME_PROCESSING, true }, { ACME_VALID, true } };
	bool proved = true;

	MUST(store_acme_room_proved(st, 1, &proved, &e));
	cr_expect_not(proved);
	tmp_authz(1, 1, "a.internal", ACME_PENDING, NOW + 60);
	for (unsigned i = 0; i < NITEMS(cases); i++) {
		add_order(i, 1, cases[i].status, NOW, NOW + 60);
		MUST(store_acme_room_proved(st, 1, &proved, &e));
		cr_expect_eq(proved, cases[i].want, "case %u", i);
		tmp_sql("DELETE FROM acme_order");
	}
}

/* S32 */
Test(store_acme_room, what_an_older_version_left_unproved_counts,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	static const char *const undo[] = { "DROP TRIGGER acme_order_unproved_made",
		"DROP TRIGGER acme_order_unproved_moved",
		"DROP TRIGGER acme_order_unproved_gone",
		"DROP TRIGGER acme_authz_loose_made",
		"DROP TRIGGER acme_authz_loose_moved",
		"DROP TRIGGER acme_authz_loose_gone", "DROP INDEX acme_order_vain",
		"ALTER TABLE acme_order DROP COLUMN unproved",
		"DELETE FROM meta WHERE key = 'acme-unproved'" };
	const struct store_migration *m = &store_migrations[17];

	tmp_authz(1, 1, "a.internal", ACME_PENDING, NOW + 60);
	add_order(1, 3, ACME_PENDING, NOW, NOW + 60);
	add_order(2, 2, ACME_READY, NOW, NOW + 60);
	add_order(3, 4, ACME_INVALID, NOW, NOW + 60);
	add_loose(1);
	add_loose(2);
	tmp_sql("UPDATE acme_authz SET status = 4 WHERE id = 'loose2'"); /* VALID */
	for (size_t i = 0; i < NITEMS(undo); i++)
		tmp_sql(undo[i]);
	cr_assert_str_eq(m->name, "018_acme_unproved.sql");
	MUST(db_exec(store_db(st), m->sql, &e));
	expect_all(4, "migrated");
	tmp_sql("UPDATE acme_order SET unproved = 0");
	expect_all(1, "and goes on");
}
