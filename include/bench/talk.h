/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk - one connection to an HTTP/1.1 server, plain or TLS, that never blocks.
 *
 * It connects when something is asked and there is no connection; who is at the
 * other end is verified against the roots of its credentials.
 */
#ifndef BENCH_TALK_H
#define BENCH_TALK_H

#include <gnutls/gnutls.h>
#include <sys/socket.h>

#include "bench/reply.h"

struct talk_place {
	bool tls;
	char *host;      /* for the certificate's name */
	char *authority; /* for the Host header: "host" or "host:port" */
	struct sockaddr_storage addr;
	socklen_t addr_n;
};

/*
 * "http://HOST[:PORT]" or "https://...", a path behind it is ignored; looks the
 * name up.  ERR_MALFORMED, ERR_NOT_FOUND.
 */
MUST_CHECK bool talk_place_read(const char *url, struct talk_place *ret, struct err *e);
void talk_place_free(struct talk_place *p); /* what is inside */

/*
 * Credentials for TLS: 'roots', a PEM file, is all that is trusted; 'cert' and
 * 'key' NULL: none.
 */
MUST_CHECK bool talk_credentials(const char *roots, const char *cert, const char *key,
    gnutls_certificate_credentials_t *ret, struct err *e);

enum talk_state {
	TALK_READS,  /* waits until octets come */
	TALK_WRITES, /* waits until octets can leave */
	TALK_DONE,   /* talk_reply() is whole */
	TALK_FAILED
};

struct talk_counts {
	uint64_t connections, handshakes, resumed;
};

struct talk;

/* 'place' and 'cred' (NULL: plain) are borrowed for its life. */
struct talk *talk_new(const struct talk_place *place,
    gnutls_certificate_credentials_t cred);
void talk_free(struct talk *t); /* NULL is fine */
/* Sessions are resumed by the server's ticket from now on. */
void talk_resume(struct talk *t);
/* 'request' is borrowed until the answer is there. */
void talk_ask(struct talk *t, struct bytes request);
/* Goes as far as it can without waiting. */
enum talk_state talk_go(struct talk *t, struct err *e);
int talk_fd(const struct talk *t); /* -1: not connected */
/* The last answer, until the next talk_ask(). */
const struct reply *talk_reply(const struct talk *t);
/* Ends the connection; the next asking makes a new one. */
void talk_close(struct talk *t);
struct talk_counts talk_counts(const struct talk *t);

#endif
