/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/stats: how many were issued, are valid, end soon, were revoked. */
#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "ca/census.h"

static json_t *
issuer_json(const struct census_issuer_count *c)
{
	json_t *soon = json_object();

	for (size_t i = 0; i < CENSUS_WINDOWS; i++)
		json_object_set_new(soon, census_window_words[i],
		    json_integer((json_int_t)c->expiring[i]));
	return json_pack("{s:s, s:I, s:I, s:o}", "issuer", c->issuer, "live",
	    (json_int_t)c->live, "revoked", (json_int_t)c->revoked, "expiring", soon);
}

void
core_stats(struct request *r)
{
	const struct census_counts *c = census_counts(r->ca);
	struct err e;

	if (!request_query_none(r, &e)) {
		request_problem(r, &e, NULL);
		return;
	}
	json_t *v = json_object(), *issuers = json_array(), *issued = json_array();
	json_int_t live = 0, revoked = 0;

	for (size_t i = 0; i < c->n; i++) {
		live += (json_int_t)c->v[i].live;
		revoked += (json_int_t)c->v[i].revoked;
		json_array_append_new(issuers, issuer_json(&c->v[i]));
	}
	for (size_t i = 0; i < c->issued.n; i++)
		json_array_append_new(issued,
		    json_pack("{s:s, s:s, s:I}", "profile", c->issued.v[i].a, "issuer",
			c->issued.v[i].b, "count", (json_int_t)c->issued.v[i].n));
	json_object_set_new(v, "counted_at",
	    c->at == 0 ? json_null() : certificate_json_time(c->at));
	json_object_set_new(v, "issued",
	    json_integer((json_int_t)prom_counted(&c->issued)));
	json_object_set_new(v, "live", json_integer(live));
	json_object_set_new(v, "revoked", json_integer(revoked));
	json_object_set_new(v, "by_issuer", issuers);
	json_object_set_new(v, "issued_by_profile", issued);
	request_json(r, 200, v);
}
