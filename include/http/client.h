/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client - who is at the other end of a connection, as far as the transport
 * can tell.  What that is worth is decided elsewhere.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "base/buf.h"

#define CLIENT_CERT_MAX KIB(16) /* octets of a client certificate */

struct client {
	bool tls;             /* the connection is TLS */
	bool local;           /* a unix socket */
	struct buf cert;      /* DER of the leaf, verified; empty: none */
	bool servers_only;    /* 'cert' is not for clientAuth, but for serverAuth */
	int64_t cert_ends_at; /* its notAfter */
	struct err
	    refused; /* a certificate that did not verify, and why; code ERR_NONE: none */
};

void client_init(struct client *p);
void client_free(struct client *p);
/* A certificate that has ended since it was verified becomes a refused one. */
void client_age(struct client *p, int64_t now);

#endif
