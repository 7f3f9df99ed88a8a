/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_acme_eab.h"

#include "fail_step.h"
#include "tmp_acme.h"

static int64_t
add(const char *kid, int64_t accounts_max)
{
	const struct acme_eab k = {
		.kid = (char *)kid,
		.directory = (char *)"server",
		.names = (char *)"[\"dns:*.lab.internal\"]",
		.accounts_max = accounts_max,
		.certificates_max = 2,
		.expires_at = NOW + 60,
		.ends_at = NOW + 600,
		.created_at = NOW,
		.created_by = (char *)"cert:admin",
		.request_id = (char *)"0123456789abcdef",
	};
	struct acme_eab got;

	MUST(store_acme_eab_add(st, &k, &e));
	MUST(store_acme_eab_by_kid(st, kid, &got, &e));
	const int64_t num = got.num;
	store_acme_eab_free(&got);
	return num;
}

static struct acme_eab
of(int64_t num)
{
	struct acme_eab k;

	MUST(store_acme_eab_by_num(st, num, &k, &e));
	return k;
}

Test(store_acme_eab, what_was_added_is_read_back, .init = tmp_begin, .fini = tmp_end)
{
	struct acme_eab k = of(add("eab-a", 3));
	const struct acme_eab same = { .kid = k.kid, .directory = k.directory };
	struct acme_eab none = { .num = 77 };

	cr_expect_str_eq(k.kid, "eab-a");
	cr_expect_str_eq(k.directory, "server");
	cr_expect_str_eq(k.names, "[\"dns:*.lab.internal\"]");
	cr_expect_eq(k.accounts_max, 3);
	cr_expect_eq(k.accounts_n, 0);
	cr_expect_eq(k.certificates_max, 2);
	cr_expect_eq(k.certificates_n, 0);
	cr_expect_eq(k.expires_at, NOW + 60);
	cr_expect_eq(k.ends_at, NOW + 600);
	cr_expect_eq(k.created_at, NOW);
	cr_expect_str_eq(k.created_by, "cert:admin");
	cr_expect_str_eq(k.request_id, "0123456789abcdef");
	cr_expect_eq(k.revoked_at, 0);
	cr_expect_str_eq(k.revoked_by, "");
	cr_expect_not(store_acme_eab_add(st, &same, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_not(store_acme_eab_by_kid(st, "eab-b", &none, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(store_acme_eab_by_num(st, k.num + 1, &none, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_eq(none.num, 77, "ret is untouched on failure");
	store_acme_eab_free(&k);
}

/* A122 */
Test(store_acme_eab, a_key_binds_so_many_accounts_and_no_more, .init = tmp_begin,
    .fini = tmp_end)
{
	const int64_t num = add("eab-a", 2), other = add("eab-b", 1);

	MUST(store_acme_eab_bind(st, num, &e));
	MUST(store_acme_eab_bind(st, num, &e));
	cr_expect_not(store_acme_eab_bind(st, num, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	MUST(store_begin(st, &e));
	MUST(store_acme_eab_bind(st, other, &e));
	store_rollback(st);
	struct acme_eab k = of(num);
	cr_expect_eq(k.accounts_n, 2);
	store_acme_eab_free(&k);
	k = of(other);
	cr_expect_eq(k.accounts_n, 0, "a binding goes with its transaction");
	store_acme_eab_free(&k);
	MUST(store_acme_eab_revoke(st, other, NOW, "uid:0", &e));
	cr_expect_not(store_acme_eab_bind(st, other, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
}

/* A122 */
Test(store_acme_eab, certificates_are_counted_and_a_revocation_stays, .init = tmp_begin,
    .fini = tmp_end)
{
	const int64_t num = add("eab-a", 1);

	for (int i = 0; i < 3; i++) /* what is signed is counted, over the quota too */
		MUST(store_acme_eab_count(st, num, &e));
	MUST(store_acme_eab_count(st, num + 9, &e)); /* as after a rebuild */
	MUST(store_acme_eab_revoke(st, num, NOW + 5, "cert:admin", &e));
	MUST(store_acme_eab_revoke(st, num, NOW + 9, "uid:0", &e));
	MUST(store_acme_eab_revoke(st, num + 9, NOW, "uid:0", &e));
	struct acme_eab k = of(num);
	cr_expect_eq(k.certificates_n, 3);
	cr_expect_eq(k.revoked_at, NOW + 5);
	cr_expect_str_eq(k.revoked_by, "cert:admin");
	store_acme_eab_free(&k);
}

static void
expect_status(const struct acme_eab *k, int64_t now, const char *word)
{
	cr_expect_str_eq(store_acme_eab_status_word(store_acme_eab_status(k, now)),
	    word);
}

Test(store_acme_eab, the_status_is_judged_in_order)
{
	struct acme_eab k = { .accounts_max = 1,
		.expires_at = NOW,
		.certificates_max = 2 };

	expect_status(&k, NOW - 1, "open");
	expect_status(&k, NOW, "expired");
	k.accounts_n = 1;
	expect_status(&k, NOW, "bound");
	k.certificates_n = 2;
	expect_status(&k, NOW, "spent");
	k.ends_at = NOW + 1;
	expect_status(&k, NOW, "spent");
	expect_status(&k, NOW + 1, "ended");
	k.revoked_at = NOW;
	expect_status(&k, NOW + 1, "revoked");
	k = (struct acme_eab){ .accounts_max = 1,
		.certificates_n = 9,
		.expires_at = 1 };
	expect_status(&k, 0, "open");
}

static bool
note_kid(void *arg, const struct acme_eab *k, struct err *err)
{
	struct buf *seen = arg;

	buf_puts(seen, k->kid);
	return k->kid[0] != 'x' || err_set(err, ERR_POLICY, "no more of it");
}

static void
expect_list(int64_t before, size_t limit, const char *wanted)
{
	struct buf seen;

	buf_init(&seen, 64);
	MUST(store_acme_eab_list(st, before, limit, note_kid, &seen, &e));
	cr_expect_str_eq(buf_str(&seen), wanted);
	buf_free(&seen);
}

Test(store_acme_eab, lists_are_newest_first_and_by_page, .init = tmp_begin,
    .fini = tmp_end)
{
	struct buf seen;

	buf_init(&seen, 64);
	expect_list(0, 10, "");
	add("a", 1);
	const int64_t b = add("b", 1);
	add("c", 1);
	expect_list(0, 10, "cba");
	expect_list(0, 2, "cb");
	expect_list(b, 10, "a");
	cr_expect_not(store_acme_eab_list(st, 0, 0, note_kid, &seen, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	cr_expect_not(store_acme_eab_list(st, 0, STORE_ACME_EAB_LIST_MAX + 1, note_kid,
	    &seen, &e));
	add("x", 1);
	cr_expect_not(store_acme_eab_list(st, 0, 10, note_kid, &seen, &e));
	cr_expect_eq(e.code, ERR_POLICY, "what 'each' says is the answer");
	buf_free(&seen);
}

Test(store_acme_eab, those_that_are_open_can_be_ended_together, .init = tmp_begin,
    .fini = tmp_end)
{
	const int64_t bound = add("a", 1), gone = add("b", 1), open = add("c", 2);
	int64_t n = 0;

	MUST(store_acme_eab_bind(st, bound, &e));
	MUST(store_acme_eab_bind(st, open, &e));
	MUST(store_acme_eab_revoke(st, gone, NOW, "uid:0", &e));
	MUST(store_acme_eab_expire_all(st, NOW + 60, &n, &e));
	cr_expect_eq(n, 0);
	MUST(store_acme_eab_expire_all(st, NOW + 1, &n, &e));
	cr_expect_eq(n, 1);
	struct acme_eab k = of(open);
	expect_status(&k, NOW + 1, "expired");
	store_acme_eab_free(&k);
	MUST(store_acme_eab_expire(st, gone, NOW + 2, &e));
	MUST(store_acme_eab_expire(st, gone, NOW + 9, &e));
	k = of(gone);
	cr_expect_eq(k.expires_at, NOW + 2, "the first end stays");
	store_acme_eab_free(&k);
}

static int64_t
under_way(int64_t num)
{
	int64_t n = -1;

	MUST(store_acme_eab_under_way(st, num, &n, &e));
	return n;
}

/* A122: it is asked for each order, on core's one thread. */
Test(store_acme_eab, what_is_to_come_is_counted_and_what_has_ended_costs_nothing,
    .init = tmp_acme_begin, .fini = tmp_end)
{
	const int64_t num = add("eab-a", 1);
	const int64_t authz = tmp_authz(1, 1, "a.internal", ACME_VALID, NOW + 60);

	tmp_sql("UPDATE acme_account SET eab_num = 1 WHERE num = 1");
	tmp_order(1, 1, authz, ACME_PROCESSING, NOW + 60);
	tmp_order(2, 1, authz, ACME_READY, NOW + 60);
	tmp_order(3, 2, authz, ACME_PROCESSING, NOW + 60);
	cr_expect_eq(under_way(num), 1);
	cr_expect_eq(under_way(num + 1), 0);
	step_work = 0;
	cr_expect_eq(under_way(num), 1);
	const int64_t before = step_work;

	MUST(store_begin(st, &e));
	for (unsigned n = 4; n < 1000; n++)
		tmp_order(n, 1, authz, n % 2 == 0 ? ACME_VALID : ACME_INVALID,
		    NOW + 60);
	MUST(store_commit(st, &e));
	step_work = 0;
	cr_expect_eq(under_way(num), 1);
	cr_expect_leq(step_work, before, "%lld steps became %lld", (long long)before,
	    (long long)step_work);
}
