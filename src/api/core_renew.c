/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/renew: a CSR for the certificate that the caller presents. */
#include <stdlib.h>

#include "api/asked.h"
#include "api/core_routes.h"
#include "api/issued.h"
#include "base/clock.h"
#include "ca/once.h"
#include "ca/renew.h"
#include "codec/json.h"

static bool
read_validity(const char *text, int64_t *ret, struct verdict *v, struct err *e)
{
	if (text == NULL || clock_duration_parse(bytes_str(text), ret, e))
		return true;
	verdict_add(v, false, ERR_MALFORMED, "validity.syntax", "validity", text,
	    "a span of at most 100 years, such as 90s, 15m, 24h or 30d");
	return err_prefix(e, "validity");
}

static bool
read_json(struct request *r, struct csr **ret, int64_t *ret_validity_s,
    struct verdict *rows, struct err *e)
{
	static const struct json_member members[] = {
		{ "csr", JSON_STRING, true },
		{ "validity", JSON_STRING, false },
		{ NULL, JSON_NULL, false },
	};
	json_t *v = NULL;

	const bool ok =
	    request_object(r, members, &v, e) &&
	    read_validity(json_text(v, "validity"), ret_validity_s, rows, e) &&
	    asked_csr(r, bytes_str(json_text(v, "csr")), ret, rows, e);
	json_decref(v);
	return ok;
}

static bool
read_raw(struct request *r, struct csr **ret, int64_t *ret_validity_s,
    struct verdict *rows, struct err *e)
{
	static const char *const known[] = { "validity", NULL };
	char *validity = NULL;

	const bool ok = request_query_known(r, known, e) &&
			request_query(r, "validity", &validity, e) &&
			read_validity(validity, ret_validity_s, rows, e) &&
			asked_csr(r, r->in.body, ret, rows, e);
	free(validity);
	return ok;
}

void
core_renew(struct request *r)
{
	struct renew_request q = { .who = &r->caller.id,
		.row = r->caller.row,
		.request_id = r->id };
	struct verdict v = { .terse = true };
	struct issued *answer = NULL;
	struct once *once = NULL;
	struct csr *csr = NULL;
	bool again = false;
	struct err e;

	const struct cert *old = r->caller.cert;
	if (old != NULL)
		request_about(r, r->caller.profile, &old->names, &old->serial, NULL);
	bool ok = issued_new(r, &answer, &e) &&
		  (r->in.idempotency_key.n == 0 ||
		      issued_once(r, "/v1/renew", answer, &again, &once, &e));
	if (ok && again)
		return; /* answered by the certificate of before */
	ok = ok && (r->body == BODY_JSON ? read_json(r, &csr, &q.validity_s, &v, &e)
					 : read_raw(r, &csr, &q.validity_s, &v, &e));
	if (ok) {
		q.csr = csr;
		q.once = once_noted(once);
		ok = renew_start(r->ca, &q, once != NULL ? once_done : issued_answer,
		    once != NULL ? (void *)once : answer, &v, &e);
	}
	if (!ok) {
		once_drop(once);
		request_problem(r, &e, &v);
		issued_free(answer);
	}
	verdict_free(&v);
	csr_free(csr);
}
