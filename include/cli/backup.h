/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup - a CA directory as one file, made while the daemon runs.
 *
 * First the database, by SQLite's online copy, then the journal up to its last whole
 * record: so the journal is never behind the database, and what is between the two is
 * replayed when it is put back.  What was written is read back, extracted and checked
 * before it bears its name.
 */
#ifndef CLI_BACKUP_H
#define CLI_BACKUP_H

#include "cli/archive.h"
#include "conf/conf.h"

struct backup {
	const struct conf *conf; /* borrowed */
	const char *named;       /* its file, as the operator named it */
	const char *file;        /* to be made */
	bool with_keys;          /* plain ones too (S86) */
	struct archive_facts facts;
	uint64_t octets;
	struct strings left_out;   /* "issuers/main.key: it is not encrypted" */
	struct strings plain_keys; /* the paths of those of them */
};

/* Makes it.  ERR_CONFLICT: 'file' is there.  backup_free() in either case. */
MUST_CHECK bool backup_make(struct backup *b, struct err *e);
void backup_free(struct backup *b);

/*
 * Is what was extracted into 'dir' a CA, whole, and what the facts say?  The
 * configuration loads, the journal's chain holds and begins with this root, the
 * database passes SQLite's check and ours and is not ahead of the journal.
 */
MUST_CHECK bool backup_check(const char *dir, const struct archive_facts *f,
    struct err *e);

/* Does that look at the file of this name in the archive?  At no key. */
archive_wants backup_check_wants;

/* SHA-256 of the first certificate in a file. */
MUST_CHECK bool backup_root_hash(const char *path, uint8_t ret[static 32],
    struct err *e);

/* Names in the archive, and below the CA directory. */
#define BACKUP_CONF     "hanaper.yaml"
#define BACKUP_ROOT     "root.crt"
#define BACKUP_DATABASE "hanaper.db"
#define BACKUP_JOURNAL  "journal"
#define BACKUP_ACME_KEY "acme.key" /* beside the database, wherever that is */
/* When the last one was made; a line for each key that is not in it.  Itself not in it. */
#define BACKUP_LAST     "last-backup"
#define BACKUP_LAST_MAX KIB(64)

#endif
