/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_token.h"

#include "store/store_migrate.h"
#include "tmp_store.h"

#define NOW 1800000000

static struct store_token
make(uint8_t n, int64_t uses)
{
	struct store_token t = {
		.hash = { n, [31] = n },
		.profile = (char *)"server",
		.uses = uses,
		.expires_at = NOW + 60,
		.created_at = NOW,
		.created_by = (char *)"cert:admin",
		.request_id = (char *)"0123456789abcdef",
		.metadata = (char *)"{\"owner\":\"web\"}",
	};

	cr_assert(names_add(&t.names, NAME_TYPE_DNS, bytes_str("b.internal"), &e));
	cr_assert(names_add(&t.names, NAME_TYPE_IP, bytes_str("10.0.0.1"), &e));
	return t;
}

static void
add(uint8_t n, int64_t uses)
{
	struct store_token t = make(n, uses);

	MUST(store_token_add(st, &t, &e));
	names_free(&t.names);
}

static int64_t
left(uint8_t n)
{
	const uint8_t key[TOKEN_KEY_LEN] = { n };
	struct store_token t;

	MUST(store_token_get(st, key, &t, &e));
	const int64_t uses_left = t.uses_left;
	store_token_free(&t);
	return uses_left;
}

Test(store_token, what_was_added_is_read_back, .init = tmp_begin, .fini = tmp_end)
{
	const uint8_t key[TOKEN_KEY_LEN] = { 7 }, other[TOKEN_KEY_LEN] = { 8 };
	struct store_token t = make(7, 3), got;

	MUST(store_token_add(st, &t, &e));
	cr_expect_not(store_token_add(st, &t, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	MUST(store_token_get(st, key, &got, &e));
	cr_expect_arr_eq(got.hash, t.hash, TOKEN_HASH_LEN);
	cr_expect_str_eq(got.profile, "server");
	cr_expect(names_same(&got.names, &t.names));
	cr_expect_str_eq(got.names.v[0].text, "b.internal");
	cr_expect_eq(got.uses, 3);
	cr_expect_eq(got.uses_left, 3);
	cr_expect_eq(got.expires_at, NOW + 60);
	cr_expect_eq(got.created_at, NOW);
	cr_expect_str_eq(got.created_by, "cert:admin");
	cr_expect_str_eq(got.request_id, "0123456789abcdef");
	cr_expect_str_eq(got.metadata, "{\"owner\":\"web\"}");
	cr_expect_eq(got.withdrawn_at, 0);
	store_token_free(&got);
	cr_expect_not(store_token_get(st, other, &got, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	names_free(&t.names);
}

/* R51 */
Test(store_token, uses_run_out_and_no_further, .init = tmp_begin, .fini = tmp_end)
{
	const uint8_t key[TOKEN_KEY_LEN] = { 1 }, other[TOKEN_KEY_LEN] = { 9 };

	add(1, 2);
	add(2, 1);
	MUST(store_token_use(st, key, &e));
	cr_expect_eq(left(1), 1);
	MUST(store_token_use(st, key, &e));
	MUST(store_token_use(st, key, &e));
	cr_expect_eq(left(1), 0);
	cr_expect_eq(left(2), 1);
	MUST(store_token_use(st, other, &e)); /* as after a rebuild */
	MUST(store_begin(st, &e));
	MUST(store_token_use(st, (const uint8_t[TOKEN_KEY_LEN]){ 2 }, &e));
	store_rollback(st);
	cr_expect_eq(left(2), 1, "a use goes with its transaction");
}

Test(store_token, the_status_is_judged_in_order, .init = tmp_begin, .fini = tmp_end)
{
	struct store_token t = { .uses_left = 1, .expires_at = NOW };

	cr_expect_eq(store_token_status(&t, NOW - 1), STORE_TOKEN_PENDING);
	cr_expect_eq(store_token_status(&t, NOW), STORE_TOKEN_EXPIRED);
	t.withdrawn_at = NOW;
	cr_expect_eq(store_token_status(&t, NOW), STORE_TOKEN_WITHDRAWN);
	t.uses_left = 0;
	cr_expect_eq(store_token_status(&t, NOW - 1), STORE_TOKEN_USED);
	cr_expect_str_eq(store_token_status_word(STORE_TOKEN_USED), "used");
}

static bool
note_num(void *arg, const struct store_token *t, struct err *err)
{
	char *seen = arg;

	(void)err;
	seen[strlen(seen)] = (char)('0' + t->hash[0]);
	return true;
}

static void
expect_list(enum store_token_status s, int64_t now, int64_t before, size_t limit,
    const char *wanted)
{
	char seen[16] = "";

	MUST(store_token_list(st, s, now, before, 0, limit, note_num, seen, &e));
	cr_expect_str_eq(seen, wanted);
}

Test(store_token, lists_are_newest_first_by_status_and_by_page, .init = tmp_begin,
    .fini = tmp_end)
{
	int64_t n;

	for (uint8_t i = 1; i <= 4; i++)
		add(i, 1);
	MUST(store_token_use(st, (const uint8_t[TOKEN_KEY_LEN]){ 1 }, &e));
	MUST(store_token_withdraw(st, (const uint8_t[TOKEN_KEY_LEN]){ 2 }, NOW, "uid:0",
	    &e));
	MUST(store_token_withdraw(st, (const uint8_t[TOKEN_KEY_LEN]){ 2 }, NOW + 9,
	    "uid:1", &e));
	cr_expect_eq(tmp_number("SELECT withdrawn_at FROM token WHERE num = 2"), NOW);
	expect_list(STORE_TOKEN_ANY, NOW, 0, 10, "4321");
	expect_list(STORE_TOKEN_ANY, NOW, 4, 2, "32");
	expect_list(STORE_TOKEN_PENDING, NOW, 0, 10, "43");
	expect_list(STORE_TOKEN_PENDING, NOW + 60, 0, 10, "");
	expect_list(STORE_TOKEN_EXPIRED, NOW + 60, 0, 10, "43");
	expect_list(STORE_TOKEN_USED, NOW, 0, 10, "1");
	expect_list(STORE_TOKEN_WITHDRAWN, NOW, 0, 10, "2");
	cr_expect_not(
	    store_token_list(st, STORE_TOKEN_ANY, NOW, 0, 0, 0, note_num, NULL, &e));
	MUST(store_token_withdraw_all(st, NOW, "recover", &n, &e));
	cr_expect_eq(n, 2);
	expect_list(STORE_TOKEN_WITHDRAWN, NOW, 0, 10, "432");
}

/* A database as the first version made it, with a row. */
Test(store_token, an_older_database_gets_its_tables, .init = tmp_begin, .fini = tmp_end)
{
	struct db *db;

	store_close(st);
	st = NULL;
	cr_assert_eq(unlink(tmp_path), 0);
	MUST(db_open(tmp_path, DB_CREATE, &db, &e));
	MUST(db_exec(db, store_migrations[0].sql, &e));
	MUST(db_exec(db, "UPDATE meta SET num = 1 WHERE key = 'schema'", &e));
	MUST(db_exec(db, "INSERT INTO issuer (name) VALUES ('kept')", &e));
	db_close(db);
	MUST(store_open(tmp_path, &st, &e));
	add(1, 1);
	cr_expect_eq(left(1), 1);
	cr_expect_eq(tmp_number("SELECT count(*) FROM issuer"), 1);
}
