/* SPDX-License-Identifier: Apache-2.0 */
#include "tmp_acme.h"

static struct acme_order
get(int64_t num)
{
	struct acme_order o;

	MUST(store_acme_order_by_num(st, num, &o, &e));
	return o;
}

static enum acme_status
status_of(int64_t num)
{
	struct acme_order o = get(num);
	const enum acme_status s = o.status;

	store_acme_order_free(&o);
	return s;
}

Test(store_acme_order, what_was_added_is_read_back, .init = tmp_acme_begin,
    .fini = tmp_end)
{
	const int64_t a = tmp_authz(1, 1, "a.internal", ACME_PENDING, NOW + 60);
	struct acme_order_name names[] = {
		{ .type = NAME_TYPE_DNS,
		    .value = (char *)"*.a.internal",
		    .authz_num = a },
		{ .type = NAME_TYPE_IP, .value = (char *)"10.0.0.1", .authz_num = a },
	};
	const struct acme_order o = {
		.id = "o1",
		.account_num = 1,
		.status = ACME_PENDING,
		.profile = (char *)"server",
		.profile_asked = true,
		.created_at = NOW,
		.expires_at = NOW + 60,
		.not_before = NOW - 5,
		.replaces = (char *)"x.y",
		.names = names,
		.n_names = 2,
	};
	struct acme_order got;
	int64_t num;

	MUST(store_acme_order_add(st, &o, &num, &e));
	MUST(store_acme_order_by_id(st, "o1", &got, &e));
	cr_expect_eq(got.num, num);
	cr_expect_eq(got.account_num, 1);
	cr_expect_eq(got.status, ACME_PENDING);
	cr_expect_str_eq(got.profile, "server");
	cr_expect(got.profile_asked);
	cr_expect_eq(got.created_at, NOW);
	cr_expect_eq(got.expires_at, NOW + 60);
	cr_expect_eq(got.not_before, NOW - 5);
	cr_expect_eq(got.not_after, 0);
	cr_expect_str_eq(got.replaces, "x.y");
	cr_expect_str_eq(got.error, "");
	cr_expect_eq(got.certificate_id, 0);
	cr_assert_eq(got.n_names, 2);
	cr_expect_str_eq(got.names[0].value, "*.a.internal");
	cr_expect_eq(got.names[1].type, NAME_TYPE_IP);
	cr_expect_eq(got.names[1].authz_num, a);
	cr_expect_str_eq(got.names[1].authz_id, "a1");
	store_acme_order_free(&got);
	cr_expect_not(store_acme_order_by_id(st, "o2", &got, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
}

/* A208: of two that finalize, one moves the order. */
Test(store_acme_order, moves_compare_and_set, .init = tmp_acme_begin, .fini = tmp_end)
{
	const int64_t a = tmp_authz(1, 1, "a.internal", ACME_VALID, NOW + 60),
		      o = tmp_order(1, 1, a, ACME_READY, NOW + 60);

	MUST(store_acme_order_move(st, o, ACME_READY, ACME_PROCESSING, NULL, &e));
	cr_expect_not(
	    store_acme_order_move(st, o, ACME_READY, ACME_PROCESSING, NULL, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	MUST(store_acme_order_move(st, o, ACME_PROCESSING, ACME_INVALID, "{}", &e));
	struct acme_order got = get(o);
	cr_expect_str_eq(got.error, "{}");
	store_acme_order_free(&got);
}

/* A207 */
Test(store_acme_order, a_certificate_ends_the_order_once_and_for_its_life,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	const int64_t a = tmp_authz(1, 1, "a.internal", ACME_VALID, NOW + 60),
		      o = tmp_order(1, 1, a, ACME_PROCESSING, NOW + 60),
		      lost = tmp_order(2, 1, a, ACME_INVALID, NOW + 60);
	struct acme_order got;

	tmp_add(1);
	tmp_add(2);
	MUST(store_acme_order_issued(st, "o1", 1, &e));
	MUST(store_acme_order_issued(st, "o1", 2, &e));
	MUST(store_acme_order_issued(st, "nobody's", 2, &e));
	got = get(o);
	cr_expect_eq(got.status, ACME_VALID);
	cr_expect_eq(got.certificate_id, 1);
	cr_expect_eq(got.expires_at, 10002, "when the certificate has ended");
	store_acme_order_free(&got);
	MUST(store_acme_order_issued(st, "o2", 2, &e));
	cr_expect_eq(status_of(lost), ACME_INVALID);
	MUST(store_acme_order_by_certificate(st, 2, &got, &e));
	cr_expect_eq(got.num, lost);
	store_acme_order_free(&got);
	cr_expect_not(store_acme_order_by_certificate(st, 3, &got, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
}

/* A207 */
Test(store_acme_order, what_a_stop_cut_off_is_ready_again, .init = tmp_acme_begin,
    .fini = tmp_end)
{
	const int64_t a = tmp_authz(1, 1, "a.internal", ACME_VALID, NOW + 60),
		      cut = tmp_order(1, 1, a, ACME_PROCESSING, NOW + 60),
		      pending = tmp_order(2, 1, a, ACME_PENDING, NOW + 60);
	int64_t n;

	MUST(store_acme_order_resume(st, &n, &e));
	cr_expect_eq(n, 1);
	cr_expect_eq(status_of(cut), ACME_READY);
	cr_expect_eq(status_of(pending), ACME_PENDING);
	MUST(store_acme_order_resume(st, &n, &e));
	cr_expect_eq(n, 0);
}

/* A232 */
Test(store_acme_order, a_failed_replacement_frees_the_certificate,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	const int64_t a = tmp_authz(1, 1, "a.internal", ACME_VALID, NOW + 60),
		      o = tmp_order(1, 1, a, ACME_READY, NOW + 60);
	struct acme_order got;

	tmp_sql("UPDATE acme_order SET replaces = 'x.y'");
	tmp_order(2, 1, a, ACME_READY, NOW + 60);
	MUST(store_acme_order_replacing(st, "x.y", 2, &got, &e));
	cr_expect_eq(got.num, o);
	store_acme_order_free(&got);
	MUST(store_acme_order_move(st, o, ACME_READY, ACME_INVALID, NULL, &e));
	cr_expect_not(store_acme_order_replacing(st, "x.y", 2, &got, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(store_acme_order_replacing(st, "", 1, &got, &e));
}

/* A231 */
Test(store_acme_order, what_nobody_has_proved_replaces_nothing_but_for_its_account,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	static const struct {
		enum acme_status
		    status[3];         /* 0: no such order; the third is account 2's */
		int64_t account, want; /* want 0: none is found */
	} cases[] = {
		{ { ACME_PENDING }, 1, 1 },
		{ { ACME_PENDING }, 2, 0 },
		{ { ACME_INVALID }, 1, 0 },
		{ { ACME_READY, ACME_PENDING }, 1, 2 },
		{ { ACME_READY, ACME_PENDING }, 2, 1 },
		{ { ACME_VALID, ACME_PENDING }, 1, 1 },
		{ { ACME_PROCESSING, ACME_READY }, 2, 1 },
		{ { ACME_PENDING, ACME_READY, ACME_PENDING }, 2, 3 },
		{ { ACME_INVALID, ACME_PENDING, ACME_VALID }, 1, 3 },
	};
	struct acme_order got;

	tmp_authz(1, 1, "a.internal", ACME_VALID, NOW + 60);
	for (size_t i = 0; i < NITEMS(cases); i++) {
		for (unsigned k = 0; k < 3; k++)
			if (cases[i].status[k] != 0)
				tmp_order(k + 1, k < 2 ? 1 : 2, 1, cases[i].status[k],
				    NOW + 60 + (int64_t)k);
		tmp_sql("UPDATE acme_order SET replaces = 'x.y'");
		const bool found =
		    store_acme_order_replacing(st, "x.y", cases[i].account, &got, &e);
		cr_expect_eq(found, cases[i].want != 0, "case %zu", i);
		if (found) {
			cr_expect_eq(got.id[1], '0' + cases[i].want, "case %zu: %s", i,
			    got.id);
			store_acme_order_free(&got);
		}
		tmp_sql("DELETE FROM acme_order");
	}
}

static bool
collect(void *arg, const struct acme_order *o, struct err *why)
{
	(void)why;
	cr_expect_eq(o->n_names, 1);
	strcat(strcat(arg, o->id), " ");
	return true;
}

/* A151 */
Test(store_acme_order, lists_are_filtered_and_paged_newest_first,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	static const struct {
		struct acme_order_query q;
		const char *want;
	} cases[] = {
		{ { .limit = 10 }, "o4 o3 o2 o1 " },
		{ { .limit = 2 }, "o4 o3 " },
		{ { .before = 3, .limit = 2 }, "o2 o1 " },
		{ { .account_num = 1, .limit = 10 }, "o3 o2 o1 " },
		{ { .account_num = 1, .not_invalid = true, .limit = 10 }, "o3 o1 " },
		{ { .status = ACME_INVALID, .limit = 10 }, "o2 " },
		{ { .name = "host-4.internal", .limit = 10 }, "o4 " },
		{ { .name = "host-5.internal", .limit = 10 }, "" },
	};

	tmp_authz(1, 1, "a.internal", ACME_VALID, NOW + 60);
	tmp_authz(2, 1, "b.internal", ACME_VALID, NOW + 60);
	tmp_order(1, 1, 1, ACME_READY, NOW + 60);
	tmp_order(2, 1, 1, ACME_INVALID, NOW + 60);
	tmp_order(3, 1, 2, ACME_READY, NOW + 60);
	tmp_order(4, 2, 2, ACME_READY, NOW + 60);
	for (size_t i = 0; i < NITEMS(cases); i++) {
		char seen[80] = "";

		MUST(store_acme_order_list(st, &cases[i].q, collect, seen, &e));
		cr_expect_str_eq(seen, cases[i].want, "case %zu: %s", i, seen);
	}
}

static bool
collect_waiting(void *arg, const struct acme_order *o, struct err *err)
{
	struct acme_order whole = get(o->num);

	(void)err;
	cr_expect_eq(o->status, whole.status);
	cr_expect_str_eq(o->profile, whole.profile);
	cr_expect_eq(o->expires_at, whole.expires_at);
	strcat(strcat(arg, whole.id), " ");
	store_acme_order_free(&whole);
	return true;
}

Test(store_acme_order, who_waits_for_an_authorization_is_found, .init = tmp_acme_begin,
    .fini = tmp_end)
{
	const int64_t a = tmp_authz(1, 1, "a.internal", ACME_PENDING, NOW + 60),
		      b = tmp_authz(2, 1, "b.internal", ACME_PENDING, NOW + 60);
	struct acme_order_name twice[] = {
		{ .type = NAME_TYPE_DNS,
		    .value = (char *)"x.a.internal",
		    .authz_num = a },
		{ .type = NAME_TYPE_DNS,
		    .value = (char *)"y.a.internal",
		    .authz_num = a },
	};
	const struct acme_order o = { .id = "two",
		.account_num = 1,
		.status = ACME_PENDING,
		.profile = (char *)"server",
		.created_at = NOW,
		.expires_at = NOW + 60,
		.names = twice,
		.n_names = 2 };
	static const struct {
		size_t limit;
		const char *want;
	} cases[] = { { 10, "two o2 o1 " }, { 3, "two o2 " }, { 1, "two " } };
	int64_t num;

	tmp_order(1, 1, a, ACME_PENDING, NOW + 60);
	tmp_order(2, 1, a, ACME_READY, NOW + 61);
	tmp_order(3, 1, a, ACME_PROCESSING, NOW + 60);
	tmp_order(4, 1, a, ACME_VALID, NOW + 60);
	tmp_order(5, 1, a, ACME_INVALID, NOW + 60);
	tmp_order(6, 1, b, ACME_PENDING, NOW + 60);
	MUST(store_acme_order_add(st, &o, &num, &e));
	for (size_t i = 0; i < NITEMS(cases); i++) {
		char seen[80] = "";

		MUST(store_acme_order_waiting(st, a, cases[i].limit, collect_waiting,
		    seen, &e));
		cr_expect_str_eq(seen, cases[i].want, "case %zu: %s", i, seen);
	}
}

/* A150, A246 */
Test(store_acme_order, late_ones_end_and_old_ones_go, .init = tmp_acme_begin,
    .fini = tmp_end)
{
	const int64_t a = tmp_authz(1, 1, "a.internal", ACME_VALID, NOW + 60),
		      late = tmp_order(1, 1, a, ACME_PENDING, NOW),
		      ready = tmp_order(2, 1, a, ACME_READY, NOW - 1),
		      good = tmp_order(3, 1, a, ACME_READY, NOW + 1),
		      under_way = tmp_order(4, 1, a, ACME_PROCESSING, NOW - 500);
	int64_t cursor = 0, n, all = 0;

	tmp_order(5, 1, a, ACME_INVALID, NOW - 101);
	tmp_order(6, 1, a, ACME_VALID, NOW - 101);
	tmp_order(7, 1, a, ACME_VALID, NOW - 99);
	tmp_order(8, 1, a, ACME_PENDING,
	    NOW - 51); /* proved by nobody: it goes sooner */
	const int64_t vain = tmp_order(9, 1, a, ACME_PENDING, NOW - 50);
	for (int step = 0; step < 4; step++) {
		MUST(store_acme_order_sweep(st, NOW, NOW - 100, NOW - 50, "{}", 3,
		    &cursor, &n, &e));
		cr_expect(n <= 6);
		all += n;
	}
	cr_expect_eq(cursor, 0, "it begins anew");
	cr_expect_eq(all, 7);
	cr_expect_eq(status_of(late), ACME_INVALID);
	cr_expect_eq(status_of(ready), ACME_INVALID);
	cr_expect_eq(status_of(good), ACME_READY);
	cr_expect_eq(status_of(vain), ACME_INVALID);
	cr_expect_eq(status_of(under_way), ACME_PROCESSING);
	struct acme_order got = get(late);
	cr_expect_str_eq(got.error, "{}");
	store_acme_order_free(&got);
	cr_expect_eq(tmp_number("SELECT count(*) FROM acme_order"), 6);
	cr_expect_eq(tmp_number("SELECT count(*) FROM acme_order_name"), 6);
}

/* A110 */
Test(store_acme_order, an_accounts_end_is_theirs, .init = tmp_acme_begin,
    .fini = tmp_end)
{
	const int64_t a = tmp_authz(1, 1, "a.internal", ACME_VALID, NOW + 60),
		      open = tmp_order(1, 1, a, ACME_READY, NOW + 60),
		      done = tmp_order(2, 1, a, ACME_VALID, NOW + 60),
		      other = tmp_order(3, 2, a, ACME_READY, NOW + 60);

	MUST(store_acme_order_end_account(st, 1, "{}", &e));
	cr_expect_eq(status_of(open), ACME_INVALID);
	cr_expect_eq(status_of(done), ACME_VALID);
	cr_expect_eq(status_of(other), ACME_READY);
}
