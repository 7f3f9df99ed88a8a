/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_client - is the client's certificate one of ours, for clients, and valid now?
 */
#ifndef HTTP_TLS_CLIENT_H
#define HTTP_TLS_CLIENT_H

#include <gnutls/gnutls.h>

#include "http/client.h"
#include "http/tls_trust.h"

/*
 * In the handshake, before the client's signature is verified: refuses what would
 * make that, or the chain, costly (S67, R16, R86).  Whether the chain is good is
 * asked later, when there is somebody to tell.  0: go on; else GnuTLS's error.
 */
int tls_client_check(gnutls_session_t s, struct tls_trust *t);

/*
 * After the handshake: fills 'cert' or 'refused' of 'p', or neither when the
 * client sent no certificate.  A resumed session bears the chain of the first
 * one; it is judged again, by its dates too.
 */
void tls_client_read(gnutls_session_t s, struct tls_trust *t, struct client *p);

#endif
