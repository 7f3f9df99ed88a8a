/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls - the certificate that the TLS listeners show, and whom they believe.
 *
 * The key is made here, lives in memory only and is never given out.  A new
 * certificate serves new connections; those that are open keep the one they
 * began with until they end, so nothing is dropped.
 *
 * Session tickets (S66) are good for TLS_TICKET_S.  GnuTLS makes the keys for
 * them out of one that is drawn here, another each 3 * TLS_TICKET_S, and knows
 * the one before.  Ours is shared by all listeners and threads, is in memory only,
 * and makes way for a new one with each certificate and each TLS_TICKET_KEY_S:
 * then clients shake hands in full once.
 *
 * tls_attach() and tls_detach() may be called from any thread; the others from
 * one.
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <gnutls/gnutls.h>

#include "base/buf.h"
#include "http/tls_trust.h"

#define TLS_TICKET_S     (2 * 3600)
#define TLS_TICKET_KEY_S (24 * 3600)

struct tls;
struct tls_generation; /* one certificate, while connections use it */

/* TLS 1.2 and 1.3, forward secrecy and AEAD only (S66). */
extern const char tls_priorities[];

/* 'trust_pem': the certificates that client certificates are verified against. ERR_MALFORMED. */
MUST_CHECK bool tls_new(const struct bytes *trust_pem, size_t n, struct tls **ret,
    struct err *e);
void tls_free(struct tls *t); /* NULL is fine; no connection may be left */
struct tls_trust *tls_trust(const struct tls *t); /* borrowed */

/* Makes a new P-256 key and appends a PKCS #10 request for it: no names, the CA knows them. */
MUST_CHECK bool tls_request(struct tls *t, struct buf *ret_csr, struct err *e);
/*
 * The chain for the key of the last tls_request(), leaf first: new connections
 * get it from now on.  ERR_MALFORMED: no chain.  ERR_CONFLICT: another key's, or
 * nothing was asked for; what serves goes on serving.
 */
MUST_CHECK bool tls_certify(struct tls *t, struct bytes chain_pem, struct err *e);

/* From time to time: the tickets' key makes way for a new one when it is due. */
void tls_tick(struct tls *t, int64_t mono_ms);

/* Prepares a session before its handshake; NULL when there is no certificate yet. */
struct tls_generation *tls_attach(struct tls *t, gnutls_session_t s);
void tls_detach(struct tls_generation *g); /* NULL is fine */

#endif
