/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup - a CA directory out of nothing: what "init" and "up" make.
 *
 * All of it is made in DIR.partial-XXXXXX beside DIR, every file flushed, and
 * then renamed: a half-made CA never has the name of one.  What fails or is
 * interrupted takes the partial directory away again.
 */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "cli/options.h"
#include "conf/conf_where.h"
#include "key/key.h"
#include "x509/cert.h"

#define SETUP_DIR     CONF_WHERE_DIR /* where neither --dir nor $HANAPER_DIR says */
#define SETUP_ISSUER  "main"         /* the first intermediate's name */
#define SETUP_API     "127.0.0.1:8443"
#define SETUP_HTTP    "127.0.0.1:8080"
#define SETUP_METRICS "127.0.0.1:9090"

#define SETUP_USER  "hanaper"          /* with --system */
#define SETUP_ETC   CONF_WHERE_ETC     /* hanaper.yaml, root.crt */
#define SETUP_STATE "/var/lib/hanaper" /* all that hanaperd writes */

struct setup_args {
	struct options_common common;
	const char *name, *key_type, *root_validity, *issuer_validity;
	const char *api, *http, *metrics, *url_api, *url_public;
	const char *passphrase_file;
	struct strings dns, ip, domains;
	struct strings users; /* with 'system': "signer=hanaper-signer" */
	bool ephemeral;       /* "up" alone */
	bool system;          /* "init" alone: SETUP_ETC and SETUP_STATE */
	const char *root;     /* before these two; NULL: none */
};

extern const struct opt setup_opts[]; /* all but --ephemeral and --dir */
void setup_args_free(struct setup_args *a);

struct setup_cert {
	struct key *key;
	struct cert *cert;
};

/* What was decided, then what was made. */
struct setup {
	const char *name; /* borrowed from the arguments, as the next ones */
	const char *api, *http, *metrics;
	const char *dir;
	char *system_dir, *etc; /* NULL: all is in 'dir' */
	bool chown;             /* to these */
	uid_t uid, signer;
	gid_t gid;
	size_t n_out;                /* files that were made in 'etc' */
	char *url_api, *url_public;  /* no slash at the end */
	char *admin;                 /* CN and DNS name of the first administrator */
	struct strings server_names; /* of the api listener's certificate */
	struct strings domains; /* the intermediate's name constraints; may be empty */
	struct strings dns;     /* patterns of the profiles */
	char *passphrase_file;  /* absolute; NULL: keys are not encrypted */
	char *passphrase;
	enum key_alg alg;
	unsigned bits;
	int64_t root_validity_s, issuer_validity_s;
	int64_t now;
	char *work; /* the partial directory; NULL when there is none */
	int workfd; /* -1 when there is none */
	struct setup_cert root, issuer, admin_cert;
};

/*
 * Where a CA is run, or put back: where --dir or $HANAPER_DIR says, else SETUP_DIR, but
 * "." where the CA itself is.
 */
const char *setup_dir_at_hand(const char *given);

/* Decides.  ERR_MALFORMED: the options make no CA.  setup_free() in either case. */
MUST_CHECK bool setup_plan(const struct setup_args *a, const char *dir,
    struct setup *ret, struct err *e);
/* A remark on stderr, where others reach the API and not what certificates name. */
void setup_plan_warn(const struct setup *s);
/* One for each listener that others reach: of a CA that is not to stay (S91). */
void setup_plan_warn_open(const struct setup *s);
/* Makes the directory.  ERR_CONFLICT: there is something already. */
MUST_CHECK bool setup_make(struct setup *s, struct err *e);
void setup_free(struct setup *s);

/* A table of what was made, on stdout; and as JSON. */
void setup_print(const struct setup *s);
json_t *setup_json(const struct setup *s);

/* The parts: keys and certificates in memory; the configuration's text; journal and database. */
MUST_CHECK bool setup_certs(struct setup *s, struct err *e);
void setup_conf(const struct setup *s, struct buf *ret);
MUST_CHECK bool setup_record(const struct setup *s, struct err *e);

/* With --system: which directories, and whose; ERR_NOT_FOUND: there is no such user. */
MUST_CHECK bool setup_system_plan(const struct setup_args *a, struct setup *s,
    struct err *e);
/* What leads there.  ERR_CONFLICT: there is a configuration already, or a root. */
MUST_CHECK bool setup_system_ways(const struct setup *s, struct err *e);
/* From the partial directory into SETUP_ETC; what is left there gets its owner. */
MUST_CHECK bool setup_system_place(struct setup *s, struct err *e);
void setup_system_undo(struct setup *s); /* takes away what that made */

#endif
