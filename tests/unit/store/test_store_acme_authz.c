/* SPDX-License-Identifier: Apache-2.0 */
#include "fail_step.h"
#include "store/store_acme_recovered.h"
#include "store/store_acme_room.h"
#include "tmp_acme.h"

static enum acme_status
status_of(int64_t num)
{
	struct acme_authz a;

	MUST(store_acme_authz_by_num(st, num, &a, &e));
	const enum acme_status s = a.status;
	store_acme_authz_free(&a);
	return s;
}

/* As new-authz makes it. */
static int64_t
tmp_loose(unsigned n, int64_t account, enum acme_status status, int64_t expires_at)
{
	struct acme_authz a = {
		.account_num = account,
		.type = NAME_TYPE_DNS,
		.value = (char *)"a.internal",
		.loose = true,
		.status = status,
		.created_at = NOW,
		.expires_at = expires_at,
	};
	int64_t num;

	snprintf(a.id, sizeof(a.id), "a%u", n);
	MUST(store_acme_authz_add(st, &a, &num, &e));
	return num;
}

static int64_t
loose(int64_t account)
{
	int64_t n = -1;

	MUST(store_acme_room_loose(st, account, NOW, &n, &e));
	return n;
}

Test(store_acme_authz, what_was_added_is_read_back_with_challenges_by_type,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	const int64_t num = tmp_authz(1, 1, "a.internal", ACME_PENDING, NOW + 60);
	struct acme_authz a, b, c;

	MUST(store_acme_authz_by_id(st, "a1", &a, &e));
	MUST(store_acme_authz_by_num(st, num, &b, &e));
	MUST(store_acme_authz_by_challenge(st, "c1-dns", &c, &e));
	cr_expect_eq(a.num, num);
	cr_expect_eq(c.num, num);
	cr_expect_eq(a.account_num, 1);
	cr_expect_eq(a.type, NAME_TYPE_DNS);
	cr_expect_str_eq(b.value, "a.internal");
	cr_expect_eq(a.status, ACME_PENDING);
	cr_expect_eq(a.expires_at, NOW + 60);
	cr_assert_eq(a.n_challenges, 2);
	cr_expect_eq(a.challenges[0].type, CHALLENGE_HTTP_01);
	cr_expect_str_eq(a.challenges[0].id, "c1-http");
	cr_expect_str_eq(a.challenges[1].token, "t2");
	cr_expect_str_eq(a.challenges[1].error, "");
	cr_expect_eq(a.challenges[1].validated_at, 0);
	store_acme_authz_free(&a);
	store_acme_authz_free(&b);
	store_acme_authz_free(&c);
	cr_expect_not(store_acme_authz_by_id(st, "a2", &a, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(store_acme_authz_by_challenge(st, "c2", &a, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
}

/* A152 */
Test(store_acme_authz, those_that_pend_and_no_order_names_are_counted,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	tmp_loose(1, 1, ACME_PENDING, NOW + 60);
	tmp_loose(2, 1, ACME_PENDING, NOW);
	tmp_loose(3, 1, ACME_VALID, NOW + 60);
	tmp_loose(4, 2, ACME_PENDING, NOW + 60);
	const int64_t named = tmp_loose(5, 1, ACME_PENDING, NOW + 60);
	tmp_authz(6, 1, "f.internal", ACME_PENDING, NOW + 60);
	cr_expect_eq(loose(1), 2);
	tmp_order(1, 1, named, ACME_INVALID, NOW + 60);
	cr_expect_eq(loose(1), 1);
	cr_expect_eq(loose(2), 1);
}

/* A152: it is asked for each new-authz, on core's one thread. */
Test(store_acme_authz, those_that_orders_name_cost_nothing_where_the_others_are_counted,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	tmp_loose(1, 1, ACME_PENDING, NOW + 60);
	cr_expect_eq(loose(1), 1);
	step_work = 0;
	cr_expect_eq(loose(1), 1);
	const int64_t before = step_work;

	MUST(store_begin(st, &e));
	for (unsigned n = 2; n < 1000; n++) {
		const int64_t num =
		    n % 2 == 0 ? tmp_loose(n, 1, ACME_PENDING, NOW + 60)
			       : tmp_authz(n, 1, "a.internal", ACME_PENDING, NOW + 60);
		tmp_order(n, 1, num, ACME_PENDING, NOW + 60);
	}
	MUST(store_commit(st, &e));
	step_work = 0;
	cr_expect_eq(loose(1), 1);
	cr_expect_leq(step_work, before, "%lld steps became %lld", (long long)before,
	    (long long)step_work);
}

/* A169, A173 */
Test(store_acme_authz, the_best_of_an_accounts_own_is_used_again,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	struct acme_authz a;

	tmp_authz(1, 1, "a.internal", ACME_PENDING, NOW + 900);
	tmp_authz(2, 1, "a.internal", ACME_VALID, NOW + 60);
	tmp_authz(3, 1, "a.internal", ACME_VALID, NOW + 90);
	tmp_authz(4, 1, "a.internal", ACME_DEACTIVATED, NOW + 990);
	tmp_authz(5, 2, "a.internal", ACME_VALID, NOW + 990);
	MUST(store_acme_authz_usable(st, 1, NAME_TYPE_DNS, "a.internal", false, true,
	    NOW, &a, &e));
	cr_expect_str_eq(a.id, "a3");
	store_acme_authz_free(&a);
	MUST(store_acme_authz_usable(st, 1, NAME_TYPE_DNS, "a.internal", false, true,
	    NOW + 90, &a, &e));
	cr_expect_str_eq(a.id, "a1", "the valid ones have ended");
	store_acme_authz_free(&a);
	cr_expect_not(store_acme_authz_usable(st, 1, NAME_TYPE_DNS, "a.internal", false,
	    false, NOW + 90, &a, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(store_acme_authz_usable(st, 1, NAME_TYPE_DNS, "a.internal", true,
	    true, NOW, &a, &e));
	cr_expect_not(
	    store_acme_authz_usable_above(st, 1, "a.internal", true, NOW, &a, &e));
}

/* A172, A239: one that pends for all below is proved by other challenges. */
Test(store_acme_authz, for_a_name_alone_only_a_valid_one_for_all_below_is_used,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	struct acme_authz a;

	const int64_t below = tmp_authz(1, 1, "a.internal", ACME_PENDING, NOW + 900);
	tmp_sql("UPDATE acme_authz SET subdomains = 1");
	cr_expect_not(store_acme_authz_usable(st, 1, NAME_TYPE_DNS, "a.internal", false,
	    true, NOW, &a, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	tmp_authz(2, 1, "a.internal", ACME_PENDING, NOW + 60);
	MUST(store_acme_authz_usable(st, 1, NAME_TYPE_DNS, "a.internal", false, true,
	    NOW, &a, &e));
	cr_expect_str_eq(a.id, "a2", "though the other lasts longer");
	store_acme_authz_free(&a);
	MUST(store_acme_authz_usable_above(st, 1, "a.internal", true, NOW, &a, &e));
	cr_expect_str_eq(a.id, "a1");
	store_acme_authz_free(&a);
	MUST(store_acme_authz_move(st, below, ACME_PENDING, ACME_VALID, 0, &e));
	MUST(store_acme_authz_usable(st, 1, NAME_TYPE_DNS, "a.internal", false, true,
	    NOW, &a, &e));
	cr_expect_str_eq(a.id, "a1");
	store_acme_authz_free(&a);
}

Test(store_acme_authz, moves_compare_and_set, .init = tmp_acme_begin, .fini = tmp_end)
{
	const int64_t num = tmp_authz(1, 1, "a.internal", ACME_PENDING, NOW + 60);
	struct acme_authz a;

	MUST(store_acme_authz_by_num(st, num, &a, &e));
	const int64_t c = a.challenges[0].num;
	store_acme_authz_free(&a);
	MUST(store_acme_authz_move_challenge(st, c, ACME_PENDING, ACME_PROCESSING, 0,
	    "{}", &e));
	cr_expect_not(store_acme_authz_move_challenge(st, c, ACME_PENDING,
	    ACME_PROCESSING, 0, NULL, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	MUST(store_acme_authz_move_challenge(st, c, ACME_PROCESSING, ACME_VALID, NOW,
	    NULL, &e));
	MUST(store_acme_authz_move(st, num, ACME_PENDING, ACME_VALID, NOW + 900, &e));
	cr_expect_not(store_acme_authz_move(st, num, ACME_PENDING, ACME_VALID, 0, &e));
	MUST(store_acme_authz_move(st, num, ACME_VALID, ACME_DEACTIVATED, 0, &e));
	MUST(store_acme_authz_by_num(st, num, &a, &e));
	cr_expect_eq(a.status, ACME_DEACTIVATED);
	cr_expect_eq(a.expires_at, NOW + 900);
	cr_expect_eq(a.challenges[0].status, ACME_VALID);
	cr_expect_eq(a.challenges[0].validated_at, NOW);
	cr_expect_str_eq(a.challenges[0].error, "{}");
	store_acme_authz_free(&a);
}

/* A146 */
Test(store_acme_authz, an_order_is_as_good_as_its_authorizations,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	static const struct {
		enum acme_status status;
		int64_t expires_at;
		bool valid, lost;
	} cases[] = {
		{ ACME_PENDING, NOW + 1, false, false },
		{ ACME_PENDING, NOW, false, true },
		{ ACME_VALID, NOW + 1, true, false },
		{ ACME_VALID, NOW, false, true },
		{ ACME_INVALID, NOW + 1, false, true },
		{ ACME_DEACTIVATED, NOW + 1, false, true },
		{ ACME_EXPIRED, NOW + 1, false, true },
		{ ACME_REVOKED, NOW + 1, false, true },
	};
	bool valid, lost;

	for (unsigned i = 0; i < NITEMS(cases); i++) {
		const int64_t a =
		    tmp_authz(i, 1, "a.internal", cases[i].status, cases[i].expires_at);
		const int64_t o = tmp_order(i, 1, a, ACME_PENDING, NOW + 60);

		MUST(store_acme_authz_of_order(st, o, NOW, NOW, &valid, &lost, &e));
		cr_expect_eq(valid, cases[i].valid, "case %u", i);
		cr_expect_eq(lost, cases[i].lost, "case %u", i);
	}
	MUST(store_acme_authz_of_order(st, 99, NOW, NOW, &valid, &lost, &e));
	cr_expect_not(valid, "none is not all");
}

/* S27: by a clock that is not believed it is neither used nor lost. */
Test(store_acme_authz, an_authorization_ends_by_the_time_that_may_end_things,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	const int64_t a = tmp_authz(1, 1, "a.internal", ACME_VALID, NOW + 60);
	const int64_t o = tmp_order(1, 1, a, ACME_READY, NOW + 60);
	bool valid, lost;

	MUST(store_acme_authz_of_order(st, o, NOW + 86400, NOW, &valid, &lost, &e));
	cr_expect(!valid && !lost);
	MUST(
	    store_acme_authz_of_order(st, o, NOW + 86400, NOW + 60, &valid, &lost, &e));
	cr_expect(!valid && lost);
}

static bool
collect(void *arg, const struct acme_challenge *c, struct err *why)
{
	(void)why;
	strcat(strcat(arg, c->id), " ");
	return true;
}

/* A244 */
Test(store_acme_authz, what_was_under_way_is_found_again, .init = tmp_acme_begin,
    .fini = tmp_end)
{
	char seen[80] = "";

	tmp_authz(1, 1, "a.internal", ACME_PENDING, NOW + 60);
	tmp_authz(2, 1, "b.internal", ACME_PENDING, NOW + 60);
	tmp_sql("UPDATE acme_challenge SET status = 2 WHERE id IN ('c1-http', "
		"'c2-dns')");
	MUST(store_acme_authz_processing(st, 0, 10, collect, seen, &e));
	cr_expect_str_eq(seen, "c1-http c2-dns ");
	seen[0] = '\0';
	MUST(store_acme_authz_processing(st, 2, 10, collect, seen, &e));
	cr_expect_str_eq(seen, "c2-dns ");
}

static bool
collect_attempt(void *arg, const struct acme_attempt *a, struct err *why)
{
	(void)why;
	strcat(strcat(strcat(arg, a->result), a->request_id), " ");
	cr_expect_eq(a->challenge, CHALLENGE_HTTP_01);
	cr_expect_str_eq(a->transcript, "[]");
	return true;
}

Test(store_acme_authz, attempts_are_listed_newest_first, .init = tmp_acme_begin,
    .fini = tmp_end)
{
	struct acme_attempt a = {
		.at = NOW,
		.account_num = 1,
		.type = NAME_TYPE_DNS,
		.value = "a.internal",
		.challenge = CHALLENGE_HTTP_01,
		.result = "dns",
		.transcript = "[]",
	};
	char seen[80] = "";

	MUST(store_acme_authz_attempt(st, &a, &e));
	a.request_id = "-r2";
	a.value = "b.internal";
	a.result = "tls";
	a.account_num = 0;
	MUST(store_acme_authz_attempt(st, &a, &e));
	a.value = "a.internal";
	a.result = "valid";
	MUST(store_acme_authz_attempt(st, &a, &e));
	MUST(store_acme_authz_attempts(st, NULL, 0, 10, collect_attempt, seen, &e));
	cr_expect_str_eq(seen, "valid-r2 tls-r2 dns ");
	seen[0] = '\0';
	MUST(store_acme_authz_attempts(st, "a.internal", 0, 10, collect_attempt, seen,
	    &e));
	cr_expect_str_eq(seen, "valid-r2 dns ");
	seen[0] = '\0';
	MUST(store_acme_authz_attempts(st, NULL, 3, 1, collect_attempt, seen, &e));
	cr_expect_str_eq(seen, "tls-r2 ");
}

/* S53: strangers make them */
Test(store_acme_authz, of_attempts_the_newest_are_kept, .init = tmp_acme_begin,
    .fini = tmp_end)
{
	const struct acme_attempt a = { .at = NOW,
		.account_num = 1,
		.type = NAME_TYPE_DNS,
		.value = "a.internal",
		.challenge = CHALLENGE_HTTP_01,
		.result = "new",
		.transcript = "[]" };
	char seen[80] = "";

	tmp_sql("INSERT INTO acme_attempt (num, at, type, value, challenge, result,"
		" detail, transcript, seen) SELECT v, 1, 2, 'a', 1, 'old' || v, '',"
		" '[]', '' FROM (SELECT 1 AS v UNION ALL SELECT 2 UNION ALL SELECT 3"
		" UNION ALL SELECT 6 UNION ALL SELECT 10003)");
	MUST(store_acme_authz_attempt(st, &a, &e)); /* 10004: 1 and 2 go */
	MUST(store_acme_authz_attempts(st, NULL, 0, 10, collect_attempt, seen, &e));
	cr_expect_str_eq(seen, "new old10003 old6 old3 ");
	seen[0] = '\0';
	MUST(store_acme_authz_attempt(st, &a, &e));
	MUST(store_acme_authz_attempts(st, NULL, 0, 10, collect_attempt, seen, &e));
	cr_expect_str_eq(seen, "new new old10003 old6 ");
}

Test(store_acme_authz, a_challenge_without_an_id_is_found_by_its_authorization,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	struct acme_challenge c[] = {
		{ .type = CHALLENGE_HTTP_01, .token = "t1", .status = ACME_PENDING },
		{ .type = CHALLENGE_DNS_01, .token = "t2", .status = ACME_PENDING },
	};
	const struct acme_authz a = {
		.id = "authz-1",
		.account_num = 1,
		.type = NAME_TYPE_DNS,
		.value = (char *)"a.internal",
		.status = ACME_PENDING,
		.created_at = NOW,
		.expires_at = NOW + 60,
		.challenges = c,
		.n_challenges = 2,
	};
	static const char *const none[] = { "", ".", ".1", "authz-1", "authz-1.",
		"authz-1.0", "authz-1.01", "authz-1.99", "authz-2.1", "authz-1.1.1",
		"c1-dns.1", "c1" };
	struct acme_authz got;
	int64_t num;

	tmp_authz(1, 1, "b.internal", ACME_PENDING, NOW + 60); /* ids of the old kind */
	MUST(store_acme_authz_add(st, &a, &num, &e));
	for (size_t i = 0; i < 2; i++) {
		store_acme_authz_challenge_id(&a, &c[i]);
		MUST(store_acme_authz_by_challenge(st, c[i].id, &got, &e));
		cr_expect_eq(got.num, num);
		cr_expect_eq(got.n_challenges, 2);
		cr_expect_str_eq(got.challenges[i].id, c[i].id);
		cr_expect_eq(got.challenges[i].type, c[i].type);
		store_acme_authz_free(&got);
	}
	MUST(store_acme_authz_by_challenge(st, "c1-http", &got, &e));
	cr_expect_neq(got.num, num);
	store_acme_authz_free(&got);
	for (size_t i = 0; i < NITEMS(none); i++) {
		cr_expect_not(store_acme_authz_by_challenge(st, none[i], &got, &e),
		    "%s", none[i]);
		cr_expect_eq(e.code, ERR_NOT_FOUND, "%s", none[i]);
	}
}

/* A246 */
Test(store_acme_authz, old_ones_go_but_not_while_an_order_names_them,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	const int64_t late = tmp_authz(1, 1, "a.internal", ACME_VALID, NOW - 1);
	const int64_t named = tmp_authz(2, 1, "a.internal", ACME_EXPIRED, NOW - 100);
	tmp_authz(3, 1, "a.internal", ACME_INVALID, NOW - 100);
	tmp_authz(4, 1, "a.internal", ACME_DEACTIVATED, NOW - 100);
	tmp_authz(5, 1, "a.internal", ACME_PENDING, NOW + 1); /* of one that is gone */
	const int64_t good = tmp_authz(6, 1, "a.internal", ACME_VALID, NOW + 1),
		      own = tmp_loose(7, 1, ACME_PENDING, NOW + 1),
		      own_late = tmp_loose(8, 1, ACME_PENDING, NOW - 50);
	tmp_loose(9, 1, ACME_PENDING, NOW - 51);
	int64_t cursor = 0, n, all = 0;

	tmp_order(1, 1, named, ACME_VALID, NOW + 60);
	tmp_order(2, 1, late, ACME_VALID, NOW + 60);
	tmp_sql("INSERT INTO acme_attempt (at, type, value, challenge, result, detail,"
		" transcript, seen) VALUES (1, 2, 'a', 1, 'valid', '', '[]', '')");
	for (int step = 0; step < 6; step++) {
		MUST(store_acme_authz_sweep(st, NOW, NOW - 50, NOW - 50, 2, &cursor, &n,
		    &e));
		cr_expect(n <= 6);
		all += n;
	}
	cr_expect_eq(all, 8);
	cr_expect_eq(cursor, 0, "it begins anew");
	cr_expect_eq(status_of(late), ACME_EXPIRED);
	cr_expect_eq(status_of(named), ACME_EXPIRED);
	cr_expect_eq(status_of(good), ACME_VALID);
	cr_expect_eq(status_of(own), ACME_PENDING);
	cr_expect_eq(status_of(own_late), ACME_EXPIRED);
	cr_expect_eq(tmp_number("SELECT count(*) FROM acme_authz"), 5);
	cr_expect_eq(tmp_number("SELECT count(*) FROM acme_challenge"), 6);
	cr_expect_eq(tmp_number("SELECT count(*) FROM acme_attempt"), 0);
}

/* A110 */
Test(store_acme_authz, an_accounts_end_is_theirs, .init = tmp_acme_begin,
    .fini = tmp_end)
{
	const int64_t pending = tmp_authz(1, 1, "a.internal", ACME_PENDING, NOW + 1),
		      valid = tmp_authz(2, 1, "a.internal", ACME_VALID, NOW + 1),
		      invalid = tmp_authz(3, 1, "a.internal", ACME_INVALID, NOW + 1),
		      other = tmp_authz(4, 2, "a.internal", ACME_VALID, NOW + 1);

	MUST(store_acme_authz_end_account(st, 1, &e));
	cr_expect_eq(status_of(pending), ACME_DEACTIVATED);
	cr_expect_eq(status_of(valid), ACME_DEACTIVATED);
	cr_expect_eq(status_of(invalid), ACME_INVALID);
	cr_expect_eq(status_of(other), ACME_VALID);
}

/* S86 */
Test(store_acme_authz, in_an_old_copy_none_counts_any_more_and_accounts_are_told,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	const int64_t pending = tmp_authz(1, 1, "a.internal", ACME_PENDING, NOW + 1),
		      valid = tmp_authz(2, 2, "a.internal", ACME_VALID, NOW + 1),
		      invalid = tmp_authz(3, 1, "a.internal", ACME_INVALID, NOW + 1);
	struct store_acme_recovered r;

	tmp_sql("INSERT INTO acme_account (num, id, directory, status, thumbprint, key,"
		" key_hash, contact, created_at, created_from) VALUES"
		" (3, 'three', 'server', 8, x'03', '{}', x'03', '[]', 1, '')");
	_Static_assert(ACME_REVOKED == 8, "the number in SQL");
	MUST(store_acme_recovered(st, NOW, &r, &e));
	cr_expect_eq(r.authorizations, 2);
	cr_expect_eq(r.accounts, 2);
	cr_expect_eq(r.keys, 0);
	cr_expect_eq(status_of(pending), ACME_DEACTIVATED);
	cr_expect_eq(status_of(valid), ACME_DEACTIVATED);
	cr_expect_eq(status_of(invalid), ACME_INVALID);
	MUST(store_acme_recovered(st, NOW, &r, &e));
	cr_expect_eq(r.authorizations, 0);
}
