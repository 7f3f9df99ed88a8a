/* SPDX-License-Identifier: Apache-2.0 */
/* acme_sign - requests as an ACME client signs them (RFC 8555 6.2), by a key of its own. */
#ifndef UNIT_ACME_SIGN_H
#define UNIT_ACME_SIGN_H

#include "base/buf.h"

/* 'kid' NULL: with the key itself.  'payload' "": POST-as-GET. */
void acme_sign(struct buf *ret, const char *kid, const char *url, const char *nonce,
    const char *payload);
void acme_sign_end(void);

#endif
