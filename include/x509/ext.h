/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ext - Extensions as they are read, of certificates, requests, CRLs and OCSP (RFC 5280 4.1).
 *
 * Which identifiers mean something, whether one that does not may be critical,
 * and how many there may be is the caller's to say.
 */
#ifndef X509_EXT_H
#define X509_EXT_H

#include "base/bytes.h"
#include "base/err.h"

/* Of one certificate or request: each is compared with those before it. */
#define EXT_MAX 64

struct ext {                /* all borrowed from the list */
	struct bytes oid;   /* content of its identifier, which is one */
	struct bytes value; /* content of the OCTET STRING */
	bool critical;
	bool flag_written; /* the BOOLEAN is there: P48 wants it for TRUE alone */
};

/* 'in' is one SEQUENCE of Extensions and not empty: gives what is in it.  ERR_MALFORMED. */
MUST_CHECK bool ext_list(struct bytes in, struct bytes *ret_list, struct err *e);
/* The same within [n] EXPLICIT, if that comes next in '*rest'; otherwise the list is empty. */
MUST_CHECK bool ext_optional_list(struct bytes *rest, unsigned n,
    struct bytes *ret_list, struct err *e);
/* Takes the Extension at the front of '*list', which is not empty.  ERR_MALFORMED. */
MUST_CHECK bool ext_next(struct bytes *list, struct ext *ret, struct err *e);
/* 'oid' is the identifier of one in 'list': is that of one before it the same? (RFC 5280 4.2) */
bool ext_seen_before(struct bytes list, struct bytes oid);

#endif
