/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/mem.h"
#include "codec/wire.h"
#include "journal_impl.h"

#define LOCK_NAME "lock"
#define NEW_NAME  "new"

static bool
write_at(int fd, off_t at, struct bytes b)
{
	while (b.n > 0) {
		const ssize_t n = pwrite(fd, b.p, b.n, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		b = bytes_skip(b, (size_t)n);
		at += n;
	}
	return true;
}

/* A new segment appears whole or not at all: under another name first. */
static bool
make_segment(int dirfd, const struct place *p, int *ret_fd, struct err *e)
{
	char name[SEGMENT_NAME_LEN];
	uint8_t head[HEAD_LEN];
	const int fd = openat(dirfd, NEW_NAME,
	    O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(e, "journal: a new file");
	journal_segment_name(p->segment, name);
	journal_segment_head(p, head);
	if (!write_at(fd, 0, bytes_of(head, sizeof(head))) || fsync(fd) < 0 ||
	    renameat(dirfd, NEW_NAME, dirfd, name) < 0 || fsync(dirfd) < 0) {
		err_errno(e, "journal %s", name);
		unlinkat(dirfd, NEW_NAME, 0);
		close(fd);
		return false;
	}
	*ret_fd = fd;
	return true;
}

bool
journal_create(const char *dir, struct err *e)
{
	struct place first = { .segment = 1, .seq = 1 };
	unsigned segments;
	int dirfd, fd;

	if (!journal_dir_open(dir, &dirfd, e))
		return false;
	bool ok = false;
	if (journal_dir_count(dirfd, &segments, e))
		err_set(e, ERR_CONFLICT, "there is a journal at %s already", dir);
	else if (e->code == ERR_NOT_FOUND && make_segment(dirfd, &first, &fd, e)) {
		close(fd);
		ok = true;
	}
	close(dirfd);
	return ok;
}

/* 'make': O_CREAT, or 0. */
static bool
take_lock(int dirfd, int make, const char *dir, int *ret, struct err *e)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const int fd =
	    openat(dirfd, LOCK_NAME, O_RDWR | make | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(e, "journal %s: its lock", dir);
	/* Of the open file, as flock(2): a second opening in this process is refused too. */
	if (fcntl(fd, F_OFD_SETLK, &whole) == 0) {
		*ret = fd;
		return true;
	}
	if (errno != EAGAIN && errno != EACCES)
		err_errno(e, "journal %s: its lock", dir);
	else
		err_set(e, ERR_CONFLICT,
		    "another process has the journal %s open: is the daemon running "
		    "already?",
		    dir);
	close(fd);
	return false;
}

bool
journal_lock(const char *dir, int *ret, struct err *e)
{
	int dirfd = -1;

	if (!journal_dir_open(dir, &dirfd, e))
		return false;
	const bool ok = take_lock(dirfd, 0, dir, ret, e);
	close(dirfd);
	return ok;
}

/* Walks the whole chain; 's' ends behind the last good record. */
static bool
walk(struct scan *s, journal_each *each, void *arg, bool *ret_torn, struct err *e)
{
	struct record r;
	bool more;

	for (;;) {
		if (!journal_scan_next(s, &r, &more, ret_torn, e))
			return false;
		if (!more)
			return true;
		if (each != NULL && !each(arg, &r, e)) {
			char where[48];

			snprintf(where, sizeof(where), "journal record %" PRIu64,
			    r.seq);
			return err_prefix(e, where);
		}
	}
}

/* Opens the last segment for appending behind 's', cutting a torn record off. */
static bool
open_last(struct journal *j, const struct scan *s, size_t *ret_healed, struct err *e)
{
	char name[SEGMENT_NAME_LEN];

	journal_segment_name(s->place.segment, name);
	j->fd = openat(j->dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (j->fd < 0)
		return err_errno(e, "journal %s", name);
	if (s->size != s->place.at &&
	    (ftruncate(j->fd, s->place.at) < 0 || fsync(j->fd) < 0))
		return err_errno(e, "journal %s: cutting off a torn record", name);
	*ret_healed = (size_t)(s->size - s->place.at);
	j->place = s->place;
	return true;
}

bool
journal_open(const char *dir, journal_each *each, void *arg, struct journal **ret,
    size_t *ret_healed, struct err *e)
{
	return journal_open_at(dir, NULL, each, arg, ret, ret_healed, e);
}

bool
journal_open_at(const char *dir, const struct journal_mark *m, journal_each *each,
    void *arg, struct journal **ret, size_t *ret_healed, struct err *e)
{
	struct journal *j = mem_zalloc(sizeof(*j));
	struct scan s = { .fd = -1 };
	unsigned segments;
	bool ok = false, torn = false;

	j->dirfd = j->lockfd = j->fd = -1;
	if (!journal_dir_open(dir, &j->dirfd, e) ||
	    !take_lock(j->dirfd, O_CREAT, dir, &j->lockfd, e) ||
	    !journal_dir_count(j->dirfd, &segments, e))
		goto out;
	journal_scan_begin(&s, j->dirfd, segments);
	s.first_seqs = mem_zarray(segments, sizeof(*s.first_seqs));
	if (m != NULL && !journal_mark_enter(m, &s, each, arg, e))
		goto out;
	if (!walk(&s, each, arg, &torn, e) && !torn)
		goto out;
	if (m != NULL && !journal_mark_met(m, &s, e))
		goto out;
	if (!open_last(j, &s, ret_healed, e))
		goto out;
	j->first_seqs = s.first_seqs;
	s.first_seqs = NULL;
	*ret = j;
	j = NULL;
	ok = true;
out:
	journal_scan_end(&s);
	journal_close(j);
	return ok;
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	journal_abandon(j);
	free(j->pending);
	free(j->first_seqs);
	if (j->fd >= 0)
		close(j->fd);
	if (j->lockfd >= 0)
		close(j->lockfd);
	if (j->dirfd >= 0)
		close(j->dirfd);
	free(j);
}

/* The hash of the last record that is in the journal or waits. */
static const uint8_t *
last_hash(const struct journal *j)
{
	if (j->n_pending == 0)
		return j->place.hash;
	const struct pending *last = &j->pending[j->n_pending - 1];
	return last->p +
	       last->n; /* its last 32 octets: n counts without the hash before */
}

bool
journal_add(struct journal *j, enum record_type type, uint64_t stored,
    struct bytes body, struct bytes *ret_record, struct err *e)
{
	struct buf b;
	uint8_t hash[RECORD_HASH_LEN];

	buf_init(&b, RECORD_HASH_LEN + RECORD_MAX);
	buf_put(&b, bytes_of(last_hash(j), RECORD_HASH_LEN));
	wire_put_u32(&b, (uint32_t)(RECORD_FIXED + (body.n < RECORD_MAX ? body.n : 0)));
	wire_put_u64(&b, j->place.seq + j->n_pending);
	wire_put_i64(&b, clock_now());
	wire_put_u64(&b, stored);
	wire_put_u8(&b, (uint8_t)(type | (j->n_pending == 0 ? RECORD_FIRST : 0)));
	buf_put(&b, body);
	journal_hash(buf_bytes(&b), hash);
	buf_put(&b, bytes_of(hash, sizeof(hash)));
	if (!buf_ok(&b, "a journal record", e)) {
		buf_free(&b);
		return false;
	}
	if (j->n_pending == j->room) {
		j->room = j->room == 0 ? 64 : 2 * j->room;
		j->pending = mem_grow(j->pending, j->room, sizeof(*j->pending));
	}
	/* The octets stay where they are until the sync: 'b' is not freed here. */
	j->pending[j->n_pending++] = (struct pending){ b.p, b.n - RECORD_HASH_LEN };
	*ret_record = bytes_skip(buf_bytes(&b), RECORD_HASH_LEN);
	return true;
}

void
journal_abandon(struct journal *j)
{
	for (size_t i = 0; i < j->n_pending; i++)
		free(j->pending[i].p);
	j->n_pending = 0;
}

/* Takes back what is behind the last durable record; later batches wait until that worked. */
static bool
cut_back(struct journal *j)
{
	j->dirty = ftruncate(j->fd, j->place.at) < 0;
	return !j->dirty;
}

/* Starts a new segment when this one is full. */
static bool
roll_over(struct journal *j, struct err *e)
{
	struct place next = j->place;
	int fd;

	if (j->place.at < (off_t)SEGMENT_MAX)
		return true;
	next.segment++;
	if (!make_segment(j->dirfd, &next, &fd, e))
		return false;
	close(j->fd);
	j->fd = fd;
	next.at = HEAD_LEN;
	j->place = next;
	j->first_seqs = mem_grow(j->first_seqs, next.segment, sizeof(*j->first_seqs));
	j->first_seqs[next.segment - 1] = next.seq;
	return true;
}

/* Writes the batch behind the last durable record; one write, one flush. */
static bool
write_batch(struct journal *j, size_t octets, struct err *e)
{
	uint8_t *all = mem_zalloc(octets), *p = all;

	for (size_t i = 0; i < j->n_pending; i++) {
		memcpy(p, j->pending[i].p + RECORD_HASH_LEN, j->pending[i].n);
		p += j->pending[i].n;
	}
	bool ok = write_at(j->fd, j->place.at, bytes_of(all, octets));
	fault_point("signer.journal.written");
	ok = ok && fdatasync(j->fd) == 0;
	if (!ok)
		err_errno(e, "journal: writing");
	free(all);
	return ok;
}

bool
journal_sync(struct journal *j, struct err *e)
{
	size_t octets = 0;
	bool ok = false;

	if (j->n_pending == 0)
		return true;
	for (size_t i = 0; i < j->n_pending; i++)
		octets += j->pending[i].n;
	if (j->dirty && !cut_back(j)) {
		err_errno(e, "journal: taking back a batch that failed");
		goto out;
	}
	if (!roll_over(j, e))
		goto out;
	fault_point("signer.journal.before");
	if (!write_batch(j, octets, e)) {
		cut_back(j);
		goto out;
	}
	fault_point("signer.journal.after");
	memcpy(j->place.hash, last_hash(j), RECORD_HASH_LEN);
	j->place.at += (off_t)octets;
	j->place.seq += j->n_pending;
	ok = true;
out:
	journal_abandon(j);
	return ok;
}

uint64_t
journal_last_seq(const struct journal *j)
{
	return j->place.seq - 1;
}

unsigned
journal_segment(const struct journal *j)
{
	return j->place.segment;
}

/* The place of a record: where the last reading ended, or the front of its segment. */
static struct place
start_of(const struct journal *j, uint64_t seq)
{
	struct place p = { 0 };

	if (j->read.seq == seq)
		return j->read;
	for (unsigned n = 1; n <= j->place.segment && j->first_seqs[n - 1] <= seq; n++)
		p = (struct place){ .segment = n, .seq = j->first_seqs[n - 1] };
	return p;
}

bool
journal_read(struct journal *j, uint64_t from_seq, size_t max, journal_each *each,
    void *arg, struct err *e)
{
	struct scan s;
	struct record r;
	bool ok, torn, more = true;

	if (from_seq < 1)
		return err_set(e, ERR_MALFORMED, "journal records are counted from 1");
	if (from_seq > journal_last_seq(j))
		return true;
	journal_scan_begin(&s, j->dirfd, j->place.segment);
	s.end = j->place.at;
	const struct place start = start_of(j, from_seq);
	ok = journal_scan_seek(&s, &start, e);
	while (ok && max > 0 && more) {
		ok = journal_scan_next(&s, &r, &more, &torn, e);
		if (!ok || !more || r.seq < from_seq)
			continue;
		ok = each(arg, &r, e);
		max--;
	}
	if (ok)
		j->read = s.place;
	journal_scan_end(&s);
	return ok;
}

void
journal_file(unsigned segment, char ret[static JOURNAL_FILE_LEN])
{
	journal_segment_name(segment, ret);
}

bool
journal_extent(const char *dir, journal_each *each, void *arg,
    struct journal_extent *ret, struct err *e)
{
	struct scan s = { .fd = -1 };
	unsigned segments;
	bool ok = false, torn = false;
	int dirfd = -1;

	if (!journal_dir_open(dir, &dirfd, e) ||
	    !journal_dir_count(dirfd, &segments, e))
		goto out;
	journal_scan_begin(&s, dirfd, segments);
	ok = walk(&s, each, arg, &torn, e) || torn;
	if (ok) {
		*ret = (struct journal_extent){
			.segments = s.place.segment,
			.end = (uint64_t)s.place.at,
			.last_seq = s.place.seq - 1,
			.torn = torn,
		};
		memcpy(ret->last_hash, s.place.hash, sizeof(ret->last_hash));
	}
out:
	journal_scan_end(&s);
	if (dirfd >= 0)
		close(dirfd);
	return ok;
}

bool
journal_verify(const char *dir, journal_each *each, void *arg, struct err *e)
{
	struct scan s = { .fd = -1 };
	unsigned segments;
	bool ok = false, torn = false;
	int dirfd = -1;

	if (!journal_dir_open(dir, &dirfd, e) ||
	    !journal_dir_count(dirfd, &segments, e))
		goto out;
	journal_scan_begin(&s, dirfd, segments);
	ok = walk(&s, each, arg, &torn, e);
	if (!ok && torn) {
		e->code = ERR_CONFLICT;
		err_prefix(e,
		    "torn by a crash (the next start heals it), or just being written");
	}
out:
	journal_scan_end(&s);
	if (dirfd >= 0)
		close(dirfd);
	return ok;
}
