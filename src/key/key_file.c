/* SPDX-License-Identifier: Apache-2.0 */
#include "key/key_file.h"

#include <fcntl.h>

#include "sys/file.h"

#define KEY_FILE_MAX   KIB(32)
#define PASSPHRASE_MAX KIB(1)

static bool
read_secret(const char *path, uid_t uid, struct buf *ret, struct err *e)
{
	return file_check_for(AT_FDCWD, path, FILE_OPEN_SECRET, uid, e) &&
	       file_read(AT_FDCWD, path, ret, e);
}

static bool
read_passphrase(const char *path, uid_t uid, struct buf *ret, struct err *e)
{
	if (!read_secret(path, uid, ret, e))
		return false;
	while (ret->n > 0 && (ret->p[ret->n - 1] == '\n' || ret->p[ret->n - 1] == '\r'))
		ret->n--;
	return true;
}

bool
key_file_read(const char *path, const char *passphrase_file, uid_t uid,
    struct key **ret, struct err *e)
{
	struct buf pem, phrase;
	bool ok = false;

	buf_init(&pem, KEY_FILE_MAX);
	buf_init(&phrase, PASSPHRASE_MAX);
	if (!read_secret(path, uid, &pem, e))
		goto out;
	if (passphrase_file != NULL &&
	    !read_passphrase(passphrase_file, uid, &phrase, e))
		goto out;
	if (passphrase_file == NULL && key_is_encrypted(buf_bytes(&pem))) {
		err_set(e, ERR_UNAVAILABLE,
		    "%s is encrypted, and nothing says its passphrase", path);
		goto out;
	}
	ok = key_load(buf_bytes(&pem),
	    passphrase_file != NULL ? buf_str(&phrase) : NULL, ret, e);
	if (!ok && passphrase_file != NULL)
		err_prefix(e, passphrase_file);
	if (!ok)
		err_prefix(e, path);
out:
	buf_wipe(&pem);
	buf_wipe(&phrase);
	return ok;
}
