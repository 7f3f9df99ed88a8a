/* SPDX-License-Identifier: Apache-2.0 */
/* renew - one try to follow a certificate by the next, and what is told of it. */
#ifndef CLI_RENEW_H
#define CLI_RENEW_H

#include <jansson.h>

#include "cli/client.h"
#include "cli/renew_files.h"

struct renew {
	char *where, *key;  /* owned, absolute; key NULL: beside the certificate */
	char *url, *cacert; /* owned; NULL: the directory says it */
	char *local; /* owned; where that URL's daemon listens here; NULL: elsewhere */
	const char *exec, *validity; /* NULL: none, the profile's */
	bool json, rekey;
	bool daemon;       /* does not tell that nothing is due */
	bool reached;      /* the CA answered once, and was the right one */
	bool now;          /* whatever the time is; until it is done */
	unsigned failures; /* in a row */
	unsigned exec_failures;
	struct { /* what the daemon said of the present one: cli/renew_info.h */
		struct serial serial;
		int64_t due;    /* 0: nothing */
		int64_t ask_at; /* when it is asked again */
	} info;
};

enum renew_outcome {
	RENEW_DONE,  /* renewed, or nothing to do */
	RENEW_LATER, /* a fault that passes; told */
	RENEW_NEVER  /* a person must mend it; told */
};

/* Renews if it is time; *ret_exec: the command has to be told. */
enum renew_outcome renew_attempt(struct renew *r, bool *ret_exec,
    int64_t *ret_retry_after_s);
/* Tells the command of the certificate that lies there. */
enum renew_outcome renew_run_exec(struct renew *r);

/* One line on stdout; takes 'fields', an object of strings. */
void renew_tell(const struct renew *r, const char *event, json_t *fields);
/* The fields of a certificate. */
json_t *renew_about(struct renew *r, const struct renew_files *f);

/* The daemon that renews it; 'o' is filled, and borrows from both. */
MUST_CHECK bool renew_client(const struct renew *r, const struct renew_files *f,
    struct options_common *o, struct client **ret, struct err *e);

#endif
