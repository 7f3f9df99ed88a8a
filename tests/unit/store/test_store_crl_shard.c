/* SPDX-License-Identifier: Apache-2.0 */
#include "tmp_certificate.h"
#include "tmp_store.h"

#include "store/store_crl_shard.h"
#include "store/store_migrate.h"

/* P61, R34: one row of numbers for all lists of an issuer; of a shard the newest is kept. */
Test(store_crl_shard, numbers_grow_over_all_lists_of_an_issuer, .init = tmp_begin,
    .fini = tmp_end)
{
	struct crl_row row = { .seq = 1, .issuer = "main", .number = 5, .entries = 1 };
	struct crl_row last;
	uint64_t number = 99;

	MUST(store_crl_shard_number(st, "main", &number, &e));
	cr_expect_eq(number, 0);
	MUST(store_crl_add(st, &row, &e));
	row.shard = (struct crl_shard){ 16, 3 };
	cr_expect_not(store_crl_add(st, &row, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	for (row.number = 6; row.number < 9; row.number++)
		MUST(store_crl_add(st, &row, &e));
	row.number = 8;
	row.shard.at = 4;
	cr_expect_not(store_crl_add(st, &row, &e));
	row.shard = (struct crl_shard){ 0 };
	cr_expect_not(store_crl_add(st, &row, &e), "nor the list of all");
	MUST(store_crl_shard_number(st, "main", &number, &e));
	cr_expect_eq(number, 8);
	MUST(store_crl_last(st, "main", &last, &e));
	cr_expect_eq(last.number, 5, "that of all is not a shard's");
	MUST(store_crl_shard_last(st, "main", (struct crl_shard){ 16, 3 }, &last, &e));
	cr_expect(last.number == 8 && last.shard.of == 16 && last.shard.at == 3);
	cr_expect_not(
	    store_crl_shard_last(st, "main", (struct crl_shard){ 16, 4 }, &last, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	row.issuer = "other";
	row.number = 1;
	MUST(store_crl_add(st, &row, &e));
	cr_expect_eq(tmp_number("SELECT count(*) FROM crl_shard"), 1);

	/* P69: so are those of a delta, of which the newest is kept too. */
	row.issuer = "main";
	row.base = 5;
	row.number = 8;
	cr_expect_not(store_crl_add(st, &row, &e));
	for (row.number = 9; row.number < 12; row.number++)
		MUST(store_crl_add(st, &row, &e));
	MUST(store_crl_shard_last(st, "main", (struct crl_shard){ 0 }, &last, &e));
	cr_expect(last.number == 11 && last.base == 5 && last.shard.of == 0);
	MUST(store_crl_last(st, "main", &last, &e));
	cr_expect(last.number == 5 && last.base == 0, "a delta is no list of all");
	cr_expect_eq(tmp_number("SELECT count(*) FROM crl_shard"), 2);
}

struct told {
	size_t n;
	uint32_t shards[8];
	char place[8][32];
};

static bool
tell(void *arg, uint32_t shards, const char *place, struct err *ret)
{
	struct told *t = arg;

	if (t->n == NITEMS(t->shards))
		return err_set(ret, ERR_INTERNAL, "too many");
	t->shards[t->n] = shards;
	snprintf(t->place[t->n++], sizeof(t->place[0]), "%s", place);
	return true;
}

static void
add_named(unsigned n, int64_t not_after, const char *url)
{
	struct tmp_certificate t;

	tmp_certificate(&t, n);
	t.cert.not_after = not_after;
	t.cert.crl_url = bytes_str(url);
	MUST(store_certificate_add(st, &t.new, &e));
	tmp_certificate_free(&t);
}

/* P68: a set is known for as long as certificates name it. */
Test(store_crl_shard, sets_are_remembered_by_the_certificates_that_name_them,
    .init = tmp_begin, .fini = tmp_end)
{
	struct told t = { 0 };

	add_named(1, 2000, "http://a/crl/main/16-3.crl");
	add_named(2, 1000, "http://a/crl/main/16-15.crl");
	add_named(3, 3000, "http://b:80/crl/main/16-0.crl");
	add_named(4, 4000, "http://a/crl/main/64-1.crl");
	add_named(5, 9000, "http://a/crl/main.crl");
	add_named(6, 9000, "http://a/crl/other/16-3.crl");
	MUST(store_crl_shard_places(st, "main", 2000, tell, &t, &e));
	cr_assert_eq(t.n, 3);
	cr_expect(t.shards[0] == 64 && t.shards[1] == 16 && t.shards[2] == 16);
	cr_expect_str_eq(t.place[0], "http://a");
	cr_expect_str_eq(t.place[1], "http://b:80");
	cr_expect_str_eq(t.place[2], "http://a");
	t.n = 0;
	MUST(store_crl_shard_places(st, "main", 4001, tell, &t, &e));
	cr_expect_eq(t.n, 0);
	MUST(store_crl_shard_places(st, "other", 0, tell, &t, &e));
	cr_expect_eq(t.n, 0);
}

/* A database of before. */
Test(store_crl_shard, an_old_database_keeps_what_is_revoked, .init = tmp_begin,
    .fini = tmp_end)
{
	struct db *db;

	tmp_drop();
	MUST(db_open(tmp_path, DB_CREATE, &db, &e));
	MUST(db_begin(db, &e));
	for (int i = 0; i < 8; i++)
		MUST(db_exec(db, store_migrations[i].sql, &e));
	MUST(db_exec(db,
	    "UPDATE meta SET num = 8 WHERE key = 'schema';"
	    "INSERT INTO issuer VALUES (1, 'main');"
	    "INSERT INTO revocation VALUES"
	    " (1, 1, x'05', NULL, 1, 9, 9, 0, 1, '', ''),"
	    " (2, 1, x'0102f0e9', NULL, 2, 9, 9, 0, 4, '', ''),"
	    " (3, 1, x'55ffff', NULL, 3, 9, 9, 0, 3, '', ''),"
	    " (4, 1, x'550000', NULL, 4, 9, 9, 0, 3, '', '')",
	    &e));
	MUST(db_commit(db, &e));
	db_close(db);
	MUST(store_open(tmp_path, &st, &e));
	cr_expect_eq(tmp_number("SELECT count(*) FROM revocation"), 4);
	cr_expect_eq(tmp_number("SELECT sum(length(serial)) FROM revocation"), 11);
	cr_expect_eq(tmp_number("SELECT count(*) FROM sqlite_schema WHERE name = "
				"'revocation_bucket'"),
	    0, "the signer makes the lists");
}
