/* SPDX-License-Identifier: Apache-2.0 */
/* renew_files_impl - what reading and replacing the files share. */
#ifndef CLI_RENEW_FILES_IMPL_H
#define CLI_RENEW_FILES_IMPL_H

#include "cli/renew_files.h"

#define RENEW_FILES_CURRENT "current"

/* The directory of a path; free() it. */
char *renew_files_parent(const char *path);
/* Where a symbolic link of the directory leads; NULL: it is none.  free() it. */
char *renew_files_link(const char *dir, const char *name);
bool renew_files_is_dir(const char *path);
/* ERR_FORBIDDEN: it is there, and not for us to read. */
MUST_CHECK bool renew_files_read(const char *path, struct buf *ret, struct err *e);
/* The name of the present pair's directory; NULL: no link "current" leads to one. */
MUST_CHECK bool renew_files_current(const char *dir, char **ret, struct err *e);

/* Those of renew_files_put.c, where a pair lies in a directory of its own. */
MUST_CHECK bool renew_files_version_make(const struct renew_files *f,
    struct renew_files_version **ret, struct err *e);
/* A new file in it, with mode and owner of another. */
MUST_CHECK bool renew_files_version_put(const struct renew_files_version *v,
    const char *name, struct bytes content, const char *like, struct err *e);
/* The same, with the octets of that other. */
MUST_CHECK bool renew_files_version_copy(const struct renew_files_version *v,
    const char *name, const char *from, struct err *e);
/* It becomes the current one: readers of "current" have the old pair or the new. */
MUST_CHECK bool renew_files_version_use(const struct renew_files *f,
    struct renew_files_version *v, struct err *e);
/* cert.pem or key.pem becomes a link through "current". */
MUST_CHECK bool renew_files_through_current(const struct renew_files *f,
    const char *name, struct err *e);
/* Those of renew_files_note.c.  What the note tells of the pair that lies there. */
MUST_CHECK bool renew_files_take_note(struct renew_files *f, struct err *e);
/* What it is to tell of the new certificate. */
MUST_CHECK bool renew_files_note(const struct renew_files *f,
    const struct renew_files_new *n, struct err *e);

#endif
