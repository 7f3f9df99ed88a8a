/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/enroll: the first certificate, for a token. */
#include <stdlib.h>

#include "api/asked.h"
#include "api/core_routes.h"
#include "api/issued.h"
#include "base/mem.h"
#include "ca/enroll.h"
#include "ca/throttle.h"
#include "codec/json.h"

static bool
read_json(const struct request *r, struct csr **ret, struct verdict *rows,
    struct err *e)
{
	static const struct json_member members[] = {
		{ "csr", JSON_STRING, true },
		{ NULL, JSON_NULL, false },
	};
	json_t *v = NULL;

	const bool ok = request_object(r, members, &v, e) &&
			asked_csr(r, bytes_str(json_text(v, "csr")), ret, rows, e);
	json_decref(v);
	return ok;
}

/* Who comes with a token that is known goes by its id from here on, in the log too. */
static void
name_caller(struct request *r, const struct store_token *t)
{
	char id[TOKEN_ID_LEN];

	token_id(t->hash, id);
	caller_free(&r->caller);
	r->caller.profile = mem_strdup(t->profile);
	r->caller.id = (struct identity){
		.kind = IDENTITY_TOKEN,
		.text = mem_printf("token:%s", id),
		.profile = r->caller.profile,
	};
	char *object = mem_printf("token %s", id);
	request_about(r, t->profile, &t->names, NULL, object);
	free(object);
}

static bool
throttle_sender(struct request *r, struct err *e)
{
	char *address = mem_strndup(r->in.address);
	const bool ok = throttle_address(r->ca, address, e);

	free(address);
	return ok;
}

/* Whoever holds the secret is counted by it too: he may come from anywhere. */
static bool
find_token(struct request *r, struct store_token *ret, struct err *e)
{
	bool ok = enroll_find(r->ca, r->in.authorization, ret, e);

	if (ret->profile != NULL) {
		struct err wait;
		char id[TOKEN_ID_LEN];

		name_caller(r, ret);
		token_id(ret->hash, id);
		if (!throttle_token(r->ca, id, &wait)) {
			*e = wait;
			ok = false;
		}
	}
	if (!ok && e->code == ERR_TOKEN_UNKNOWN) /* RFC 6750 3 */
		request_header(r, "WWW-Authenticate", "Bearer realm=\"hanaper\"");
	return ok;
}

/* Reads the CSR and asks for its certificate. */
static bool
start(struct request *r, const struct store_token *t, struct issued *answer,
    struct once *once, struct verdict *v, struct err *e)
{
	struct csr *csr = NULL;

	bool ok = r->body == BODY_JSON ? read_json(r, &csr, v, e)
				       : asked_csr(r, r->in.body, &csr, v, e);
	if (ok) {
		const struct enroll_request q = { .token = t,
			.csr = csr,
			.request_id = r->id,
			.once = once_noted(once) };

		ok = enroll_start(r->ca, &q, once != NULL ? once_done : issued_answer,
		    once != NULL ? (void *)once : answer, v, e);
	}
	csr_free(csr);
	return ok;
}

/*
 * A token counts once, but an answer may get lost: the same request with the same
 * Idempotency-Key gets its certificate again, though the token is used up by it.
 */
void
core_enroll(struct request *r)
{
	const bool has_key = r->in.idempotency_key.n > 0;
	struct store_token t = { 0 };
	struct issued *answer = NULL;
	struct once *once = NULL;
	struct verdict v = { .terse = true };
	struct err e = { 0 };
	bool again = false;

	if (!throttle_sender(r, &e)) {
		request_problem(r, &e, NULL);
		return;
	}
	const bool counts = find_token(r, &t, &e);
	const struct err spent = e;
	bool ok = (counts || (has_key && e.code == ERR_TOKEN_USED)) &&
		  request_query_none(r, &e) && issued_new(r, &answer, &e) &&
		  (!has_key || issued_once(r, NULL, answer, &again, &once, &e));
	if (ok && !again && !counts) {
		e = spent;
		ok = false;
	}
	ok = ok && (again || start(r, &t, answer, once, &v, &e));
	if (!ok) {
		once_drop(once);
		request_problem(r, &e, &v);
		issued_free(answer);
	}
	verdict_free(&v);
	store_token_free(&t);
}
