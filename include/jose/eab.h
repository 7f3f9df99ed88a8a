/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eab - keys of external accounts (RFC 8555 7.3.4), derived and never stored.
 *
 * A key is HMAC-SHA256(master, "eab" || kid).  It can be derived for a kid that
 * nobody gave out, so an unknown one takes the same time and path as a wrong MAC.
 */
#ifndef JOSE_EAB_H
#define JOSE_EAB_H

#include "base/buf.h"

#define EAB_KEY_LEN  32 /* octets */
#define EAB_KEY_TEXT 44 /* characters of base64url, with the NUL */

/* The caller wipes 'ret'. */
void eab_key_derive(struct bytes master, const char *kid,
    uint8_t ret[static EAB_KEY_LEN]);
/* As it is given to a client; the caller wipes 'ret'. */
void eab_key_text(const uint8_t key[static EAB_KEY_LEN], char ret[static EAB_KEY_TEXT]);

#endif
