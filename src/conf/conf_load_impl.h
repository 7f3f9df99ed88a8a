/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf_load_impl - what the parts of conf_load share; nobody else includes it.
 *
 * The text is read twice: into a tree of nodes that know their lines, against
 * which every fault is told, and by libcyaml into struct raw.  All of raw is
 * text; conf_load_*.c turn it into struct conf.
 */
#ifndef CONF_CONF_LOAD_IMPL_H
#define CONF_CONF_LOAD_IMPL_H

#include <cyaml/cyaml.h>

#include "base/buf.h"
#include "conf/conf_load.h"

/* ---- the tree ---- */

enum node_kind {
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAPPING
};

enum node_form {     /* how it is written, for conf_edit.c */
	NODE_PLAIN,  /* on its line, or a list or mapping by indentation */
	NODE_FLOW,   /* a list or mapping in brackets */
	NODE_STRANGE /* tagged, anchored, or a text of several lines of its own */
};

struct node {
	enum node_kind kind;
	struct node *parent; /* NULL: the root */
	char *key;           /* in a mapping; NULL in a list */
	size_t at;           /* in a list: its place */
	size_t line;         /* from 1; of the key where there is one */
	char *text;          /* of a scalar */
	enum node_form form;
	/*
	 * Octets of the file: where the value begins; where it, or in a mapping
	 * what it holds last, ends.  'column' is that of its first character.
	 */
	size_t begin, end, column;
	size_t key_column, key_end;
	struct node **v; /* members */
	size_t n;
};

/* One loading: what every part needs to tell a fault. */
struct loading {
	const char *file; /* as it is told */
	struct node *root;
	struct conf *conf;
	struct err *e;
};

bool conf_load_tree(struct loading *l, struct bytes text);
void conf_load_tree_free(struct node *n);
/* NULL when there is none. */
const struct node *conf_load_member(const struct node *n, const char *key);
const struct node *conf_load_item(const struct node *n, size_t at);
/*
 * ERR_MALFORMED "file:line: path: what"; of the member 'key' of 'n', or of 'n'
 * itself where it has no such member or 'key' is NULL.
 */
bool conf_load_fault(const struct loading *l, const struct node *n, const char *key,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

/* ---- the schema ---- */

struct raw_names {
	struct strings dns, ip, uri, email;
	char *wildcards, *underscores;
};

struct raw_issuer {
	char *name, *certificate, *key, *passphrase_file;
};

struct raw_validity {
	char *span, *max, *backdate, *excess;
};

struct raw_acme {
	struct strings challenges, profiles, networks, resolvers;
	char *external_account, *http_port, *tls_port, *caa, *subdomains,
	    *authorization_lifetime;
};

struct raw_profile {
	char *name, *issuer, *subject, *no_rev_avail, *strict_lint;
	struct strings usages, keys;
	struct raw_validity validity;
	struct raw_names names;
	struct raw_acme acme; /* the tree knows whether it is there */
};

struct raw_who {
	char *cn, *dns, *uri, *email, *profile, *issuer, *fingerprint, *any;
};

struct raw_grant { /* its names are read from the tree: a word or a mapping */
	struct raw_who who;
	struct strings may, profiles;
};

struct raw_listen {
	struct strings api, http, metrics;
};

struct raw_urls {
	char *api, *public;
};

struct raw_log {
	char *level, *format;
};

struct raw_crl {
	char *interval, *next_update, *debounce, *shards, *delta;
};

struct raw_ocsp {
	char *validity, *responder_validity;
};

struct raw_renewal {
	char *max_age;
};

struct raw_audit {
	char *retention, *refusals;
};

struct raw_limits {
	char *body, *names, *rate, *burst, *same_names;
};

struct raw_acme_limits {
	char *accounts_per_hour, *orders_per_hour, *pending_orders, *failures_per_hour;
};

struct raw_acme_site {
	char *terms_of_service, *website, *order_lifetime, *max_identifiers;
	struct strings caa_identities, resolvers;
	struct raw_acme_limits limits;
};

struct raw {
	char *dir, *storage;
	struct raw_listen listen;
	struct raw_urls urls;
	struct raw_log log;
	struct raw_crl crl;
	struct raw_ocsp ocsp;
	struct raw_renewal renewal;
	struct raw_limits limits;
	struct raw_acme_site acme;
	struct raw_audit audit;
	struct strings server_names;
	struct raw_issuer *issuers;
	size_t n_issuers;
	struct raw_profile *profiles;
	size_t n_profiles;
	struct raw_grant *grants;
	size_t n_grants;
};

/* Does the tree have the schema's shape?  Unknown keys and wrong kinds are told here. */
bool conf_load_shape(const struct loading *l);
/* By libcyaml; conf_load_raw_free() it. */
bool conf_load_raw(const struct loading *l, struct bytes text, struct raw **ret);
void conf_load_raw_free(struct raw *r); /* NULL is fine */

/* ---- values; 'text' NULL: the key is absent ---- */

bool conf_load_span(const struct loading *l, const struct node *n, const char *key,
    const char *text, int64_t least, int64_t most, int64_t *value);
bool conf_load_number(const struct loading *l, const struct node *n, const char *key,
    const char *text, size_t least, size_t most, size_t *value);
bool conf_load_flag(const struct loading *l, const struct node *n, const char *key,
    const char *text, bool *value);
/* "[a-z0-9][a-z0-9-]*", at most CONF_NAME_MAX, none of 'reserved' (ends with NULL). */
bool conf_load_name(const struct loading *l, const struct node *n, const char *text,
    const char *const *reserved);
/* "host:port", "[v6]:port".  'ret_host' (free() it) may be NULL; without brackets. */
bool conf_load_host_port(const char *text, char **ret_host);
/*
 * Why no certificate can name this host, which has the form of one; NULL: it can.  As
 * x509/names.h judges it, but for what an A-label decodes to.
 */
const char *conf_load_host_fault(const char *host);
/* An IPv4 address in IPv6. */
bool conf_load_is_mapped(const struct conf_cidr *c);
/* In lower case; an address in its one form, of IPv4 where it is mapped; free() it. */
char *conf_load_host_normal(const char *host);
void conf_load_copy(struct strings *ret, const struct strings *from);
char *conf_load_lower(const char *text);

/* ---- the parts ---- */

bool conf_load_listen(const struct loading *l, const struct raw *r);
bool conf_load_issuers(const struct loading *l, const struct raw *r);
bool conf_load_profiles(const struct loading *l, const struct raw *r);
bool conf_load_grants(const struct loading *l, const struct raw *r);
/* Behind the profiles and the limits. */
bool conf_load_acme(const struct loading *l, const struct raw *r);
/* The host of url_api, without brackets; free() it. */
char *conf_load_url_host(const struct conf *c);
/* The api listener's own profile, behind the others and the limits. */
bool conf_load_listener(const struct loading *l);

/* Why a pattern is no pattern of its type; NULL: it is one. */
const char *conf_load_pattern_fault(enum name_type type, const char *pattern);
/* Patterns and switches below 'n'. */
bool conf_load_names(const struct loading *l, const struct node *n,
    const struct raw_names *r, struct conf_names *ret);

#endif
