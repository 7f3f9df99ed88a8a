/* SPDX-License-Identifier: Apache-2.0 */
/* base64 - RFC 4648 sections 4 and 5, strict. */
#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H

#include "base/buf.h"

void base64_put(struct buf *b, struct bytes v);    /* '+' '/' and padding */
void base64url_put(struct buf *b, struct bytes v); /* '-' '_', no padding */

/* Padding as it must be, no white space, unused bits zero. ERR_MALFORMED. */
MUST_CHECK bool base64_read(struct bytes s, struct buf *ret, struct err *e);
/* The same with the padding optional (OCSP by GET, RFC 6960 A.1). */
MUST_CHECK bool base64_read_lax(struct bytes s, struct buf *ret, struct err *e);
/* No padding allowed, unused bits zero (RFC 7515 2). */
MUST_CHECK bool base64url_read(struct bytes s, struct buf *ret, struct err *e);

#endif
