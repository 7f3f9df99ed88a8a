/* SPDX-License-Identifier: Apache-2.0 */
/*
 * renew_files - a certificate and its key where a service reads them.
 *
 * Either two files anywhere, or a directory:
 *
 *	cert.pem      the certificate and its intermediates
 *	key.pem       its key, 0600
 *	root.crt      the root to trust
 *	hanaper.json  "url" "profile" "serial" "renew_after" "exec_pending"
 *
 * Beside a file "web.crt", ".web.crt.hanaper.json" has "serial" "renew_after" and
 * "exec_pending" of what was renewed there.  A file is replaced as a whole, so it must hold
 * nothing but certificates.
 *
 * A new certificate for the same key is one rename(2) of cert.pem: key and
 * certificate fit at each moment.  A new key needs two files at once, which no
 * rename does: from the first such renewal on, both are symbolic links to
 * current/cert.pem and current/key.pem, and "current" is a link to a directory
 * that holds one pair for ever; the link is what is renamed.  Who opens the two
 * through one look at "current" (open it, then openat(2)) never gets halves of
 * two pairs.  The pair before stays until the next renewal.
 */
#ifndef CLI_RENEW_FILES_H
#define CLI_RENEW_FILES_H

#include "base/buf.h"
#include "key/key.h"
#include "x509/cert.h"

#define RENEW_FILES_CERT "cert.pem"
#define RENEW_FILES_KEY  "key.pem"
#define RENEW_FILES_ROOT "root.crt"
#define RENEW_FILES_JSON "hanaper.json"
#define RENEW_FILES_LOCK ".hanaper.lock" /* of its owner alone; stays, empty */

struct renew_files {
	char *dir;              /* NULL: two files of their own */
	char *cert, *key;       /* as services know them */
	char *cert_at, *key_at; /* where the present pair itself lies */
	char *root;             /* NULL: not there */
	char *url;              /* NULL: not said */
	struct cert *leaf;      /* of the present pair */
	struct key *pair_key;
	int64_t renew_after;
	bool exec_pending; /* the command has not been told of this certificate */
	bool acts;         /* until renew_files_free() */
	int lock;
};

/*
 * Reads the pair of a directory, or of a file and its key ('key' NULL: the file's
 * name with .key).  With 'lock' other renewals of it wait until
 * renew_files_free().  Until then root acts as the user whose directory it is
 * (cli/owners.h): nothing that lies there, or is made to, leads to more than that one
 * may do himself.  ERR_CONFLICT: key and certificate do not fit; ERR_FORBIDDEN: the
 * certificate's file holds more, or something is not for us to open; else what is not there
 * or not readable.
 */
MUST_CHECK bool renew_files_open(const char *where, const char *key, bool lock,
    struct renew_files *ret, struct err *e);
void renew_files_free(struct renew_files *f); /* what is inside */

/* So again, after owners_act_self() for what is root's to do. */
MUST_CHECK bool renew_files_act(const struct renew_files *f, struct err *e);

/*
 * Other renewals of it wait until 'ret' is closed; -1: nothing to hold.  As whoever it
 * belongs to.  ERR_UNAVAILABLE: another did not end for minutes.
 */
MUST_CHECK bool renew_files_lock(const char *where, int *ret, struct err *e);

/*
 * Before anything is asked for: can a certificate be stored?  ERR_FORBIDDEN; what may pass
 * is another.  'rekey': it comes in a version of its own, which is looked at when that is
 * made.
 */
MUST_CHECK bool renew_files_writable(const struct renew_files *f, bool rekey,
    struct err *e);

/*
 * A new key in a directory of its own, on disk before anybody certifies it; its
 * certificate can be stored there.
 */
struct renew_files_version;
MUST_CHECK bool renew_files_version_new(const struct renew_files *f, struct bytes key,
    struct renew_files_version **ret, struct err *e);
void renew_files_version_free(struct renew_files_version *v); /* NULL is fine */

struct renew_files_new {
	struct bytes chain; /* PEM */
	const char *url, *profile, *serial, *renew_after;
	bool exec_pending;
};
/* Puts the new certificate in place, 'v' NULL: for the key that is there. */
MUST_CHECK bool renew_files_put(const struct renew_files *f,
    struct renew_files_version *v, const struct renew_files_new *n, struct err *e);
/*
 * Another pair, of whatever names, in the place of what lies in 'dir', sound or not,
 * by who has locked it: root.crt must be there.  A reader through "current" has the pair before or this
 * one.  Mode and owner of the key are those of the one before, else of 'fresh_key'.
 */
MUST_CHECK bool renew_files_over(const char *dir, struct bytes key,
    const char *fresh_key, struct bytes chain, struct err *e);
/* Notes that the command has been told. */
MUST_CHECK bool renew_files_told(const struct renew_files *f, struct err *e);

#endif
