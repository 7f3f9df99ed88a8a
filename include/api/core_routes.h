/* SPDX-License-Identifier: Apache-2.0 */
/* core_routes - core's handler of each row of tbl/routes.h. */
#ifndef API_CORE_ROUTES_H
#define API_CORE_ROUTES_H

#include "api/request.h"

/* NULL for a row that front answers. */
request_handler *core_routes_handler(size_t row);

/* The handlers themselves, each in a file of its own. */
#define CORE_ROUTES_SIDE_FRONT(name) struct request
#define CORE_ROUTES_SIDE_CORE(name)  request_handler core_##name
#define CORE_ROUTES_SIDE_KEPT(name)  request_handler core_##name
#define ROUTE(method, path, on, gate, body_max, body, side, handler)                   \
	CORE_ROUTES_##side(handler);
#include "tbl/routes.h"
#undef ROUTE

request_handler core_reload;
/* What became of request_handler core_reload: 'changed' is "profiles grants"; 'e' NULL: done. */
void core_reload_done(struct request *r, struct bytes changed, const struct err *e);

#endif
