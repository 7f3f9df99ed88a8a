/* SPDX-License-Identifier: Apache-2.0 */
/* Keys are found as the signer finds them (daemon/signer_load.c). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/owners.h"
#include "cli/passphrase.h"
#include "cli/rotate.h"
#include "codec/pem.h"
#include "policy/issuer.h"
#include "sys/file.h"

#define KEY_FILE_MAX KIB(32)
#define KEY_MODE     0600
#define CERT_MODE    0644
#define ROOT         "root" /* the name of its credential */

/*
 * Root may read what is whoever's, if nobody else can; for others the system itself
 * keeps them from what is not theirs.
 */
static bool
owner_of(const char *path, uid_t *ret, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s",
		    path, strerror(errno));
	*ret = st.st_uid;
	return true;
}

/* ---- passphrases ---- */

/* Where one may be, in the order in which they are tried. */
static void
add_file(struct strings *list, char *path)
{
	if (path != NULL)
		strings_add(list, path);
	free(path);
}

static char *
of_issuer(const struct rotate *r, const struct conf_issuer *i)
{
	return i->passphrase_file != NULL ? conf_path(r->conf, i->passphrase_file)
					  : NULL;
}

/* ---- one key ---- */

static bool
try_phrase(struct bytes pem, const char *file, struct key **ret, char **ret_phrase,
    struct err *e)
{
	char *phrase = NULL;
	uid_t owner = 0;

	if (!owner_of(file, &owner, e) || !passphrase_read(file, owner, &phrase, e))
		return false;
	if (!key_load(pem, phrase, ret, e)) {
		passphrase_free(phrase);
		return err_prefix(e, file);
	}
	*ret_phrase = phrase;
	return true;
}

/* *ret_phrase: the one that opened it; NULL: it is not encrypted. */
static bool
load_key(const char *path, const struct strings *files, struct key **ret,
    char **ret_phrase, struct err *e)
{
	struct buf pem;
	uid_t owner = 0;
	bool ok = false;

	*ret_phrase = NULL;
	buf_init(&pem, KEY_FILE_MAX);
	if (!owner_of(path, &owner, e) ||
	    !file_check_owned(AT_FDCWD, path, FILE_OPEN_SECRET, owner, e) ||
	    !file_read(AT_FDCWD, path, &pem, e))
		goto out;
	if (!key_is_encrypted(buf_bytes(&pem))) {
		ok = key_load(buf_bytes(&pem), NULL, ret, e);
	} else {
		err_set(e, ERR_NOT_FOUND,
		    "it is encrypted, and nothing says its passphrase: "
		    "--passphrase-file FILE");
		for (size_t i = 0; !ok && i < files->n; i++)
			ok = try_phrase(buf_bytes(&pem), files->v[i], ret, ret_phrase,
			    e);
	}
	if (!ok)
		err_prefix(e, path);
out:
	buf_wipe(&pem);
	return ok;
}

/* ---- those of a CA ---- */

static bool
load_root(struct rotate *r, struct err *e)
{
	char *path = r->root_key_file != NULL ? mem_strdup(r->root_key_file)
					      : conf_path(r->conf, "root.key");
	char *phrase = NULL;
	struct strings files = { 0 };
	struct err why;
	bool ok = false;

	if (access(path, F_OK) < 0 && errno == ENOENT) {
		err_set(e, ERR_NOT_FOUND, "%s is not there%s", path,
		    r->root_key_file == NULL
			? ": bring the root's key from where it is kept, and say "
			  "where: --root-key FILE"
			: "");
		goto out;
	}
	add_file(&files, mem_strdup(r->passphrase_file));
	add_file(&files, conf_credential_path(ROOT));
	for (size_t i = 0; i < r->conf->n_issuers; i++)
		add_file(&files, of_issuer(r, &r->conf->issuers[i]));
	if (!load_key(path, &files, &r->root_key, &phrase, e))
		goto out;
	ok = issuer_pair(ROOT, r->root, r->root_key, &why) ||
	     err_set(e, ERR_CONFLICT, "%s is not the key of this CA's root.crt", path);
out:
	passphrase_free(phrase);
	strings_free(&files);
	free(path);
	return ok;
}

static bool
only_that_file(const struct rotate *r, struct err *e)
{
	const struct err was = *e;

	if (r->old->passphrase_file == NULL || r->passphrase_file == NULL)
		return false;
	return err_set(e, was.code,
	    "%.300s; issuer %s has a passphrase_file in hanaper.yaml, which %s will "
	    "have too: --passphrase-file is for root.key only",
	    was.detail, r->old->name, r->next.name);
}

/* The key before is opened to see that its passphrase is the one that the signer will have. */
static bool
load_old(struct rotate *r, struct err *e)
{
	char *path = conf_path(r->conf, r->old->key);
	struct strings files = { 0 };
	struct key *key = NULL;

	if (r->old->passphrase_file != NULL) { /* the next row names it too */
		add_file(&files, of_issuer(r, r->old));
	} else {
		add_file(&files, conf_credential_path(r->old->name));
		add_file(&files, mem_strdup(r->passphrase_file));
	}
	const bool ok =
	    load_key(path, &files, &key, &r->phrase, e) || only_that_file(r, e);
	key_free(key);
	strings_free(&files);
	free(path);
	if (ok && r->phrase != NULL && r->old->passphrase_file == NULL)
		strings_printf(&r->told,
		    "its key is encrypted with the passphrase of %s's: give the "
		    "service the same credential by the name %s",
		    r->old->name, r->next.name);
	return ok;
}

bool
rotate_keys_load(struct rotate *r, struct err *e)
{
	return load_root(r, e) && load_old(r, e);
}

/* ---- written ---- */

/* As the file of the issuer before, whoever runs this; 'fd' is a file that we have made. */
static bool
own_as(int fd, const char *like)
{
	struct stat st;

	return geteuid() != 0 ||
	       (lstat(like, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) == 0);
}

/* Made as who has the directory: that is where it lies, whatever is exchanged meanwhile. */
static int
make_file(const char *path, mode_t mode, struct err *e)
{
	int fd = -1;

	if (owners_act_in(path, e) &&
	    (fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		 mode)) < 0)
		err_errno(e, "%s", path);
	owners_act_self();
	return fd;
}

static bool
write_one(const struct rotate *r, const char *path, const char *like, mode_t mode,
    const struct buf *pem, bool *ret_wrote, struct err *e)
{
	if (!buf_ok(pem, path, e))
		return false;
	const int fd = make_file(path, mode, e);
	if (fd < 0)
		return false;
	*ret_wrote = true;
	char *was = conf_path(r->conf, like);
	const bool ok =
	    ((fchmod(fd, mode) == 0 && own_as(fd, was)) || err_errno(e, "%s", path)) &&
	    file_write(fd, path, buf_bytes(pem), e) &&
	    file_sync_parent(AT_FDCWD, path, e);
	free(was);
	close(fd);
	return ok;
}

bool
rotate_keys_write(struct rotate *r, struct err *e)
{
	struct buf key, cert;
	bool ok;

	buf_init(&key, KIB(64));
	buf_init(&cert, KIB(256));
	pem_put(&cert, "CERTIFICATE", buf_bytes(&r->cert->der));
	ok = key_save(r->key, r->phrase, &key, e) &&
	     write_one(r, r->next_key, r->old->key, KEY_MODE, &key, &r->wrote_key, e) &&
	     write_one(r, r->next_certificate, r->old->certificate, CERT_MODE, &cert,
		 &r->wrote_certificate, e);
	buf_wipe(&key);
	buf_free(&cert);
	return ok;
}
