/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore - a backup put back, without going back in time (S86).
 *
 * The newest journal counts: the one that is there, where it goes on from the
 * backup's.  What a database lacks is replayed from it.  Where there is none, what
 * was revoked since the backup has to come from elsewhere (the last CRLs, a
 * database that survived), or somebody says that there was nothing; CRL numbers then
 * jump ahead of all that may have been given out.
 *
 * restore.c: the order of things.  restore_judge.c: which journal and database count.
 * restore_history.c: what is written into these.  restore_crl.c: revocations from
 * CRLs.  restore_issuers.c: whose they are.  restore_place.c: files to their places;
 * restore_aside.c: what was there makes way.
 *
 * Killed at any moment it can be run again: what it needs to know lies either where it
 * was or in the new database, which has its place before the new journal has.  Until
 * then the two do not fit, and hanaperd does not start on them.
 */
#ifndef CLI_RESTORE_H
#define CLI_RESTORE_H

#include <sys/types.h>

#include "cli/backup.h"
#include "cli/claim.h"
#include "journal/journal.h"
#include "store/store.h"
#include "x509/cert.h"

struct restore_issuer {
	char *name;
	struct cert *cert; /* NULL: only a database that survived knows of it */
	uint64_t number;   /* the highest number of a CRL of it that is known */
	bool told;         /* by a CRL that was given, the newest one of */
	int64_t this_update, next_update; /* these times */
};

struct restore {
	const char *file;
	const char *dir; /* where hanaper.yaml is to be, as it was said; */
	bool named; /* by somebody: else a service's goes to where the service has it */
	char *etc;  /* absolute, and no link: where that is */
	bool at_hand;              /* it was found, and is not a service's */
	bool etc_there;            /* it was there when we looked */
	bool made_etc, made_state; /* by us, and taken away while empty */
	bool check, nothing_since;
	const struct strings *crls;  /* files */
	const struct strings *users; /* "signer=hanaper-signer" */

	int fd; /* of the backup */
	struct archive_facts facts;
	struct buf yaml;
	struct conf *conf;
	char *state;       /* the CA directory */
	bool given;        /* 'state' was there: its owner's are all files, but */
	uid_t uid, signer; /* journal and keys, if the signer has a user of its own */
	gid_t gid;
	struct claim claim;   /* nothing may serve it while we are in it */
	int lock;             /* of the journal that was there; -1: none */
	char *work;           /* what was extracted */
	bool keep_journal;    /* the one that is there */
	bool go_on_here;      /* a copy of it, grown, takes its place */
	bool keep_database;   /* likewise; where records are added, a copy of it */
	bool old_copy;        /* it is older than one that was here, or may be */
	bool new_database;    /* it is in 'work', to be put in place */
	uint64_t ever_stored; /* the most that a record says the database held */
	uint64_t journal_seq; /* where the newest journal ends, here or in the backup */
	struct store
	    *survivor; /* a database that is ahead of every journal; NULL: none */
	struct journal *journal;        /* open where records are to be added */
	struct store *store;            /* the database that is to be */
	struct restore_issuer *issuers; /* [0] is the root */
	size_t n_issuers;
	uint64_t revoked; /* revocations that the backup did not know */
	size_t keyless;   /* issuers whose key is not there */
	char *aside;      /* where what was there went; NULL: nothing had to */
	bool yaml_aside;  /* hanaper.yaml too, which was another */
	struct strings
	    unnamed;         /* issuers that 'conf' lacks and whose certificates live */
	struct strings told; /* sentences for the operator */
};

MUST_CHECK bool restore_run(struct restore *r, struct err *e);
void restore_free(struct restore *r); /* and what is left over of its work */

/* ---- restore_judge.c ---- */

/* ERR_CONFLICT: nobody knows what was revoked since the backup. */
MUST_CHECK bool restore_judge(struct restore *r, struct err *e);

/* ---- restore_history.c ---- */

/* Level with the journal; what is known of revocations since; the auditor's row. */
MUST_CHECK bool restore_history(struct restore *r, struct err *e);
/*
 * One revocation, unless it is known for a reason as bad.  'not_after' 0: that of the
 * certificate, or the issuer.
 */
MUST_CHECK bool restore_history_revoke(struct restore *r,
    const struct restore_issuer *i, const struct serial *serial, int64_t not_after,
    int64_t at, enum reason reason, struct err *e);

/* ---- restore_issuers.c ---- */

/*
 * [0] is the root; behind the backup's those of the hanaper.yaml that is here, and those
 * that only the survivor knows.
 */
MUST_CHECK bool restore_issuers_load(struct restore *r, struct err *e);
/* Finds 'unnamed', in the database that is to be. */
MUST_CHECK bool restore_issuers_unnamed(struct restore *r, struct err *e);
/* Of these, and of a configuration that went back. */
void restore_issuers_tell(struct restore *r);

/* ---- restore_crl.c ---- */

MUST_CHECK bool restore_crl(struct restore *r, const char *path, struct err *e);

/* ---- restore_place.c ---- */

MUST_CHECK bool restore_place(struct restore *r, struct err *e);
/* 'size' octets of 'from', flushed.  'path' is for the error: ERR_IO. */
MUST_CHECK bool restore_copy(int from, int to, uint64_t size, const char *path,
    struct err *e);
/* Nothing where it is there; whose it is to be, restore_own() tells. */
MUST_CHECK bool restore_make_dir(const struct restore *r, const char *path, mode_t mode,
    struct err *e);
/* Gives 'path' to whom what has the name 'to' is to belong.  Only root can. */
MUST_CHECK bool restore_own(const struct restore *r, const char *path, const char *to,
    struct err *e);

/* ---- restore_aside.c ---- */

/*
 * Nothing there: nothing to do.  Below 'aside' each has the name that it had below the CA
 * directory, so no two meet.
 */
MUST_CHECK bool restore_aside(struct restore *r, const char *path, struct err *e);
/* The same, and 'path' stays until something takes its place. */
MUST_CHECK bool restore_aside_copy(struct restore *r, const char *path, struct err *e);
MUST_CHECK bool restore_aside_link(struct restore *r, const char *path, struct err *e);
/* From the directory of this name below the CA directory to another: as root. */
MUST_CHECK bool restore_aside_as_root(const struct restore *r, const char *name,
    const char *from, const char *to, struct err *e);
/* Says where it is, and what restores before this one have left. */
void restore_aside_tell(struct restore *r);

#endif
