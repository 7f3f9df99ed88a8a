/* SPDX-License-Identifier: Apache-2.0 */
/* archive_impl - what archive.c and archive_read.c share. */
#ifndef CLI_ARCHIVE_IMPL_H
#define CLI_ARCHIVE_IMPL_H

#include "cli/archive.h"

#define ARCHIVE_MANIFEST     "MANIFEST"
#define ARCHIVE_MANIFEST_MAX MIB(4)
#define ARCHIVE_HASH         32
#define ARCHIVE_PIECE        KIB(256)

/* One file's line. */
void archive_impl_line(struct buf *b, const struct tar_entry *t,
    const uint8_t hash[static ARCHIVE_HASH]);
/* The whole text: there is one for these facts and lines. */
bool archive_impl_manifest(struct buf *b, const struct archive_facts *f,
    struct bytes lines, struct err *e);
bool archive_impl_keys(struct bytes word, enum archive_keys *ret);

#endif
