/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_limit - what a TLS server that is asked for a proof may make us do.
 *
 * GnuTLS verifies by a key of any size, and a key of 32768 bits with an exponent as
 * long takes seconds: in that time nobody else is validated, and the service
 * manager finds a role that does not answer.  So keys and parameters are looked at
 * before GnuTLS computes with them.
 */
#ifndef PROBE_TLS_LIMIT_H
#define PROBE_TLS_LIMIT_H

#include <gnutls/gnutls.h>

#include "base/bytes.h"

#define TLS_LIMIT_WARNINGS 32 /* alerts that are no end, in one handshake */

/* Before the handshake; again does no harm.  It ends with an error at what is too large. */
void tls_limit_set(gnutls_session_t s);

/* Of one message; borrowed from it. */
struct tls_limit_seen {
	struct bytes certificate; /* the server's; empty: in another message, or none */
	bool unread; /* GnuTLS cannot read it: an extension is there twice, perhaps */
};

/* For who has a hook (GNUTLS_HOOK_PRE) of his own: what it returns. */
int tls_limit_check(gnutls_session_t s, unsigned type, unsigned incoming,
    const gnutls_datum_t *msg, struct tls_limit_seen *ret);

#endif
