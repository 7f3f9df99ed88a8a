/* SPDX-License-Identifier: Apache-2.0 */
/* etag - the name of a copy by its octets, for caches (RFC 9110 8.8.3). */
#ifndef CA_ETAG_H
#define CA_ETAG_H

#include "base/bytes.h"
#include "base/err.h"

#define ETAG_LEN 33 /* half of a SHA-256 in hexadecimal, with the NUL */

/* Without quotes.  ERR_INTERNAL when there is no hash to be had. */
MUST_CHECK bool etag_of(struct bytes content, char ret[static ETAG_LEN], struct err *e);

#endif
