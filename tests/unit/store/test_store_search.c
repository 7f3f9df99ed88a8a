/* SPDX-License-Identifier: Apache-2.0 */
#include "fail_step.h"
#include "tmp_certificate.h"

#include "store/store_migrate.h"

static bool
count_one(void *arg, const struct certificate_row *r, struct err *ret)
{
	int64_t *found = arg;

	(void)ret;
	found[0]++;
	if (found[1] == 0)
		found[1] = r->id;
	return true;
}

/* How many there are, and the newest. */
#define EXPECT(count, first, ...)                                                      \
	do {                                                                           \
		struct certificate_query asked = { __VA_ARGS__ };                      \
		int64_t got[2] = { 0 };                                                \
		asked.limit = asked.limit == 0 ? 100 : asked.limit;                    \
		MUST(store_certificate_list(st, &asked, count_one, got, &e));          \
		cr_expect_eq(got[0], (count), "%s: %lld", #__VA_ARGS__,                \
		    (long long)got[0]);                                                \
		cr_expect_eq(got[1], (first), "%s: %lld", #__VA_ARGS__,                \
		    (long long)got[1]);                                                \
	} while (0)

static const struct certificate_metadata words[] = { { "owner", "Web team" },
	{ "cost centre", "4711" }, { "owner", "web" } };

static void
add(unsigned n, const struct certificate_metadata *metadata, size_t n_metadata)
{
	struct tmp_certificate t;

	tmp_certificate(&t, n);
	t.new.metadata = metadata;
	t.new.n_metadata = n_metadata;
	MUST(store_certificate_add(st, &t.new, &e));
	tmp_certificate_free(&t);
}

Test(store_search, words_and_parts_of_all_that_names_it_are_found, .init = tmp_begin,
    .fini = tmp_end)
{
	add(1, words, 2);
	add(2, words, 1);
	add(3, &words[2], 1);
	add(4, NULL, 0);
	EXPECT(3, 3, .q = "web");
	EXPECT(2, 2, .q = "EB TE");
	EXPECT(1, 1, .q = "4711");
	EXPECT(4, 4, .q = "Cn:aDm"); /* the requester */
	EXPECT(1, 3, .q = "host-3.internal");
	EXPECT(1, 3, .q = "Host 3");
	EXPECT(0, 0, .q = "owner"); /* a key is no value */
	EXPECT(2, 2, .metadata = words, .n_metadata = 1);
	EXPECT(1, 1, .metadata = words, .n_metadata = 2);
	EXPECT(0, 0, .metadata = &words[1], .n_metadata = 2);
	EXPECT(1, 1, .metadata = words, .n_metadata = 1, .before_id = 2);
	EXPECT(1, 2, .metadata = words, .n_metadata = 1, .q = "host-2");
	EXPECT(1, 2, .q = "web team", .profile = "server");
	EXPECT(1, 1, .q = "web team", .dns = "host-1.internal");
	tmp_revoke(10, 2, REASON_SUPERSEDED);
	EXPECT(1, 2, .q = "web", .status = CERTIFICATE_REVOKED);
	EXPECT(2, 3, .q = "web", .status = CERTIFICATE_VALID);
	EXPECT(1, 2, .metadata = words, .n_metadata = 1, .status = CERTIFICATE_REVOKED);
	MUST(store_check(st, &e));
}

Test(store_search, what_waits_is_made_searchable_the_oldest_first, .init = tmp_begin,
    .fini = tmp_end)
{
	int64_t n = -1;

	for (unsigned i = 1; i <= 5; i++)
		add(i, words, 1);
	MUST(store_unsearched(st, &n, &e));
	cr_expect_eq(n, 5);
	MUST(store_check(st, &e));
	MUST(store_search_catch_up(st, 2, &e));
	MUST(store_unsearched(st, &n, &e));
	cr_expect_eq(n, 3);
	MUST(store_check(st, &e));
	cr_expect(db_unflushed(store_db(st)), "the words were in the database before");

	/* A search finds all, and by itself. */
	EXPECT(5, 5, .q = "web team");
	MUST(store_unsearched(st, &n, &e));
	cr_expect_eq(n, 0);
	EXPECT(1, 4, .q = "host-4.internal");
	MUST(store_search_catch_up(st, 10, &e));
	add(6, words, 1);
	EXPECT(6, 6, .q = "web team");
	MUST(store_check(st, &e));
}

/* As a record of the journal comes in, and waits for others (ADR 0030). */
static void
park(unsigned n)
{
	store_replaying(st, true);
	MUST(store_begin(st, &e));
	add(n, words, 1);
	store_replaying(st, false);
	cr_assert(store_park(st));
}

/* R90, S88 */
Test(store_search, a_search_that_fails_undoes_nothing_that_waits_without_a_word,
    .init = tmp_begin, .fini = tmp_end)
{
	const struct certificate_query q = { .q = "web team", .limit = 10 };
	unsigned lost = 0, n = 1;

	for (;; n++) {
		int64_t got[2] = { 0 }, newest = 0;

		park(1);
		fail_step = n;
		failed_step = false;
		const bool ok = store_certificate_list(st, &q, count_one, got, &e);
		fail_step = 0;
		cr_expect_neq(ok, failed_step, "step %u", n);
		if (store_lost(st, &e)) {
			lost++;
			cr_expect_not(store_certificate_newest(st, &newest, &e),
			    "step %u: who decides by this does not know of it", n);
			store_rollback(st);
			MUST(store_certificate_newest(st, &newest, &e));
			cr_expect_eq(newest, 0, "step %u", n);
			continue;
		}
		MUST(store_unpark(st, &e));
		MUST(store_certificate_newest(st, &newest, &e));
		cr_expect_eq(newest, 1, "step %u: it is gone, and nobody knows", n);
		if (ok)
			break;
		tmp_drop();
		MUST(store_create(tmp_path, &st, &e));
	}
	cr_expect_geq(lost, 3, "two statements and the commit");
	MUST(store_check(st, &e));
}

Test(store_search, too_few_characters_and_too_many_words_are_told, .init = tmp_begin,
    .fini = tmp_end)
{
	static const char *const few[] = { "w", "we", "\u00e4\u00f6", "%_" };
	struct certificate_query q = { .limit = 1 };
	struct certificate_metadata many[CERTIFICATE_METADATA_MAX + 1];
	int64_t found[2] = { 0 };

	add(1, words, 1);
	for (size_t i = 0; i < NITEMS(few); i++) {
		q.q = few[i];
		cr_expect_not(store_certificate_list(st, &q, count_one, found, &e));
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_not_null(strstr(e.detail, "at least 3"), "%s", e.detail);
	}
	EXPECT(0, 0, .q = "\u00e4\u00f6\u00fc");
	for (size_t i = 0; i < NITEMS(many); i++)
		many[i] = words[0];
	EXPECT(1, 1, .metadata = many, .n_metadata = CERTIFICATE_METADATA_MAX,
	    .q = "web", .profile = "client", .requester = "cn:admin", .issuer = "main",
	    .dns = "host-1.internal", .cn = "Host 1", .expires_after = 1,
	    .expires_before = 99999, .issued_after = 1, .issued_before = 99999);
	q = (struct certificate_query){ .limit = 1,
		.metadata = many,
		.n_metadata = NITEMS(many) };
	cr_expect_not(store_certificate_list(st, &q, count_one, found, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
}

/* A span that few rows are in is read by its own index: in the same order, with the same pages. */
Test(store_search, narrow_and_wide_spans_find_the_same, .init = tmp_begin,
    .fini = tmp_end)
{
	MUST(store_begin(st, &e));
	for (unsigned n = 1; n <= 2500; n++)
		tmp_add(n);
	MUST(store_commit(st, &e));
	EXPECT(10, 2490, .expires_after = 12481, .expires_before = 12491);
	EXPECT(3, 2490, .expires_after = 12481, .expires_before = 12491, .limit = 3);
	EXPECT(4, 2484, .expires_after = 12481, .expires_before = 12491,
	    .before_id = 2485);
	EXPECT(2, 2484, .expires_after = 12481, .expires_before = 12491,
	    .before_id = 2485, .after_id = 2482);
	EXPECT(100, 2500, .expires_after = 10002);
	EXPECT(100, 2500, .expires_after = 10001, .profile = "server");
	EXPECT(5, 10, .issued_before = 12, .profile = "server");
	EXPECT(1, 2500, .issued_after = 2501);
	EXPECT(100, 2500, .status = CERTIFICATE_VALID, .now = 12000);
	EXPECT(11, 2010, .status = CERTIFICATE_VALID, .now = 12000,
	    .expires_before = 12011);
	EXPECT(100, 2500, .issued_after = 1, .expires_after = 1);
	EXPECT(1, 7, .issued_after = 8, .issued_before = 9, .expires_after = 10007);
}

/* ---- a database of the first version ---- */

static void
make_old(struct db *db)
{
	MUST(db_begin(db, &e));
	MUST(db_exec(db, store_migrations[0].sql, &e));
	MUST(db_exec(db,
	    "UPDATE meta SET num = 1 WHERE key = 'schema';"
	    "INSERT INTO issuer VALUES (1, 'main');"
	    "INSERT INTO certificate VALUES"
	    " (1, 1, x'4101020304', 'server', 'old.internal', 1, 2, 3, 'cert:admin',"
	    "  'r', zeroblob(32), CAST('{\"metadata\":{\"owner\":\"ops\"}}' AS BLOB)),"
	    " (2, 1, x'4201020304', 'server', '', 1, 2, 3, 'uid:0', 'r', zeroblob(32), "
	    "x''),"
	    " (3, 1, x'4301020304', 'server', '', 1, 2, 3, 'uid:0', 'r', zeroblob(32),"
	    "  CAST('{ no JSON' AS BLOB));"
	    "INSERT INTO certificate_name VALUES (1, 0, -1, 'old.internal'),"
	    " (1, 1, 2, 'old.internal'), (2, 1, 2, 'second.internal'),"
	    " (3, 1, 7, '10.0.0.3');"
	    "INSERT INTO certificate_der VALUES (1, x'00'), (2, x'00'), (3, x'00');",
	    &e));
	MUST(db_commit(db, &e));
}

/* R89 */
Test(store_search, what_an_older_version_stored_is_found, .init = tmp_begin,
    .fini = tmp_end)
{
	static const struct certificate_metadata ops = { "owner", "ops" };
	struct db *db;

	tmp_drop();
	MUST(db_open(tmp_path, DB_CREATE, &db, &e));
	make_old(db);
	db_close(db);
	MUST(store_open(tmp_path, &st, &e));
	cr_expect_eq(store_migrated_from(st), 1);
	EXPECT(2, 2, .q = "INTERNAL");
	EXPECT(1, 1, .q = "old.int");
	EXPECT(1, 1, .q = "ops");
	EXPECT(1, 3, .q = "0.0.3");
	EXPECT(2, 3, .q = "uid:0");
	EXPECT(1, 1, .metadata = &ops, .n_metadata = 1);
	MUST(store_check(st, &e));
	store_close(st);
	MUST(store_open(tmp_path, &st, &e));
	cr_expect_eq(store_migrated_from(st), 0);
}
