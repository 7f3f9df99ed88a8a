/* SPDX-License-Identifier: Apache-2.0 */
#include "tmp_store.h"

#include <fcntl.h>

#include "base/mem.h"
#include "store/store_migrate.h"

static void
reopen(void)
{
	store_close(st);
	st = NULL;
	MUST(store_open(tmp_path, &st, &e));
}

static void
expect_refused(enum err_code code, const char *words)
{
	struct store *other = NULL;

	e = (struct err){ 0 };
	cr_expect_not(store_open(tmp_path, &other, &e));
	cr_expect_eq(e.code, code, "%s", e.detail);
	cr_expect_not_null(strstr(e.detail, words), "%s", e.detail);
	cr_expect_null(other);
}

Test(store, seq_and_root_are_kept_and_never_go_back, .init = tmp_begin, .fini = tmp_end)
{
	const uint8_t mine[32] = { 1, 2, 3 }, foreign[32] = { 9 };
	uint8_t root[32];
	uint64_t seq = 99;
	bool set = true;

	MUST(store_seq(st, &seq, &e));
	cr_expect_eq(seq, 0u);
	MUST(store_root(st, root, &set, &e));
	cr_expect_not(set);
	MUST(store_root_set(st, bytes_of(mine, 32), &e));
	MUST(store_root_set(st, bytes_of(mine, 32), &e));
	cr_expect_not(store_root_set(st, bytes_of(foreign, 32), &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_not(store_root_set(st, bytes_of(foreign, 31), &e));
	MUST(store_seq_set(st, 7, &e));
	cr_expect_not(store_seq_set(st, 6, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_not(store_seq_set(st, UINT64_MAX, &e));

	reopen();
	MUST(store_seq(st, &seq, &e));
	cr_expect_eq(seq, 7u);
	MUST(store_root(st, root, &set, &e));
	cr_expect(set);
	cr_expect_arr_eq(root, mine, 32);
	MUST(store_check(st, &e));
}

Test(store, a_transaction_is_opened_once_and_ended_once, .init = tmp_begin,
    .fini = tmp_end)
{
	uint64_t seq;

	MUST(store_commit(st, &e)); /* none is open: nothing */
	cr_expect_not(store_dirty(st));
	MUST(store_begin(st, &e));
	MUST(store_begin(st, &e));
	cr_expect(store_dirty(st));
	MUST(store_seq_set(st, 5, &e));
	store_rollback(st);
	cr_expect_not(store_dirty(st));
	MUST(store_seq(st, &seq, &e));
	cr_expect_eq(seq, 0u);
	MUST(store_begin(st, &e));
	MUST(store_seq_set(st, 5, &e));
	MUST(store_commit(st, &e));
	cr_expect_not(store_dirty(st));
	reopen();
	MUST(store_seq(st, &seq, &e));
	cr_expect_eq(seq, 5u);
}

static void
read_file(const char *path, struct buf *ret)
{
	const int fd = open(path, O_RDONLY);

	buf_init(ret, MIB(4));
	cr_assert(fd >= 0);
	uint8_t *p = buf_reserve(ret, MIB(2));
	const ssize_t n = read(fd, p, MIB(2));
	cr_assert(n > 0);
	ret->n = (size_t)n;
	close(fd);
}

/* R91, S92 */
Test(store, a_newer_schema_is_refused_and_left_untouched, .init = tmp_begin,
    .fini = tmp_end)
{
	struct buf before, after;

	cr_expect_eq(store_migrations_count,
	    tmp_number("SELECT num FROM meta WHERE key = 'schema'"));
	tmp_sql("UPDATE meta SET num = 1000 WHERE key = 'schema'");
	store_close(st);
	st = NULL;
	read_file(tmp_path, &before);
	expect_refused(ERR_UNAVAILABLE, "made by a newer version");
	read_file(tmp_path, &after);
	cr_expect(bytes_eq(buf_bytes(&before), buf_bytes(&after)));
	buf_free(&before);
	buf_free(&after);
}

static void
put_garbage(const char *beside)
{
	char *path = mem_printf("%s%s", tmp_path, beside);
	FILE *f = fopen(path, "w");

	fputs("garbage", f);
	fclose(f);
	free(path);
}

/* R91: what a killed one left, and a lost one's. */
Test(store, what_lies_in_the_way_of_a_new_one_is_none_of_its, .init = tmp_begin,
    .fini = tmp_end)
{
	store_close(st);
	cr_assert_eq(unlink(tmp_path), 0);
	put_garbage(".unfinished");
	put_garbage(".new-wal");
	put_garbage("-wal");
	MUST(store_create(tmp_path, &st, &e));
	MUST(store_check(st, &e));
	cr_expect_eq(store_migrations_count,
	    tmp_number("SELECT num FROM meta WHERE key = 'schema'"));
	char *under = mem_printf("%s.unfinished", tmp_path);
	cr_expect(access(under, F_OK) < 0, "it has its own name");
	free(under);
}

/* R91 */
Test(store, what_is_no_store_is_refused, .init = tmp_begin, .fini = tmp_end)
{
	struct store *other = NULL;

	cr_expect_not(store_create(tmp_path, &other, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_neq(tmp_number("SELECT count(*) FROM meta"), 0, "nor was it emptied");

	tmp_sql("DELETE FROM meta WHERE key = 'schema'");
	expect_refused(ERR_IO, "damaged");
	tmp_sql("DROP TABLE meta");
	expect_refused(ERR_IO, "damaged");
	store_close(st);
	st = NULL;
	FILE *f = fopen(tmp_path, "w");
	for (int i = 0; i < 10000; i++)
		fputs("garbage", f);
	fclose(f);
	cr_assert_eq(chmod(tmp_path, 0600), 0);
	expect_refused(ERR_IO, "damaged");
	unlink(tmp_path);
	expect_refused(ERR_NOT_FOUND, "no such file");
	cr_expect_neq(access(tmp_path, F_OK), 0);
}

/* P61, R34 */
Test(store, a_crl_number_grows_or_is_refused, .init = tmp_begin, .fini = tmp_end)
{
	struct crl_row r = { .seq = 3,
		.issuer = "main",
		.number = 10,
		.this_update = 100,
		.next_update = 200,
		.entries = 4 };
	struct crl_row last = { 0 };

	cr_expect_not(store_crl_last(st, "main", &last, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	MUST(store_crl_add(st, &r, &e));
	r.seq = 4;
	cr_expect_not(store_crl_add(st, &r, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	r.number = 9;
	cr_expect_not(store_crl_add(st, &r, &e));
	r.issuer = "root"; /* has numbers of its own */
	MUST(store_crl_add(st, &r, &e));
	r.number = (uint64_t)INT64_MAX + 1;
	cr_expect_not(store_crl_add(st, &r, &e));
	cr_expect_eq(e.code, ERR_INTERNAL);
	MUST(store_crl_last(st, "main", &last, &e));
	cr_expect_eq(last.number, 10u);
	cr_expect_eq(last.seq, 3u);
	cr_expect_eq(last.this_update, 100);
	cr_expect_eq(last.next_update, 200);
	cr_expect_eq(last.entries, 4u);
	cr_expect_str_eq(last.issuer, "main");
}
