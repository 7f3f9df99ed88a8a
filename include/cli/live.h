/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live - what a TLS server out there presents: connects, takes its certificates,
 * goes away again.  Whoever it is is judged afterwards, against our root alone.
 */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/bytes.h"
#include "base/err.h"

struct live {
	char host[256];           /* as it was named; without brackets */
	char protocol[32];        /* "TLS1.3" */
	gnutls_x509_crt_t *chain; /* as presented, its own first; at least one */
	unsigned n;
	bool stapled; /* an OCSP answer came with it */
};

/* Is this HOST:PORT, [IPV6]:PORT?  A serial or a path is not. */
bool live_is_address(const char *word);
/*
 * Connects and shakes hands; 'sni' NULL: the host, where it is a name.
 * ERR_UNAVAILABLE says why there is nothing to be seen.
 */
MUST_CHECK bool live_fetch(const char *address, const char *sni, struct live *ret,
    struct err *e);
void live_free(struct live *l); /* what is inside */

/*
 * Does it lead to one of 'roots' (PEM), is it in its time, for servers, and for
 * 'name'?  ERR_POLICY says what not.
 */
MUST_CHECK bool live_verify(const struct live *l, const char *name, struct bytes roots,
    struct err *e);

/* DER of one of the chain; gnutls_free() its data. */
MUST_CHECK bool live_der(const struct live *l, unsigned at, gnutls_datum_t *ret,
    struct err *e);

#endif
