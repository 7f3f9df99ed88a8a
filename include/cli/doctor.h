/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor - the checks of "hanaper doctor": one function and one row each.
 *
 * A check says what it found, by doctor_say(), at least once, but where the same
 * cause was told before.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

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
	char *lost; /* a host without an address, that was told; NULL: none */
	size_t warned, failed;
	const char *check; /* the name of the check that runs */
};

/* 'todo' NULL: nothing to do. */
void doctor_say(struct doctor *d, enum doctor_level level, const char *todo,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

struct doctor_check {
	const char *name;
	void (*run)(struct doctor *d);
};

/* Ends with a row whose name is NULL. */
extern const struct doctor_check doctor_checks[];

void doctor_configuration(struct doctor *d);
void doctor_permissions(struct doctor *d);
void doctor_issuer_key(struct doctor *d);
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
