/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overdue - nobody waits for ever for the signer.
 *
 * A key in hardware may be slow, or never answer.  Who is watched and has no answer
 * after OVERDUE_MS is told so: 503 and when to ask again, or what the handler says
 * instead.  What he asked for goes on: the signer's answer, when it comes, is stored
 * as always, and its words to the client are dropped.  ADR 0027.
 */
#ifndef API_OVERDUE_H
#define API_OVERDUE_H

#include <stdint.h>

#include "sys/loop.h"

#define OVERDUE_MS 10000 /* front gives up at 30 s, many clients do */

struct overdue;
struct request;

struct overdue_wait { /* a request's part of it: request.h */
	struct request *prev, *next;
	int64_t since_ms;
	void (*tell)(void *arg);
	void *arg;
	bool on;      /* it is watched */
	bool telling; /* what it answers now is not the end of it */
	bool told;    /* the client has his answer */
};

struct overdue *overdue_new(struct loop *l);
void overdue_free(struct overdue *o); /* NULL is fine */

/*
 * From here on this request waits for the signer, or for who is asked before.  'tell'
 * answers it as any handler does, by request_*() or acme_*(), which then free nothing;
 * NULL: a problem document.
 */
void overdue_watch(struct request *r, void (*tell)(void *arg), void *arg);
/* What is said then, unless a handler has words of its own. */
void overdue_words(struct err *ret);
/* It is answered; nothing happens where it was not watched. */
void overdue_end(struct request *r);

#endif
