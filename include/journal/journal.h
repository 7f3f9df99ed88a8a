/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal - the signer's append-only, hash-chained files.
 *
 * journal/00000001.hj, 00000002.hj, …: each begins with a head (magic, format
 * version, first seq, hash of the record before) and is closed at about 64 MiB.
 * A torn last record, as a crash leaves it, is cut off when the journal is
 * opened, and said so; any other fault is refused (S87).
 */
#ifndef JOURNAL_JOURNAL_H
#define JOURNAL_JOURNAL_H

#include "journal/record.h"

struct journal;

/* Makes an empty journal in an existing, empty directory. */
MUST_CHECK bool journal_create(const char *dir, struct err *e);

/*
 * Opens for appending: one process at a time (a lock is held).  'each' is
 * called for every record in order, so that the opener can build its state;
 * it may refuse.  *ret_healed: octets of a torn last record that were cut off.
 */
typedef bool journal_each(void *arg, const struct record *r, struct err *e);
MUST_CHECK bool journal_open(const char *dir, journal_each *each, void *arg,
    struct journal **ret, size_t *ret_healed, struct err *e);
void journal_close(struct journal *j); /* NULL is fine */
/*
 * Holds the lock until *ret is closed, and opens nothing else.  ERR_CONFLICT: another has
 * the journal open.  By any other error there was none to hold.
 */
MUST_CHECK bool journal_lock(const char *dir, int *ret, struct err *e);

/*
 * A mark says how far a state goes that somebody built from the journal and has
 * kept, so that an opening reads no more than what came since: the closed
 * segments are compared by size and time of change, not read.
 */
struct journal_closed { /* a segment that gets no more records */
	uint64_t first_seq, size;
	int64_t changed_ns; /* st_ctim */
};
struct journal_mark {
	unsigned segment;              /* records are read from its front on */
	uint64_t first_seq;            /* its first record */
	uint8_t hash[RECORD_HASH_LEN]; /* of the record before */
	struct journal_closed *closed; /* segments 1 to 'segment' - 1; owned */
	uint64_t last_seq;             /* newest record that the state may hold */
	uint8_t last_hash[RECORD_HASH_LEN];
};
void journal_mark_free(struct journal_mark *m); /* what is inside */
/* The state holds at least the closed segments.  'last_seq' is that of now. */
MUST_CHECK bool journal_mark(const struct journal *j, struct journal_mark *ret,
    struct err *e);
/* The state holds what was added meanwhile, too. */
void journal_mark_now(const struct journal *j, struct journal_mark *m);
void journal_mark_put(struct buf *b, const struct journal_mark *m);
/* From the front of *b, which goes on behind it. */
MUST_CHECK bool journal_mark_get(struct bytes *b, struct journal_mark *ret,
    struct err *e);

/*
 * As journal_open(), but 'each' is called for record 1, and for those from the
 * front of the mark's segment on: some of them the state may hold already.
 * ERR_CONFLICT when the mark does not fit the journal: 'each' may have been called.
 */
MUST_CHECK bool journal_open_at(const char *dir, const struct journal_mark *m,
    journal_each *each, void *arg, struct journal **ret, size_t *ret_healed,
    struct err *e);

/*
 * Adds a record to the batch that the next journal_sync() makes durable.
 * *ret_record: its octets, valid until that journal_sync() returns.
 */
MUST_CHECK bool journal_add(struct journal *j, enum record_type type, uint64_t stored,
    struct bytes body, struct bytes *ret_record, struct err *e);
/*
 * Writes and flushes (one fdatasync) what was added.  On failure nothing of
 * the batch is in the journal (the file is cut back) and the records must not
 * be answered for; a later batch may succeed.
 */
MUST_CHECK bool journal_sync(struct journal *j, struct err *e);
/* Drops what was added and not synced. */
void journal_abandon(struct journal *j);

uint64_t journal_last_seq(const struct journal *j);
unsigned journal_segment(const struct journal *j); /* that gets the records */

/* Reads records from 'from_seq' on, at most 'max' of them; works while open for appending. */
MUST_CHECK bool journal_read(struct journal *j, uint64_t from_seq, size_t max,
    journal_each *each, void *arg, struct err *e);

/* Walks and verifies the whole chain read-only, without the lock; ERR_* names file and seq. */
MUST_CHECK bool journal_verify(const char *dir, journal_each *each, void *arg,
    struct err *e);

/* The file of a segment, from 1 on: "00000001.hj". */
#define JOURNAL_FILE_LEN 12 /* with the NUL */
void journal_file(unsigned segment, char ret[static JOURNAL_FILE_LEN]);

struct journal_extent {
	unsigned segments;
	uint64_t end; /* octets of the last segment */
	uint64_t last_seq;
	uint8_t last_hash[RECORD_HASH_LEN];
	bool torn; /* behind 'end' is part of a record: of a crash, or being written */
};
/*
 * As journal_verify(), but what is torn is left out: what a copy should hold.  The
 * files grow at their end alone, so this much of them stays as it is.
 */
MUST_CHECK bool journal_extent(const char *dir, journal_each *each, void *arg,
    struct journal_extent *ret, struct err *e);

#endif
