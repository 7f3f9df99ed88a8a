/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/renewal-info/{id}: what ACME clients are told (RFC 9773), for every certificate. */
#include <stdio.h>

#include "api/core_routes.h"
#include "api/renewal_json.h"

void
core_renewal_info(struct request *r)
{
	struct renewal_info i;
	char seconds[16];
	struct err e;

	if (!request_query_none(r, &e) ||
	    !renewal_info_get(r->ca, r->params[0], &i, &e)) {
		request_problem(r, &e, NULL);
		return;
	}
	snprintf(seconds, sizeof(seconds), "%u", i.retry_s);
	request_header(r, "Retry-After", seconds);
	request_json(r, 200, renewal_json(&i));
	renewal_info_free(&i);
}
