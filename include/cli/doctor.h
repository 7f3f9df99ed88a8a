/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor - the checks of "hanaper doctor": one function and one row each.
 *
 * A check says what it found, by doctor_say(), at least once, but where the same
 * cause was told before.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include <sys/types.h>

#include "cli/client.h"
#include "conf/conf.h"

enum doctor_level {
	DOCTOR_OK,
	DOCTOR_WARN, /* somebody should look at it soon */
	DOCTOR_FAIL  /* something does not work, or is not safe */
};

struct doctor {
	struct client *client; /* NULL: nothing says where the daemon is */
	struct err no_client;  /* why */
	char *dir;             /* the CA directory; NULL from afar */
	char *file;            /* hanaper.yaml; NULL with it */
	struct conf *conf;     /* NULL: no directory, or it does not load */
	json_t *issuers;       /* of GET /v1/issuers; NULL: the daemon did not answer */
	json_t *findings;
	char *log;  /* where the daemon's is: what follows "see" */
	char *lost; /* a host without an address, that was told; NULL: none */
	struct strings
	    told; /* paths of which permissions were told, for no file is told twice */
	struct doctor_journal {
		bool read;
		uint64_t last,
		    stored; /* its last record; what the database held once */
	} journal;
	size_t warned, failed;
	const char *check; /* the name of the check that runs */
};

#define DOCTOR_AS_IT_SAYS "as it says"
#define DOCTOR_AS_OWNER   "run this as root or as the daemon's user"

/* 'todo' NULL: nothing to do. */
void doctor_say(struct doctor *d, enum doctor_level level, const char *todo,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Was this file found open to others, or another's? */
bool doctor_told(const struct doctor *d, const char *path);
/* Who the daemon runs as, and its signer, by whom their files belong to.  Not from afar. */
uid_t doctor_owner(const struct doctor *d);
uid_t doctor_signer(const struct doctor *d);

/* DOCTOR_FAIL, and to do is "see" where the daemon's log is, and what 'then' says. */
void doctor_say_log(struct doctor *d, const char *then, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Sets d->log. */
void doctor_log_find(struct doctor *d);
/* Why the daemon ended, by its log's own words, made harmless; "": it does not say. */
void doctor_log_error(const struct doctor *d, char *ret, size_t size);

struct doctor_check {
	const char *name;
	void (*run)(struct doctor *d);
};

/* Ends with a row whose name is NULL. */
extern const struct doctor_check doctor_checks[];

void doctor_configuration(struct doctor *d);
void doctor_permissions(struct doctor *d);
void doctor_ca_certificates(struct doctor *d);
void doctor_issuer_key(struct doctor *d);
void doctor_journal(struct doctor *d);
void doctor_daemon(struct doctor *d);
void doctor_clock(struct doctor *d);
void doctor_root_key(struct doctor *d);
void doctor_issuers(struct doctor *d);
void doctor_database(struct doctor *d);
void doctor_backup(struct doctor *d);
void doctor_lifetimes(struct doctor *d);
void doctor_certificates(struct doctor *d);
void doctor_crl(struct doctor *d);
void doctor_ocsp(struct doctor *d);

#endif
