/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_client - is the client's certificate one of ours, for clients, and valid now?
 */
#ifndef HTTP_TLS_CLIENT_H
#define HTTP_TLS_CLIENT_H

#include <gnutls/gnutls.h>

#include "http/client.h"

#define TLS_CLIENT_CHAIN_MAX    8    /* certificates that a client may send (S67) */
#define TLS_CLIENT_KEY_BITS_MAX 8192 /* of its RSA key (S67) */

/*
 * In the handshake, before the client's signature is verified: refuses what would
 * make that, or the chain, costly (S67, R16, R86).  Whether the chain is good is
 * asked later, when there is somebody to tell.  0: go on; else GnuTLS's error.
 */
int tls_client_check(gnutls_session_t s);

/*
 * After the handshake: fills 'cert' or 'refused' of 'p', or neither when the
 * client sent no certificate.  A resumed session bears the certificate of the
 * first one; it is verified again.
 */
void tls_client_read(gnutls_session_t s, struct client *p);

#endif
