/* SPDX-License-Identifier: Apache-2.0 */
/* What of the file system each role still reaches; which system calls: tbl/syscalls.h. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "daemon/role.h"

#define ALL (SANDBOX_LIST | SANDBOX_READ | SANDBOX_WRITE | SANDBOX_MAKE)

/* Where the path of a row begins. */
enum place {
	IN_CA,       /* below the CA directory, or absolute */
	DATABASE,    /* the database's name goes on with it */
	DATABASE_DIR /* beside the database */
};

static const struct row {
	unsigned roles;
	enum place place;
	const char *path;
	unsigned access;
} rows[] = {
	/* clang-format off */
	{ SANDBOX_SIGNER, IN_CA,    "journal",      ALL },
	{ SANDBOX_CORE,   DATABASE, "",             SANDBOX_READ | SANDBOX_WRITE },
	{ SANDBOX_CORE,   DATABASE, "-wal",         SANDBOX_READ | SANDBOX_WRITE },
	{ SANDBOX_CORE,   DATABASE, "-shm",         SANDBOX_READ | SANDBOX_WRITE },
	{ SANDBOX_CORE,   DATABASE_DIR, "",           SANDBOX_LIST }, /* SQLite flushes it */
	{ SANDBOX_CORE,   IN_CA,    "pub",          ALL },
	/* As they are: mended, a reload takes them up. */
	{ SANDBOX_CORE,   DATABASE_DIR, "acme.key", SANDBOX_READ },
	{ SANDBOX_CORE,   DATABASE_DIR, "acme.nonces", SANDBOX_READ | SANDBOX_WRITE },
	{ SANDBOX_FRONT,  IN_CA,    "pub",          SANDBOX_LIST | SANDBOX_READ },
	{ SANDBOX_PROBER, IN_CA,    "/dev/urandom", SANDBOX_READ }, /* c-ares: each channel */
	/* clang-format on */
};

static char *
path_of(const struct conf *conf, const struct row *row)
{
	if (row->place == IN_CA)
		return conf_path(conf, row->path);
	if (row->place == DATABASE_DIR)
		return conf_path_beside_database(conf, row->path);
	char *database = conf_path(conf, conf->database);
	char *ret = mem_printf("%s%s", database, row->path);
	free(database);
	return ret;
}

static bool
enter(const struct role *r, enum sandbox_role which, struct sandbox *ret, struct err *e)
{
	const struct role_def *def = role_definition(r);
	const struct conf *conf = role_conf(r);
	struct sandbox_path paths[NITEMS(rows)];
	char *owned[NITEMS(rows)];
	size_t n = 0;

	for (size_t i = 0; i < NITEMS(rows); i++)
		if ((rows[i].roles & which) != 0) {
			owned[n] = path_of(conf, &rows[i]);
			paths[n] = (struct sandbox_path){ owned[n], rows[i].access };
			n++;
		}
	const bool ok =
	    sandbox_enter(which, paths, n, def->on_threads, def->ctx, ret, e);
	while (n > 0)
		free(owned[--n]);
	return ok;
}

void
role_confine(const struct role *r, enum sandbox_role which)
{
	const char *lacking = role_unconfined(r) ? "--no-sandbox" : sandbox_lacking();
	struct sandbox s;
	struct err e;

	if (lacking != NULL) {
		LOG(LOG_WARN, "not-sandboxed", LOG_TEXT("why", lacking));
		if (role_definition(r)->on_threads != NULL)
			role_definition(r)->on_threads(role_definition(r)->ctx);
		return;
	}
	if (!enter(r, which, &s, &e)) {
		if (e.code != ERR_IO) /* the disk's: no option helps against it */
			err_prefix(&e,
			    "it cannot be sandboxed (hanaperd --no-sandbox)");
		role_fail(&e);
	}
	LOG(LOG_INFO, "sandboxed", LOG_NUM("seccomp", s.calls),
	    LOG_NUM("landlock", s.landlock));
}
