/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf_load.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "conf_load_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "sys/file.h"

#define FILE_OCTETS_MAX MIB(1)
#define RESOLV_CONF_MAX KIB(64)
#define MINUTE          INT64_C(60)
#define HOUR            (60 * MINUTE)
#define DAY             (24 * HOUR)
#define BODY_LEAST      KIB(1)
#define BODY_DEFAULT    KIB(64)
#define BODY_MOST       KIB(512)
#define NAMES_DEFAULT   100 /* P57 */
#define NAMES_MOST      1000
#define RATE_DEFAULT    600
#define BURST_DEFAULT   200
#define SAME_DEFAULT    500
#define RATE_MOST       1000000
#define SHARDS_MOST     256 /* x509/crl_shard.h */
#define RENEWAL_MOST    (100 * 365 * DAY)

#define RETENTION_DEFAULT (400 * DAY)
#define REFUSALS_DEFAULT  (30 * DAY)

static bool
read_server_names(const struct loading *l, const struct raw *r)
{
	const struct node *list = conf_load_member(l->root, "server_names");

	for (size_t i = 0; i < r->server_names.n; i++) {
		char *name = conf_load_lower(r->server_names.v[i]);
		struct conf_cidr c;
		const bool ok =
		    conf_cidr(name, &c)
			? strchr(name, '/') == NULL
			: strchr(name, '*') == NULL &&
			      conf_load_pattern_fault(NAME_TYPE_DNS, name) == NULL;
		const char *fault =
		    conf_cidr(name, &c) ? NULL : conf_load_host_fault(name);

		strings_add(&l->conf->server_names, name);
		free(name);
		if (!ok)
			return conf_load_fault(l, conf_load_item(list, i), NULL,
			    "\"%.80s\" is neither a host name nor an address",
			    r->server_names.v[i]);
		if (fault != NULL)
			return conf_load_fault(l, conf_load_item(list, i), NULL,
			    "\"%.80s\" %s", r->server_names.v[i], fault);
	}
	return true;
}

static bool
read_storage(const struct loading *l, const struct raw *r)
{
	const char *text = r->storage != NULL ? r->storage : "sqlite:hanaper.db";

	if (strncmp(text, "sqlite:", 7) != 0 || text[7] == '\0')
		return conf_load_fault(l, l->root, "storage",
		    "\"%.80s\" must be sqlite:FILE", text);
	l->conf->database = mem_strdup(text + 7);
	return true;
}

static bool
read_crl(const struct loading *l, const struct raw_crl *r)
{
	const struct node *n = conf_load_member(l->root, "crl");
	struct conf *c = l->conf;

	c->crl_interval_s = HOUR;
	c->crl_next_update_s = DAY;
	c->crl_debounce_s = 2;
	if (!conf_load_span(l, n, "interval", r->interval, 1, 10 * DAY,
		&c->crl_interval_s) ||
	    !conf_load_span(l, n, "next_update", r->next_update, 2, 10 * DAY,
		&c->crl_next_update_s) || /* P73 */
	    !conf_load_span(l, n, "debounce", r->debounce, 0, MINUTE,
		&c->crl_debounce_s) ||
	    !conf_load_number(l, n, "shards", r->shards, 0, SHARDS_MOST,
		&c->crl_shards) ||
	    !conf_load_span(l, n, "delta", r->delta, 0, 10 * DAY, &c->crl_delta_s))
		return false;
	if (c->crl_delta_s >= c->crl_next_update_s)
		return conf_load_fault(l, n, "delta",
		    "delta must be shorter than next_update: it is what comes in "
		    "between");
	if (c->crl_next_update_s < 2 * c->crl_interval_s) /* R35 */
		return conf_load_fault(l, n,
		    r->next_update != NULL ? "next_update" : "interval",
		    "next_update must be twice interval or more, so that the next CRL "
		    "is there well before one ends");
	return true;
}

static bool
read_ocsp(const struct loading *l, const struct raw_ocsp *r)
{
	const struct node *n = conf_load_member(l->root, "ocsp");
	struct conf *c = l->conf;

	c->ocsp_validity_s = 12 * HOUR;
	c->ocsp_responder_validity_s = 7 * DAY;
	if (!conf_load_span(l, n, "validity", r->validity, MINUTE, 10 * DAY,
		&c->ocsp_validity_s) || /* P96 */
	    !conf_load_span(l, n, "responder_validity", r->responder_validity, MINUTE,
		365 * DAY, &c->ocsp_responder_validity_s))
		return false;
	if (c->ocsp_responder_validity_s <= c->ocsp_validity_s)
		return conf_load_fault(l, n,
		    r->responder_validity != NULL ? "responder_validity" : "validity",
		    "responder_validity must be longer than validity");
	return true;
}

static bool
read_log(const struct loading *l, const struct raw_log *r)
{
	const struct node *n = conf_load_member(l->root, "log");
	struct conf *c = l->conf;
	enum log_format format;
	enum log_level level;

	c->log_level = mem_strdup(r->level != NULL ? r->level : "info");
	c->log_format = mem_strdup(r->format != NULL ? r->format : "text");
	if (!log_level_from(c->log_level, &level))
		return conf_load_fault(l, n, "level",
		    "\"%.40s\" must be debug, info, warn or error", c->log_level);
	if (!log_format_from(c->log_format, &format))
		return conf_load_fault(l, n, "format", "\"%.40s\" must be text or json",
		    c->log_format);
	return true;
}

/* Nothing of it is kept longer than the whole. */
static bool
read_audit(const struct loading *l, const struct raw_audit *r)
{
	const struct node *n = conf_load_member(l->root, "audit");
	struct conf *c = l->conf;

	c->audit_retention_s = RETENTION_DEFAULT;
	if (!conf_load_span(l, n, "retention", r->retention, 0, RENEWAL_MOST,
		&c->audit_retention_s))
		return false;
	c->audit_refusals_s =
	    c->audit_retention_s == 0 || c->audit_retention_s > REFUSALS_DEFAULT
		? REFUSALS_DEFAULT
		: c->audit_retention_s;
	if (!conf_load_span(l, n, "refusals", r->refusals, 0, RENEWAL_MOST,
		&c->audit_refusals_s))
		return false;
	if (c->audit_retention_s > 0 &&
	    (c->audit_refusals_s == 0 || c->audit_refusals_s > c->audit_retention_s))
		return conf_load_fault(l, n, "refusals",
		    "refusals cannot be kept longer than retention keeps all");
	return true;
}

static bool
read_rest(const struct loading *l, const struct raw *r)
{
	const struct node *limits = conf_load_member(l->root, "limits");
	const struct node *renewal = conf_load_member(l->root, "renewal");
	struct conf *c = l->conf;

	c->body_max = BODY_DEFAULT;
	c->names_max = NAMES_DEFAULT;
	c->rate_per_minute = RATE_DEFAULT;
	c->rate_burst = BURST_DEFAULT;
	c->same_names_per_hour = SAME_DEFAULT;
	return read_log(l, &r->log) && read_audit(l, &r->audit) &&
	       conf_load_span(l, renewal, "max_age", r->renewal.max_age, 0,
		   RENEWAL_MOST, &c->renewal_max_age_s) &&
	       conf_load_number(l, limits, "body", r->limits.body, BODY_LEAST,
		   BODY_MOST, &c->body_max) &&
	       conf_load_number(l, limits, "names", r->limits.names, 1, NAMES_MOST,
		   &c->names_max) &&
	       conf_load_number(l, limits, "rate", r->limits.rate, 0, RATE_MOST,
		   &c->rate_per_minute) &&
	       conf_load_number(l, limits, "burst", r->limits.burst, 1, RATE_MOST,
		   &c->rate_burst) &&
	       conf_load_number(l, limits, "same_names", r->limits.same_names, 0,
		   RATE_MOST, &c->same_names_per_hour);
}

/* 'dir' below the file's own directory unless it is absolute. */
static void
read_places(const struct loading *l, const struct raw *r, const char *path)
{
	struct conf *c = l->conf;
	const char *slash = strrchr(path, '/');
	char *own = slash == NULL || slash == path
			? mem_strdup("/")
			: mem_strndup(bytes_of(path, (size_t)(slash - path)));

	c->file = mem_strdup(path);
	if (r->dir == NULL)
		c->dir = mem_strdup(own);
	else if (r->dir[0] == '/')
		c->dir = mem_strdup(r->dir);
	else
		c->dir = mem_printf("%s/%s", own, r->dir);
	conf_plain_dir(c->dir);
	free(own);
}

static bool
read_all(const struct loading *l, const struct raw *r, const char *path)
{
	read_places(l, r, path);
	if (!conf_load_listen(l, r) || !read_server_names(l, r) ||
	    !read_storage(l, r) || !conf_load_issuers(l, r) ||
	    !conf_load_profiles(l, r) || !read_crl(l, &r->crl) ||
	    !read_ocsp(l, &r->ocsp) || !read_rest(l, r) || !conf_load_acme(l, r) ||
	    !conf_load_grants(l, r))
		return false;
	return conf_load_listener(l);
}

bool
conf_load_text(struct bytes text, const char *path, struct conf **ret, struct err *e)
{
	struct loading l = { .file = path, .e = e };
	struct raw *raw = NULL;
	bool ok = false;

	l.conf = mem_zalloc(sizeof(*l.conf));
	if (text.n > FILE_OCTETS_MAX) {
		err_set(e, ERR_MALFORMED, "%s:1: over %zu octets", l.file,
		    FILE_OCTETS_MAX);
		goto out;
	}
	if (!conf_load_tree(&l, text) || !conf_load_shape(&l) ||
	    !conf_load_raw(&l, text, &raw) || !read_all(&l, raw, path))
		goto out;
	*ret = l.conf;
	l.conf = NULL;
	ok = true;
out:
	conf_load_raw_free(raw);
	conf_load_tree_free(l.root);
	conf_free(l.conf);
	return ok;
}

/*
 * Whom the prober asks where nobody said: the system's own.  Without any, all but
 * names still works: what a challenge then says is the place to tell it.
 */
static void
find_resolvers(struct conf *c)
{
	char *path = realpath("/etc/resolv.conf", NULL); /* often a link */
	struct buf text;
	struct err none;

	buf_init(&text, RESOLV_CONF_MAX);
	if (conf_wants_resolvers(c) && c->acme.resolvers.n == 0 && path != NULL &&
	    file_read(AT_FDCWD, path, &text, &none)) {
		conf_load_resolv_conf(buf_bytes(&text), &c->acme.resolvers);
		c->acme.resolvers_found = c->acme.resolvers.n > 0;
	}
	buf_free(&text);
	free(path);
}

bool
conf_load(const char *path, struct conf **ret, struct err *e)
{
	char *absolute = realpath(path, NULL);
	struct buf text;
	uid_t owner;
	bool ok = false;

	buf_init(&text, FILE_OCTETS_MAX);
	if (absolute == NULL) {
		const bool missing = errno == ENOENT || errno == ENOTDIR;

		err_errno(e, "%s", path);
		if (missing)
			e->code = ERR_NOT_FOUND; /* who asked may know what to do */
		goto out;
	}
	if (!file_read_of(absolute, &text, &owner, e))
		goto out;
	ok = conf_load_text(buf_bytes(&text), absolute, ret, e);
	if (ok) {
		(*ret)->file_owner = owner;
		find_resolvers(*ret);
	}
out:
	buf_free(&text);
	free(absolute);
	return ok;
}
