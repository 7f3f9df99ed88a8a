/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front_ready - answers that many ask for within one second, put together once.
 *
 * Behind front_kept, which says what may be answered: here it is found by the very
 * octets that were kept, so what is forgotten there is not found here either.  The
 * first to ask in a second leaves a note, the second one makes it, the others have it.
 * A place holds one answer; who comes later has it.
 */
#ifndef API_FRONT_READY_H
#define API_FRONT_READY_H

#include "api/front_kept.h"
#include "http/server.h"

struct front_ready;

struct front_ready *front_ready_new(void);
void front_ready_free(struct front_ready *r); /* NULL is fine */

/* A reference, or NULL; then *ret_worth: others asked before in this second. */
struct exchange_ready *front_ready_get(struct front_ready *r,
    const struct front_kept_key *key, const struct content *content, int64_t now,
    bool *ret_worth);
/* Takes a reference.  'content' is what it was made from. */
void front_ready_put(struct front_ready *r, const struct front_kept_key *key,
    const struct content *content, int64_t now, struct exchange_ready *ready);

#endif
