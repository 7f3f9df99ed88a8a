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
/* What hanaper.json tells of the new certificate; nothing for files of their own. */
MUST_CHECK bool renew_files_note(const struct renew_files *f,
    const struct renew_files_new *n, struct err *e);

#endif
