/* SPDX-License-Identifier: Apache-2.0 */
/* key_file - a private key in a file, its passphrase perhaps in another. */
#ifndef KEY_KEY_FILE_H
#define KEY_KEY_FILE_H

#include <sys/types.h>

#include "key/key.h"

/*
 * Neither file may be open to others, and both are of 'uid', who uses them, or of root
 * (S81).  'passphrase_file' NULL: there is none; its text counts without the line's end.
 * ERR_NOT_FOUND; ERR_IO; ERR_MALFORMED: also for the wrong passphrase; ERR_UNAVAILABLE: it
 * is encrypted, and there is no passphrase.
 */
MUST_CHECK bool key_file_read(const char *path, const char *passphrase_file, uid_t uid,
    struct key **ret, struct err *e);

#endif
