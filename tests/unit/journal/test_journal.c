/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "journal/journal.h"

#define HEAD    52 /* octets of a segment's head */
#define RECORDS 5

static char dir[] = "/tmp/hnp-journal-XXXXXX";
static struct err e;

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
begin(void)
{
	cr_assert_not_null(mkdtemp(dir));
	cr_assert(journal_create(dir, &e), "%s", e.detail);
}

static void
end(void)
{
	static const char *const names[] = { "00000001.hj", "00000002.hj", "lock",
		"new" };

	for (size_t i = 0; i < NITEMS(names); i++)
		unlink(path_of(names[i]));
	rmdir(dir);
}

TestSuite(journal, .init = begin, .fini = end);

/* What a walk saw. */
struct seen {
	size_t n;
	uint64_t first, last;
	uint64_t sum; /* of the bodies' octets */
};

static bool
see(void *arg, const struct record *r, struct err *err)
{
	struct seen *s = arg;

	(void)err;
	s->first = s->n++ == 0 ? r->seq : s->first;
	s->last = r->seq;
	for (size_t i = 0; i < r->body.n; i++)
		s->sum += r->body.p[i];
	return true;
}

static struct journal *
must_open(struct seen *s, size_t *ret_healed)
{
	struct journal *j = NULL;
	size_t healed;

	*s = (struct seen){ 0 };
	cr_assert(journal_open(dir, see, s, &j,
		      ret_healed != NULL ? ret_healed : &healed, &e),
	    "%s", e.detail);
	return j;
}

static void
add(struct journal *j, const char *body)
{
	struct bytes record;

	cr_assert(journal_add(j, RECORD_CERTIFICATE, 0, bytes_str(body), &record, &e));
}

/* A journal of RECORDS records: one batch of two, the others alone. */
static void
fill(void)
{
	struct seen s;
	struct journal *j = must_open(&s, NULL);

	add(j, "the first body");
	add(j, "the second");
	cr_assert(journal_sync(j, &e));
	for (int i = 2; i < RECORDS; i++) {
		add(j, "one more");
		cr_assert(journal_sync(j, &e));
	}
	cr_expect_eq(journal_last_seq(j), RECORDS);
	journal_close(j);
}

static void
read_segment(const char *name, struct buf *ret)
{
	FILE *f = fopen(path_of(name), "rb");
	struct stat st;

	cr_assert_not_null(f);
	cr_assert_eq(fstat(fileno(f), &st), 0);
	buf_init(ret, MIB(100));
	uint8_t *p = buf_reserve(ret, (size_t)st.st_size);
	cr_assert_eq(fread(p, 1, (size_t)st.st_size, f), (size_t)st.st_size);
	fclose(f);
}

static void
write_segment(const char *name, struct bytes b)
{
	FILE *f = fopen(path_of(name), "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(b.p, 1, b.n, f), b.n);
	fclose(f);
	chmod(path_of(name), 0600);
}

/* Where record 'i' (from 0) begins, by the length fields. */
static size_t
offset_of(const struct buf *b, size_t i)
{
	size_t at = HEAD;

	for (; i > 0; i--)
		at += 36 + ((size_t)b->p[at + 2] << 8 | b->p[at + 3]);
	return at;
}

/* S87 */
Test(journal, what_was_synced_is_there_at_the_next_start_and_what_was_not_is_not)
{
	struct seen s;

	fill();
	struct journal *j = must_open(&s, NULL);
	cr_expect(s.n == RECORDS && s.first == 1 && s.last == RECORDS);
	add(j, "never synced");
	journal_abandon(j);
	add(j, "nor this");
	journal_close(j);

	j = must_open(&s, NULL);
	cr_expect_eq(s.n, RECORDS);
	cr_expect_eq(journal_last_seq(j), RECORDS);
	s = (struct seen){ 0 };
	cr_assert(journal_verify(dir, see, &s, &e), "%s", e.detail);
	cr_expect_eq(s.n, RECORDS);
	journal_close(j);
}

Test(journal, the_octets_of_a_record_stay_until_the_sync_and_are_those_on_disk)
{
	struct bytes first, later;
	struct seen s;
	struct record r;
	struct buf file;
	struct journal *j = must_open(&s, NULL);

	cr_assert(journal_add(j, RECORD_REVOCATION, 0, bytes_str("early"), &first, &e));
	for (int i = 0; i < 300; i++)
		cr_assert(journal_add(j, RECORD_CRL, 1, bytes_str("late"), &later, &e));
	cr_assert(record_parse(first, &r, &e));
	cr_expect(r.seq == 1 && bytes_eq_str(r.body, "early"));
	cr_assert(record_parse(later, &r, &e));
	cr_expect(r.seq == 301 && r.stored == 1);
	struct buf copy;
	buf_init(&copy, KIB(1));
	buf_put(&copy, first);
	cr_assert(journal_sync(j, &e));
	read_segment("00000001.hj", &file);
	cr_expect(bytes_eq(buf_bytes(&copy), bytes_of(file.p + HEAD, copy.n)));
	buf_free(&file);
	buf_free(&copy);
	journal_close(j);
}

/* S87: a crash in the middle of a write */
Test(journal, every_cut_off_length_of_the_last_record_heals)
{
	struct buf file;

	fill();
	read_segment("00000001.hj", &file);
	const size_t last = offset_of(&file, RECORDS - 1);
	for (size_t n = last; n < file.n; n++) {
		struct seen s;
		size_t healed = 77;

		write_segment("00000001.hj", bytes_of(file.p, n));
		const bool whole = journal_verify(dir, NULL, NULL, &e);
		cr_expect_eq(whole, n == last);
		cr_expect(whole || e.code == ERR_CONFLICT, "%s", e.detail);
		struct journal *j = must_open(&s, &healed);
		cr_expect_eq(healed, n - last);
		cr_expect_eq(s.n, RECORDS - 1);
		add(j, "after the crash");
		cr_assert(journal_sync(j, &e));
		journal_close(j);
		cr_expect(journal_verify(dir, NULL, NULL, &e), "%s", e.detail);
	}
	buf_free(&file);
}

/* S87: pages that a crash left empty, or with what lay there before */
Test(journal, a_last_record_of_other_octets_heals_when_nothing_follows_it)
{
	static const uint8_t fills[] = { 0x00, 0xff, 0x01 };
	struct buf file;

	fill();
	read_segment("00000001.hj", &file);
	const size_t last = offset_of(&file, RECORDS - 1);
	for (size_t i = 0; i < NITEMS(fills); i++)
		for (size_t from = last; from < file.n; from += 7) {
			struct seen s;
			size_t healed = 77;
			uint8_t *p = mem_zalloc(file.n);

			memcpy(p, file.p, file.n);
			memset(p + from, fills[i], file.n - from);
			write_segment("00000001.hj", bytes_of(p, file.n));
			journal_close(must_open(&s, &healed));
			cr_expect_eq(s.n, RECORDS - 1);
			cr_expect_eq(healed, file.n - last);
			free(p);
		}
	buf_free(&file);
}

/* S87 */
Test(journal, a_flipped_octet_anywhere_but_in_the_last_record_is_refused)
{
	struct buf file;

	fill();
	read_segment("00000001.hj", &file);
	const size_t last = offset_of(&file, RECORDS - 1);
	for (size_t at = 0; at < last; at++)
		for (unsigned bit = 1; bit < 256; bit <<= 4) {
			struct journal *j = NULL;
			struct seen s = { 0 };
			size_t healed = 77;

			file.p[at] ^= (uint8_t)bit;
			write_segment("00000001.hj", buf_bytes(&file));
			cr_expect_not(journal_open(dir, see, &s, &j, &healed, &e),
			    "octet %zu", at);
			cr_expect_eq(e.code, ERR_MALFORMED);
			cr_expect_not_null(strstr(e.detail, "00000001.hj, record "),
			    "%s", e.detail);
			cr_expect_eq(healed, 77, "ret is untouched on failure");
			cr_expect_not(journal_verify(dir, NULL, NULL, &e));
			cr_expect_eq(e.code, ERR_MALFORMED);
			file.p[at] ^= (uint8_t)bit;
		}
	buf_free(&file);
}

/* S87 */
Test(journal, records_taken_out_or_put_in_another_order_are_found)
{
	struct buf file, edited;

	fill();
	read_segment("00000001.hj", &file);
	buf_init(&edited, KIB(64));
	for (size_t gone = 0; gone < RECORDS - 1;
	     gone++) { /* the last is a cut, see above */
		const size_t from = offset_of(&file, gone),
			     to = offset_of(&file, gone + 1);

		buf_clear(&edited);
		buf_put(&edited, bytes_of(file.p, from));
		buf_put(&edited, bytes_of(file.p + to, file.n - to));
		write_segment("00000001.hj", buf_bytes(&edited));
		cr_expect_not(journal_verify(dir, NULL, NULL, &e), "without record %zu",
		    gone);
		cr_expect_eq(e.code, ERR_MALFORMED, "%s", e.detail);
	}
	const size_t third = offset_of(&file, 2), fourth = offset_of(&file, 3),
		     fifth = offset_of(&file, 4);
	buf_clear(&edited);
	buf_put(&edited, bytes_of(file.p, third));
	buf_put(&edited, bytes_of(file.p + fourth, fifth - fourth));
	buf_put(&edited, bytes_of(file.p + third, fourth - third));
	buf_put(&edited, bytes_of(file.p + fifth, file.n - fifth));
	write_segment("00000001.hj", buf_bytes(&edited));
	cr_expect_not(journal_verify(dir, NULL, NULL, &e));
	cr_expect_eq(e.code, ERR_MALFORMED, "%s", e.detail);
	buf_free(&edited);
	buf_free(&file);
}

/* S88, R90: the file may not grow over a limit, as on a full disk */
Test(journal, a_write_that_fails_leaves_no_trace_and_the_next_one_works)
{
	struct seen s;
	struct buf before, after;
	struct rlimit was, small;

	fill();
	signal(SIGXFSZ, SIG_IGN);
	struct journal *j = must_open(&s, NULL);
	read_segment("00000001.hj", &before);
	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	for (size_t room = 0; room < 80; room += 13) {
		small = was;
		small.rlim_cur = before.n + room;
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
		add(j, "a body that does not fit any more");
		add(j, "and one behind it");
		cr_expect_not(journal_sync(j, &e));
		cr_expect_eq(e.code, ERR_IO);
		cr_expect_eq(journal_last_seq(j), RECORDS);
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
		read_segment("00000001.hj", &after);
		cr_expect(bytes_eq(buf_bytes(&before), buf_bytes(&after)));
		buf_free(&after);
	}
	add(j, "room again");
	cr_assert(journal_sync(j, &e), "%s", e.detail);
	cr_expect_eq(journal_last_seq(j), RECORDS + 1);
	journal_close(j);
	cr_expect(journal_verify(dir, NULL, NULL, &e), "%s", e.detail);
	buf_free(&before);
}

Test(journal, any_run_of_records_can_be_read_while_it_is_open)
{
	struct seen s;

	fill();
	struct journal *j = must_open(&s, NULL);
	for (uint64_t from = 1; from <= RECORDS + 1; from++)
		for (size_t max = 0; max <= RECORDS; max++) {
			const size_t there = RECORDS + 1 - from;

			s = (struct seen){ 0 };
			cr_assert(journal_read(j, from, max, see, &s, &e), "%s",
			    e.detail);
			cr_expect_eq(s.n, max < there ? max : there);
			cr_expect(s.n == 0 || s.first == from);
		}
	for (uint64_t at = 1; at <= RECORDS;
	     at++) { /* as a replay does, while it grows */
		s = (struct seen){ 0 };
		cr_assert(journal_read(j, at, 1, see, &s, &e));
		cr_expect(s.n == 1 && s.last == at);
		add(j, "grown");
		cr_assert(journal_sync(j, &e));
	}
	add(j, "not synced: not read");
	s = (struct seen){ 0 };
	cr_assert(journal_read(j, RECORDS + 1, 100, see, &s, &e));
	cr_expect_eq(s.last, 2 * RECORDS);
	cr_expect_not(journal_read(j, 0, 1, see, &s, &e));
	journal_close(j);
}

Test(journal, only_one_process_opens_it_and_nothing_takes_the_place_of_a_lost_one)
{
	struct seen s;
	struct journal *j = must_open(&s, NULL), *second = NULL;
	size_t healed;
	int lock = -1;

	cr_expect_not(journal_open(dir, see, &s, &second, &healed, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_not(journal_lock(dir, &lock, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	journal_close(j);
	cr_expect(journal_lock(dir, &lock, &e), "%s", e.detail);
	cr_expect_not(journal_open(dir, see, &s, &second, &healed, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	close(lock);
	cr_expect_not(journal_lock("/nowhere", &lock, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(journal_create(dir, &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	unlink(path_of("00000001.hj"));
	cr_expect_not(journal_open(dir, see, &s, &second, &healed, &e)); /* R91 */
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(journal_open("/nowhere", see, &s, &second, &healed, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
}

/* S81 */
Test(journal, files_that_others_can_reach_and_links_are_refused)
{
	struct seen s;
	struct journal *j = NULL;
	size_t healed;

	chmod(path_of("00000001.hj"), 0644);
	cr_expect_not(journal_open(dir, see, &s, &j, &healed, &e));
	cr_expect_not_null(strstr(e.detail, "chmod"));
	chmod(path_of("00000001.hj"), 0640);
	journal_close(must_open(&s, NULL));
	cr_assert_eq(rename(path_of("00000001.hj"), "/tmp/hnp-journal-elsewhere"), 0);
	cr_assert_eq(symlink("/tmp/hnp-journal-elsewhere", path_of("00000001.hj")), 0);
	cr_expect_not(journal_open(dir, see, &s, &j, &healed, &e));
	cr_expect_eq(e.code, ERR_IO);
	unlink("/tmp/hnp-journal-elsewhere");
	cr_assert_eq(unlink(path_of("00000001.hj")), 0);
	cr_assert_eq(mkfifo(path_of("00000001.hj"), 0600), 0);
	cr_expect_not(journal_open(dir, see, &s, &j, &healed, &e));
	cr_expect_eq(e.code, ERR_IO, "and nobody waits for who writes to it");
}

static bool
refuse_third(void *arg, const struct record *r, struct err *err)
{
	(void)arg;
	return r->seq != 3 || err_set(err, ERR_POLICY, "not this one");
}

Test(journal, who_opens_it_may_refuse_a_record)
{
	struct journal *j = NULL;
	size_t healed;

	fill();
	cr_expect_not(journal_open(dir, refuse_third, NULL, &j, &healed, &e));
	cr_expect_eq(e.code, ERR_POLICY);
	cr_expect_str_eq(e.detail, "journal record 3: not this one");
}

Test(journal, a_record_over_the_limit_is_refused_and_the_largest_is_not)
{
	struct seen s;
	struct journal *j = must_open(&s, NULL);
	char *body = mem_zalloc(MIB(1));
	struct bytes r;

	cr_expect_not(
	    journal_add(j, RECORD_CRL, 0, bytes_of(body, RECORD_MAX - 60), &r, &e));
	cr_expect_eq(e.code, ERR_TOO_LARGE);
	cr_expect_not(journal_add(j, RECORD_CRL, 0, bytes_of(body, MIB(1)), &r, &e));
	cr_expect(
	    journal_add(j, RECORD_CRL, 0, bytes_of(body, RECORD_MAX - 61), &r, &e));
	cr_assert(journal_sync(j, &e));
	cr_expect_eq(journal_last_seq(j), 1);
	journal_close(j);
	cr_expect(journal_verify(dir, NULL, NULL, &e), "%s", e.detail);
	free(body);
}

Test(journal, a_full_file_is_followed_by_another_and_the_chain_goes_on)
{
	struct seen s;
	struct journal *j = must_open(&s, NULL);
	char *body = mem_zalloc(KIB(60));
	struct buf file;
	struct bytes r;
	size_t healed;

	for (int i = 0; i < 1200; i++) {
		cr_assert(
		    journal_add(j, RECORD_CRL, 0, bytes_of(body, KIB(60)), &r, &e));
		if (i % 100 == 99)
			cr_assert(journal_sync(j, &e), "%s", e.detail);
	}
	s = (struct seen){ 0 };
	cr_assert(journal_read(j, 1, 5000, see, &s, &e), "%s", e.detail);
	cr_expect(s.n == 1200 && s.last == 1200);
	s = (struct seen){ 0 };
	cr_assert(journal_read(j, 1190, 5000, see, &s, &e), "%s", e.detail);
	cr_expect(s.n == 11 && s.first == 1190 && s.last == 1200);
	journal_close(j);
	journal_close(must_open(&s, NULL));
	cr_expect_eq(s.n, 1200);

	/* a first file that ends early is no torn record: there is one behind it */
	read_segment("00000001.hj", &file);
	cr_assert_eq(truncate(path_of("00000001.hj"), (off_t)file.n - 1), 0);
	cr_expect_not(journal_open(dir, see, &s, &j, &healed, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	unlink(path_of("00000001.hj"));
	cr_expect_not(journal_open(dir, see, &s, &j, &healed, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	cr_expect_not_null(strstr(e.detail, "missing"), "%s", e.detail);
	buf_free(&file);
	free(body);
}
