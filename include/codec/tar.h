/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar - one header of a POSIX ustar archive: a regular file and nothing else.
 *
 * There is one way to write each header, and only that is read: whoever flips an
 * octet of it is found out.  Files of 8 GiB and more have their size in GNU's
 * binary form.
 */
#ifndef CODEC_TAR_H
#define CODEC_TAR_H

#include "base/buf.h"

#define TAR_BLOCK     512 /* octets; contents are padded with zeros to whole blocks */
#define TAR_PATH_SIZE 257 /* with the NUL */

struct tar_entry {
	/* Relative; each part a name, neither "." nor "..", and no control character. */
	char path[TAR_PATH_SIZE];
	unsigned mode; /* 0 to 0777 */
	uint64_t size;
	int64_t modified_at; /* from 1970 on */
};

/* ERR_MALFORMED: the path is none, or has no place in a header. */
MUST_CHECK bool tar_put(const struct tar_entry *t, uint8_t ret[static TAR_BLOCK],
    struct err *e);
/* ERR_MALFORMED: not a header that tar_put() writes.  ERR_NOT_FOUND: all zeros, the end. */
MUST_CHECK bool tar_get(const uint8_t block[static TAR_BLOCK], struct tar_entry *ret,
    struct err *e);
/* Zeros behind a content of this size. */
size_t tar_padding(uint64_t size);

#endif
