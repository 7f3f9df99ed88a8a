/* SPDX-License-Identifier: Apache-2.0 */
/* api_world - a core in this process, for fuzz_api.c alone. */
#ifndef API_WORLD_H
#define API_WORLD_H

#include "ipc/msg_http.h"

struct api_world;

/* One for the process: made when it is first asked for. */
struct api_world *api_world_get(void);
/* DER of the first administrator's certificate. */
struct bytes api_world_admin(const struct api_world *w);
/* Appends a path in which "ACCOUNT", "ORDER", "AUTHZ" and "CHALLENGE" become those that are there. */
void api_world_fill(const struct api_world *w, struct bytes path, struct buf *ret);
/* Appends the JWS of a payload for that path, by the account that is there. */
void api_world_sign(struct api_world *w, struct bytes path, struct bytes payload,
    struct buf *ret);
/* Asks, waits for the answer, judges its form, and undoes what was written. */
void api_world_ask(struct api_world *w, const struct msg_http_request *m);

#endif
