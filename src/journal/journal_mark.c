/* SPDX-License-Identifier: Apache-2.0 */
/* Marks: opening a journal without reading what was read before. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/wire.h"
#include "journal_impl.h"

#define CLOSED_LEN 24 /* octets of one closed segment */

void
journal_mark_free(struct journal_mark *m)
{
	free(m->closed);
	m->closed = NULL;
}

/* What tells whether a segment was touched since. */
static bool
look_at(int dirfd, unsigned segment, struct journal_closed *ret, struct err *e)
{
	char name[SEGMENT_NAME_LEN];
	struct stat st;

	journal_segment_name(segment, name);
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(e, "journal %s", name);
	ret->size = (uint64_t)st.st_size;
	ret->changed_ns = st.st_ctim.tv_sec * INT64_C(1000000000) + st.st_ctim.tv_nsec;
	return true;
}

/* The hash before the first record of the last segment: from the segment's head. */
static bool
hash_before(const struct journal *j, uint8_t ret[static RECORD_HASH_LEN], struct err *e)
{
	if (pread(j->fd, ret, RECORD_HASH_LEN, HEAD_LEN - RECORD_HASH_LEN) !=
	    RECORD_HASH_LEN)
		return err_set(e, ERR_IO, "journal: reading a file's head");
	return true;
}

bool
journal_mark(const struct journal *j, struct journal_mark *ret, struct err *e)
{
	struct journal_mark m = { .segment = j->place.segment,
		.first_seq = j->first_seqs[j->place.segment - 1] };

	if (!hash_before(j, m.hash, e))
		return false;
	m.closed = mem_zarray(m.segment, sizeof(*m.closed)); /* one more: never none */
	for (unsigned n = 1; n < m.segment; n++) {
		m.closed[n - 1].first_seq = j->first_seqs[n - 1];
		if (!look_at(j->dirfd, n, &m.closed[n - 1], e)) {
			journal_mark_free(&m);
			return false;
		}
	}
	journal_mark_now(j, &m);
	*ret = m;
	return true;
}

void
journal_mark_now(const struct journal *j, struct journal_mark *m)
{
	m->last_seq = j->place.seq - 1;
	memcpy(m->last_hash, j->place.hash, sizeof(m->last_hash));
}

/* ---- as octets ---- */

void
journal_mark_put(struct buf *b, const struct journal_mark *m)
{
	wire_put_u64(b, m->first_seq);
	buf_put(b, bytes_of(m->hash, sizeof(m->hash)));
	wire_put_u64(b, m->last_seq);
	buf_put(b, bytes_of(m->last_hash, sizeof(m->last_hash)));
	wire_put_u32(b, m->segment - 1);
	for (unsigned n = 0; n + 1 < m->segment; n++) {
		wire_put_u64(b, m->closed[n].first_seq);
		wire_put_u64(b, m->closed[n].size);
		wire_put_i64(b, m->closed[n].changed_ns);
	}
}

static void
get_hash(struct wire *w, uint8_t ret[static RECORD_HASH_LEN])
{
	w->bad = w->bad || w->rest.n < RECORD_HASH_LEN;
	if (w->bad)
		return;
	memcpy(ret, w->rest.p, RECORD_HASH_LEN);
	w->rest = bytes_skip(w->rest, RECORD_HASH_LEN);
}

/* Do the numbers grow from file to file, as those of a journal do? */
static bool
is_sane(const struct journal_mark *m)
{
	uint64_t before = 0;

	for (unsigned n = 0; n + 1 < m->segment; n++) {
		if (m->closed[n].first_seq <= before ||
		    (n == 0 && m->closed[n].first_seq != 1))
			return false;
		before = m->closed[n].first_seq;
	}
	return m->segment > 1 && m->first_seq > before &&
	       m->last_seq >= m->first_seq - 1;
}

bool
journal_mark_get(struct bytes *b, struct journal_mark *ret, struct err *e)
{
	struct wire w = wire_open(*b);
	struct journal_mark m = { .first_seq = wire_u64(&w) };

	get_hash(&w, m.hash);
	m.last_seq = wire_u64(&w);
	get_hash(&w, m.last_hash);
	const uint32_t closed = wire_count(&w, CLOSED_LEN);
	m.segment = w.bad ? 1 : closed + 1;
	m.closed = mem_zarray(m.segment, sizeof(*m.closed));
	for (unsigned n = 0; n + 1 < m.segment; n++) {
		m.closed[n].first_seq = wire_u64(&w);
		m.closed[n].size = wire_u64(&w);
		m.closed[n].changed_ns = wire_i64(&w);
	}
	if (w.bad || !is_sane(&m)) {
		journal_mark_free(&m);
		return err_set(e, ERR_MALFORMED, "a mark that is of no journal");
	}
	*b = w.rest;
	*ret = m;
	return true;
}

/* ---- opening ---- */

static bool
misfit(struct err *e, const char *what)
{
	return err_set(e, ERR_CONFLICT, "what is kept does not fit the journal: %s",
	    what);
}

/* The closed segments as they were: nobody wrote to them, or replaced them. */
static bool
check_closed(const struct journal_mark *m, struct scan *s, struct err *e)
{
	struct journal_closed now;

	for (unsigned n = 1; n < m->segment; n++) {
		if (!look_at(s->dirfd, n, &now, e))
			return false;
		if (now.size != m->closed[n - 1].size ||
		    now.changed_ns != m->closed[n - 1].changed_ns)
			return misfit(e, "a file was touched");
		s->first_seqs[n - 1] = m->closed[n - 1].first_seq;
	}
	return true;
}

bool
journal_mark_enter(const struct journal_mark *m, struct scan *s, journal_each *each,
    void *arg, struct err *e)
{
	struct record r;
	bool more, torn;

	if (m->segment > s->segments)
		return misfit(e, "files are missing");
	if (!check_closed(m, s, e) || !journal_scan_next(s, &r, &more, &torn, e))
		return false;
	if (!more || (each != NULL && !each(arg, &r, e)))
		return misfit(e, "it is another journal");
	/* As if the file before had just been read to its end: the head must fit that. */
	close(s->fd);
	s->fd = -1;
	s->place = (struct place){ .segment = m->segment - 1, .seq = m->first_seq };
	memcpy(s->place.hash, m->hash, sizeof(m->hash));
	s->watch_seq = m->last_seq;
	if (m->last_seq == m->first_seq - 1)
		memcpy(s->watched, m->hash, sizeof(s->watched));
	return true;
}

bool
journal_mark_met(const struct journal_mark *m, const struct scan *s, struct err *e)
{
	if (s->place.seq <= m->last_seq)
		return misfit(e, "it was cut");
	if (memcmp(s->watched, m->last_hash, RECORD_HASH_LEN) != 0)
		return misfit(e, "it went on in another way");
	return true;
}
