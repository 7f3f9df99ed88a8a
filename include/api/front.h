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

#include <stdatomic.h>

#include "api/front_kept.h"
#include "conf/conf.h"
#include "http/server.h"
#include "ipc/msg_http.h"

struct front_published; /* api/front_published.h */
struct front_metrics;   /* api/front_metrics.h */
struct front_acme;      /* api/front_acme.h */
struct front_ready;     /* api/front_ready.h */
struct front_spelled;   /* api/front_spelled.h */

struct front {
	struct front_published *published;
	struct front_metrics *metrics;
	/* Holds the exchange until core answers, or refuses it; from any thread. */
	void (*ask)(void *ctx, struct exchange *x);
	/*
	 * The same for OCSP, where the answer may be kept under 'key' (NULL: it may
	 * not).  False: too many are under way; the exchange is still the caller's.
	 */
	bool (
	    *ask_live)(void *ctx, struct exchange *x, const struct front_kept_key *key);
	/* Asks for nobody; what comes is kept. */
	void (*renew_live)(void *ctx, struct bytes request,
	    const struct front_kept_key *key);
	/* How many exchanges 'ask' and 'ask_live' hold. */
	size_t (*waiting)(void *ctx);
	void *ctx;
	struct conns *conns;
	_Atomic size_t body_max; /* limits.body of the configuration */
	struct front_acme *acme;
	struct front_kept *kept;
	struct front_ready *ready;
	struct front_spelled *spelled;
	_Atomic int64_t live_at_us; /* front_ocsp.c's */
	_Atomic uint64_t live_refused;
	struct server_app app; /* for server_def; front_init() fills it */
};

/* Sets 'app', 'metrics', 'acme', 'kept', 'ready', 'spelled'; the others are the caller's to set. */
void front_init(struct front *f);
/* What it takes from the configuration, before the first request and at each reload. */
void front_configure(struct front *f, const struct conf *c);
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

/* The handlers of the rows whose side is SIDE_FRONT or SIDE_KEPT (tbl/routes.h). */
typedef void front_handler(struct front *f, struct exchange *x);
front_handler front_published, front_healthz, front_ocsp_get, front_ocsp_post;

#endif
