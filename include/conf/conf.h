/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf - the configuration, typed: what hanaper.yaml said, with every default
 * filled in.  Loaded by the parent and the command alone (conf_load.h); it
 * reaches the roles by conf_wire.h.  It never holds a secret.
 *
 * Lists are arrays of owned strings.  Spans are seconds.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/sets.h"

struct strings {
	char **v;
	size_t n;
};

/* Octets of an issuer's or profile's name: [a-z0-9][a-z0-9-]* */
#define CONF_NAME_MAX 32
bool conf_is_name(const char *text);

struct conf_issuer {
	char *name;
	char *certificate; /* path, below dir where relative */
	char *key;
	char *passphrase_file; /* NULL: not encrypted, or $CREDENTIALS_DIRECTORY/NAME */
};

struct conf_key_rule {
	enum key_alg alg;
	unsigned min_bits; /* for rsa-N: N; otherwise 0 */
};

/*
 * Patterns; an absent list allows none of that kind.
 * dns: "*.internal" is any depth below, not itself; "a.b" itself; "*" any.
 * ip: CIDR; a lone address is its /32 or /128.
 * uri: a prefix that ends in '/', such as "spiffe://domain/", or one whole URI; "*" any.
 * email: "*@host", or one whole address; "*" any.
 */
struct conf_names {
	struct strings dns, ip, uri, email;
	bool wildcards;   /* "*." names may be asked for */
	bool underscores; /* "_" in labels */
};

enum subject_form {
	SUBJECT_EMPTY = 0,
	SUBJECT_CN = 1 /* the first DNS name, else e-mail address, if of at most 64 */
};

enum validity_excess {
	EXCESS_REFUSE = 0,
	EXCESS_CLAMP = 1
};

/*
 * The ACME directory of a profile, /acme/NAME/directory.
 *
 * networks: CIDRs that the prober may connect to (probe/egress.h); none listed: all but
 * what is barred.
 */
struct conf_acme {
	bool on;
	unsigned challenges;      /* enum challenge bits */
	bool external_account;    /* an account needs an EAB key */
	struct strings profiles;  /* others that an order may name (draft-aaron) */
	struct strings networks;  /* egress of the prober */
	struct strings resolvers; /* "ip:port"; none: acme.resolvers */
	uint16_t http_port;       /* 80; for tests another */
	uint16_t tls_port;        /* 443 */
	bool caa;                 /* RFC 8659, RFC 8657 */
	bool subdomains;          /* RFC 9444 */
	int64_t authorization_s;  /* how long a valid one may be used again; 7d */
};

struct conf_acme_site { /* what all directories share */
	char *terms;    /* URL of the terms of service, or NULL */
	char *website;  /* or NULL */
	struct strings caa_identities;
	/*
	 * "ip:port", "[ip]:port".  None in the file where a profile with ACME has none
	 * either: those of /etc/resolv.conf, if there are any.
	 */
	struct strings resolvers;
	bool resolvers_found; /* they are of /etc/resolv.conf */
	int64_t order_s;      /* until an order that is not finished ends; 7d */
	size_t names_max;     /* identifiers in one order; 100 or conf.names_max */
	/* 0 is no limit. */
	size_t accounts_per_hour; /* new accounts from one address; 100 */
	size_t orders_per_hour; /* new orders of one account, and names in vain; 1000 */
	size_t pending_max;     /* unfinished orders of one account, in names; 300 */
	size_t failures_per_hour; /* failed validations of one account and name; 60 */
};

struct conf_profile {
	char *name;
	char *issuer;    /* name of an issuer */
	unsigned usages; /* enum usage bits */
	int64_t validity_default_s;
	int64_t validity_max_s; /* backdate included (P11) */
	int64_t backdate_s;
	enum validity_excess excess; /* past the maximum or the issuer's end (P10) */
	struct conf_key_rule *keys;
	size_t n_keys;
	struct conf_names names;
	enum subject_form subject;
	bool no_rev_avail; /* RFC 9608: then neither CDP nor OCSP URL */
	bool strict_lint;  /* what the lints only warn of blocks too */
	bool internal;     /* the daemon's own; no route reaches it */
	struct conf_acme acme;
};

struct conf_who { /* every member that is set must match */
	char *cn;
	char *dns; /* pattern, as in conf_names */
	char *uri;
	char *email;
	char *profile; /* of the certificate that the caller presents */
	char *issuer;
	char *fingerprint; /* SHA-256 of the certificate, 64 hex digits */
	bool any;          /* everyone with a valid client certificate */
};

enum grant_names {
	GRANT_NAMES_OWN = 0, /* exactly names of the caller's own certificate (S5) */
	GRANT_NAMES_ANY = 1, /* what the profile allows */
	GRANT_NAMES_LIST = 2 /* and what 'names' allows too */
};

struct conf_grant {
	struct conf_who who;
	unsigned may;            /* enum right bits */
	struct strings profiles; /* names, or "*" */
	enum grant_names names_mode;
	struct conf_names names; /* for GRANT_NAMES_LIST */
};

/* Addresses to listen at; the local socket is one more. */
#define CONF_LISTENERS_MAX 32

struct conf {
	char *dir;        /* absolute path of the CA directory */
	char *file;       /* absolute path of hanaper.yaml */
	uid_t file_owner; /* whose it was when it was read; 0 where no file was */
	struct strings listen_api, listen_http,
	    listen_metrics; /* "ip:port", "[ip]:port" */
	char *url_api;      /* no slash at the end */
	char *url_public;
	char *database; /* path, from "sqlite:hanaper.db" */
	char *log_level, *log_format;
	struct strings server_names; /* the api listener's, beside the URL's host */
	struct conf_issuer *issuers;
	size_t n_issuers;
	struct conf_profile *profiles; /* the internal ones last */
	size_t n_profiles;
	struct conf_grant *grants;
	size_t n_grants;
	int64_t crl_interval_s, crl_next_update_s, crl_debounce_s;
	int64_t crl_delta_s; /* from one delta CRL to the next; 0: none are made */
	size_t crl_shards;   /* of each issuer but the root; 0: none */
	int64_t ocsp_validity_s, ocsp_responder_validity_s;
	int64_t renewal_max_age_s; /* since the first of a lineage; 0: no limit (S8) */
	struct conf_acme_site acme;
	size_t body_max, names_max; /* octets of a request body; names in one request */
	/* For callers without the right admin; 0 is no limit. */
	/* Writing requests of one identity; for a token, of it and of one address. */
	size_t rate_per_minute, rate_burst;
	size_t same_names_per_hour; /* certificates for one set of names */
	/* How long the audit's rows are kept; 0: for ever. */
	int64_t audit_retention_s, audit_refusals_s; /* the second: refusals */
};

/* Internal: by it the api listener's certificate is made. */
#define CONF_PROFILE_LISTENER "hanaper-listener"

void conf_free(struct conf *c); /* NULL is fine */
const struct conf_issuer *conf_issuer_find(const struct conf *c, struct bytes name);
const struct conf_profile *conf_profile_find(const struct conf *c, struct bytes name);
/* Does ACME need acme.resolvers: has a profile with it none of its own? */
bool conf_wants_resolvers(const struct conf *c);
/*
 * How many names a certificate by this profile may have; NULL: by none.  The daemon's own
 * has those of the listener, however few limits.names leaves to others.
 */
size_t conf_names_max(const struct conf *c, const struct conf_profile *p);
/* From thisUpdate to nextUpdate of a list of the root's, of another issuer's, of a delta. */
int64_t conf_crl_life_s(const struct conf *c, bool root, bool delta);
/* Sets the log of this process up; 'role' is borrowed for ever. */
MUST_CHECK bool conf_log(const struct conf *c, const char *role, struct err *e);
/* 'path' below c->dir unless it is absolute; free() it. */
char *conf_path(const struct conf *c, const char *path);
/*
 * The name that it has below c->dir, as it is written: "issuers/a.key" of "./issuers/a.key"
 * and of "/ca/issuers/a.key"; free() it.  NULL: it lies outside.
 */
char *conf_path_below(const struct conf *c, const char *path);
char *conf_path_beside_database(const struct conf *c, const char *file); /* free() it */
/* Are both one file, as they are written?  Links are not followed. */
bool conf_path_same(const struct conf *c, const char *a, const char *b);
/* In place: "ca/", as shells complete it, is "ca"; what lies beside it has it as its front. */
void conf_plain_dir(char *dir);
/*
 * The file of a credential that the service manager gives (systemd.exec(5)), by the name
 * of the issuer whose passphrase it holds; free() it.  NULL: there is none.
 */
char *conf_credential_path(const char *name);

/* A range of addresses, as conf_names.ip has it in text. */
struct conf_cidr {
	uint8_t ip[16];
	size_t octets; /* 4 or 16 */
	unsigned bits; /* of the prefix */
};
/* "10.0.0.0/8", "::1/128"; a lone address is its /32 or /128.  False: no such form. */
MUST_CHECK bool conf_cidr(const char *text, struct conf_cidr *ret);
bool conf_cidr_has(const struct conf_cidr *c, const uint8_t *ip, size_t octets);

/* Owned string lists. */
void strings_add(struct strings *s, const char *v);
/* Cut after 511 octets. */
void strings_printf(struct strings *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool strings_has(const struct strings *s, const char *v);
void strings_free(struct strings *s);

#endif
