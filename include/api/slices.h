/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slices - long work of one thread, a slice of it in each round of the loop.
 *
 * Core has one thread: a search through a million names would keep everybody
 * else waiting.  So it goes a few milliseconds at a time, and what is quick goes
 * on in between.  Who waits takes turns, by identity and not by job: who asks for
 * much is slow himself (S32).
 */
#ifndef API_SLICES_H
#define API_SLICES_H

#include <stdint.h>

#include "base/err.h"
#include "sys/loop.h"

#define SLICES_MAX   64 /* jobs at once */
#define SLICES_KEPT  16 /* of them for who has the right admin */
#define SLICES_SHARE 8  /* of one identity, whoever that is */

struct slices;

struct slices_job {
	bool (*step)(void *arg); /* one slice; true: done, and 'arg' is gone */
	void (*drop)(void *arg); /* ends it unfinished: 'arg' is gone */
	void *arg;
};

/* How much the next slice may be, 'n' having taken so long: about ten milliseconds. */
int64_t slices_pace(int64_t n, int64_t least, int64_t most, int64_t took_ms);

struct slices *slices_new(struct loop *l);
/* Drops what is not done; NULL is fine. */
void slices_free(struct slices *s);
/*
 * May 'who' have another job?  ERR_RATE_LIMITED with retry_s: he has SLICES_SHARE;
 * ERR_UNAVAILABLE: all together have too many.
 */
MUST_CHECK bool slices_room(const struct slices *s, const char *who, bool is_admin,
    struct err *e);
/* The first slice comes in a round to come; fails as slices_room() does. */
MUST_CHECK bool slices_add(struct slices *s, const char *who, bool is_admin,
    const struct slices_job *j, struct err *e);

#endif
