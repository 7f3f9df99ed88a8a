/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front_core - the exchanges that wait for core's answer.
 *
 * The worker threads of the server put their questions here; the thread of the
 * event loop sends them, and gives the answers back.  How many wait is bounded:
 * who comes when all places are taken hears 503 at once (S32).
 */
#ifndef DAEMON_FRONT_CORE_H
#define DAEMON_FRONT_CORE_H

#include "api/front.h"
#include "ipc/link.h"
#include "sys/loop.h"

#define FRONT_CORE_WAITING_MAX 4096
#define FRONT_CORE_OCTETS_MAX  MIB(32) /* of requests that wait */
#define FRONT_CORE_ANSWER_MS   30000

struct front_core;

MUST_CHECK bool front_core_new(struct loop *l, struct front_core **ret, struct err *e);
void front_core_free(struct front_core *c); /* nothing may wait; NULL is fine */
/* Where questions go; once, before the first is asked. */
void front_core_link(struct front_core *c, struct link *to_core);

/* struct front's members of these names; from any thread. */
void front_core_ask(void *ctx, struct exchange *x);
bool front_core_ask_live(void *ctx, struct exchange *x,
    const struct front_kept_key *key);
void front_core_renew_live(void *ctx, struct bytes request,
    const struct front_kept_key *key);

/* struct front's 'waiting'; from any thread. */
size_t front_core_waiting(void *ctx);

/* The others from the loop's thread.  MSG_HTTP_RESPONSE came. */
MUST_CHECK bool front_core_answer(struct front_core *c, struct front *front,
    const struct frame *f, struct err *e);
/* Answers for core where it took too long. */
void front_core_expire(struct front_core *c);
/* From here on all are refused, also those that wait. */
void front_core_stop(struct front_core *c);

#endif
