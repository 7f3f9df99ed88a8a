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
	struct verdict v = { 0 };
	struct issued *answer = NULL;
	struct err e;

	bool ok = issued_new(r, &answer, &e) && asked_read(r, false, &a, &v, &e);
	request_about(r, a.profile, asked_names(&a), NULL, NULL);
	if (ok) {
		const struct issue_request q = asked_request(&a, r);

		ok = issue_start(r->ca, &q, issued_answer, answer, &v, &e);
		if (!ok && a.fault.code != ERR_NONE && e.code == v.code)
			e = a.fault; /* in plain words; all of them are in 'v' */
	}
	if (!ok) {
		request_problem(r, &e, &v);
		issued_free(answer);
	}
	verdict_free(&v);
	asked_free(&a);
}
