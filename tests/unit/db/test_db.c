/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/mem.h"
#include "tmp_db.h"

static void
reopen(void)
{
	db_close(db);
	db = NULL;
	MUST(db_open(tmp_path, DB_MUST_EXIST, &db, &e));
}

static unsigned
mode_of(const char *suffix)
{
	char *path = mem_printf("%s%s", tmp_path, suffix);
	struct stat st = { 0 };

	cr_expect_eq(stat(path, &st), 0, "%s", path);
	free(path);
	return st.st_mode & 07777;
}

static int64_t
pragma(const char *sql)
{
	struct stmt *q = stmt_begin_sql(db, sql, sql);

	MUST(stmt_row(q, &e));
	const int64_t v = stmt_col_int(q, 0);
	MUST(stmt_finish(q, &e));
	return v;
}

/* S81, R89 */
Test(db, a_new_database_is_private_durable_and_of_a_known_kind, .init = tmp_begin,
    .fini = tmp_end)
{
	MUST(tmp_insert(1, "a"));
	cr_expect_eq(mode_of(""), 0600u);
	cr_expect_eq(mode_of("-wal"), 0600u);
	cr_expect_eq(mode_of("-shm"), 0600u);
	for (int i = 0; i < 2; i++) {
		cr_expect_eq(pragma("PRAGMA synchronous"), 2, "2 is FULL");
		cr_expect_eq(pragma("PRAGMA foreign_keys"), 1);
		cr_expect_eq(pragma("PRAGMA application_id"), 0x484e5052);
		struct stmt *q = stmt_begin_sql(db, "PRAGMA journal_mode", "mode");
		MUST(stmt_row(q, &e));
		cr_expect_str_eq(stmt_col_text(q, 0), "wal");
		MUST(stmt_finish(q, &e));
		reopen();
	}
	cr_expect_eq(tmp_count(), 1);
	MUST(db_check(db, &e));

	struct db *other = NULL;
	cr_expect_not(db_open(tmp_path, DB_CREATE, &other, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_null(other);
	cr_expect_eq(tmp_count(), 1, "and nothing happened to it");
}

static void
expect_refused(enum err_code code, const char *words)
{
	struct db *other = NULL;

	e = (struct err){ 0 };
	cr_expect_not(db_open(tmp_path, DB_MUST_EXIST, &other, &e));
	cr_expect_eq(e.code, code, "%s", e.detail);
	cr_expect_not_null(strstr(e.detail, words), "%s", e.detail);
	cr_expect_null(other);
}

static void
write_at(off_t at, const void *p, size_t n)
{
	const int fd = open(tmp_path, O_WRONLY);

	cr_assert_eq(pwrite(fd, p, n, at), (ssize_t)n);
	close(fd);
}

/* R91, S81 */
Test(db, what_is_no_database_of_ours_is_refused_and_never_replaced, .init = tmp_begin,
    .fini = tmp_end)
{
	char *moved = mem_printf("%s.moved", tmp_path);

	for (int i = 0; i < 500; i++)
		MUST(tmp_insert(i, NULL));
	db_close(db);
	db = NULL;
	struct stat st;
	cr_assert_eq(stat(tmp_path, &st), 0);

	cr_assert_eq(chmod(tmp_path, 0644), 0);
	expect_refused(ERR_IO, "chmod 600");
	cr_assert_eq(chmod(tmp_path, 0600), 0);

	char *beside = mem_printf("%s-journal", tmp_path);
	cr_assert_eq(mkfifo(beside, 0600), 0);
	expect_refused(ERR_IO, "-journal: is no regular file");
	unlink(beside);
	free(beside);

	cr_assert_eq(truncate(tmp_path, st.st_size - 4096), 0);
	expect_refused(ERR_IO, "its end is missing");
	cr_assert_eq(truncate(tmp_path, st.st_size), 0);

	write_at(68, "\0\0\0\1", 4);
	expect_refused(ERR_IO, "another program");
	write_at(0, "not a database at all", 21);
	expect_refused(ERR_IO, "damaged");
	cr_assert_eq(truncate(tmp_path, 99), 0);
	expect_refused(ERR_IO, "damaged");
	cr_assert_eq(truncate(tmp_path, 0), 0);
	expect_refused(ERR_IO, "damaged");
	cr_assert_eq(stat(tmp_path, &st), 0);
	cr_expect_eq(st.st_size, 0, "an empty file stays as it is");

	cr_assert_eq(rename(tmp_path, moved), 0);
	expect_refused(ERR_NOT_FOUND, "no such file");
	cr_expect_neq(access(tmp_path, F_OK), 0, "none is made in its place");
	cr_assert_eq(symlink(moved, tmp_path), 0);
	expect_refused(ERR_IO, "");
	unlink(tmp_path);
	unlink(moved);
	free(moved);
}

Test(db, damage_inside_is_found_by_the_check, .init = tmp_begin, .fini = tmp_end)
{
	for (int i = 0; i < 2000; i++)
		MUST(tmp_insert(i, NULL));
	reopen();
	db_close(db);
	db = NULL;
	write_at(2 * 4096, "garbage in the head of a page", 29);
	MUST(db_open(tmp_path, DB_MUST_EXIST, &db, &e));
	cr_expect_not(db_check(db, &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_not_null(strstr(e.detail, "damaged"), "%s", e.detail);
}

Test(db, a_transaction_is_all_or_nothing, .init = tmp_begin, .fini = tmp_end)
{
	MUST(db_begin(db, &e));
	MUST(tmp_insert(1, "a"));
	cr_expect(db_in_transaction(db));
	db_rollback(db);
	cr_expect_not(db_in_transaction(db));
	cr_expect_eq(tmp_count(), 0);
	db_rollback(db); /* nothing open: nothing happens */

	MUST(db_begin(db, &e));
	MUST(tmp_insert(1, "a"));
	MUST(db_commit(db, &e));
	cr_expect_eq(tmp_count(), 1);

	MUST(db_begin(db, &e));
	MUST(tmp_insert(2, "b"));
	reopen(); /* closing is rolling back */
	cr_expect_eq(tmp_count(), 1);
}

/* What only the database knows is on disk when it is committed; what can be replayed, later. */
/* R89 */
Test(db, only_what_stands_elsewhere_is_committed_without_a_flush, .init = tmp_begin,
    .fini = tmp_end)
{
	db_replaying(db, true);
	MUST(db_begin(db, &e));
	MUST(tmp_insert(1, "replayable 1"));
	db_replaying(db, false);
	MUST(db_commit(db, &e));
	cr_expect(db_unflushed(db));
	cr_expect_eq(pragma("PRAGMA synchronous"), 1, "1 is NORMAL");
	MUST(db_flush(db, &e));
	cr_expect_not(db_unflushed(db));

	/* The transaction began lazy, and another joined it. */
	db_replaying(db, true);
	MUST(db_begin(db, &e));
	MUST(tmp_insert(2, "replayable 2"));
	db_replaying(db, false);
	MUST(tmp_insert(3, "known here alone 3"));
	MUST(db_commit(db, &e));
	cr_expect_not(db_unflushed(db));

	/* Reading is no debt. */
	db_replaying(db, true);
	MUST(db_begin(db, &e));
	MUST(tmp_insert(4, "replayable 4"));
	db_replaying(db, false);
	cr_expect_eq(tmp_count(), 4);
	MUST(db_commit(db, &e));
	cr_expect(db_unflushed(db));

	/* Outside of a transaction a write is one of its own, and flushes what was left. */
	MUST(tmp_insert(5, "known here alone 5"));
	cr_expect_eq(pragma("PRAGMA synchronous"), 2);
	MUST(db_begin(db, &e));
	MUST(tmp_insert(6, "known here alone 6"));
	MUST(db_commit(db, &e));
	cr_expect_not(db_unflushed(db));
	cr_expect_not(db_broken(db));
	reopen();
	cr_expect_eq(tmp_count(), 6);
}

static void
commit_lazily(int64_t id, const char *name)
{
	db_replaying(db, true);
	MUST(db_begin(db, &e));
	MUST(tmp_insert(id, name));
	db_replaying(db, false);
	MUST(db_commit(db, &e));
	cr_assert(db_unflushed(db));
}

static unsigned flushes;
static bool disk_fails;

/* SQLite's, in this program. */
int
fdatasync(int fd)
{
	flushes++;
	errno = EIO;
	return disk_fails ? -1 : fsync(fd);
}

/* R89 */
Test(db, a_commit_that_wrote_nothing_flushed_nothing, .init = tmp_begin,
    .fini = tmp_end)
{
	static const struct stmt_def none = { "DELETE FROM t WHERE id = 99",
		"delete what is not there" };

	commit_lazily(1, "replayable 1");
	flushes = 0;
	MUST(db_begin(db, &e));
	MUST(db_commit(db, &e));
	cr_expect_eq(flushes, 0u);
	cr_expect(db_unflushed(db), "nothing was flushed, so nothing is on disk");

	MUST(db_begin(db, &e));
	MUST(stmt_finish(stmt_begin(db, &none), &e));
	MUST(db_commit(db, &e));
	cr_expect_eq(flushes, 1u);
	cr_expect_not(db_unflushed(db));

	/* Nothing is flushed twice. */
	commit_lazily(2, "replayable 2");
	flushes = 0;
	MUST(db_begin(db, &e));
	MUST(tmp_insert(3, "known here alone 3"));
	MUST(db_commit(db, &e));
	cr_expect_eq(flushes, 1u);
	cr_expect_not(db_unflushed(db));
}

/* R89 */
Test(db, a_flush_that_failed_and_was_others_too_ends_all, .init = tmp_begin,
    .fini = tmp_end)
{
	MUST(tmp_insert(1, "known here alone 1"));
	disk_fails = true;
	MUST(db_begin(db, &e));
	MUST(tmp_insert(2, "known here alone 2"));
	cr_expect_not(db_commit(db, &e));
	cr_expect_not(db_broken(db), "it is undone, and all before was on disk");

	disk_fails = false;
	commit_lazily(3, "replayable 3");
	disk_fails = true;
	MUST(db_begin(db, &e));
	MUST(tmp_insert(4, "known here alone 4"));
	cr_expect_not(db_commit(db, &e));
	cr_expect(db_broken(db), "the third may be lost by now");
	disk_fails = false;
}

/* R89 */
Test(db, a_flush_that_failed_in_a_checkpoint_is_not_forgotten, .init = tmp_begin,
    .fini = tmp_end)
{
	const size_t size = MIB(17); /* more pages than the WAL is left with */
	uint8_t *much = mem_zalloc(size);

	MUST(tmp_insert(1, "known here alone 1"));
	flushes = 0;
	disk_fails = true;
	db_replaying(db, true);
	MUST(db_begin(db, &e));
	struct stmt *q = stmt_begin(db, &tmp_insert_def);
	stmt_int(q, 1, 2);
	stmt_text(q, 2, "replayable 2");
	stmt_bytes(q, 3, bytes_of(much, size));
	MUST(stmt_finish_one(q, &e));
	db_replaying(db, false);
	cr_expect_not(db_commit(db, &e));
	cr_expect_gt(flushes, 0u,
	    "the checkpoint's; such a commit has none of its own");
	cr_expect(db_broken(db));
	cr_expect_not_null(strstr(e.detail, "flush the database"), "%s", e.detail);
	cr_expect_not_null(strstr(e.detail, "(flushing failed, 1034)"), "%s", e.detail);
	disk_fails = false;
	free(much);
}

Test(db, an_optional_reading_spoils_nothing, .init = tmp_begin, .fini = tmp_end)
{
	for (int optional = 0; optional < 2; optional++) {
		MUST(db_begin(db, &e));
		MUST(tmp_insert(1, "a"));
		struct stmt *q = stmt_begin_sql(db, "SELECT x FROM nowhere", "look");
		if (optional)
			stmt_optional(q);
		cr_expect_not(stmt_finish(q, &e));
		cr_expect_eq(db_commit(db, &e), (bool)optional);
		cr_expect_eq(tmp_count(), optional);
	}
}

Test(db, a_statement_that_failed_spoils_its_transaction, .init = tmp_begin,
    .fini = tmp_end)
{
	MUST(db_begin(db, &e));
	MUST(tmp_insert(1, "a"));
	cr_expect_not(tmp_insert(2, "a"));
	cr_expect_not(tmp_insert(3, "c"), "what follows is refused");
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_not(db_exec(db, "DELETE FROM t", &e));
	cr_expect(db_in_transaction(db));
	cr_expect_not(db_commit(db, &e));
	cr_expect_not_null(strstr(e.detail, "there already"), "%s", e.detail);
	cr_expect_not(db_in_transaction(db));
	cr_expect_eq(tmp_count(), 0);

	MUST(db_begin(db, &e));
	MUST(tmp_insert(1, "a"));
	struct stmt *q = stmt_begin_sql(db,
	    "INSERT INTO t (id, name) VALUES (2, 'a') ON CONFLICT DO NOTHING", "add");
	cr_expect_not(stmt_finish_one(q, &e));
	cr_expect_eq(e.code, ERR_CONFLICT, "an answer, not a failure");
	MUST(db_commit(db, &e));
	cr_expect_eq(tmp_count(), 1);
}

/* R90, S88 */
Test(db, a_full_disk_loses_the_transaction_and_nothing_else, .init = tmp_begin,
    .fini = tmp_end)
{
	char octets[4096];
	bool ok = true;

	memset(octets, 'x', sizeof(octets));
	MUST(tmp_insert(1, "a"));
	const int64_t pages = pragma("PRAGMA page_count");
	char sql[64];
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld",
	    (long long)pages + 4);
	pragma(sql);

	MUST(db_begin(db, &e));
	for (int i = 2; ok && i < 100; i++) {
		struct stmt *q = stmt_begin(db, &tmp_insert_def);
		stmt_int(q, 1, i);
		stmt_null(q, 2);
		stmt_bytes(q, 3, bytes_of(octets, sizeof(octets)));
		ok = stmt_finish_one(q, &e);
	}
	cr_expect_not(ok);
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_not_null(strstr(e.detail, "free some space"), "%s", e.detail);
	cr_expect_not(db_commit(db, &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_eq(tmp_count(), 1, "reading goes on");

	pragma("PRAGMA max_page_count = 1000000");
	MUST(db_begin(db, &e));
	MUST(tmp_insert(2, "b"));
	MUST(db_commit(db, &e));
	cr_expect_eq(tmp_count(), 2, "and it works again when there is space");
}

Test(db, a_lock_that_another_holds_is_told_after_a_while, .init = tmp_begin,
    .fini = tmp_end)
{
	struct db *other;

	MUST(db_open(tmp_path, DB_MUST_EXIST, &other, &e));
	MUST(db_begin(other, &e));
	cr_expect_not(db_begin(db, &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_not_null(strstr(e.detail, "another program holds"), "%s", e.detail);
	cr_expect_not(db_in_transaction(db));
	db_rollback(other);
	db_close(other);
	MUST(tmp_insert(1, "a"));
}

static void
copy_file(const char *from, const char *to)
{
	static char octets[1 << 20];
	const int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0600);
	const ssize_t n = read(in, octets, sizeof(octets));

	cr_assert(n > 0 && (size_t)n < sizeof(octets));
	cr_assert_eq(write(out, octets, (size_t)n), n);
	close(in);
	close(out);
}

/* S92 */
Test(db, what_was_only_read_keeps_its_wal, .init = tmp_begin, .fini = tmp_end)
{
	struct db *reader;
	struct stat before, after;
	char *copy = mem_printf("%s/copy.db", tmp_dir);
	char *wal = mem_printf("%s-wal", tmp_path),
	     *copy_wal = mem_printf("%s-wal", copy);

	MUST(tmp_insert(1, "a"));
	copy_file(tmp_path, copy); /* as a crash leaves it: rows are in the WAL */
	copy_file(wal, copy_wal);
	cr_assert_eq(stat(copy_wal, &before), 0);
	MUST(db_open(copy, DB_MUST_EXIST, &reader, &e));
	struct stmt *q = stmt_begin(reader, &tmp_count_def);
	MUST(stmt_row(q, &e));
	cr_expect_eq(stmt_col_int(q, 0), 1);
	MUST(stmt_finish(q, &e));
	db_close(reader);
	cr_assert_eq(stat(copy_wal, &after), 0);
	cr_expect_eq(after.st_size, before.st_size);
	cr_expect_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	MUST(db_open(copy, DB_MUST_EXIST, &reader, &e));
	db_discard(reader);
	free(copy);
	free(wal);
	free(copy_wal);
}

/* S86 */
Test(db, a_copy_is_of_one_moment_while_others_write, .init = tmp_begin, .fini = tmp_end)
{
	char *path = mem_printf("%s/copy.db", tmp_dir);
	struct db *reader = NULL, *copy = NULL;

	for (int i = 1; i <= 500; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", i);
		MUST(tmp_insert(i, name));
	}
	MUST(db_open(tmp_path, DB_READ, &reader, &e));
	/* What is not committed is not in it, and does not wait for it. */
	MUST(db_begin(db, &e));
	MUST(tmp_insert(501, "not yet"));
	MUST(db_copy(reader, path, &e));
	MUST(tmp_insert(502, "still goes on"));
	MUST(db_commit(db, &e));
	cr_expect_not(db_copy(reader, path, &e), "never over something");
	cr_expect_eq(e.code, ERR_CONFLICT);
	db_close(reader);

	struct stat st;
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600u);
	MUST(db_open(path, DB_MUST_EXIST, &copy, &e));
	MUST(db_check(copy, &e));
	struct stmt *q = stmt_begin(copy, &tmp_count_def);
	MUST(stmt_row(q, &e));
	cr_expect_eq(stmt_col_int(q, 0), 500);
	MUST(stmt_finish(q, &e));
	db_discard(copy);
	free(path);
}
