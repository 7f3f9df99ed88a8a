/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weak_keys - keys that others know, by list (P52, R15).
 *
 * Debian's OpenSSL of 2006 to 2008 could make only some 32 768 keys of each size and
 * machine (CVE-2008-0166); no arithmetic tells them.  A line of the list is
 *
 *	20 digits	of hex: the last of the SHA-1 of an RSA key's "Modulus=...\n", as the
 *			files of Debian's openssl-blacklist have it
 *	64 digits	of hex: SHA-256 of any key's SubjectPublicKeyInfo
 *
 * or empty, or begins with '#'.
 */
#ifndef X509_WEAK_KEYS_H
#define X509_WEAK_KEYS_H

#include "x509/spki.h"

struct weak_keys;

/* ERR_MALFORMED with the number of the line that is neither. */
MUST_CHECK bool weak_keys_read(struct bytes text, struct weak_keys **ret,
    struct err *e);
void weak_keys_free(struct weak_keys *w); /* NULL is fine */
size_t weak_keys_count(const struct weak_keys *w);
/* Is it on the list?  NULL is an empty one.  ERR_INTERNAL: the library has no SHA-1. */
MUST_CHECK bool weak_keys_has(const struct weak_keys *w, const struct spki *k,
    bool *ret, struct err *e);

#endif
