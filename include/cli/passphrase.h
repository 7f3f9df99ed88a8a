/* SPDX-License-Identifier: Apache-2.0 */
/* passphrase - of a key, from a file that nobody else may read (S81). */
#ifndef CLI_PASSPHRASE_H
#define CLI_PASSPHRASE_H

#include <sys/types.h>

#include "base/err.h"

/* The file's text without the end of its line; passphrase_free() it.  'owner' or root owns it. */
MUST_CHECK bool passphrase_read(const char *path, uid_t owner, char **ret,
    struct err *e);
void passphrase_free(char *p); /* wiped; NULL is fine */

#endif
