/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backup files (S86).  The first octet: 0, a file as it is; 1, one whose headers get the
 * checksums that they should have; 2, contents that are written by us, read back, and
 * with one octet flipped refused; 3, one header alone.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/archive.h"
#include "codec/wire.h"
#include "fuzz.h"
#include "sys/file.h"

static int
in_memory(struct bytes octets)
{
	const int fd = memfd_create("backup", MFD_CLOEXEC);

	require(fd >= 0 && write(fd, octets.p, octets.n) == (ssize_t)octets.n);
	return fd;
}

/* No part of it leads up, or nowhere. */
static bool
is_below(const char *path)
{
	for (;;) {
		const size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (path[n] == '\0')
			return true;
		path += n + 1;
	}
}

static bool
on_piece(void *arg, const struct tar_entry *t, struct bytes piece, struct err *e)
{
	uint64_t *left = arg;

	(void)e;
	require(is_below(t->path) && strchr(t->path, '\n') == NULL && t->mode <= 0777);
	require(piece.n <= *left);
	*left -= piece.n;
	return true;
}

/* Believed or not: what comes out of it lies below its directory. */
static void
believe(struct bytes octets)
{
	struct archive_facts f, same;
	uint64_t left = octets.n;
	char dir[64];
	struct err e = { 0 };

	const int fd = in_memory(octets);
	const bool ok = archive_read(fd, on_piece, &left, &f, &e);
	if (!ok)
		told(&e);
	if (ok || (octets.n > 0 && octets.p[octets.n - 1] == 0)) {
		snprintf(dir, sizeof(dir), "/dev/shm/hnp-fuzz-archive-%d", getpid());
		require(mkdir(dir, 0700) == 0);
		const int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		require(archive_extract(fd, dirfd, NULL, &same, &e) == ok || ok);
		close(dirfd);
		file_remove_tree(dir);
	}
	close(fd);
}

/* ---- headers ---- */

static void
put_right(uint8_t *block)
{
	unsigned sum = 0;
	char text[8];

	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	snprintf(text, sizeof(text), "%06o", sum & 0777777);
	memcpy(block + 148, text, 7);
}

static void
mended(struct bytes in)
{
	uint8_t *copy = mem_zalloc(in.n + 1);

	memcpy(copy, in.p, in.n);
	for (size_t at = 0; at + TAR_BLOCK <= in.n; at += TAR_BLOCK)
		if (memcmp(copy + at + 257, "ustar", 5) == 0)
			put_right(copy + at);
	believe(bytes_of(copy, in.n));
	free(copy);
}

static void
header(struct bytes in)
{
	uint8_t block[TAR_BLOCK] = { 0 }, again[TAR_BLOCK];
	struct tar_entry t;
	struct err e = { 0 };

	memcpy(block, in.p, in.n < TAR_BLOCK ? in.n : TAR_BLOCK);
	if (memcmp(block + 257, "ustar", 5) == 0)
		put_right(block);
	if (tar_get(block, &t, &e))
		require(tar_put(&t, again, &e) && memcmp(block, again, TAR_BLOCK) == 0);
	else
		told(&e);
}

/* ---- ours ---- */

static void
flipped(int fd, size_t at, uint8_t bits)
{
	struct archive_facts f;
	uint8_t octet;
	struct err e = { 0 };

	if (bits == 0)
		return;
	require(pread(fd, &octet, 1, (off_t)at) == 1);
	octet ^= bits;
	require(pwrite(fd, &octet, 1, (off_t)at) == 1);
	require(!archive_read(fd, NULL, NULL, &f, &e));
	told(&e);
}

/* Where to flip (u32), which bits (u8); then paths and contents as in the wire form. */
static void
ours(struct bytes in)
{
	const struct archive_facts facts = { .made_at = 1800000000,
		.journal_seq = 3,
		.database_seq = 2 };
	struct archive_facts f;
	struct wire w = wire_open(in);
	const uint32_t at = wire_u32(&w);
	const uint8_t bits = wire_u8(&w);
	struct err e = { 0 };

	const int fd = memfd_create("backup", MFD_CLOEXEC);
	require(fd >= 0);
	struct archive_out *a = archive_begin(fd, facts.made_at);
	bool ok = true;
	while (ok && !w.bad && w.rest.n > 0) {
		char *path = wire_str(&w);
		const uint8_t mode = wire_u8(&w);

		ok = archive_put(a, path, mode, wire_bytes(&w), &e);
		free(path);
	}
	ok = ok && archive_end(a, &facts, &e);
	archive_free(a);
	if (ok) {
		const off_t size = lseek(fd, 0, SEEK_END);

		require(archive_read(fd, NULL, NULL, &f, &e) &&
			f.made_at == facts.made_at && f.journal_seq == 3);
		flipped(fd, at % (size_t)size, bits);
	}
	close(fd);
}

FUZZ_TARGET(archive)
{
	static void (*const parts[])(
	    struct bytes in) = { believe, mended, ours, header };

	if (n > 0)
		parts[p[0] % NITEMS(parts)](bytes_of(p + 1, n - 1));
	return 0;
}
