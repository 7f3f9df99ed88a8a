/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/issuers/{name}/revoke: an intermediate is taken back.  The reason must be said. */
#include <stdlib.h>

#include "api/core_routes.h"
#include "api/revocation_json.h"
#include "base/mem.h"
#include "codec/json.h"

struct pending {
	struct request *r;
	char *name;
};

static void
on_revoked(void *arg, const struct revoke_result *res, const struct err *refused)
{
	struct pending *p = arg;

	p->r->wrote = true;
	if (refused != NULL) {
		request_problem(p->r, refused, NULL);
	} else {
		json_t *v = revocation_json(&res->serials[0], res);

		json_object_set_new(v, "issuer", json_string(p->name));
		request_json(p->r, 200, v);
	}
	free(p->name);
	free(p);
}

static bool
read_reason(struct request *r, enum reason *ret, struct err *e)
{
	static const struct json_member members[] = {
		{ "reason", JSON_STRING, true },
		{ NULL, JSON_NULL, false },
	};
	json_t *v = NULL;

	const bool ok = request_object(r, members, &v, e) &&
			revocation_json_reason(json_text(v, "reason"), true, ret, e);
	json_decref(v);
	return ok;
}

void
core_issuer_revoke(struct request *r)
{
	struct pending *p = mem_zalloc(sizeof(*p));
	struct revoke_issuer_request q = { .who = &r->caller.id, .request_id = r->id };
	struct err e;

	*p = (struct pending){ r, mem_strndup(r->params[0]) };
	q.issuer = p->name;
	char *object = mem_printf("issuer %s", p->name);
	request_about(r, NULL, NULL, NULL, object);
	free(object);
	overdue_watch(r, NULL, NULL);
	if (read_reason(r, &q.reason, &e) &&
	    revoke_issuer_start(r->ca, &q, on_revoked, p, &e))
		return;
	request_problem(r, &e, NULL);
	free(p->name);
	free(p);
}
