/* SPDX-License-Identifier: Apache-2.0 */
/* What a power cut leaves of a batch: any of its sectors, in any order. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "journal/journal.h"

#define RECORDS 3 /* of a batch */
#define BODY    900
#define SECTOR  512
#define FIXED   29 /* octets of a record in front of its body; the last is its type */

static char dir[] = "/tmp/hnp-batch-XXXXXX";
static char file[64], lock[64];
static struct err e;

/* One batch more; the segment's size then. */
static off_t
add_batch(struct journal *j)
{
	uint8_t body[BODY];
	struct bytes record;
	struct stat st;

	memset(body, 'b', sizeof(body));
	for (int i = 0; i < RECORDS; i++)
		cr_assert(journal_add(j, RECORD_CERTIFICATE, 0,
		    bytes_of(body, sizeof(body)), &record, &e));
	cr_assert(journal_sync(j, &e), "%s", e.detail);
	cr_assert_eq(stat(file, &st), 0);
	return st.st_size;
}

static struct journal *
must_open(size_t *ret_healed)
{
	struct journal *j = NULL;

	cr_assert(journal_open(dir, NULL, NULL, &j, ret_healed, &e), "%s", e.detail);
	return j;
}

static void
begin(void)
{
	cr_assert_not_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/00000001.hj", dir);
	snprintf(lock, sizeof(lock), "%s/lock", dir);
	cr_assert(journal_create(dir, &e), "%s", e.detail);
}

static void
end(void)
{
	unlink(file);
	unlink(lock);
	rmdir(dir);
}

TestSuite(batch, .init = begin, .fini = end);

static uint8_t *
contents(size_t n)
{
	uint8_t *all = mem_zalloc(n);
	const int fd = open(file, O_RDONLY);

	cr_assert_eq(read(fd, all, n), (ssize_t)n);
	close(fd);
	return all;
}

static void
put(const uint8_t *all, size_t n)
{
	const int fd = open(file, O_WRONLY | O_TRUNC);

	cr_assert_eq(write(fd, all, n), (ssize_t)n);
	close(fd);
}

/* R89, S87 */
Test(batch, of_the_last_any_sectors_may_be_missing)
{
	size_t healed;
	struct journal *j = must_open(&healed);
	const size_t first = (size_t)add_batch(j), whole = (size_t)add_batch(j);
	journal_close(j);
	uint8_t *all = contents(whole), *torn = mem_zalloc(whole);
	const unsigned sectors =
	    (unsigned)((whole + SECTOR - 1) / SECTOR - first / SECTOR);

	for (unsigned kept = 0; kept + 1 < 1u << sectors; kept++) {
		memcpy(torn, all, whole);
		for (unsigned i = 0; i < sectors; i++) {
			const size_t at = (first / SECTOR + i) * SECTOR;
			const size_t from = at < first ? first : at;
			const size_t to = at + SECTOR < whole ? at + SECTOR : whole;

			if ((kept & 1u << i) == 0)
				memset(torn + from, 0, to - from);
		}
		put(torn, whole);
		j = must_open(&healed);
		cr_expect_geq(journal_last_seq(j), RECORDS, "sectors %x", kept);
		cr_expect_lt(journal_last_seq(j), 2 * RECORDS, "sectors %x", kept);
		cr_expect_gt(healed, 0);
		journal_close(j);
	}
	free(all);
	free(torn);
}

/* S87: what was flushed before another batch began is torn by nobody's crash. */
Test(batch, one_before_the_last_is_never_healed)
{
	size_t healed = 77;
	struct journal *j = must_open(&healed);
	add_batch(j);
	const size_t second = (size_t)add_batch(j), whole = (size_t)add_batch(j);
	journal_close(j);
	uint8_t *all = contents(whole);

	for (size_t at = 60; at < second; at += SECTOR) {
		j = NULL;
		all[at] ^= 1;
		put(all, whole);
		cr_expect_not(journal_open(dir, NULL, NULL, &j, &healed, &e),
		    "octet %zu", at);
		cr_expect_eq(e.code, ERR_MALFORMED);
		all[at] ^= 1;
	}
	free(all);
}

/* It is refused with these words, and nothing is cut off. */
static void
expect_untouched(const uint8_t *all, size_t n, const char *words)
{
	struct journal *j = NULL;
	size_t healed = 77;

	put(all, n);
	cr_expect_not(journal_open(dir, NULL, NULL, &j, &healed, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	cr_expect_not_null(strstr(e.detail, words), "%s", e.detail);
	cr_expect_eq(healed, 77);
	uint8_t *left = contents(n);
	cr_expect_eq(memcmp(left, all, n), 0);
	free(left);
}

/* S92: a last record that is whole is no crash's, whatever it tells. */
Test(batch, what_a_newer_program_wrote_is_refused_and_stays)
{
	const size_t hashed =
	    RECORD_HASH_LEN + FIXED + BODY; /* of the one before, too */
	size_t healed;
	struct journal *j = must_open(&healed);
	const size_t whole = (size_t)add_batch(j);
	journal_close(j);
	uint8_t *all = contents(whole);
	uint8_t *before = all + whole - RECORD_HASH_LEN - hashed;

	before[RECORD_HASH_LEN + FIXED - 1] += RECORD_CRL + 1 - RECORD_CERTIFICATE;
	cr_assert_eq(gnutls_hash_fast(GNUTLS_DIG_SHA256, before, hashed,
			 before + hashed),
	    0);
	expect_untouched(all, whole, "type 5, which this version does not know");
	all[strlen("HNPRJRNL") + 3]++;
	expect_untouched(all, whole, "of a newer version");
	free(all);
}
