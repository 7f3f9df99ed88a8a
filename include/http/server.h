/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server - listeners over libmicrohttpd, and one request with its answer: the
 * exchange.
 *
 * The library's worker threads call the application twice for each request
 * whose framing is sound (http/guard.h): when the head is there, and when all
 * is.  It answers then, or holds the exchange and answers later from any
 * thread; meanwhile the connection costs nothing.
 *
 * The listening sockets are made elsewhere.  TLS is served by poll, plain HTTP
 * by epoll: with epoll one stalled handshake would burn a core.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/buf.h"
#include "http/client.h"
#include "http/conns.h"
#include "http/content.h"
#include "http/tls.h"

struct server;
struct exchange;

#define SERVER_REQUEST_ID_LEN 17 /* 16 hex characters and a NUL */

struct server_app {
	/*
	 * The head is there.  False: *e is the answer, and nothing of a body is read.
	 * 'ret_body_max' bounds the body: over it the answer is ERR_TOO_LARGE.
	 */
	bool (*on_head)(void *ctx, struct exchange *x, size_t *ret_body_max,
	    struct err *e);
	/* All is there: exchange_answer(), exchange_refuse() or exchange_hold(). */
	void (*on_request)(void *ctx, struct exchange *x);
	/*
	 * exchange_refuse(): true when it has answered in words of its own; from any
	 * thread.  NULL: never.
	 */
	bool (*on_refuse)(void *ctx, struct exchange *x, const struct err *e,
	    struct bytes headers);
	/* It is over; 'x' ends with this call. */
	void (*on_done)(void *ctx, struct exchange *x);
	void *ctx;
};

struct server_def {
	const struct server_app *app; /* borrowed, as the next two */
	struct conns *conns;
	struct tls *tls;  /* NULL: plain; otherwise tls_certify() has succeeded */
	unsigned kind;    /* given back by exchange_kind(): enum route_listener */
	unsigned threads; /* at least 1 */
	unsigned limit;   /* open connections at most; further ones wait */
	size_t memory;    /* of a connection, for request line and headers; 0: 16 KiB */
};

/* Takes over 'listen_fd', also when it fails. */
MUST_CHECK bool server_start(const struct server_def *def, int listen_fd,
    struct server **ret, struct err *e);
/* Accepts no more; what is open goes on, each answer ends its connection. */
void server_quiesce(struct server *s);
/* How many exchanges are not over. */
size_t server_busy(struct server *s);
/* Closes all.  No exchange may be held.  NULL is fine. */
void server_stop(struct server *s);

/* ---- the request; views are good until it is answered ---- */

unsigned exchange_kind(const struct exchange *x);
const char *exchange_id(const struct exchange *x); /* 16 hex characters */
struct bytes exchange_method(const struct exchange *x);
struct bytes exchange_path(const struct exchange *x);  /* as received */
struct bytes exchange_query(const struct exchange *x); /* behind '?', as received */
struct bytes exchange_body(const struct exchange *x);
/* Of a header that came once or never ("" then); the first of several. */
struct bytes exchange_header(const struct exchange *x, const char *name);
const char *exchange_address(const struct exchange *x);
const struct client *exchange_client(const struct exchange *x);
int exchange_socket(const struct exchange *x);    /* the connection's, which keeps it */
bool exchange_has_body(const struct exchange *x); /* one comes or came */
int64_t exchange_age_ms(const struct exchange *x);
int64_t exchange_age_us(const struct exchange *x);
/* A number that the application keeps with the exchange. */
void exchange_note(struct exchange *x, size_t note);
size_t exchange_noted(const struct exchange *x);
unsigned exchange_status(const struct exchange *x); /* 0: not answered */
/* What exchange_refuse() was told; NULL when it was answered otherwise. */
const struct err *exchange_why(const struct exchange *x);

/* ---- the answer ---- */

struct answer {
	unsigned status;           /* 200 to 599 */
	struct bytes content_type; /* empty: no body */
	struct bytes headers;      /* "Name: value\n" each */
	struct bytes body;         /* copied; or: */
	struct content *content;   /* shared; a reference is taken */
};

/*
 * An answer that is the same for all who ask in one second: it is put together once.
 * From 'content' and not from 'body'; it bears the date 'now'.  NULL: a header is unusable.
 */
struct exchange_ready;
struct exchange_ready *exchange_ready_new(const struct answer *a, int64_t now);
struct exchange_ready *exchange_ready_ref(struct exchange_ready *r);
void exchange_ready_unref(struct exchange_ready *r); /* NULL is fine */
/* From on_request; takes a reference. */
void exchange_answer_ready(struct exchange *x, struct exchange_ready *r);

/* For what is known before the rest is: lines in front of those of the answer. */
struct buf *exchange_headers(struct exchange *x);
/* From on_request, or from any thread for an exchange that is held. */
void exchange_answer(struct exchange *x, const struct answer *a);
/* As a problem document; 'headers' as in an answer, may be empty. */
void exchange_refuse(struct exchange *x, const struct err *e, struct bytes headers);
/* From on_request only: the answer comes later. */
void exchange_hold(struct exchange *x);
/* For on_head's refusals: headers that go with *e. */
void exchange_add_header(struct exchange *x, const char *name, const char *value);

#endif
