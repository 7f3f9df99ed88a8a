/* SPDX-License-Identifier: Apache-2.0 */
#include "api/core_routes.h"

#define HANDLER_SIDE_CORE(h)  core_##h
#define HANDLER_SIDE_KEPT(h)  core_##h
#define HANDLER_SIDE_FRONT(h) NULL

static request_handler *const handlers[] = {
#define ROUTE(method, path, on, gate, max, body, side, handler) HANDLER_##side(handler),
#include "tbl/routes.h"
#undef ROUTE
};

request_handler *
core_routes_handler(size_t row)
{
	return row < NITEMS(handlers) ? handlers[row] : NULL;
}
