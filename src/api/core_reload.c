/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/reload: the configuration anew; the parent alone reads the file. */
#include "api/core_routes.h"
#include "base/log.h"
#include "codec/json.h"

/* Neither the query nor the body has anything to say. */
static bool
is_bare(const struct request *r, struct err *e)
{
	static const struct json_member none[] = { { NULL, JSON_NULL, false } };
	json_t *v = NULL;

	const bool ok = r->in.body.n == 0 ? request_query_none(r, e)
					  : request_object(r, none, &v, e);
	json_decref(v);
	return ok;
}

void
core_reload(struct request *r)
{
	struct err e;

	if (!is_bare(r, &e)) {
		request_problem(r, &e, NULL);
		return;
	}
	LOG(LOG_INFO, "reload-asked", LOG_TEXT("request_id", r->id),
	    LOG_TEXT("identity", r->caller.id.text));
	r->api->reload(r->api->arg, r);
}

void
core_reload_done(struct request *r, struct bytes changed, const struct err *e)
{
	json_t *list = json_array();

	if (e != NULL) {
		json_decref(list);
		request_problem(r, e, NULL);
		return;
	}
	while (changed.n > 0) {
		const size_t n = bytes_index(changed, ' ');

		json_array_append_new(list, json_stringn((const char *)changed.p, n));
		changed = bytes_skip(changed, n + 1);
	}
	request_json(r, 200, json_pack("{s:o}", "changed", list));
}
