/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/archive.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive_impl.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/mem.h"

struct archive_out {
	int fd;
	int64_t made_at;
	struct buf lines; /* of the manifest: one a file */
};

static const char *const keys_words[] = {
	[ARCHIVE_KEYS_NONE] = "none",
	[ARCHIVE_KEYS_ENCRYPTED] = "encrypted",
	[ARCHIVE_KEYS_PLAIN] = "plain",
};

/* ---- what writer and reader agree on ---- */

void
archive_impl_line(struct buf *b, const struct tar_entry *t,
    const uint8_t hash[static ARCHIVE_HASH])
{
	char hex[2 * ARCHIVE_HASH + 1];

	hex_write(bytes_of(hash, ARCHIVE_HASH), hex);
	buf_printf(b, "file %s %04o %" PRIu64 " %s\n", hex, t->mode, t->size, t->path);
}

bool
archive_impl_manifest(struct buf *b, const struct archive_facts *f, struct bytes lines,
    struct err *e)
{
	uint8_t hash[ARCHIVE_HASH];
	char hex[2 * ARCHIVE_HASH + 1], at[CLOCK_RFC3339_LEN];

	clock_rfc3339(f->made_at, at);
	hex_write(bytes_of(f->root, sizeof(f->root)), hex);
	buf_printf(b,
	    "hanaper-backup 1\nmade %s\nroot %s\njournal %" PRIu64 "\ndatabase %" PRIu64
	    "\nkeys %s\n",
	    at, hex, f->journal_seq, f->database_seq, keys_words[f->keys]);
	buf_put(b, lines);
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, b->p, b->n, hash) < 0)
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	hex_write(bytes_of(hash, sizeof(hash)), hex);
	buf_printf(b, "end %s\n", hex);
	return buf_ok(b, "the manifest", e);
}

bool
archive_impl_keys(struct bytes word, enum archive_keys *ret)
{
	for (size_t i = 0; i < NITEMS(keys_words); i++)
		if (bytes_eq_str(word, keys_words[i])) {
			*ret = (enum archive_keys)i;
			return true;
		}
	return false;
}

/* ---- writing ---- */

static bool
write_all(int fd, const uint8_t *p, size_t n, struct err *e)
{
	while (n > 0) {
		const ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_errno(e, "writing the backup");
		p += k;
		n -= (size_t)k;
	}
	return true;
}

struct archive_out *
archive_begin(int fd, int64_t made_at)
{
	struct archive_out *a = mem_zalloc(sizeof(*a));

	a->fd = fd;
	a->made_at = made_at;
	buf_init(&a->lines, ARCHIVE_MANIFEST_MAX);
	return a;
}

void
archive_free(struct archive_out *a)
{
	if (a == NULL)
		return;
	buf_free(&a->lines);
	free(a);
}

static bool
put_head(struct archive_out *a, struct tar_entry *t, const char *path, unsigned mode,
    uint64_t size, struct err *e)
{
	uint8_t block[TAR_BLOCK];

	*t = (struct tar_entry){
		.mode = mode,
		.size = size,
		.modified_at = a->made_at,
	};
	if (!bytes_to_str(bytes_str(path), t->path, sizeof(t->path)))
		return err_set(e, ERR_MALFORMED, "\"%.200s\" is too long for a backup",
		    path);
	return tar_put(t, block, e) && write_all(a->fd, block, sizeof(block), e);
}

/* Copies and hashes; the file may grow behind 'size' meanwhile. */
static bool
copy(struct archive_out *a, int fd, uint64_t size, gnutls_hash_hd_t hash, struct err *e)
{
	uint8_t *piece = mem_zalloc(ARCHIVE_PIECE);
	uint64_t at = 0;
	bool ok = true;

	while (ok && at < size) {
		const size_t want =
		    size - at < ARCHIVE_PIECE ? (size_t)(size - at) : ARCHIVE_PIECE;
		const ssize_t n = pread(fd, piece, want, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			ok = n < 0 ? err_errno(e, "reading for the backup")
				   : err_set(e, ERR_IO,
					 "a file became shorter while it was read");
			break;
		}
		ok = write_all(a->fd, piece, (size_t)n, e) &&
		     (gnutls_hash(hash, piece, (size_t)n) == 0 ||
			 err_set(e, ERR_INTERNAL, "SHA-256 failed"));
		at += (uint64_t)n;
	}
	mem_wipe(piece, ARCHIVE_PIECE);
	free(piece);
	return ok;
}

static bool
pad(const struct archive_out *a, uint64_t size, struct err *e)
{
	static const uint8_t zeros[TAR_BLOCK];

	return write_all(a->fd, zeros, tar_padding(size), e);
}

static bool
name_is_free(const char *path, struct err *e)
{
	if (strcmp(path, ARCHIVE_MANIFEST) != 0)
		return true;
	return err_set(e, ERR_CONFLICT,
	    "%s: a backup's own list has this name; give the file another", path);
}

bool
archive_put_fd(struct archive_out *a, const char *path, unsigned mode, int fd,
    uint64_t size, struct err *e)
{
	uint8_t digest[ARCHIVE_HASH];
	gnutls_hash_hd_t hash;
	struct tar_entry t;

	if (!name_is_free(path, e) || !put_head(a, &t, path, mode, size, e))
		return false;
	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	const bool ok = copy(a, fd, size, hash, e) && pad(a, size, e);
	gnutls_hash_deinit(hash, digest);
	if (ok)
		archive_impl_line(&a->lines, &t, digest);
	return ok || err_prefix(e, path);
}

bool
archive_put(struct archive_out *a, const char *path, unsigned mode,
    struct bytes content, struct err *e)
{
	uint8_t digest[ARCHIVE_HASH];
	struct tar_entry t;

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, content.p, content.n, digest) < 0)
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	if (!name_is_free(path, e))
		return false;
	if (!put_head(a, &t, path, mode, content.n, e) ||
	    !write_all(a->fd, content.p, content.n, e) || !pad(a, content.n, e))
		return err_prefix(e, path);
	archive_impl_line(&a->lines, &t, digest);
	return true;
}

bool
archive_end(struct archive_out *a, const struct archive_facts *f, struct err *e)
{
	static const uint8_t zeros[2 * TAR_BLOCK];
	struct buf text;
	struct tar_entry t;

	buf_init(&text, ARCHIVE_MANIFEST_MAX);
	bool ok = buf_ok(&a->lines, "the manifest", e) &&
		  archive_impl_manifest(&text, f, buf_bytes(&a->lines), e) &&
		  put_head(a, &t, ARCHIVE_MANIFEST, 0644, text.n, e) &&
		  write_all(a->fd, text.p, text.n, e) && pad(a, text.n, e) &&
		  write_all(a->fd, zeros, sizeof(zeros), e);
	if (ok && fsync(a->fd) < 0)
		ok = err_errno(e, "flushing the backup");
	buf_free(&text);
	return ok;
}
