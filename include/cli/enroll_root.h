/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enroll_root - whom a token lets us trust: the root certificate whose SHA-256
 * it carries, from whoever hands it out.
 */
#ifndef CLI_ENROLL_ROOT_H
#define CLI_ENROLL_ROOT_H

#include "codec/token.h"

#include "base/buf.h"

/*
 * Appends, as PEM, the certificate among 'pem' whose DER has this SHA-256.
 * ERR_UNAUTHENTICATED: none has.
 */
MUST_CHECK bool enroll_root_pick(struct bytes pem,
    const uint8_t hash[static TOKEN_ROOT_LEN], struct buf *ret, struct err *e);

/* The same from the server at 'url', which nothing is sent to but the question. */
MUST_CHECK bool enroll_root_fetch(const char *url,
    const uint8_t hash[static TOKEN_ROOT_LEN], struct buf *ret, struct err *e);

#endif
