/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rotate - the next intermediate, while no daemon runs: another key, another name,
 * signed by the same root (P43).
 *
 * rotate.c: the order of things.  First all is decided and tried that can fail; then
 * key and certificate are written, then the journal, then the database, and
 * hanaper.yaml last: cut off at whatever place, the CA is the one before, and a second
 * run takes the next free name.
 * rotate_plan.c: which issuer is followed, by what name, how long.
 * rotate_keys.c: keys and passphrases.  rotate_record.c: journal and database.
 * rotate_place.c: hanaper.yaml.
 */
#ifndef CLI_ROTATE_H
#define CLI_ROTATE_H

#include "cli/claim.h"
#include "conf/conf.h"
#include "journal/journal.h"
#include "key/key.h"
#include "store/store.h"
#include "x509/cert.h"

struct rotate {
	/* What was asked; NULL: the usual. */
	const char *issuer, *as, *key_type, *validity, *root_key_file, *passphrase_file;

	bool misused;      /* the error is of the command line */
	char *file;        /* hanaper.yaml */
	struct buf yaml;   /* as it is */
	struct buf edited; /* as it is to be */
	struct conf *conf;
	struct claim claim;
	int64_t now;

	const struct conf_issuer *old;
	struct conf_issuer next;           /* owned */
	char *next_certificate, *next_key; /* absolute */
	struct cert *root, *old_cert;
	struct key *root_key;
	enum key_alg alg;
	unsigned bits;
	int64_t not_before, validity_s;
	char *phrase; /* of the new key; NULL: it is not encrypted */

	struct journal *journal;
	struct store *store;
	uint64_t stored; /* the last record that the database held */

	struct key *key;
	struct cert *cert;
	bool wrote_key, wrote_certificate;
	bool recorded;       /* from here on the certificate counts */
	struct strings told; /* remarks for the operator */
};

void rotate_init(struct rotate *r);
MUST_CHECK bool rotate_run(struct rotate *r, struct err *e);
void rotate_free(
    struct rotate *r); /* and the files, where it failed before they counted */
/* Forgets what the next one was to be called. */
void rotate_forget_next(struct rotate *r);

/* ---- rotate_plan.c ---- */

/* Which issuer, by what name, in which files: of the configuration alone. */
MUST_CHECK bool rotate_plan_names(struct rotate *r, struct err *e);
/* The certificates that there are; from when until when, and which kind of key. */
MUST_CHECK bool rotate_plan_certificate(struct rotate *r, struct err *e);
/* A subject like that of 'old', and like no other's; appended.  Asks the database. */
MUST_CHECK bool rotate_plan_subject(const struct rotate *r, struct buf *ret,
    struct err *e);

/* ---- rotate_keys.c ---- */

/* The root's key, and with which passphrase the new one is to be kept. */
MUST_CHECK bool rotate_keys_load(struct rotate *r, struct err *e);
MUST_CHECK bool rotate_keys_write(struct rotate *r, struct err *e);

/* ---- rotate_record.c ---- */

/* Journal and database opened, and level. */
MUST_CHECK bool rotate_record_open(struct rotate *r, struct err *e);
/* The certificate into both, flushed. */
MUST_CHECK bool rotate_record(struct rotate *r, struct err *e);

/* ---- rotate_place.c ---- */

/*
 * All that replacing hanaper.yaml takes, but the renaming: there is no way back from a
 * certificate.
 */
MUST_CHECK bool rotate_place_try(struct rotate *r, struct err *e);
/* From here on it is the one that signs. */
MUST_CHECK bool rotate_place(struct rotate *r, struct err *e);

#endif
