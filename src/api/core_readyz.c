/* SPDX-License-Identifier: Apache-2.0 */
/* GET /readyz: database level, signer there, CRLs fresh.  No name or serial is told (S71). */
#include "api/core_routes.h"

void
core_readyz(struct request *r)
{
	struct err e;

	if (ca_healthy(r->ca, &e))
		request_json(r, 200, json_pack("{s:s}", "status", "ready"));
	else
		request_problem(r, &e, NULL);
}
