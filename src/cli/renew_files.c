/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/renew_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/owners.h"
#include "codec/pem.h"
#include "renew_files_impl.h"
#include "sys/file.h"
#include "sys/lock.h"

#define PEM_MAX      KIB(256)
#define LOCK_WAIT_MS 300000 /* another may ask twice, each time two minutes long */
#define LOCK_LOOK_NS 20000000

/* ---- where everything lies ---- */

bool
renew_files_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *
renew_files_link(const char *dir, const char *name)
{
	char *link = mem_printf("%s/%s", dir, name);
	char to[NAME_MAX + 1];
	const ssize_t n = readlink(link, to, sizeof(to) - 1);

	free(link);
	if (n < 0)
		return NULL;
	to[n] = '\0';
	return mem_strdup(to);
}

/*
 * The directory of the present pair, where cert.pem leads through "current"; NULL:
 * the files lie there themselves.  "current" is a plain name, so that it cannot
 * lead out.
 */
bool
renew_files_current(const char *dir, char **ret, struct err *e)
{
	char *cert = renew_files_link(dir, RENEW_FILES_CERT);
	char *current = NULL;
	bool ok = true;

	if (cert != NULL) {
		current = renew_files_link(dir, RENEW_FILES_CURRENT);
		ok = strcmp(cert, RENEW_FILES_CURRENT "/" RENEW_FILES_CERT) == 0 &&
		     current != NULL && strchr(current, '/') == NULL &&
		     current[0] != '.';
		if (!ok)
			err_set(e, ERR_CONFLICT,
			    "%s/" RENEW_FILES_CERT " is a link, but not through "
			    "a link \"" RENEW_FILES_CURRENT
			    "\" to a directory beside it",
			    dir);
	}
	free(cert);
	if (ok)
		*ret = current;
	else
		free(current);
	return ok;
}

static bool
place_dir(const char *dir, struct renew_files *f, struct err *e)
{
	char *current = NULL;

	if (!renew_files_current(dir, &current, e))
		return false;
	f->dir = mem_strdup(dir);
	f->cert = mem_printf("%s/" RENEW_FILES_CERT, dir);
	f->key = mem_printf("%s/" RENEW_FILES_KEY, dir);
	f->cert_at = current == NULL
			 ? mem_strdup(f->cert)
			 : mem_printf("%s/%s/" RENEW_FILES_CERT, dir, current);
	f->key_at = current == NULL
			? mem_strdup(f->key)
			: mem_printf("%s/%s/" RENEW_FILES_KEY, dir, current);
	f->root = mem_printf("%s/" RENEW_FILES_ROOT, dir);
	free(current);
	if (eaccess(f->root, R_OK) != 0) {
		free(f->root);
		f->root = NULL;
	}
	return true;
}

/* "dir/web.crt" gives "dir/web.key". */
static char *
key_beside(const char *cert)
{
	const char *dot = strrchr(cert, '.'), *slash = strrchr(cert, '/');

	if (dot == NULL || (slash != NULL && dot < slash))
		return mem_printf("%s.key", cert);
	return mem_printf("%.*s.key", (int)(dot - cert), cert);
}

static bool
place_file(const char *cert, const char *key, struct renew_files *f, struct err *e)
{
	f->cert =
	    access(cert, F_OK) == 0 ? mem_strdup(cert) : mem_printf("%s.crt", cert);
	f->key = key != NULL ? mem_strdup(key) : key_beside(f->cert);
	/* Through links: what is replaced is the file, not the link to it. */
	f->cert_at = realpath(f->cert, NULL);
	if (f->cert_at == NULL)
		return err_set(e, ERR_NOT_FOUND, "%s: %s", cert, strerror(errno));
	f->key_at = realpath(f->key, NULL);
	if (f->key_at == NULL)
		return err_set(e, ERR_NOT_FOUND,
		    "%s: %s; say where the key is: --key FILE", f->key,
		    strerror(errno));
	return true;
}

char *
renew_files_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_strdup(".");
	return slash == path ? mem_strdup("/")
			     : mem_strndup(bytes_of(path, (size_t)(slash - path)));
}

/* Where what is replaced lies. */
static char *
lock_path(const char *where)
{
	char *more = mem_printf("%s.crt", where);
	char *real = renew_files_is_dir(where)
			 ? NULL
			 : realpath(access(where, F_OK) == 0 ? where : more, NULL);
	char *dir = renew_files_is_dir(where)
			? mem_strdup(where)
			: renew_files_parent(real != NULL ? real : where);
	char *path = mem_printf("%s/" RENEW_FILES_LOCK, dir);

	free(more);
	free(real);
	free(dir);
	return path;
}

/* Root who acts as another user may not open what that one may not. */
static void
say_closed(const char *path, const struct stat *st, struct err *e)
{
	const unsigned long uid = geteuid();

	if (uid != getuid())
		err_set(e, ERR_FORBIDDEN,
		    "%s: Permission denied to user %lu, whose directory it is in and "
		    "as "
		    "whom root renews there; run: chown %lu %s",
		    path, uid, uid, path);
	else if (st->st_uid != uid)
		err_set(e, ERR_FORBIDDEN,
		    "%s: Permission denied to user %lu; run: chown %lu %s", path, uid,
		    uid, path);
	else
		err_set(e, ERR_FORBIDDEN, "%s: Permission denied; run: chmod u+rw %s",
		    path, path);
}

/*
 * What could not be opened: where it is there, and not for us or no file at all, that is
 * no fault of the disk's, which may pass.  Always false.
 */
static bool
judge(const char *path, int how, struct err *e)
{
	struct stat st;

	if (e->code != ERR_IO)
		return false;
	if (lstat(path, &st) < 0) {
		if (errno == EACCES) /* the words say it */
			e->code = ERR_FORBIDDEN;
	} else if (!S_ISREG(st.st_mode)) {
		e->code = ERR_FORBIDDEN;
	} else if (eaccess(path, how) < 0 && (errno == EACCES || errno == EPERM)) {
		say_closed(path, &st, e);
	}
	return false;
}

static bool
may_not_write(const char *path)
{
	char *dir = renew_files_parent(path);
	const bool no = eaccess(dir, W_OK) < 0 && (errno == EACCES || errno == EROFS);

	free(dir);
	return no;
}

/*
 * A file of the owner's alone: a lock of what others may open, the directory or the
 * certificate, is one that they can keep.  Where none can be made nothing can be
 * replaced either: that is told when it is tried.
 */
bool
renew_files_lock(const char *where, int *ret, struct err *e)
{
	char *path = lock_path(where);
	bool ok = false;

	*ret = -1;
	for (const int64_t end = clock_mono_ms() + LOCK_WAIT_MS;;) {
		ok = lock_take(path, 0600, ret, e) ||
		     (e->code != ERR_CONFLICT && may_not_write(path));
		if (ok || e->code != ERR_CONFLICT) {
			ok = ok || judge(path, R_OK | W_OK, e);
			break;
		}
		if (clock_mono_ms() >= end) {
			err_set(e, ERR_UNAVAILABLE,
			    "another renewal is under way there: %s is locked", path);
			break;
		}
		nanosleep(&(struct timespec){ .tv_nsec = LOCK_LOOK_NS }, NULL);
	}
	free(path);
	return ok;
}

/* ---- what is in it ---- */

bool
renew_files_read(const char *path, struct buf *ret, struct err *e)
{
	return file_read(AT_FDCWD, path, ret, e) || judge(path, R_OK, e);
}

/* The file is replaced as a whole: what lies in it beside certificates would be gone. */
static bool
check_alone(const struct renew_files *f, struct bytes cert, struct err *e)
{
	return pem_holds_only(cert, "CERTIFICATE") ||
	       err_set(e, ERR_FORBIDDEN,
		   "%s holds more than certificates, and a renewal replaces all of it: "
		   "put the key, and what else there is, into files of their own "
		   "(--key), and let --exec join them for a program that wants one "
		   "file",
		   f->cert);
}

static bool
read_pair(struct renew_files *f, struct err *e)
{
	struct buf cert, key;

	buf_init(&cert, PEM_MAX);
	buf_init(&key, PEM_MAX);
	bool ok = renew_files_read(f->cert_at, &cert, e) &&
		  renew_files_read(f->key_at, &key, e);
	if (ok && !cert_parse_any(buf_bytes(&cert), &f->leaf, e))
		ok = e->code == ERR_NOT_FOUND
			 ? err_set(e, ERR_MALFORMED, "%s holds no certificate", f->cert)
			 : err_prefix(e, f->cert);
	ok = ok && check_alone(f, buf_bytes(&cert), e);
	if (ok)
		ok = key_load(buf_bytes(&key), NULL, &f->pair_key, e) ||
		     err_prefix(e, f->key);
	if (ok && !bytes_eq(key_spki(f->pair_key), f->leaf->key.der))
		ok = err_set(e, ERR_CONFLICT, "%s is not the key of %s", f->key,
		    f->cert);
	buf_free(&cert);
	buf_wipe(&key);
	return ok;
}

/* ---- as whom ---- */

/* A certificate may be a link of root's to where another user has his hands in. */
static bool
act_for_file(const char *where, struct err *e)
{
	if (!owners_act_in(where, e))
		return false;
	if (geteuid() != 0)
		return true;
	char *more = mem_printf("%s.crt", where);
	char *real = realpath(access(where, F_OK) == 0 ? where : more, NULL);
	const bool ok = real == NULL || owners_act_in(real, e);
	free(more);
	free(real);
	return ok;
}

static bool
act(const char *where, struct err *e)
{
	return renew_files_is_dir(where) ? owners_act(where, e)
					 : act_for_file(where, e);
}

bool
renew_files_act(const struct renew_files *f, struct err *e)
{
	return act(f->dir != NULL ? f->dir : f->cert, e);
}

/* ---- all of it ---- */

bool
renew_files_open(const char *where, const char *key, bool lock, struct renew_files *ret,
    struct err *e)
{
	struct renew_files f = { .lock = -1 };

	f.acts = act(where, e);
	if (!f.acts || (lock && !renew_files_lock(where, &f.lock, e)) ||
	    !(renew_files_is_dir(where) ? place_dir(where, &f, e)
					: place_file(where, key, &f, e)) ||
	    !read_pair(&f, e) || !renew_files_take_note(&f, e)) {
		renew_files_free(&f);
		return false;
	}
	*ret = f;
	return true;
}

void
renew_files_free(struct renew_files *f)
{
	free(f->dir);
	free(f->cert);
	free(f->key);
	free(f->cert_at);
	free(f->key_at);
	free(f->root);
	free(f->url);
	cert_free(f->leaf);
	key_free(f->pair_key);
	if (f->lock >= 0)
		close(f->lock);
	if (f->acts)
		owners_act_self();
	*f = (struct renew_files){ .lock = -1 };
}
