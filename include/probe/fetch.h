/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch - one GET of one URL from one address, by libcurl in the event loop.
 *
 * The address is given and judged by the egress rules when the socket is made; no
 * name is resolved here.  No proxy, netrc, cookie, password, compression,
 * redirect; a TLS certificate is not judged (A176).
 */
#ifndef PROBE_FETCH_H
#define PROBE_FETCH_H

#include <sys/socket.h>

#include "base/buf.h"
#include "conf/conf.h"
#include "probe/redirect.h"
#include "sys/loop.h"

#define FETCH_BODY_MAX   KIB(4)
#define FETCH_HEADER_MAX KIB(16) /* all of them */

struct fetch_multi; /* what the fetches of a loop share */
struct fetch;       /* one of them */

struct fetch_request {
	const char *url;
	const struct sockaddr *address;
	const struct strings *networks; /* egress; borrowed until the end */
	int64_t connect_ms, total_ms;
};

struct fetch_result {
	bool connected;
	enum err_code code; /* ERR_NONE: there is a status */
	const char
	    *why; /* for code; a sentence of libcurl's or ours, nothing received */
	long status;
	struct bytes body;    /* empty for a redirect; cut off, not for a 200 */
	bool encoded;         /* has a Content-Encoding */
	const char *location; /* of a redirect, as it came; NULL: none, or several */
};

/* Once; never before fetch_start() returns.  The fetch may be freed here. */
typedef void fetch_cb(void *arg, const struct fetch_result *r);

/* ERR_INTERNAL. */
MUST_CHECK bool fetch_multi_new(struct loop *l, struct fetch_multi **ret,
    struct err *e);
void fetch_multi_free(struct fetch_multi *m); /* after its fetches; NULL is fine */

MUST_CHECK bool fetch_start(struct fetch_multi *m, const struct fetch_request *q,
    fetch_cb *cb, void *arg, struct fetch **ret, struct err *e);
void fetch_free(
    struct fetch *f); /* gives it up; not from curl's own callbacks; NULL is fine */

#endif
