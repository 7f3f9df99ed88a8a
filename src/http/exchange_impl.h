/* SPDX-License-Identifier: Apache-2.0 */
/* exchange_impl - what server.c and exchange.c share; nobody else includes it. */
#ifndef HTTP_EXCHANGE_IMPL_H
#define HTTP_EXCHANGE_IMPL_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "http/guard.h"
#include "http/server.h"

struct server {
	struct server_def def;
	struct MHD_Daemon *daemon;
	int listen_fd;
	atomic_size_t busy;
	atomic_uint_fast64_t ids; /* of requests; begins at random */
	atomic_bool quiesced;
	struct conns_room room;
};

/* One connection; it has one request at a time. */
struct door {
	struct server *server;
	struct exchange *spare; /* of the last request, for the next one; or NULL */
	struct conns_entry *entry;
	struct tls_generation *tls;
	struct client client;
	bool client_known; /* the handshake is over and was looked at */
};

enum exchange_phase {
	EXCHANGE_HEAD, /* the library reads headers */
	EXCHANGE_BODY,
	EXCHANGE_HANDED, /* the application has it */
	EXCHANGE_SENDING
};

struct exchange {
	struct door *door;
	struct MHD_Connection *mhd;
	enum exchange_phase phase;
	char id[SERVER_REQUEST_ID_LEN];
	int64_t began_us;
	struct buf target;     /* own copy */
	const char *target_at; /* where it stood */
	struct bytes method, path, query;
	struct guard guard;
	size_t note;
	struct buf body;
	size_t dropped; /* octets of a body that is too large */
	bool close;     /* the answer ends the connection */
	bool held;
	/* The answer: */
	bool refused; /* 'refusal' is it, once all was read */
	struct err refusal;
	struct err why;  /* of exchange_refuse(), for the log */
	unsigned status; /* 0: none yet */
	struct buf content_type, headers;
	struct content *content;
	bool shared;                  /* 'content' is that of other requests too */
	struct exchange_ready *ready; /* is all of the answer; or NULL */
};

struct exchange *exchange_new(struct door *d, struct MHD_Connection *mhd,
    const char *target);
/* It is over; what it was made of waits for the connection's next request. */
void exchange_end(struct exchange *x);
void exchange_free(struct exchange *x); /* NULL is fine */
/* Gives the answer to the library.  False: the connection has to be closed. */
bool exchange_send(struct exchange *x);
/* Writes the answer past the library; the connection has to be closed. */
void exchange_send_past(struct exchange *x);

#endif
