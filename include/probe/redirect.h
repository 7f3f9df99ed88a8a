/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redirect - the URLs that an http-01 validation may go to (A176, S51, R72).  Pure.
 *
 * http and https; port 80, 443 or one of the profile's; no user or password; a host
 * that is an address or a name of letters, digits, '-' and '_'; at most
 * REDIRECT_URL_MAX octets; and none twice in one validation.
 */
#ifndef PROBE_REDIRECT_H
#define PROBE_REDIRECT_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

#define REDIRECT_URL_MAX  2000
#define REDIRECT_HOPS_MAX 10 /* redirects that are followed */

struct redirect_target {
	char url[REDIRECT_URL_MAX + 1]; /* without its fragment */
	char host
	    [256]; /* a name without a dot at the end, or an address without brackets */
	uint16_t port;
};

struct redirect_path { /* where one validation has been */
	uint64_t seen[REDIRECT_HOPS_MAX + 1];
	size_t n;
	uint16_t http_port, tls_port; /* of the profile */
};

/*
 * Judges the next URL, which may be relative to 'base' (NULL: the first), and
 * remembers it.  ERR_PROBE_CONNECTION: why not; the detail holds nothing of the URL.
 * 'ret' may be what 'base' lies in.
 */
MUST_CHECK bool redirect_to(struct redirect_path *p, const char *base, const char *url,
    struct redirect_target *ret, struct err *e);

#endif
