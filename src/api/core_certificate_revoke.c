/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/certificates/{serial}/revoke: reason in the body or in the query. */
#include <stdlib.h>

#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "base/mem.h"
#include "ca/revoke.h"
#include "codec/json.h"

static bool
read_word(const char *word, enum reason *ret, struct err *e)
{
	if (word == NULL || sets_reason_from(bytes_str(word), ret))
		return true;
	return err_set(e, ERR_MALFORMED,
	    "reason must be unspecified, keyCompromise, affiliationChanged, "
	    "superseded, "
	    "cessationOfOperation or privilegeWithdrawn");
}

static bool
read_reason(struct request *r, enum reason *ret, struct err *e)
{
	static const struct json_member members[] = {
		{ "reason", JSON_STRING, false },
		{ NULL, JSON_NULL, false },
	};
	static const char *const known[] = { "reason", NULL };
	char *word = NULL;
	json_t *v = NULL;

	if (!request_query_known(r, known, e) || !request_query(r, "reason", &word, e))
		return false;
	bool ok = read_word(word, ret, e);
	free(word);
	if (ok && r->in.body.n > 0 && r->body != BODY_JSON)
		ok = err_set(e, ERR_MEDIA_TYPE, "send Content-Type: application/json");
	else if (ok && r->in.body.n > 0)
		ok = json_read(r->in.body, &v, e) && json_check(v, members, e) &&
		     read_word(json_text(v, "reason"), ret, e);
	json_decref(v);
	if (ok && *ret == REASON_CA_COMPROMISE)
		return err_set(e, ERR_MALFORMED,
		    "cACompromise is a reason for CA certificates only");
	return ok;
}

struct pending {
	struct request *r;
	struct serial serial;
};

static void
on_revoked(void *arg, const struct revoke_result *res, const struct err *refused)
{
	struct pending *p = arg;
	struct request *r = p->r;

	r->wrote = true;
	if (refused != NULL) {
		request_problem(r, refused, NULL);
	} else {
		json_t *v = json_object();
		json_t *by = json_object();

		json_object_set_new(by, "ocsp", certificate_json_time(res->ocsp_at));
		json_object_set_new(by, "crl", certificate_json_time(res->crl_at));
		json_object_set_new(v, "serial", certificate_json_serial(&p->serial));
		json_object_set_new(v, "revoked_at",
		    certificate_json_time(res->revoked_at));
		json_object_set_new(v, "reason",
		    json_string(sets_reason_word(res->reason)));
		json_object_set_new(v, "effective_by", by);
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
		  read_reason(r, &q.reason, &e);
	if (ok) {
		request_about(r, NULL, NULL, &q.serial, NULL);
		p = mem_zalloc(sizeof(*p));
		*p = (struct pending){ .r = r, .serial = q.serial };
		ok = revoke_start(r->ca, &q, on_revoked, p, &v, &e);
	}
	if (!ok) {
		request_problem(r, &e, &v);
		free(p);
	}
	verdict_free(&v);
}
