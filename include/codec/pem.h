/* SPDX-License-Identifier: Apache-2.0 */
/* pem - RFC 7468: 64 columns, LF, strict labels. */
#ifndef CODEC_PEM_H
#define CODEC_PEM_H

#include "base/buf.h"

void pem_put(struct buf *b, const char *label, struct bytes der);

/*
 * Reads the next block at or behind the front of '*rest' (text before it is
 * skipped) and moves '*rest' behind it.  'ret_label' points into the text;
 * 'ret_der' is appended to.  ERR_NOT_FOUND: no further BEGIN line.
 * ERR_MALFORMED: no matching END, not base64, headers inside.
 */
MUST_CHECK bool pem_next(struct bytes *rest, struct bytes *ret_label,
    struct buf *ret_der, struct err *e);

/* Does the text hold "-----BEGIN " at the start of a line? */
bool pem_looks_like(struct bytes b);

/* Are all its blocks, also those that cannot be read, of this label?  Without any: yes. */
bool pem_holds_only(struct bytes b, const char *label);

#endif
