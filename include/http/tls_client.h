/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_client - is the client's certificate one of ours, for clients, and valid now?
 */
#ifndef HTTP_TLS_CLIENT_H
#define HTTP_TLS_CLIENT_H

#include <gnutls/gnutls.h>

#include "http/client.h"

/*
 * After the handshake: fills 'cert' or 'refused' of 'p', or neither when the
 * client sent no certificate.  A resumed session bears the certificate of the
 * first one; it is verified again.
 */
void tls_client_read(gnutls_session_t s, struct client *p);

#endif
