/* SPDX-License-Identifier: Apache-2.0 */
/*
 * small_server - a real server on a free loopback port, and a client that sends
 * octets as they are given.
 */
#ifndef TESTS_SMALL_SERVER_H
#define TESTS_SMALL_SERVER_H

#include <stdatomic.h>

#include "http/server.h"
#include "http/tls.h"
#include "paper_ca.h"

struct small_server {
	struct server_app app;
	struct conns *conns;
	struct server *server;
	uint16_t port;
	char path[64];      /* of the unix socket, "" for TCP */
	atomic_uint handed; /* requests that reached the application */
	atomic_uint done;
	atomic_bool keep; /* hold what comes; small_server_held() has it */
	struct exchange *_Atomic held;
	struct content *content; /* what GET /content sends */
	char seen[64];           /* of the last request: its path */
	struct client client;    /* of the last request; 'cert' is a copy */
};

#define SMALL_BODY_MAX 1000

/* 'tls' NULL: plain.  Bodies up to SMALL_BODY_MAX are echoed. */
void small_server_start(struct small_server *s, struct tls *tls, unsigned threads);
void small_server_start_unix(struct small_server *s);
void small_server_stop(struct small_server *s);
/* Waits for the exchange that is held. */
struct exchange *small_server_held(struct small_server *s);

/* What core does: a certificate for the listener's request, as a chain. */
void small_tls_certify(struct tls *t, const struct paper_ca *ca, const char *cn);
/* That of a listener which shows such a certificate and believes this CA; tls_free(). */
struct tls *small_tls(const struct paper_ca *ca, const char *cn);

int small_connect(const struct small_server *s);
void small_send(int fd, const char *octets, size_t n);
/* Reads until the peer closes or 'ms' passed without an octet; a NUL is added. */
size_t small_read(int fd, char *ret, size_t size, int ms, bool *ret_closed);
/* One connection: sends, reads all that comes. */
size_t small_talk(const struct small_server *s, const char *octets, size_t n, char *ret,
    size_t size, bool *ret_closed);
/* How often 'what' is in 'text'. */
size_t small_count(const char *text, const char *what);

#endif
