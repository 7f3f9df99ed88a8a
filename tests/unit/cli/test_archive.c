/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/archive.h"
#include "sys/file.h"

static const struct archive_facts facts = {
	.made_at = 1700000000,
	.root = { 1, 2, 3 },
	.journal_seq = 12,
	.database_seq = 11,
	.keys = ARCHIVE_KEYS_ENCRYPTED,
};

/* A small one, of three files. */
static int
make(void)
{
	const int fd = memfd_create("archive", MFD_CLOEXEC),
		  big = memfd_create("big", MFD_CLOEXEC);
	struct archive_out *a = archive_begin(fd, facts.made_at);
	struct err e = { 0 };
	char text[700];

	memset(text, 'x', sizeof(text));
	cr_assert_eq(write(big, text, sizeof(text)), (ssize_t)sizeof(text));
	cr_assert(archive_put(a, "hanaper.yaml", 0640, bytes_str("dir: x\n"), &e));
	cr_assert(archive_put(a, "issuers/empty", 0600, bytes_of(NULL, 0), &e));
	/* Of what grows, the front. */
	cr_assert(archive_put_fd(a, "journal/00000001.hj", 0600, big, 600, &e));
	cr_assert(archive_end(a, &facts, &e), "%s", e.detail);
	archive_free(a);
	close(big);
	return fd;
}

static bool
count(void *arg, const struct tar_entry *t, struct bytes piece, struct err *e)
{
	size_t *octets = arg;

	(void)t;
	(void)e;
	*octets += piece.n;
	return true;
}

Test(archive, what_was_put_in_comes_out)
{
	const int fd = make();
	struct archive_facts f;
	struct err e = { 0 };
	size_t octets = 0;

	cr_assert(archive_read(fd, count, &octets, &f, &e), "%s", e.detail);
	cr_expect_eq(octets, 7 + 600);
	cr_expect_eq(f.made_at, facts.made_at);
	cr_expect_eq(memcmp(f.root, facts.root, sizeof(f.root)), 0);
	cr_expect_eq(f.journal_seq, 12);
	cr_expect_eq(f.database_seq, 11);
	cr_expect_eq(f.keys, ARCHIVE_KEYS_ENCRYPTED);
	close(fd);
}

/* S86 */
Test(archive, any_bit_flipped_is_found_out, .timeout = 60)
{
	const int fd = make();
	struct archive_facts f;
	struct err e = { 0 };
	struct stat st;

	fstat(fd, &st);
	uint8_t *p =
	    mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (size_t i = 0; i < (size_t)st.st_size; i++) {
		const uint8_t bit = (uint8_t)(1 << i % 8);

		p[i] ^= bit;
		cr_expect_not(archive_read(fd, NULL, NULL, &f, &e), "octet %zu", i);
		cr_expect_eq(e.code, ERR_MALFORMED);
		p[i] ^= bit;
	}
	cr_expect(archive_read(fd, NULL, NULL, &f, &e));
	munmap(p, (size_t)st.st_size);
	close(fd);
}

/* S86 */
Test(archive, cut_anywhere_or_with_an_octet_more_it_is_refused, .timeout = 60)
{
	struct archive_facts f;
	struct err e = { 0 };
	struct stat st;
	int fd = make();

	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert_eq(ftruncate(fd, st.st_size + 1), 0);
	cr_expect_not(archive_read(fd, NULL, NULL, &f, &e));
	for (off_t n = st.st_size; n-- > 0;) {
		cr_assert_eq(ftruncate(fd, n), 0);
		cr_expect_not(archive_read(fd, NULL, NULL, &f, &e), "%lld",
		    (long long)n);
		cr_expect_eq(e.code, ERR_MALFORMED);
	}
	close(fd);
}

Test(archive, it_is_extracted_with_its_modes_and_never_over_something)
{
	char dir[] = "/tmp/hnp-archive-XXXXXX";
	const int fd = make();
	struct archive_facts f;
	struct err e = { 0 };
	struct stat st;
	struct buf text;

	cr_assert(mkdtemp(dir) != NULL);
	const int dirfd = open(dir, O_RDONLY | O_DIRECTORY);
	cr_assert(archive_extract(fd, dirfd, NULL, &f, &e), "%s", e.detail);
	cr_assert_eq(fstatat(dirfd, "hanaper.yaml", &st, 0), 0);
	cr_expect_eq(st.st_mode & 07777, 0640);
	cr_assert_eq(fstatat(dirfd, "issuers/empty", &st, 0), 0);
	cr_expect_eq(st.st_size, 0);
	buf_init(&text, KIB(4));
	cr_assert(file_read(dirfd, "journal/00000001.hj", &text, &e));
	cr_expect_eq(text.n, 600);
	buf_free(&text);
	cr_expect_not(archive_extract(fd, dirfd, NULL, &f, &e), "they are there");
	file_remove_tree(dir);
	close(dirfd);
	close(fd);
}

static bool
wants_issuers(const char *path)
{
	return strncmp(path, "issuers/", 8) == 0;
}

Test(archive, what_nobody_wants_is_read_and_not_written)
{
	char dir[] = "/tmp/hnp-archive-XXXXXX";
	const int fd = make();
	struct archive_facts f;
	struct err e = { 0 };

	cr_assert(mkdtemp(dir) != NULL);
	const int dirfd = open(dir, O_RDONLY | O_DIRECTORY);
	cr_assert(archive_extract(fd, dirfd, wants_issuers, &f, &e), "%s", e.detail);
	cr_expect_eq(faccessat(dirfd, "issuers/empty", F_OK, 0), 0);
	cr_expect_neq(faccessat(dirfd, "hanaper.yaml", F_OK, 0), 0);
	cr_expect_neq(faccessat(dirfd, "journal", F_OK, 0), 0);
	file_remove_tree(dir);
	close(dirfd);
	close(fd);
}

Test(archive, the_name_of_its_own_list_is_not_for_others)
{
	struct err e = { 0 };
	const int fd = memfd_create("backup", MFD_CLOEXEC);
	struct archive_out *a = archive_begin(fd, 1800000000);

	cr_expect_not(archive_put(a, "MANIFEST", 0600, bytes_str("x"), &e));
	cr_expect_eq(e.code, ERR_CONFLICT);
	cr_expect_not(archive_put_fd(a, "MANIFEST", 0600, fd, 0, &e));
	archive_free(a);
	close(fd);
}

Test(archive, a_file_that_became_shorter_or_has_no_place_is_told)
{
	const int fd = memfd_create("archive", MFD_CLOEXEC),
		  small = memfd_create("small", MFD_CLOEXEC);
	struct archive_out *a = archive_begin(fd, 1);
	struct err e = { 0 };

	cr_expect_not(archive_put_fd(a, "x", 0600, small, 1, &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_not(archive_put(a, "../x", 0600, bytes_str("x"), &e));
	archive_free(a);
	close(fd);
	close(small);
}
