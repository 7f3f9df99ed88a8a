/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pair that nobody renewed takes the place of whatever lies there: one that has
 * ended, halves of one, links that lead nowhere.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "renew_files_impl.h"
#include "sys/file.h"

static char *
path_in(const char *dir, const char *name)
{
	return mem_printf("%s/%s", dir, name);
}

static bool
is_through_current(const char *dir, const char *name)
{
	char *to = renew_files_link(dir, name);
	char *want = path_in(RENEW_FILES_CURRENT, name);
	const bool is = to != NULL && strcmp(to, want) == 0;

	free(to);
	free(want);
	return is;
}

/* Mode and owner for a new file: those of the one that is there, else of a fresh one. */
static char *
like_what(const char *there, const char *fresh)
{
	return access(there, F_OK) == 0 ? realpath(there, NULL) : mem_strdup(fresh);
}

/*
 * The pair that lies there goes into a directory of its own and is read through
 * "current" from then on, the same octets as before.
 */
static bool
keep_old(const struct renew_files *f, struct err *e)
{
	struct renew_files_version *old = NULL;
	const bool ok = renew_files_version_make(f, &old, e) &&
			renew_files_version_copy(old, RENEW_FILES_CERT, f->cert, e) &&
			renew_files_version_copy(old, RENEW_FILES_KEY, f->key, e) &&
			renew_files_version_use(f, old, e);

	renew_files_version_free(old);
	return ok;
}

/*
 * With half of a pair there is none to be read: the certificate goes first, so that
 * it is never seen beside the new key.
 */
static bool
remove_half(const struct renew_files *f, struct err *e)
{
	return unlink(f->cert) == 0 || errno == ENOENT || err_errno(e, "%s", f->cert);
}

static bool
put(const struct renew_files *f, struct bytes key, const char *fresh_key,
    struct bytes chain, struct err *e)
{
	const bool whole = eaccess(f->cert, R_OK) == 0 && eaccess(f->key, R_OK) == 0;
	const bool linked = is_through_current(f->dir, RENEW_FILES_CERT);
	struct renew_files_version *v = NULL;

	bool ok =
	    !whole || linked ||
	    (keep_old(f, e) && renew_files_through_current(f, RENEW_FILES_CERT, e));
	char *like_key = like_what(f->key, fresh_key);
	char *like_cert = like_what(f->cert, f->root);
	ok = ok && renew_files_version_make(f, &v, e) &&
	     renew_files_version_put(v, RENEW_FILES_KEY, key, like_key, e) &&
	     renew_files_version_put(v, RENEW_FILES_CERT, chain, like_cert, e);
	if (ok && !whole)
		ok = remove_half(f, e) && renew_files_version_use(f, v, e);
	ok = ok && renew_files_through_current(f, RENEW_FILES_KEY, e) &&
	     renew_files_through_current(f, RENEW_FILES_CERT, e) &&
	     (!whole || renew_files_version_use(f, v, e));
	renew_files_version_free(v);
	free(like_key);
	free(like_cert);
	return ok;
}

bool
renew_files_over(const char *dir, struct bytes key, const char *fresh_key,
    struct bytes chain, struct err *e)
{
	struct renew_files f = { .lock = -1 };

	f.dir = mem_strdup(dir);
	f.cert = path_in(dir, RENEW_FILES_CERT);
	f.key = path_in(dir, RENEW_FILES_KEY);
	f.root = path_in(dir, RENEW_FILES_ROOT);
	const bool ok = put(&f, key, fresh_key, chain, e);
	renew_files_free(&f);
	return ok;
}
