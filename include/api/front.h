/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front - what the outermost process does with a request: it refuses what no
 * route takes, answers what is published, and hands the rest to core, which
 * trusts nothing that was checked here.
 *
 * The handlers run on the server's worker threads.
 */
#ifndef API_FRONT_H
#define API_FRONT_H

#include "http/server.h"
#include "ipc/msg_http.h"

struct front_published; /* api/front_published.h */
struct front_metrics;   /* api/front_metrics.h */

struct front {
	struct front_published *published;
	struct front_metrics *metrics;
	/* Holds the exchange until core answers, or refuses it; from any thread. */
	void (*ask)(void *ctx, struct exchange *x);
	/* How many exchanges 'ask' holds. */
	size_t (*waiting)(void *ctx);
	void *ctx;
	struct conns *conns;
	_Atomic size_t body_max; /* limits.body of the configuration */
	struct server_app app;   /* for server_def; front_init() fills it */
};

/* Sets 'app' and 'metrics'; the others are the caller's to set. */
void front_init(struct front *f);
void front_free(struct front *f); /* what front_init() made */

/*
 * Core's answer to 'x' becomes the client's: what front has to add is added to
 * it, and stands in 'own', which is the caller's to free.
 */
void front_finish(struct front *f, const struct exchange *x, struct answer *a,
    struct buf *own);

/* "plain" "tls" "tls-cert" "tls-bad" "unix": of the sender of an exchange. */
const char *front_peer_word(enum peer_kind k);
enum peer_kind front_peer_kind(const struct client *p);

/* The handlers of the rows whose side is SIDE_FRONT (tbl/routes.h). */
typedef void front_handler(struct front *f, struct exchange *x);
front_handler front_published, front_healthz;

#endif
