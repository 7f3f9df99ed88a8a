/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/journal.h"

static char dir[] = "/tmp/hnp-extent-XXXXXX";
static char file[64], lock[64];
static struct err e;

static void
begin(void)
{
	char name[JOURNAL_FILE_LEN];
	struct journal *j = NULL;
	struct bytes record;
	size_t healed;

	cr_assert_not_null(mkdtemp(dir));
	journal_file(1, name);
	cr_assert_str_eq(name, "00000001.hj");
	snprintf(file, sizeof(file), "%s/%s", dir, name);
	snprintf(lock, sizeof(lock), "%s/lock", dir);
	cr_assert(journal_create(dir, &e), "%s", e.detail);
	cr_assert(journal_open(dir, NULL, NULL, &j, &healed, &e), "%s", e.detail);
	for (int i = 0; i < 3; i++) {
		cr_assert(
		    journal_add(j, RECORD_CERTIFICATE, 0, bytes_str("x"), &record, &e));
		cr_assert(journal_sync(j, &e));
	}
	journal_close(j);
}

static void
end(void)
{
	unlink(file);
	unlink(lock);
	rmdir(dir);
}

static bool
last_hash(void *arg, const struct record *r, struct err *err)
{
	(void)err;
	memcpy(arg, r->hash.p, RECORD_HASH_LEN);
	return true;
}

/* S86 */
Test(extent, of_a_journal_that_is_being_written_the_whole_records_count, .init = begin,
    .fini = end)
{
	uint8_t hash[RECORD_HASH_LEN];
	struct journal_extent x, y;
	struct stat st;

	cr_assert(journal_extent(dir, last_hash, hash, &x, &e), "%s", e.detail);
	cr_assert_eq(stat(file, &st), 0);
	cr_expect_eq(x.segments, 1u);
	cr_expect_eq(x.end, (uint64_t)st.st_size);
	cr_expect_eq(x.last_seq, 3u);
	cr_expect_eq(memcmp(x.last_hash, hash, sizeof(hash)), 0);
	cr_expect_not(x.torn);
	/* Each cut of the last record: it is not there, all else is. */
	for (off_t n = st.st_size - 1; n > st.st_size - 60; n--) {
		cr_assert_eq(truncate(file, n), 0);
		cr_assert(journal_extent(dir, NULL, NULL, &y, &e), "%s", e.detail);
		cr_expect_eq(y.last_seq, 2u);
		cr_expect(y.torn);
		cr_expect_lt(y.end, x.end);
		cr_assert_eq(truncate(file, (off_t)y.end), 0);
		cr_assert(journal_extent(dir, NULL, NULL, &y, &e));
		cr_expect(y.last_seq == 2 && !y.torn);
	}
}

Test(extent, what_was_edited_is_no_torn_record, .init = begin, .fini = end)
{
	struct journal_extent x;
	FILE *f = fopen(file, "r+b");

	cr_assert_eq(fseek(f, 100, SEEK_SET), 0);
	const int was = fgetc(f);
	cr_assert_eq(fseek(f, 100, SEEK_SET), 0);
	fputc(was ^ 1, f);
	fclose(f);
	cr_expect_not(journal_extent(dir, NULL, NULL, &x, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	unlink(file);
	cr_expect_not(journal_extent(dir, NULL, NULL, &x, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(journal_extent("/absent", NULL, NULL, &x, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
}
