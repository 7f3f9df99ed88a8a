/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sys/file.h"

enum place {
	IN_CA,
	CONFIGURATION,
	DATABASE,    /* its path, with what follows */
	DATABASE_DIR /* beside it */
};

enum whose {
	OURS, /* core's and the parent's */
	SIGNERS
};

static const struct row {
	enum place place;
	const char *path;
	mode_t forbidden;
	enum whose whose;
	bool written, by_parent;
} rows[] = {
	/* clang-format off */
	/* where         which        not these             whose    written by_parent */
	{ CONFIGURATION, "",          FILE_OPEN_CONF,       OURS,    false, true },
	{ IN_CA,         "",          FILE_OPEN_DIR,        OURS,    false, true },
	{ DATABASE,      "",          FILE_OPEN_DATA,       OURS,    true,  true },
	{ DATABASE,      "-wal",      FILE_OPEN_DATA,       OURS,    true,  true },
	{ DATABASE,      "-shm",      FILE_OPEN_DATA,       OURS,    true,  true },
	{ DATABASE,      "-journal",  FILE_OPEN_DATA,       OURS,    true,  true },
	{ IN_CA,         "issuers",   FILE_OPEN_DIR,        SIGNERS, false, true },
	{ IN_CA,         "journal",   FILE_OPEN_DIR,        SIGNERS, true,  true },
	{ IN_CA,         "run",       FILE_OPEN_DIR,        OURS,    true,  false },
	{ DATABASE_DIR,  "acme.key",  FILE_OPEN_SECRET,     OURS,    false, false },
	{ IN_CA,         "root.key",  FILE_OPEN_SECRET,     SIGNERS, false, false },
	/* The daemon does without it: it is its clients'. */
	{ IN_CA,         "admin.key", FILE_OPEN_SECRET,     OURS,    false, false },
	/* clang-format on */
};

static char *
path_of(const struct conf *c, const struct row *row)
{
	if (row->place == CONFIGURATION)
		return mem_strdup(c->file);
	if (row->place == IN_CA)
		return row->path[0] == '\0' ? mem_strdup(c->dir)
					    : conf_path(c, row->path);
	if (row->place == DATABASE_DIR)
		return conf_path_beside_database(c, row->path);
	char *database = conf_path(c, c->database);
	char *ret = mem_printf("%s%s", database, row->path);
	free(database);
	return ret;
}

/* Of an issuer; 'name' NULL: it has none. */
static bool
secret(const struct conf *c, const char *name, conf_files_each *each, void *arg,
    struct err *e)
{
	if (name == NULL)
		return true;
	char *path = conf_path(c, name);
	const bool ok = each(arg,
	    &(struct conf_file){ .path = path,
		.forbidden = FILE_OPEN_SECRET,
		.signers = true },
	    e);
	free(path);
	return ok;
}

bool
conf_files(const struct conf *c, conf_files_each *each, void *arg, struct err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < NITEMS(rows); i++) {
		char *path = path_of(c, &rows[i]);

		ok = each(arg,
		    &(struct conf_file){ .path = path,
			.forbidden = rows[i].forbidden,
			.signers = rows[i].whose == SIGNERS,
			.written = rows[i].written,
			.by_parent = rows[i].by_parent },
		    e);
		free(path);
	}
	for (size_t i = 0; ok && i < c->n_issuers; i++)
		ok = secret(c, c->issuers[i].key, each, arg, e) &&
		     secret(c, c->issuers[i].passphrase_file, each, arg, e);
	return ok;
}

bool
conf_files_check(const struct conf_file *f, uid_t role, uid_t owner, struct err *e)
{
	struct stat st;
	const bool is = fstatat(AT_FDCWD, f->path, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (is && f->written && st.st_uid != role)
		return err_set(e, ERR_IO,
		    "%s: belongs to user %lu, and %s runs as %lu; run: chown -R %lu %s",
		    f->path, (unsigned long)st.st_uid, f->signers ? "signer" : "core",
		    (unsigned long)role, (unsigned long)role, f->path);
	/* Its role's, or the owner's, or root's. */
	return file_check_for(AT_FDCWD, f->path, f->forbidden,
	    is && st.st_uid == role ? role : owner, e);
}
