/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/certificates: a CSR, as JSON or as it is. */
#include "api/asked.h"
#include "api/core_routes.h"
#include "api/issued.h"

static const struct names *
asked_names(const struct asked *a)
{
	if (a->has_names)
		return &a->names;
	return a->csr != NULL ? &a->csr->names : NULL;
}

void
core_certificate_issue(struct request *r)
{
	struct asked a = { 0 };
	struct verdict v = { .terse = true };
	struct issued *answer = NULL;
	struct once *once = NULL;
	bool again = false;
	struct err e;

	bool ok = issued_new(r, &answer, &e) &&
		  (r->in.idempotency_key.n == 0 ||
		      issued_once(r, NULL, answer, &again, &once, &e));
	if (ok && again)
		return; /* answered by the certificate of before */
	ok = ok && asked_read(r, false, &a, &v, &e);
	request_about(r, a.profile, asked_names(&a), NULL, NULL);
	if (ok) {
		struct issue_request q = asked_request(&a, r);

		q.once = once_noted(once);
		ok = issue_start(r->ca, &q, once != NULL ? once_done : issued_answer,
		    once != NULL ? (void *)once : answer, &v, &e);
		if (!ok && a.fault.code != ERR_NONE && e.code == v.code)
			e = a.fault; /* in plain words; all of them are in 'v' */
	}
	if (!ok) {
		once_drop(once);
		request_problem(r, &e, &v);
		issued_free(answer);
	}
	verdict_free(&v);
	asked_free(&a);
}
