/* SPDX-License-Identifier: Apache-2.0 */
/* What is told when two databases differ; the flow tests spoil whole CAs. */
#include "tmp_certificate.h"

#include "base/mem.h"
#include "store/store_audit.h"
#include "store/store_census.h"
#include "store/store_compare.h"

static char other_path[80];
static struct store *other;
static struct buf told;

static void
say(void *arg, const char *what)
{
	unsigned *n = arg;

	(*n)++;
	buf_printf(&told, "%s\n", what);
}

/* Two stores with the same three certificates and a revocation. */
static void
begin_two(void)
{
	struct store *first;

	tmp_begin();
	for (int i = 0; i < 2; i++) {
		for (unsigned n = 1; n <= 3; n++)
			tmp_add(n);
		tmp_revoke(4, 1, 1);
		if (i > 0)
			break;
		first = st;
		snprintf(other_path, sizeof(other_path), "%s/b.db", tmp_dir);
		MUST(store_scratch(other_path, &st, &e));
	}
	other = st;
	st = first;
	buf_init(&told, KIB(64));
}

static void
end_two(void)
{
	store_discard(other);
	buf_free(&told);
	tmp_end();
}

static unsigned
faults(void)
{
	unsigned n = 0;

	buf_clear(&told);
	MUST(store_compare(other, st, say, &n, &e));
	MUST(store_compare_gaps(st, say, &n, &e));
	return n;
}

static void
expect_told(const char *words)
{
	cr_expect_not_null(strstr(buf_str(&told), words), "not told: %s\nbut: %s",
	    words, buf_str(&told));
}

/* S87 */
Test(store_compare, what_is_equal_is_not_told, .init = begin_two, .fini = end_two)
{
	cr_expect_eq(faults(), 0u, "%s", buf_str(&told));
}

/* S87 */
Test(store_compare, rows_that_are_gone_new_or_other_are_told, .init = begin_two,
    .fini = end_two)
{
	tmp_sql(
	    "DELETE FROM certificate_name WHERE certificate_id = 2 AND position = 1");
	cr_expect_eq(faults(), 1u, "%s", buf_str(&told));
	expect_told(
	    "a name of the certificate (record 2, position 1): the journal has it");
	tmp_sql("INSERT INTO compromised_key (key_hash) VALUES (zeroblob(32))");
	cr_expect_eq(faults(), 2u, "%s", buf_str(&told));
	expect_told("compromised key (hash 00");
	expect_told("the row was inserted");
	tmp_sql("UPDATE certificate SET profile = 'admin' || char(10) WHERE id = 3");
	cr_expect_eq(faults(), 3u);
	expect_told("profile: the database says \"admin?\", the journal \"client\"");
	tmp_sql("UPDATE revocation SET revoked_at = 778");
	cr_expect_eq(faults(), 4u);
	expect_told("time: the database says 1970-01-01T00:12:58Z, the journal "
		    "1970-01-01T00:12:57Z");
	tmp_sql("UPDATE certificate SET note = x'7b' WHERE id = 1");
	cr_expect_eq(faults(), 5u);
	expect_told(
	    "the database says 1 octets, the journal 2 octets, and not the same");
}

Test(store_compare, gaps_in_the_audit_are_told, .init = begin_two, .fini = end_two)
{
	for (int64_t i = 1; i <= 6; i++)
		MUST(store_audit_add(st,
		    &(struct audit_row){ .at = i, .kind = AUDIT_REFUSED }, &e));
	cr_expect_eq(faults(), 0u);
	tmp_sql("DELETE FROM audit WHERE id IN (2, 4, 5)");
	cr_expect_eq(faults(), 2u);
	expect_told("row 2 of the audit is missing");
	expect_told("rows 4 to 5 of the audit are missing");
}

Test(store_compare, what_retention_took_out_is_no_gap_and_the_rest_is,
    .init = begin_two, .fini = end_two)
{
	size_t n;

	for (int64_t i = 1; i <= 8; i++)
		MUST(store_audit_add(st,
		    &(struct audit_row){ .at = i,
			.kind = i % 2 != 0 ? AUDIT_REFUSED : AUDIT_STARTED },
		    &e));
	MUST(store_audit_prune(st, 6, 0, 10, &n, &e)); /* 1, 3, 5 */
	cr_expect_eq(faults(), 0u, "%s", buf_str(&told));
	tmp_sql("DELETE FROM audit WHERE id = 2");
	cr_expect_eq(faults(), 1u);
	expect_told("up to 5, 1 more lack than those that retention took out");
	tmp_sql("DELETE FROM audit WHERE id IN (6, 7)");
	cr_expect_eq(faults(), 2u);
	expect_told("rows 6 to 7 of the audit are missing");
	tmp_sql(
	    "INSERT INTO audit (id, at, kind, request_id, identity, profile, issuer,"
	    " names, serial, object, result, reason)"
	    " SELECT 1, at, kind, request_id, identity, profile, issuer, names,"
	    " serial, object, result, reason FROM audit WHERE id = 4");
	cr_expect_eq(faults(), 1u);
	tmp_sql(
	    "INSERT INTO audit (id, at, kind, request_id, identity, profile, issuer,"
	    " names, serial, object, result, reason)"
	    " SELECT 3, at, kind, request_id, identity, profile, issuer, names,"
	    " serial, object, result, reason FROM audit WHERE id = 4");
	cr_expect_eq(faults(), 2u);
	expect_told(
	    "1 fewer lack than those that retention took out; they were inserted");
}

/* R91 */
Test(store_compare, a_reader_sees_one_moment_and_writes_nothing, .init = tmp_begin,
    .fini = tmp_end)
{
	struct store *reader;
	uint64_t seq = 9;

	tmp_add(1);
	MUST(store_open_read(tmp_path, &reader, &e));
	MUST(store_begin(reader, &e));
	MUST(store_seq(reader, &seq, &e));
	MUST(store_seq_set(st, 5, &e)); /* the writer goes on */
	MUST(store_seq(reader, &seq, &e));
	cr_expect_eq(seq, 0u);
	cr_expect_not(store_seq_set(reader, 6, &e));
	store_rollback(reader);
	MUST(store_seq(reader, &seq, &e));
	cr_expect_eq(seq, 5u);
	cr_expect_not(store_seq_set(reader, 6, &e));
	store_close(reader);
	tmp_sql("UPDATE meta SET num = 1 WHERE key = 'schema'");
	cr_expect_not(store_open_read(tmp_path, &reader, &e));
	cr_expect_eq(e.code, ERR_UNAVAILABLE, "%s", e.detail);
}

/* ---- the census, which walks the same rows ---- */

static void
on_live(void *arg, int64_t issuer_id, int64_t not_after, bool revoked)
{
	unsigned *n = arg;

	cr_expect_eq(issuer_id, 1);
	cr_expect_geq(not_after, 10002);
	n[revoked]++;
}

static bool
on_issued(void *arg, int64_t issuer_id, const char *profile)
{
	unsigned *n = arg;

	cr_expect_eq(issuer_id, 1);
	n[strcmp(profile, "server") == 0]++;
	return true;
}

static bool
one_alone(void *arg, int64_t issuer_id, const char *profile)
{
	unsigned *n = arg;

	(void)issuer_id;
	(void)profile;
	return ++*n == 1;
}

Test(store_census, slices_count_each_row_once, .init = tmp_begin, .fini = tmp_end)
{
	struct census_at at = { .not_after = 10002 };
	unsigned live[2] = { 0 }, issued[2] = { 0 }, slices = 0;

	for (unsigned n = 1; n <= 7; n++)
		tmp_add(n);
	tmp_sql(
	    "UPDATE certificate SET not_after = 10004 WHERE id = 5"); /* two alike */
	tmp_revoke(8, 3, 4);
	do {
		MUST(store_census_live(st, &at, 2, on_live, live, &e));
		slices++;
	} while (at.rows == 2);
	cr_expect_eq(live[0], 5u);
	cr_expect_eq(live[1], 1u);
	cr_expect_eq(slices, 4u);
	at = (struct census_at){ 0 };
	do
		MUST(store_census_issued(st, &at, 3, on_issued, issued, &e));
	while (at.rows == 3);
	cr_expect_eq(issued[1], 3u);
	cr_expect_eq(issued[0], 4u);
	tmp_add(9); /* the walk goes on where it was */
	MUST(store_census_issued(st, &at, 3, on_issued, issued, &e));
	cr_expect_eq(issued[0], 5u);
	at = (struct census_at){ 0 };
	issued[1] = 0;
	MUST(store_census_issued(st, &at, 3, one_alone, issued + 1, &e));
	cr_expect(issued[1] == 2 && at.id == 1 && at.rows == 1, "it waits there");
}
