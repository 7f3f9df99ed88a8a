/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_acme_account.h"

#include "tmp_store.h"

#define NOW 1800000000

/* Number 'n' in a directory: its id and its key follow from both. */
static struct acme_account
account(unsigned n, const char *directory)
{
	struct acme_account a = {
		.directory = (char *)directory,
		.status = ACME_VALID,
		.key = (char *)"{\"kty\":\"EC\"}",
		.contact = (char *)"[\"mailto:a@example.com\"]",
		.created_at = NOW + n,
		.created_from = (char *)"127.0.0.1",
	};

	memset(a.id, directory[0], ACME_ID_LEN - 1);
	a.id[0] = (char)('a' + n);
	memset(a.thumbprint, (int)n, sizeof(a.thumbprint));
	memset(a.key_hash, (int)n + 100, sizeof(a.key_hash));
	return a;
}

static int64_t
add(unsigned n, const char *directory)
{
	const struct acme_account a = account(n, directory);
	int64_t num;

	MUST(store_acme_account_add(st, &a, &num, &e));
	return num;
}

static struct acme_account
of(int64_t num)
{
	struct acme_account a;

	MUST(store_acme_account_by_num(st, num, &a, &e));
	return a;
}

static void
expect_same(struct acme_account *got, const struct acme_account *want, int64_t num)
{
	cr_expect_eq(got->num, num);
	cr_expect_str_eq(got->id, want->id);
	cr_expect_str_eq(got->directory, want->directory);
	cr_expect_eq((int)got->status, (int)want->status);
	cr_expect_arr_eq(got->thumbprint, want->thumbprint, 32);
	cr_expect_arr_eq(got->key_hash, want->key_hash, 32);
	cr_expect_str_eq(got->key, want->key);
	cr_expect_str_eq(got->contact, want->contact);
	cr_expect_eq(got->terms_at, want->terms_at);
	cr_expect_eq(got->eab_num, want->eab_num);
	cr_expect_eq(got->created_at, want->created_at);
	cr_expect_str_eq(got->created_from, want->created_from);
	cr_expect_eq(got->ended_at, 0);
	cr_expect_str_eq(got->ended_by, "");
	store_acme_account_free(got);
}

Test(store_acme_account, what_was_added_is_found_by_id_number_and_key,
    .init = tmp_begin, .fini = tmp_end)
{
	struct acme_account want = account(1, "server"), got = { .num = 77 };
	int64_t num;

	want.terms_at = NOW + 5;
	MUST(store_acme_account_add(st, &want, &num, &e));
	MUST(store_acme_account_by_id(st, want.id, &got, &e));
	cr_expect_str_eq(got.eab, "");
	expect_same(&got, &want, num);
	MUST(store_acme_account_by_num(st, num, &got, &e));
	expect_same(&got, &want, num);
	MUST(store_acme_account_by_key(st, "server", want.thumbprint, &got, &e));
	expect_same(&got, &want, num);
}

Test(store_acme_account, what_is_not_there_is_not_found, .init = tmp_begin,
    .fini = tmp_end)
{
	struct acme_account got = { .num = 77 };
	const struct acme_account a = account(1, "server"), b = account(2, "server");

	const int64_t num = add(1, "server");
	cr_expect_not(store_acme_account_by_id(st, b.id, &got, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(store_acme_account_by_id(st, "", &got, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(store_acme_account_by_num(st, num + 1, &got, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(store_acme_account_by_key(st, "server", b.thumbprint, &got, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(store_acme_account_by_key(st, "other", a.thumbprint, &got, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_eq(got.num, 77, "ret is untouched on failure");
}

/* A113, A35 */
Test(store_acme_account, a_key_has_one_account_in_each_directory, .init = tmp_begin,
    .fini = tmp_end)
{
	struct acme_account again = account(1, "server");
	int64_t num = 77;

	add(1, "server");
	add(1, "other");
	again.id[0] = 'x';
	cr_expect_not(store_acme_account_add(st, &again, &num, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_eq(num, 77, "ret is untouched on failure");
	cr_expect_eq(tmp_number("SELECT count(*) FROM acme_account"), 2);
	add(2, "server"); /* the transaction is none the worse */
	MUST(store_commit(st, &e));
	cr_expect_eq(tmp_number("SELECT count(*) FROM acme_account"), 3);
}

/* A201 */
Test(store_acme_account, a_key_is_known_in_whatever_directory, .init = tmp_begin,
    .fini = tmp_end)
{
	const struct acme_account a = account(1, "server"), b = account(2, "server");
	bool there;

	add(1, "other");
	MUST(store_acme_account_has_key(st, a.key_hash, &there, &e));
	cr_expect(there);
	MUST(store_acme_account_has_key(st, b.key_hash, &there, &e));
	cr_expect_not(there);
	MUST(store_acme_account_has_key(st, a.thumbprint, &there, &e));
	cr_expect_not(there, "the hash of the key, not the thumbprint");
}

/* A104 */
Test(store_acme_account, contacts_are_replaced, .init = tmp_begin, .fini = tmp_end)
{
	const int64_t num = add(1, "server"), other = add(2, "server");

	MUST(store_acme_account_contact(st, num, "[]", &e));
	struct acme_account a = of(num);
	cr_expect_str_eq(a.contact, "[]");
	store_acme_account_free(&a);
	a = of(other);
	cr_expect_str_eq(a.contact, "[\"mailto:a@example.com\"]");
	store_acme_account_free(&a);
	cr_expect_not(store_acme_account_contact(st, other + 1, "[]", &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
}

/* A128, A130 */
Test(store_acme_account, another_key_is_taken_unless_it_is_in_use, .init = tmp_begin,
    .fini = tmp_end)
{
	const int64_t num = add(1, "server");
	const struct acme_account old = account(1, "server"),
				  taken = account(2, "server"),
				  fresh = account(3, "server");
	struct acme_account a;

	add(2, "server");
	add(3, "other");
	cr_expect_not(store_acme_account_rekey(st, num, taken.thumbprint,
	    taken.key_hash, "{}", &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	MUST(store_acme_account_rekey(st, num, fresh.thumbprint, fresh.key_hash,
	    "{\"kty\":\"OKP\"}", &e));
	MUST(store_commit(st, &e));
	MUST(store_acme_account_by_key(st, "server", fresh.thumbprint, &a, &e));
	cr_expect_eq(a.num, num);
	cr_expect_str_eq(a.id, old.id);
	cr_expect_str_eq(a.key, "{\"kty\":\"OKP\"}");
	cr_expect_arr_eq(a.key_hash, fresh.key_hash, 32);
	store_acme_account_free(&a);
	cr_expect_not(store_acme_account_by_key(st, "server", old.thumbprint, &a, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
}

/* A109, A112 */
Test(store_acme_account, an_account_ends_once, .init = tmp_begin, .fini = tmp_end)
{
	const int64_t num = add(1, "server");

	MUST(store_acme_account_end(st, num, ACME_VALID, ACME_DEACTIVATED, NOW + 9,
	    "acme:x", &e));
	cr_expect_not(store_acme_account_end(st, num, ACME_VALID, ACME_REVOKED,
	    NOW + 10, "uid:0", &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	struct acme_account a = of(num);
	cr_expect_eq((int)a.status, ACME_DEACTIVATED);
	cr_expect_eq(a.ended_at, NOW + 9);
	cr_expect_str_eq(a.ended_by, "acme:x");
	store_acme_account_free(&a);
}

static bool
count(void *arg, const struct acme_account *a, struct err *unused)
{
	char *text = arg;
	const size_t n = strlen(text);

	(void)unused;
	snprintf(text + n, 64 - n, "%d ", (int)a->num);
	return true;
}

static void
expect_list(struct acme_account_query q, const char *nums)
{
	char text[64] = "";

	if (q.limit == 0)
		q.limit = 100;
	MUST(store_acme_account_list(st, &q, count, text, &e));
	cr_expect_str_eq(text, nums);
}

static bool
refuse(void *arg, const struct acme_account *a, struct err *e2)
{
	(void)arg;
	(void)a;
	return err_set(e2, ERR_POLICY, "no more");
}

Test(store_acme_account, lists_are_newest_first_page_by_page, .init = tmp_begin,
    .fini = tmp_end)
{
	const struct acme_account_query all = { .limit = 10 };
	struct acme_account bound = account(5, "server");
	int64_t num;

	tmp_sql("INSERT INTO acme_eab (num, kid, directory, names, accounts_max,"
		" certificates_max, expires_at, ends_at, created_at, created_by,"
		" request_id) VALUES (3, 'k', 'server', '', 1, 0, 1, 0, 1, '', '')");
	add(1, "server");
	add(2, "other");
	add(3, "server");
	add(4, "server");
	bound.eab_num = 3;
	bound.eab = (char *)"{}";
	MUST(store_acme_account_add(st, &bound, &num, &e));
	MUST(store_acme_account_end(st, 3, ACME_VALID, ACME_REVOKED, NOW, "x", &e));
	expect_list(all, "5 4 3 2 1 ");
	expect_list((struct acme_account_query){ .limit = 2 }, "5 4 ");
	expect_list((struct acme_account_query){ .limit = 2, .before = 4 }, "3 2 ");
	expect_list((struct acme_account_query){ .directory = "other" }, "2 ");
	expect_list((struct acme_account_query){ .status = ACME_REVOKED }, "3 ");
	expect_list((struct acme_account_query){ .eab_num = 3 }, "5 ");
	expect_list((struct acme_account_query){ .eab_num = 3, .before = 5 }, "");
	expect_list((struct acme_account_query){ .eab_num = 3, .directory = "other" },
	    "");
	cr_expect_not(store_acme_account_list(st, &all, refuse, NULL, &e));
	cr_expect_eq(e.code, ERR_POLICY);
}

Test(store_acme_account, a_damaged_row_is_told_and_not_used, .init = tmp_begin,
    .fini = tmp_end)
{
	static const char *const damages[] = {
		"UPDATE acme_account SET thumbprint = x'01'",
		"UPDATE acme_account SET thumbprint = x''",
		"UPDATE acme_account SET key_hash = x'01'",
		"UPDATE acme_account SET id = 'short'",
		"UPDATE acme_account SET id = 'one-that-is-longer-than-the-others'",
	};
	struct acme_account got = { .num = 77 };

	for (size_t i = 0; i < NITEMS(damages); i++) {
		const int64_t num = add((unsigned)i, "server");

		tmp_sql(damages[i]);
		cr_expect_not(store_acme_account_by_num(st, num, &got, &e));
		cr_expect_neq(e.code, ERR_NOT_FOUND, "%s", damages[i]);
		tmp_sql("DELETE FROM acme_account");
	}
	cr_expect_eq(got.num, 77, "ret is untouched on failure");
}

Test(store_acme_account, an_account_goes_with_its_transaction, .init = tmp_begin,
    .fini = tmp_end)
{
	MUST(store_begin(st, &e));
	add(1, "server");
	store_rollback(st);
	cr_expect_eq(tmp_number("SELECT count(*) FROM acme_account"), 0);
}
