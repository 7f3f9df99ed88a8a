/* SPDX-License-Identifier: Apache-2.0 */
/* Whose certificates the histories tell of, and which of them the configuration forgets. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/owners.h"
#include "cli/restore.h"
#include "conf/conf_load.h"
#include "store/store_census.h"
#include "store/store_certificate.h"
#include "sys/file.h"

static struct restore_issuer *
add(struct restore *r, const char *name)
{
	r->issuers = mem_grow(r->issuers, r->n_issuers + 1, sizeof(*r->issuers));
	struct restore_issuer *i = &r->issuers[r->n_issuers++];

	*i = (struct restore_issuer){ .name = mem_strdup(name) };
	return i;
}

static bool
read_cert(const char *path, struct cert **ret, struct err *e)
{
	struct buf text;

	buf_init(&text, MIB(1));
	const bool ok = file_read(AT_FDCWD, path, &text, e) &&
			cert_parse_any(buf_bytes(&text), ret, e);
	buf_free(&text);
	return ok;
}

static bool
load(struct restore *r, const char *name, const char *path, struct err *e)
{
	/* As it will be: from the backup, or as it is, where that lacks it. */
	char *below = conf_path_below(r->conf, path), *here = conf_path(r->conf, path);
	char *theirs = below != NULL ? mem_printf("%s/%s", r->work, below) : NULL;
	const bool has = theirs != NULL && access(theirs, F_OK) == 0;
	struct cert *cert = NULL;
	const bool ok = read_cert(has ? theirs : here, &cert, e);

	if (ok)
		add(r, name)->cert = cert;
	free(below);
	free(here);
	free(theirs);
	return ok;
}

static bool
is_known(const struct restore *r, const char *name)
{
	for (size_t i = 0; i < r->n_issuers; i++)
		if (strcmp(r->issuers[i].name, name) == 0)
			return true;
	return false;
}

/* The name of each issuer in the database; true from 'each' goes on. */
typedef bool each_name(struct restore *r, const char *name, struct err *e);

static bool
walk_names(struct restore *r, struct store *st, each_name *each, struct err *e)
{
	struct census_issuer *v;
	size_t n;

	if (!store_census_issuers(st, &v, &n, e))
		return false;
	bool ok = true;
	for (size_t i = 0; i < n; i++) {
		ok = ok && each(r, v[i].name, e);
		free(v[i].name);
	}
	free(v);
	return ok;
}

static bool
add_unknown(struct restore *r, const char *name, struct err *e)
{
	(void)e;
	if (!is_known(r, name))
		add(r, name);
	return true;
}

/* Of our root, whatever else lies here? */
static bool
is_ours(const struct restore *r, const struct cert *c)
{
	return c->ca && cert_is_by(c, r->issuers[0].cert);
}

/*
 * A rotation since the backup: the hanaper.yaml that is here names its issuer, which has
 * revocations and numbers of its own for when its row is put back.  One that is of no use
 * names none.
 */
static void
load_from_here(struct restore *r)
{
	char *file = mem_printf("%s/" BACKUP_CONF, r->etc);
	struct conf *here = NULL;
	struct err ignored;

	const bool found =
	    owners_act(file, &ignored) && conf_load(file, &here, &ignored);
	owners_act_self();
	for (size_t i = 0; found && i < here->n_issuers; i++) {
		const struct conf_issuer *s = &here->issuers[i];
		char *path = conf_path(here, s->certificate);
		struct cert *cert = NULL;

		if (!is_known(r, s->name) && strcmp(here->dir, r->state) == 0 &&
		    read_cert(path, &cert, &ignored) && is_ours(r, cert)) {
			add(r, s->name)->cert = cert;
			cert = NULL;
		}
		cert_free(cert);
		free(path);
	}
	conf_free(here);
	free(file);
}

bool
restore_issuers_load(struct restore *r, struct err *e)
{
	if (!load(r, "root", BACKUP_ROOT, e))
		return false;
	for (size_t i = 0; i < r->conf->n_issuers; i++)
		if (!load(r, r->conf->issuers[i].name, r->conf->issuers[i].certificate,
			e))
			return false;
	load_from_here(r);
	/* One that came since the backup has its revocations, too. */
	return r->survivor == NULL || walk_names(r, r->survivor, add_unknown, e);
}

static bool
found(void *arg, const struct certificate_row *row, struct err *e)
{
	(void)row;
	(void)e;
	*(bool *)arg = true;
	return true;
}

static bool
note_unnamed(struct restore *r, const char *name, struct err *e)
{
	const struct certificate_query q = { .issuer = name,
		.status = CERTIFICATE_VALID,
		.now = clock_now(),
		.limit = 1 };
	bool lives = false;

	if (strcmp(name, "root") == 0 ||
	    conf_issuer_find(r->conf, bytes_str(name)) != NULL)
		return true;
	if (!store_certificate_list(r->store, &q, found, &lives, e))
		return false;
	if (lives)
		strings_add(&r->unnamed, name);
	return true;
}

bool
restore_issuers_unnamed(struct restore *r, struct err *e)
{
	return walk_names(r, r->store, note_unnamed, e);
}

void
restore_issuers_tell(struct restore *r)
{
	if (r->yaml_aside)
		strings_printf(&r->told,
		    "%s/" BACKUP_CONF " is the backup's; the one that was there, %s/"
		    "" BACKUP_CONF ", was another: compare them before the start",
		    r->etc, r->aside);
	for (size_t i = 0; i < r->unnamed.n; i++)
		strings_printf(&r->told,
		    "issuer %s has signed certificates that have not ended, and "
		    "this " BACKUP_CONF
		    " does not name it, so there is neither CRL nor OCSP "
		    "for them: put its row back before the start",
		    r->unnamed.v[i]);
}
