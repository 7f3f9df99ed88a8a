/* SPDX-License-Identifier: Apache-2.0 */
/* uri - request targets: percent-decoding, queries (RFC 3986). */
#ifndef CODEC_URI_H
#define CODEC_URI_H

#include "base/buf.h"

/*
 * Decodes %XX.  ERR_MALFORMED: a '%' without two hex digits, a NUL or another
 * control character decoded or plain.
 */
MUST_CHECK bool uri_decode(struct bytes s, struct buf *ret, struct err *e);
/* As uri_decode, and '+' is a blank (form encoding). */
MUST_CHECK bool uri_decode_query(struct bytes s, struct buf *ret, struct err *e);

/* Escapes all but unreserved characters. */
void uri_encode(struct buf *b, struct bytes s);

/*
 * Takes the next "key=value" of a query, both still encoded, and moves '*rest'
 * behind it and its '&'.  False at the end.
 */
bool uri_query_next(struct bytes *rest, struct bytes *ret_key, struct bytes *ret_value);

/*
 * Is the path canonical: begins with '/', no empty segment, no "." or "..",
 * no '%', '\', ';', control or non-ASCII character?  (R47: what is not, is refused.)
 */
bool uri_path_canonical(struct bytes path);

#endif
