/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "journal/journal.h"

#define BODY    KIB(60)
#define RECORDS 1200 /* of two segments, some 1100 in the first */

static char dir[] = "/tmp/hnp-mark-XXXXXX";
static struct err e;
static struct journal_mark mark;

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
add(struct journal *j, size_t n, char c)
{
	uint8_t *body = mem_zalloc(BODY);
	struct bytes record;

	memset(body, c, BODY);
	for (size_t i = 0; i < n; i++) {
		cr_assert(journal_add(j, RECORD_CERTIFICATE, 0, bytes_of(body, BODY),
		    &record, &e));
		if (i % 64 == 63)
			cr_assert(journal_sync(j, &e), "%s", e.detail);
	}
	cr_assert(journal_sync(j, &e), "%s", e.detail);
	free(body);
}

static struct journal *
must_open(void)
{
	struct journal *j = NULL;
	size_t healed;

	cr_assert(journal_open(dir, NULL, NULL, &j, &healed, &e), "%s", e.detail);
	return j;
}

static void
begin(void)
{
	cr_assert_not_null(mkdtemp(dir));
	cr_assert(journal_create(dir, &e), "%s", e.detail);
	struct journal *j = must_open();
	add(j, RECORDS, 'x');
	cr_assert_eq(journal_segment(j), 2u);
	cr_assert(journal_mark(j, &mark, &e), "%s", e.detail);
	journal_close(j);
}

static void
end(void)
{
	static const char *const names[] = { "00000001.hj", "00000002.hj", "lock" };

	for (size_t i = 0; i < NITEMS(names); i++)
		unlink(path_of(names[i]));
	rmdir(dir);
	journal_mark_free(&mark);
}

TestSuite(mark, .init = begin, .fini = end);

struct seen {
	uint64_t first, second, last, n;
	bool refuse;
};

static bool
see(void *arg, const struct record *r, struct err *err)
{
	struct seen *s = arg;

	s->n++;
	s->first = s->n == 1 ? r->seq : s->first;
	s->second = s->n == 2 ? r->seq : s->second;
	s->last = r->seq;
	return !s->refuse || err_set(err, ERR_CONFLICT, "of another CA");
}

static void
refused(const char *why)
{
	struct seen s = { 0 };
	struct journal *j = NULL;
	size_t healed;

	cr_expect_not(journal_open_at(dir, &mark, see, &s, &j, &healed, &e), "%s", why);
	cr_expect_eq(e.code, ERR_CONFLICT, "%s: %s", why, e.detail);
	cr_expect_null(j);
	journal_close(must_open()); /* it holds no lock, and all was left as it was */
}

Test(mark, opening_at_it_reads_the_first_record_and_the_last_segment_alone)
{
	struct seen s = { 0 };
	struct journal *j = NULL;
	size_t healed = 1;

	cr_assert(journal_open_at(dir, &mark, see, &s, &j, &healed, &e), "%s",
	    e.detail);
	cr_expect_eq(healed, 0u);
	cr_expect_eq(s.first, 1u);
	cr_expect_eq(s.second, mark.first_seq);
	cr_expect_eq(s.last, RECORDS);
	cr_expect_eq(s.n, 1 + RECORDS + 1 - mark.first_seq);
	cr_expect_eq(journal_last_seq(j), RECORDS);
	/* The rest is there to be read, and to be gone on with. */
	s = (struct seen){ 0 };
	cr_assert(journal_read(j, 7, 2, see, &s, &e), "%s", e.detail);
	cr_expect(s.first == 7 && s.second == 8 && s.n == 2);
	add(j, 1, 'y');
	journal_close(j);
	s = (struct seen){ 0 };
	cr_assert(journal_verify(dir, see, &s, &e), "%s", e.detail);
	cr_expect_eq(s.n, RECORDS + 1);
	/* What came since is read; where it is torn, it is healed. */
	struct stat st;
	cr_assert_eq(stat(path_of("00000002.hj"), &st), 0);
	cr_assert_eq(truncate(path_of("00000002.hj"), st.st_size - 1), 0);
	cr_assert(journal_open_at(dir, &mark, see, &s, &j, &healed, &e), "%s",
	    e.detail);
	cr_expect_gt(healed, 0u);
	cr_expect_eq(journal_last_seq(j), RECORDS);
	journal_close(j);
}

Test(mark, its_octets_are_read_and_every_cut_length_is_refused)
{
	struct journal_mark again;
	struct bytes rest;
	struct buf b;

	buf_init(&b, KIB(4));
	journal_mark_put(&b, &mark);
	buf_puts(&b, "more");
	rest = buf_bytes(&b);
	cr_assert(journal_mark_get(&rest, &again, &e), "%s", e.detail);
	cr_expect(bytes_eq_str(rest, "more"));
	cr_expect(again.segment == mark.segment && again.first_seq == mark.first_seq &&
		  again.last_seq == mark.last_seq);
	cr_expect_eq(memcmp(again.hash, mark.hash, RECORD_HASH_LEN), 0);
	cr_expect_eq(memcmp(again.last_hash, mark.last_hash, RECORD_HASH_LEN), 0);
	cr_expect(again.closed[0].first_seq == 1 &&
		  again.closed[0].size == mark.closed[0].size &&
		  again.closed[0].changed_ns == mark.closed[0].changed_ns);
	journal_mark_free(&again);
	for (size_t n = 0; n < b.n - 4; n++) {
		rest = bytes_of(b.p, n);
		cr_expect_not(journal_mark_get(&rest, &again, &e), "%zu octets", n);
		cr_expect_eq(e.code, ERR_MALFORMED);
	}
	/* Numbers that no journal has. */
	static const struct {
		size_t at;
		uint8_t v;
	} wrong[] = { { 7, 0 }, { 47, 0 }, { 83, 0 }, { 83, 2 }, { 91, 2 } };
	for (size_t i = 0; i < NITEMS(wrong); i++) {
		struct buf copy;

		buf_init(&copy, KIB(4));
		buf_put(&copy, bytes_of(b.p, b.n - 4));
		if (wrong[i].at < 48) /* the whole number */
			memset(copy.p + wrong[i].at - 7, 0, 8);
		copy.p[wrong[i].at] = wrong[i].v;
		rest = buf_bytes(&copy);
		cr_expect_not(journal_mark_get(&rest, &again, &e), "case %zu", i);
		buf_free(&copy);
	}
	buf_free(&b);
}

/* S87 */
Test(mark, a_journal_that_was_touched_cut_or_replaced_does_not_fit)
{
	struct seen s = { .refuse = true };
	struct journal *j = NULL;
	struct stat st;
	size_t healed;

	cr_expect_not(journal_open_at(dir, &mark, see, &s, &j, &healed, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	mark.last_hash[3] ^= 1;
	refused("another record in the last one's place");
	mark.last_hash[3] ^= 1;
	mark.last_seq++;
	refused("newer than the journal");
	mark.last_seq--;
	mark.closed[0].size++;
	refused("another size");
	mark.closed[0].size--;
	mark.segment++;
	mark.closed = mem_grow(mark.closed, 3, sizeof(*mark.closed));
	refused("a file is missing");
	mark.segment--;
	cr_assert(journal_open_at(dir, &mark, NULL, NULL, &j, &healed, &e), "%s",
	    e.detail);
	journal_close(j);

	cr_assert_eq(chmod(path_of("00000001.hj"), 0640), 0);
	cr_assert_eq(chmod(path_of("00000001.hj"), 0600), 0);
	refused("touched");
	journal_mark_free(&mark);
	j = must_open();
	cr_assert(journal_mark(j, &mark, &e));
	journal_close(j);
	cr_assert_eq(stat(path_of("00000002.hj"), &st), 0);
	cr_assert_eq(truncate(path_of("00000002.hj"), st.st_size - 1), 0);
	refused("cut");
}
