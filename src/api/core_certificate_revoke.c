/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/certificates/{serial}/revoke: reason and lineage in the body or in the query. */
#include <stdlib.h>
#include <string.h>

#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "api/revocation_json.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/json.h"
#include "policy/grant.h"
#include "store/store_certificate.h"

static bool
read_flag(const char *word, bool *ret, struct err *e)
{
	if (word == NULL)
		return true;
	*ret = strcmp(word, "true") == 0;
	return *ret || strcmp(word, "false") == 0 ||
	       err_set(e, ERR_MALFORMED, "lineage must be true or false");
}

static bool
read_query(struct request *r, struct revoke_request *q, struct err *e)
{
	static const char *const known[] = { "reason", "lineage", NULL };
	char *reason = NULL, *lineage = NULL;

	const bool ok = request_query_known(r, known, e) &&
			request_query(r, "reason", &reason, e) &&
			request_query(r, "lineage", &lineage, e) &&
			revocation_json_reason(reason, false, &q->reason, e) &&
			read_flag(lineage, &q->lineage, e);
	free(reason);
	free(lineage);
	return ok;
}

static bool
read_body(struct request *r, struct revoke_request *q, struct err *e)
{
	static const struct json_member members[] = {
		{ "reason", JSON_STRING, false },
		{ "lineage", JSON_TRUE, false },
		{ NULL, JSON_NULL, false },
	};
	json_t *v = NULL;

	if (r->in.body.n == 0)
		return true;
	if (r->body != BODY_JSON)
		return err_set(e, ERR_MEDIA_TYPE,
		    "send Content-Type: application/json");
	if (!json_read(r->in.body, &v, e))
		return false;
	const bool ok =
	    json_check(v, members, e) &&
	    revocation_json_reason(json_text(v, "reason"), false, &q->reason, e);
	const json_t *lineage = json_object_get(v, "lineage");
	if (ok && lineage != NULL)
		q->lineage = json_is_true(lineage);
	json_decref(v);
	return ok;
}

struct pending {
	struct request *r;
	struct serial serial;
	bool lineage;
};

static json_t *
serials_json(const struct serial *serials, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, certificate_json_serial(&serials[i]));
	return list;
}

/* Whoever has the key has these too; to who may read, as they are of any profile. */
static void
put_same_key(struct request *r, const struct serial *serial, json_t *v)
{
	struct certificate_serials same;
	struct err e;

	if (!grant_has(ca_conf(r->ca), &r->caller.id, RIGHT_READ, NULL))
		return;
	if (store_certificate_same_key(ca_store(r->ca), serial, clock_now(), &same, &e))
		json_object_set_new(v, "same_key", serials_json(same.v, same.n));
	else /* it is revoked all the same */
		LOG_ERR(LOG_ERROR, "same-key-unread", &e);
}

static void
on_revoked(void *arg, const struct revoke_result *res, const struct err *refused)
{
	struct pending *p = arg;
	struct request *r = p->r;

	r->wrote = true;
	if (refused != NULL) {
		request_problem(r, refused, NULL);
	} else {
		json_t *v = revocation_json(&p->serial, res);

		if (p->lineage)
			json_object_set_new(v, "serials",
			    serials_json(res->serials, res->n_serials));
		if (res->reason == REASON_KEY_COMPROMISE)
			put_same_key(r, &p->serial, v);
		request_json(r, 200, v);
	}
	free(p);
}

void
core_certificate_revoke(struct request *r)
{
	struct revoke_request q = { .who = &r->caller.id, .request_id = r->id };
	struct verdict v = { 0 };
	struct pending *p = NULL;
	struct err e;

	bool ok = serial_from_hex(r->params[0], &q.serial, &e) &&
		  read_query(r, &q, &e) && read_body(r, &q, &e);
	if (ok) {
		request_about(r, NULL, NULL, &q.serial, NULL);
		p = mem_zalloc(sizeof(*p));
		*p = (struct pending){ .r = r,
			.serial = q.serial,
			.lineage = q.lineage };
		overdue_watch(r, NULL, NULL);
		ok = revoke_start(r->ca, &q, on_revoked, p, &v, &e);
	}
	if (!ok) {
		request_problem(r, &e, &v);
		free(p);
	}
	verdict_free(&v);
}
