/* SPDX-License-Identifier: Apache-2.0 */
/* dn - distinguished names, as small as a private CA needs them. */
#ifndef X509_DN_H
#define X509_DN_H

#include "base/buf.h"

/* Name of one CN (UTF8String, 1 to 64 characters, P14) and, if 'o' is given, one O before it.
 * Both NULL: the empty Name.  ERR_MALFORMED. */
MUST_CHECK bool dn_build(const char *o, const char *cn, struct buf *ret, struct err *e);
/* 'dn' with another first CN; one without any gets it at the end.  ERR_MALFORMED. */
MUST_CHECK bool dn_with_cn(struct bytes dn, const char *cn, struct buf *ret,
    struct err *e);
/* Is it a Name at all, of whatever attributes?  ERR_MALFORMED. */
MUST_CHECK bool dn_check(struct bytes dn, struct err *e);
/* The first CN as text, "" when there is none; control characters and NUL are ERR_MALFORMED. */
MUST_CHECK bool dn_cn(struct bytes dn, char *ret, size_t size, struct err *e);
/* RFC 4514-like text for people: "CN=web, O=Example"; never fails, unreadable parts are '?'. */
void dn_text(struct bytes dn, char *ret, size_t size);

#endif
