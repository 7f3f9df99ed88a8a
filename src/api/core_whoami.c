/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/whoami: who the daemon takes the caller for, and what that allows. */
#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "policy/grant.h"

static const enum right rights[] = {
#define RIGHT(name, bit, word) RIGHT_##name,
#include "tbl/sets.h"
#undef RIGHT
};

static json_t *
rights_json(struct request *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < NITEMS(rights); i++) {
		struct verdict v = { 0 };
		struct err e;

		if (caller_may(r->ca, &r->caller, rights[i], &v, &e))
			json_array_append_new(list,
			    json_string(sets_right_word(rights[i])));
		verdict_free(&v);
	}
	return list;
}

void
core_whoami(struct request *r)
{
	const struct identity *id = &r->caller.id;
	struct err e;

	if (!request_query_none(r, &e)) {
		request_problem(r, &e, NULL);
		return;
	}
	json_t *v = json_object();
	json_object_set_new(v, "identity", json_string(id->text));
	json_object_set_new(v, "kind",
	    json_string(id->kind == IDENTITY_CERT ? "certificate" : "local"));
	if (id->cert != NULL) {
		json_object_set_new(v, "cn", json_string(id->cert->cn));
		json_object_set_new(v, "names",
		    certificate_json_names(&id->cert->names));
		json_object_set_new(v, "serial",
		    certificate_json_serial(&id->cert->serial));
		json_object_set_new(v, "not_after",
		    certificate_json_time(id->cert->not_after));
		json_object_set_new(v, "profile", json_string(id->profile));
		json_object_set_new(v, "issuer", json_string(id->issuer));
	}
	json_object_set_new(v, "may", rights_json(r));
	request_json(r, 200, v);
}
