/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front_spelled - which key (api/front_kept.h) a question has that was spelled so
 * before: the same octets, in a path or in a body, always have the same.
 *
 * It is bounded: a place holds one spelling, and who comes later has it.
 */
#ifndef API_FRONT_SPELLED_H
#define API_FRONT_SPELLED_H

#include "api/front_kept.h"

struct front_spelled;

struct front_spelled *front_spelled_new(void);
void front_spelled_free(struct front_spelled *s); /* NULL is fine */

bool front_spelled_get(struct front_spelled *s, bool in_path, struct bytes text,
    struct front_kept_key *ret);
/* One that is long is not kept. */
void front_spelled_put(struct front_spelled *s, bool in_path, struct bytes text,
    const struct front_kept_key *key);

#endif
