/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal files (S87).  The first octet: 0 and 1, a whole segment as it is; 2, records
 * of which the lengths and hashes are put right, so that what is in them is reached; 3
 * and up, one record's body.  What one reader believes, all do.
 */
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/wire.h"
#include "fuzz.h"
#include "journal/journal.h"
#include "sys/file.h"

/* ---- bodies ---- */

#define AGAIN(what)                                                                    \
	static void what##_again(struct bytes body)                                    \
	{                                                                              \
		struct record_##what r;                                                \
		struct buf b;                                                          \
		struct err e = { 0 };                                                  \
                                                                                       \
		buf_init(&b, MIB(1));                                                  \
		if (record_##what##_get(body, &r, &e)) {                               \
			record_##what##_put(&b, &r);                                   \
			require(bytes_eq(buf_bytes(&b), body));                        \
		} else {                                                               \
			told(&e);                                                      \
		}                                                                      \
		buf_free(&b);                                                          \
	}

AGAIN(genesis)
AGAIN(certificate)
AGAIN(revocation)
AGAIN(crl)

static void (*const bodies[])(struct bytes body) = { genesis_again, certificate_again,
	revocation_again, crl_again };

/* ---- files ---- */

struct seen {
	uint64_t records, last_seq;
};

static bool
on_record(void *arg, const struct record *r, struct err *e)
{
	struct seen *s = arg;
	struct record again;

	require(r->seq == s->last_seq + 1);
	require(r->type >= RECORD_GENESIS && r->type <= RECORD_CRL);
	require(record_parse(r->whole, &again, e) && again.seq == r->seq);
	bodies[r->type - RECORD_GENESIS](r->body);
	s->last_seq = r->seq;
	s->records++;
	return true;
}

static void
believed_by_all(const char *dir)
{
	struct seen verified = { 0 }, opened = { 0 }, extended = { 0 };
	struct journal_extent extent;
	struct journal *j = NULL;
	size_t healed = 0;
	struct err e = { 0 };

	const bool whole = journal_verify(dir, on_record, &verified, &e);
	const bool some = journal_extent(dir, on_record, &extended, &extent, &e);
	require(!whole || (some && extent.last_seq == verified.last_seq));
	if (some)
		require(extended.last_seq == extent.last_seq);
	const bool open = journal_open(dir, on_record, &opened, &j, &healed, &e);
	require(!whole || (open && healed == 0));
	if (!open) {
		told(&e);
		return;
	}
	require(some && opened.records == extended.records);
	require(journal_last_seq(j) == opened.last_seq);
	journal_close(j);
	/* What was healed is whole. */
	verified = (struct seen){ 0 };
	require(journal_verify(dir, on_record, &verified, &e) &&
		verified.records == opened.records);
}

static void
file(struct bytes octets)
{
	static char dir[64], path[80];
	struct err e = { 0 };

	if (dir[0] == '\0') {
		snprintf(dir, sizeof(dir), "/dev/shm/hnp-fuzz-journal-%d", getpid());
		snprintf(path, sizeof(path), "%s/00000001.hj", dir);
	}
	file_remove_tree(dir);
	require(mkdir(dir, 0700) == 0);
	require(file_create(AT_FDCWD, path, 0600, octets, &e));
	believed_by_all(dir);
	file_remove_tree(dir);
}

/* Each record: a u16 of length, and so many octets: type, stored, body. */
static void
mended(struct bytes in)
{
	uint8_t hash[RECORD_HASH_LEN] = { 0 };
	struct wire w = wire_open(in);
	struct buf b;
	uint64_t seq = 1;

	buf_init(&b, MIB(1));
	buf_puts(&b, "HNPRJRNL");
	wire_put_u32(&b, 1);
	wire_put_u64(&b, seq);
	buf_put(&b, bytes_of(hash, sizeof(hash)));
	while (!w.bad && w.rest.n > 2) {
		const uint16_t said = wire_u16(&w);
		const uint8_t type = wire_u8(&w);
		const size_t n = said < w.rest.n ? said : w.rest.n;
		/* The hash of the one before is right in front of it. */
		const size_t at = b.n - RECORD_HASH_LEN;

		wire_put_u32(&b, (uint32_t)(25 + n));
		wire_put_u64(&b, seq++);
		wire_put_i64(&b, 1800000000);
		wire_put_u64(&b, 0);
		wire_put_u8(&b, type);
		buf_put(&b, bytes_of(w.rest.p, n));
		require(
		    gnutls_hash_fast(GNUTLS_DIG_SHA256, b.p + at, b.n - at, hash) == 0);
		buf_put(&b, bytes_of(hash, sizeof(hash)));
		w.rest = bytes_skip(w.rest, n);
	}
	if (!b.full)
		file(buf_bytes(&b));
	buf_free(&b);
}

FUZZ_TARGET(journal)
{
	struct record r;
	struct err e = { 0 };

	if (n == 0)
		return 0;
	const struct bytes in = bytes_of(p + 1, n - 1);
	if (p[0] < 2)
		file(in);
	else if (p[0] == 2)
		mended(in);
	else
		bodies[p[0] % NITEMS(bodies)](in);
	if (record_parse(in, &r, &e))
		require(r.hash.n == RECORD_HASH_LEN && bytes_eq(r.whole, in));
	return 0;
}
