/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive - a backup's file: a ustar archive that any tar lists and extracts.
 *
 * Its last entry, MANIFEST, has a line for each of the others (SHA-256, mode, size,
 * path) and the facts below, and is sealed by its own SHA-256.  Headers, padding
 * and end have one form each, so every octet of the file is under a digest or
 * compared: one that is flipped, cut off or added is found out.
 */
#ifndef CLI_ARCHIVE_H
#define CLI_ARCHIVE_H

#include "base/buf.h"
#include "codec/tar.h"

enum archive_keys {
	ARCHIVE_KEYS_NONE, /* there were none that may be in it */
	ARCHIVE_KEYS_ENCRYPTED,
	ARCHIVE_KEYS_PLAIN /* --with-keys */
};

struct archive_facts {
	int64_t made_at;
	uint8_t root[32];      /* SHA-256 of the root certificate: which CA */
	uint64_t journal_seq;  /* its last record */
	uint64_t database_seq; /* the last one whose effect is in the database */
	enum archive_keys keys;
};

/* ---- writing ---- */

struct archive_out;

/* 'fd' is the caller's, and empty. */
struct archive_out *archive_begin(int fd, int64_t made_at);
/* 'size' octets of 'fd' from its start on.  ERR_IO: it has fewer. */
MUST_CHECK bool archive_put_fd(struct archive_out *a, const char *path, unsigned mode,
    int fd, uint64_t size, struct err *e);
MUST_CHECK bool archive_put(struct archive_out *a, const char *path, unsigned mode,
    struct bytes content, struct err *e);
/* The manifest and the end, flushed.  'made_at' is that of archive_begin(). */
MUST_CHECK bool archive_end(struct archive_out *a, const struct archive_facts *f,
    struct err *e);
void archive_free(struct archive_out *a); /* NULL is fine */

/* ---- reading ---- */

/* Each content in pieces; the last one, perhaps the only one, is empty.  May refuse. */
typedef bool archive_sink(void *arg, const struct tar_entry *t, struct bytes piece,
    struct err *e);

/*
 * Reads the whole file and believes it, or not: ERR_MALFORMED.  What the sink was
 * given before counts for nothing then.
 */
MUST_CHECK bool archive_read(int fd, archive_sink *sink, void *arg,
    struct archive_facts *ret, struct err *e);

typedef bool archive_wants(const char *path);

/*
 * Writes below 'dirfd', an empty directory, making directories on the way: what 'wants'
 * says, NULL: all.  All of it is read, and believed or not.
 */
MUST_CHECK bool archive_extract(int fd, int dirfd, archive_wants *wants,
    struct archive_facts *ret, struct err *e);

#endif
