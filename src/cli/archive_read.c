/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive_impl.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/mem.h"
#include "sys/file.h"

struct reading {
	int fd;
	archive_sink *sink;
	void *arg;
	uint8_t *piece;
	int64_t at;       /* the time that each header bears; -1: none seen */
	struct buf lines; /* what the manifest has to say of what was read */
};

static bool
cut_short(struct err *e)
{
	return err_set(e, ERR_MALFORMED, "the backup is cut short");
}

static bool
read_exactly(const struct reading *r, uint8_t *p, size_t n, struct err *e)
{
	while (n > 0) {
		const ssize_t k = read(r->fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_errno(e, "reading the backup");
		if (k == 0)
			return cut_short(e);
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static bool
read_zeros(const struct reading *r, size_t n, struct err *e)
{
	static const uint8_t zeros[2 * TAR_BLOCK];
	uint8_t have[2 * TAR_BLOCK];

	if (!read_exactly(r, have, n, e))
		return false;
	return memcmp(have, zeros, n) == 0 ||
	       err_set(e, ERR_MALFORMED, "the backup was altered: padding");
}

static bool
read_head(struct reading *r, struct tar_entry *ret, struct err *e)
{
	uint8_t block[TAR_BLOCK];

	if (!read_exactly(r, block, sizeof(block), e))
		return false;
	if (!tar_get(block, ret, e))
		return e->code == ERR_NOT_FOUND
			   ? err_set(e, ERR_MALFORMED, "the backup has no manifest")
			   : err_set(e, ERR_MALFORMED,
				 "not a backup of ours, or altered: a header");
	if (r->at < 0)
		r->at = ret->modified_at;
	return ret->modified_at == r->at ||
	       err_set(e, ERR_MALFORMED, "the backup was altered: a time");
}

/* One content, in pieces, into the sink; its digest into the lines. */
static bool
read_content(struct reading *r, const struct tar_entry *t, struct err *e)
{
	uint8_t digest[ARCHIVE_HASH];
	gnutls_hash_hd_t hash;
	uint64_t left = t->size;
	bool ok = true;

	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	while (ok && left > 0) {
		const size_t n = left < ARCHIVE_PIECE ? (size_t)left : ARCHIVE_PIECE;

		ok = read_exactly(r, r->piece, n, e) &&
		     (gnutls_hash(hash, r->piece, n) == 0 ||
			 err_set(e, ERR_INTERNAL, "SHA-256 failed")) &&
		     (r->sink == NULL || r->sink(r->arg, t, bytes_of(r->piece, n), e));
		left -= n;
	}
	gnutls_hash_deinit(hash, digest);
	ok = ok && read_zeros(r, tar_padding(t->size), e) &&
	     (r->sink == NULL || r->sink(r->arg, t, bytes_of(NULL, 0), e));
	if (ok)
		archive_impl_line(&r->lines, t, digest);
	return ok;
}

/* ---- the manifest ---- */

/* "word value\n" off the front of '*rest'. */
static bool
take(struct bytes *rest, const char *word, struct bytes *ret)
{
	const size_t n = strlen(word), end = bytes_index(*rest, '\n');

	if (!bytes_starts(*rest, word) || end <= n || end == rest->n ||
	    rest->p[n] != ' ')
		return false;
	*ret = bytes_of(rest->p + n + 1, end - n - 1);
	*rest = bytes_skip(*rest, end + 1);
	return true;
}

static bool
take_number(struct bytes *rest, const char *word, uint64_t *ret)
{
	struct bytes v;
	uint64_t n = 0;

	if (!take(rest, word, &v) || v.n > 18)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(v.p[i] - '0');
	}
	*ret = n;
	return true;
}

static bool
take_facts(struct bytes text, struct archive_facts *ret)
{
	struct archive_facts f = { 0 };
	struct bytes made, root, keys, version;
	struct err ignored;
	size_t n;

	if (!take(&text, "hanaper-backup", &version) || !bytes_eq_str(version, "1") ||
	    !take(&text, "made", &made) ||
	    !clock_rfc3339_parse(made, &f.made_at, &ignored) ||
	    !take(&text, "root", &root) ||
	    !hex_read(root, f.root, sizeof(f.root), &n) || n != sizeof(f.root) ||
	    !take_number(&text, "journal", &f.journal_seq) ||
	    !take_number(&text, "database", &f.database_seq) ||
	    !take(&text, "keys", &keys) || !archive_impl_keys(keys, &f.keys))
		return false;
	*ret = f;
	return true;
}

/* What it says must be just what would be written of what was read. */
static bool
read_manifest(struct reading *r, const struct tar_entry *t, struct archive_facts *ret,
    struct err *e)
{
	struct archive_facts f = { 0 };
	struct buf text, again;
	bool ok = false;

	buf_init(&text, ARCHIVE_MANIFEST_MAX);
	buf_init(&again, ARCHIVE_MANIFEST_MAX);
	uint8_t *to = t->size <= ARCHIVE_MANIFEST_MAX
			  ? buf_reserve(&text, (size_t)t->size)
			  : NULL;
	if (to == NULL || !read_exactly(r, to, (size_t)t->size, e) ||
	    !read_zeros(r, tar_padding(t->size), e)) {
		if (to == NULL)
			err_set(e, ERR_MALFORMED, "the backup's manifest is too long");
		goto out;
	}
	if (!take_facts(buf_bytes(&text), &f)) {
		err_set(e, ERR_MALFORMED,
		    "the backup's manifest was altered, or is of another version");
		goto out;
	}
	if (!archive_impl_manifest(&again, &f, buf_bytes(&r->lines), e))
		goto out;
	if (!bytes_eq(buf_bytes(&again), buf_bytes(&text)) || f.made_at != r->at) {
		err_set(e, ERR_MALFORMED,
		    "the backup was altered: it is not what its manifest says");
		goto out;
	}
	*ret = f;
	ok = true;
out:
	buf_free(&text);
	buf_free(&again);
	return ok;
}

static bool
read_end(const struct reading *r, struct err *e)
{
	uint8_t more;

	if (!read_zeros(r, 2 * TAR_BLOCK, e))
		return false;
	return read(r->fd, &more, 1) == 0 ||
	       err_set(e, ERR_MALFORMED, "something follows the backup's end");
}

bool
archive_read(int fd, archive_sink *sink, void *arg, struct archive_facts *ret,
    struct err *e)
{
	struct reading r = { .fd = fd, .sink = sink, .arg = arg, .at = -1 };
	struct archive_facts f;
	struct tar_entry t;
	bool ok = false;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(e, "reading the backup");
	buf_init(&r.lines, ARCHIVE_MANIFEST_MAX);
	r.piece = mem_zalloc(ARCHIVE_PIECE);
	while (read_head(&r, &t, e)) {
		if (strcmp(t.path, ARCHIVE_MANIFEST) != 0) {
			if (!read_content(&r, &t, e))
				break;
			continue;
		}
		ok = buf_ok(&r.lines, "the manifest", e) &&
		     read_manifest(&r, &t, &f, e) && read_end(&r, e);
		break;
	}
	if (ok)
		*ret = f;
	mem_wipe(r.piece, ARCHIVE_PIECE);
	free(r.piece);
	buf_free(&r.lines);
	return ok;
}

/* ---- into files ---- */

struct extracting {
	int dirfd;
	archive_wants *wants;
	int fd; /* of the file that is being written, or -1 */
};

/* The directories in which 'path' lies. */
static bool
make_dirs(int dirfd, const char *path, struct err *e)
{
	char *way = mem_strdup(path);
	bool ok = true;

	for (char *slash = strchr(way, '/'); ok && slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ok = file_mkdir(dirfd, way, 0700, e) || e->code == ERR_CONFLICT;
		*slash = '/';
	}
	free(way);
	return ok;
}

static bool
extract(void *arg, const struct tar_entry *t, struct bytes piece, struct err *e)
{
	struct extracting *x = arg;

	if (x->wants != NULL && !x->wants(t->path))
		return true;
	if (x->fd < 0) {
		if (!make_dirs(x->dirfd, t->path, e))
			return false;
		x->fd = openat(x->dirfd, t->path,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, t->mode);
		if (x->fd < 0)
			return err_errno(e, "%s", t->path);
	}
	while (piece.n > 0) {
		const ssize_t n = write(x->fd, piece.p, piece.n);

		if (n < 0 && errno != EINTR)
			return err_errno(e, "%s", t->path);
		if (n > 0)
			piece = bytes_skip(piece, (size_t)n);
		if (piece.n == 0)
			return true;
	}
	/* The empty piece: its end.  The umask is not to tell. */
	if (fchmod(x->fd, t->mode) < 0 || fsync(x->fd) < 0)
		return err_errno(e, "%s", t->path);
	close(x->fd);
	x->fd = -1;
	return true;
}

bool
archive_extract(int fd, int dirfd, archive_wants *wants, struct archive_facts *ret,
    struct err *e)
{
	struct extracting x = { .dirfd = dirfd, .wants = wants, .fd = -1 };
	const bool ok = archive_read(fd, extract, &x, ret, e);

	if (x.fd >= 0)
		close(x.fd);
	return ok;
}
