/* SPDX-License-Identifier: Apache-2.0 */
/* journal_impl - what journal.c and journal_scan.c share; nobody else includes it. */
#ifndef JOURNAL_JOURNAL_IMPL_H
#define JOURNAL_JOURNAL_IMPL_H

#include <sys/types.h>

#include "journal/journal.h"

#define SEGMENT_MAX      MIB(64) /* one that is larger gets no more batches */
#define SEGMENT_NAME_LEN 12      /* "00000001.hj" and a NUL */
#define SEGMENT_COUNT    99999999

/*
 * A segment's head: magic 8, version u32, first seq u64, hash of the record
 * before 32.  So each record has its predecessor's hash right in front of it,
 * and what is hashed is one stretch of the file.
 */
#define HEAD_MAGIC   "HNPRJRNL"
#define HEAD_VERSION 1
#define HEAD_LEN     52

/* A record's length field, fixed fields and hash. */
#define RECORD_LENGTH_LEN 4
#define RECORD_FIXED      25
#define RECORD_LEAST      (RECORD_LENGTH_LEN + RECORD_FIXED + RECORD_HASH_LEN)

/* Where in the chain: what the next record must be. */
struct place {
	unsigned segment;              /* number, from 1 */
	off_t at;                      /* offset of the next record */
	uint64_t seq;                  /* that the next record bears */
	uint8_t hash[RECORD_HASH_LEN]; /* of the record before */
};

struct pending {    /* a record that waits for the next sync */
	uint8_t *p; /* the hash before it, then the record */
	size_t n;   /* octets of the record */
};

struct journal {
	int dirfd, lockfd;
	int fd;               /* of the last segment */
	struct place place;   /* behind the last durable record */
	bool dirty;           /* octets behind 'place' could not be cut off */
	uint64_t *first_seqs; /* of each segment, by number - 1 */
	struct pending *pending;
	size_t n_pending, room;
	struct place
	    read; /* where the last journal_read() ended: the next goes on there */
};

/* A walk along the chain. */
struct scan {
	int dirfd;
	unsigned segments; /* how many there are */
	struct place place;
	off_t end;       /* where the last segment ends; -1: where the file does */
	int fd;          /* of the segment, or -1 */
	uint8_t *window; /* octets of the file from window_at on */
	size_t window_n;
	off_t window_at;
	off_t size;           /* of the segment */
	uint64_t *first_seqs; /* by segment - 1; NULL: not wanted */
	uint64_t watch_seq;   /* 0, or: the hash of this record goes to 'watched' */
	uint8_t watched[RECORD_HASH_LEN];
};

void journal_segment_name(unsigned n, char ret[static SEGMENT_NAME_LEN]);
void journal_segment_head(const struct place *p, uint8_t ret[static HEAD_LEN]);
/* SHA-256 of octets that lie in one stretch. */
void journal_hash(struct bytes b, uint8_t ret[static RECORD_HASH_LEN]);

/* Opens the folder; ERR_NOT_FOUND when it is not there. */
bool journal_dir_open(const char *dir, int *ret_fd, struct err *e);
/* How many segments lie there; a gap in their numbers is ERR_MALFORMED. */
bool journal_dir_count(int dirfd, unsigned *ret, struct err *e);

void journal_scan_begin(struct scan *s, int dirfd, unsigned segments);
void journal_scan_end(struct scan *s);
/* Goes to a place that was left before; one with 'at' 0 is the front of its segment. */
bool journal_scan_seek(struct scan *s, const struct place *p, struct err *e);
/*
 * The next record.  *ret_more is false at the end of the chain.  *ret_torn: the
 * fault is one that a crash may leave: in the last segment, with nothing valid
 * behind it.  ret->whole is good until the next call.
 */
bool journal_scan_next(struct scan *s, struct record *ret, bool *ret_more,
    bool *ret_torn, struct err *e);

/* Does the mark fit the files?  Tells record 1, and goes on behind the closed segments. */
bool journal_mark_enter(const struct journal_mark *m, struct scan *s,
    journal_each *each, void *arg, struct err *e);
/* After the walk: was the mark's newest record there? */
bool journal_mark_met(const struct journal_mark *m, const struct scan *s,
    struct err *e);

#endif
