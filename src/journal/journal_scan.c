/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/wire.h"
#include "journal_impl.h"
#include "sys/file.h"

#define WINDOW     KIB(512)
#define LOOK_AHEAD (1u << 20) /* a record that follows a fault bears no greater seq */

void
journal_segment_name(unsigned n, char ret[static SEGMENT_NAME_LEN])
{
	snprintf(ret, SEGMENT_NAME_LEN, "%08u.hj", n % (SEGMENT_COUNT + 1u));
}

void
journal_segment_head(const struct place *p, uint8_t ret[static HEAD_LEN])
{
	struct buf b;

	buf_init(&b, HEAD_LEN);
	buf_puts(&b, HEAD_MAGIC);
	wire_put_u32(&b, HEAD_VERSION);
	wire_put_u64(&b, p->seq);
	buf_put(&b, bytes_of(p->hash, sizeof(p->hash)));
	memcpy(ret, b.p, HEAD_LEN);
	buf_free(&b);
}

void
journal_hash(struct bytes b, uint8_t ret[static RECORD_HASH_LEN])
{
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, b.p, b.n, ret) < 0)
		abort(); /* SHA-256 of memory cannot fail but by a broken library */
}

bool
journal_dir_open(const char *dir, int *ret_fd, struct err *e)
{
	const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND,
		    "there is no journal at %s; it is made with the CA, never anew: "
		    "put it back, or restore a backup",
		    dir);
	if (fd < 0)
		return err_errno(e, "journal %s", dir);
	*ret_fd = fd;
	return true;
}

/* The number of a segment's file name, 0 for another file. */
static unsigned
segment_number(const char *name)
{
	char again[SEGMENT_NAME_LEN];
	unsigned n = 0;

	for (const char *c = name; *c >= '0' && *c <= '9' && c - name < 8; c++)
		n = n * 10 + (unsigned)(*c - '0');
	journal_segment_name(n, again);
	return strcmp(again, name) == 0 ? n : 0;
}

bool
journal_dir_count(int dirfd, unsigned *ret, struct err *e)
{
	unsigned highest = 0, count = 0;
	const int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return err_errno(e, "journal: its folder");
	}
	for (const struct dirent *f; (f = readdir(d)) != NULL;) {
		const unsigned n = segment_number(f->d_name);

		count += n > 0;
		highest = n > highest ? n : highest;
	}
	closedir(d);
	if (highest == 0)
		return err_set(e, ERR_NOT_FOUND,
		    "the journal's folder holds no journal");
	if (count != highest)
		return err_set(e, ERR_MALFORMED,
		    "journal: %u of %u files are missing; restore them",
		    highest - count, highest);
	*ret = highest;
	return true;
}

void
journal_scan_begin(struct scan *s, int dirfd, unsigned segments)
{
	*s = (struct scan){ .dirfd = dirfd, .segments = segments, .end = -1, .fd = -1 };
	s->window = mem_zalloc(WINDOW);
	s->place.seq = 1;
}

void
journal_scan_end(struct scan *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->window);
	free(s->first_seqs);
}

/* Says where the fault is: file and record. */
static bool
fault(const struct scan *s, struct err *e, const char *what)
{
	char name[SEGMENT_NAME_LEN];

	journal_segment_name(s->place.segment, name);
	return err_set(e, ERR_MALFORMED,
	    "journal %s, record %" PRIu64 ", octet %lld: %s", name, s->place.seq,
	    (long long)s->place.at, what);
}

/* Has 'n' octets at 'at' in the window; false: cannot be read. */
static bool
see(struct scan *s, off_t at, size_t n, const uint8_t **ret, struct err *e)
{
	if (at < s->window_at || at + (off_t)n > s->window_at + (off_t)s->window_n) {
		s->window_at = at;
		s->window_n = 0;
		while (s->window_n < n) {
			const ssize_t got = pread(s->fd, s->window + s->window_n,
			    WINDOW - s->window_n, at + (off_t)s->window_n);

			if (got < 0 && errno == EINTR)
				continue;
			if (got < 0)
				return err_errno(e, "journal: reading");
			if (got == 0)
				return fault(s, e, "the file became shorter");
			s->window_n += (size_t)got;
		}
	}
	*ret = s->window + (at - s->window_at);
	return true;
}

static bool
open_segment(struct scan *s, unsigned n, struct err *e)
{
	char name[SEGMENT_NAME_LEN];
	struct stat st;

	journal_segment_name(n, name);
	if (s->fd >= 0)
		close(s->fd);
	s->window_n = 0;
	s->place.segment = n;
	/* O_NONBLOCK: a FIFO in its place must not hold us. */
	s->fd = openat(s->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return err_errno(e, "journal %s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_IO, "journal %s: is no regular file", name);
	if ((st.st_mode & FILE_OPEN_DATA) != 0)
		return err_set(e, ERR_IO,
		    "journal %s: its mode is %04o; run: chmod 0600 on it", name,
		    (unsigned)st.st_mode & 07777);
	s->size = n == s->segments && s->end >= 0 ? s->end : st.st_size;
	return true;
}

static bool
is_newer(const uint8_t *head)
{
	const struct bytes magic = bytes_of(head, strlen(HEAD_MAGIC));
	struct wire w = wire_open(bytes_of(head + magic.n, sizeof(uint32_t)));

	return bytes_eq_str(magic, HEAD_MAGIC) && wire_u32(&w) > HEAD_VERSION;
}

/* Opens the next segment and checks that it takes up where the last one ended. */
static bool
next_segment(struct scan *s, struct err *e)
{
	uint8_t want[HEAD_LEN];
	const uint8_t *have;

	if (!open_segment(s, s->place.segment + 1, e))
		return false;
	s->place.at = 0;
	if (s->size < HEAD_LEN)
		return fault(s, e, "the file's head is cut short");
	if (!see(s, 0, HEAD_LEN, &have, e))
		return false;
	if (is_newer(have))
		return fault(s, e, "the file is of a newer version of Hanaper");
	journal_segment_head(&s->place, want);
	if (memcmp(have, want, HEAD_LEN) != 0)
		return fault(s, e,
		    "the file does not take up where the one before it ended, or was "
		    "edited");
	s->place.at = HEAD_LEN;
	if (s->first_seqs != NULL)
		s->first_seqs[s->place.segment - 1] = s->place.seq;
	return true;
}

bool
journal_scan_seek(struct scan *s, const struct place *p, struct err *e)
{
	const uint8_t *head;

	if (!open_segment(s, p->segment, e))
		return false;
	s->place = *p;
	if (p->at != 0)
		return true;
	if (!see(s, 0, HEAD_LEN, &head, e))
		return false;
	memcpy(s->place.hash, head + HEAD_LEN - RECORD_HASH_LEN, RECORD_HASH_LEN);
	s->place.at = HEAD_LEN;
	return true;
}

#define TYPE_AT (RECORD_LENGTH_LEN + RECORD_FIXED - 1) /* in a record */

/*
 * Does the segment tell its batches apart?  One that an older version began does not;
 * one whose first record is at fault is taken for a newer one.
 */
static bool
tells_batches(const struct scan *s)
{
	uint8_t type;

	return s->place.at == HEAD_LEN ||
	       (pread(s->fd, &type, 1, HEAD_LEN + TYPE_AT) == 1 &&
		   (type & RECORD_FIRST) != 0);
}

/*
 * Is there a whole record at 'p' whose chain holds?  'prev' is the hash before it.
 * 'any': else only one that began a batch counts.
 */
static bool
is_record(const uint8_t *p, size_t n, const uint8_t *prev, uint64_t seq, bool any)
{
	struct wire w = wire_open(bytes_of(p, n));
	const uint32_t length = wire_u32(&w);
	const uint64_t has = wire_u64(&w);
	uint8_t hash[RECORD_HASH_LEN];

	if (w.bad || length < RECORD_FIXED || has < seq || has - seq > LOOK_AHEAD)
		return false;
	const size_t whole = RECORD_LENGTH_LEN + (size_t)length + RECORD_HASH_LEN;
	if (whole > RECORD_MAX || whole > n ||
	    (!any && (p[TYPE_AT] & RECORD_FIRST) == 0))
		return false;

	const size_t hashed = whole - RECORD_HASH_LEN;
	uint8_t *all = mem_zalloc(RECORD_HASH_LEN + hashed);
	memcpy(all, prev, RECORD_HASH_LEN);
	memcpy(all + RECORD_HASH_LEN, p, hashed);
	journal_hash(bytes_of(all, RECORD_HASH_LEN + hashed), hash);
	free(all);
	return memcmp(hash, p + hashed, RECORD_HASH_LEN) == 0;
}

/*
 * A crash leaves a record cut short, or one whose pages did not all arrive.
 * Behind it there is nothing, or what was to be flushed with it: no batch begins
 * before the one in front of it is on disk.  If a later batch stands behind the
 * fault, somebody edited the file: that is never healed (S87).  'computed' is the
 * hash that the faulty record should bear, or NULL: its successor was chained to
 * that.
 */
static bool
nothing_follows(struct scan *s, const uint8_t *computed)
{
	const off_t from = s->place.at;
	const size_t n = (size_t)(s->size - from);
	uint8_t *tail;
	size_t have = 0;
	bool alone = true;

	if (n > SEGMENT_MAX + MIB(16))
		return false;
	tail = mem_zalloc(n);
	while (have < n) {
		const ssize_t got =
		    pread(s->fd, tail + have, n - have, from + (off_t)have);
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	alone = have == n;
	const bool any = !tells_batches(s);
	for (size_t i = 1; alone && i + RECORD_LEAST <= n; i++) {
		if (is_record(tail + i, n - i, s->place.hash, s->place.seq, any))
			alone = false;
		if (i >= RECORD_HASH_LEN &&
		    is_record(tail + i, n - i, tail + i - RECORD_HASH_LEN,
			s->place.seq + 1, any))
			alone = false;
		if (computed != NULL &&
		    is_record(tail + i, n - i, computed, s->place.seq + 1, any))
			alone = false;
	}
	free(tail);
	return alone;
}

/* A fault of the kind that may be a crash's. */
static bool
perhaps_torn(struct scan *s, const uint8_t *computed, const char *what, bool *ret_torn,
    struct err *e)
{
	*ret_torn = s->place.segment == s->segments && nothing_follows(s, computed);
	return fault(s, e, what);
}

/*
 * The hash of the record at 'p' (its predecessor's hash, then itself) is not
 * the one that it bears.  One that says to be a later record was moved here:
 * what stood between was taken out.
 */
static bool
wrong_hash(struct scan *s, const uint8_t *p, const uint8_t *computed, bool *ret_torn,
    struct err *e)
{
	struct wire w = wire_open(
	    bytes_of(p + RECORD_HASH_LEN + RECORD_LENGTH_LEN, sizeof(uint64_t)));
	const uint64_t says = wire_u64(&w);

	if (says > s->place.seq && says - s->place.seq <= LOOK_AHEAD)
		return fault(s, e, "missing: a later one stands in its place");
	return perhaps_torn(s, computed, "its hash is wrong: it was edited, or is torn",
	    ret_torn, e);
}

/* The record at s->place, hash checked: *ret_p is at the hash before it. */
static bool
next_record(struct scan *s, const uint8_t **ret_p, size_t *ret_n, uint8_t *ret_hash,
    bool *ret_torn, struct err *e)
{
	const off_t left = s->size - s->place.at,
		    before = s->place.at - RECORD_HASH_LEN;
	const uint8_t *p;

	if (left < RECORD_LEAST)
		return perhaps_torn(s, NULL, "cut short", ret_torn, e);
	if (!see(s, before, RECORD_HASH_LEN + RECORD_LEAST, &p, e))
		return false;
	struct wire w = wire_open(bytes_of(p + RECORD_HASH_LEN, RECORD_LENGTH_LEN));
	const size_t n = RECORD_LENGTH_LEN + (size_t)wire_u32(&w) + RECORD_HASH_LEN;
	if (n < RECORD_LEAST || n > RECORD_MAX)
		return perhaps_torn(s, NULL, "an impossible length", ret_torn, e);
	if ((off_t)n > left)
		return perhaps_torn(s, NULL, "cut short", ret_torn, e);
	if (!see(s, before, RECORD_HASH_LEN + n, &p, e))
		return false;
	journal_hash(bytes_of(p, n),
	    ret_hash); /* the hash before, and all but its own */
	if (memcmp(p + n, ret_hash, RECORD_HASH_LEN) != 0)
		return wrong_hash(s, p, ret_hash, ret_torn, e);
	*ret_p = p;
	*ret_n = n;
	return true;
}

bool
journal_scan_next(struct scan *s, struct record *ret, bool *ret_more, bool *ret_torn,
    struct err *e)
{
	uint8_t hash[RECORD_HASH_LEN];
	const uint8_t *p = NULL;
	struct record r;
	size_t n = 0;

	*ret_torn = false;
	while (s->fd < 0 || s->place.at == s->size) {
		if (s->place.segment == s->segments) {
			*ret_more = false;
			return true;
		}
		if (!next_segment(s, e))
			return false;
	}
	if (!next_record(s, &p, &n, hash, ret_torn, e))
		return false;
	if (!record_parse(bytes_of(p + RECORD_HASH_LEN, n), &r, e))
		return err_prefix(e, "journal");
	if (r.seq != s->place.seq)
		return fault(s, e, "bears another number");
	memcpy(s->place.hash, hash, sizeof(hash));
	if (r.seq == s->watch_seq)
		memcpy(s->watched, hash, sizeof(hash));
	s->place.at += (off_t)n;
	s->place.seq++;
	*ret = r;
	*ret_more = true;
	return true;
}
