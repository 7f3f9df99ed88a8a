/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/explain: what would become of a request for a certificate. */
#include "api/asked.h"
#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "api/verdict_json.h"
#include "ca/explain.h"
#include "codec/base64.h"

static json_t *
base64_json(struct bytes octets)
{
	struct buf b;

	buf_init(&b, KIB(128));
	base64_put(&b, octets);
	json_t *v = certificate_json_text(buf_bytes(&b));
	buf_free(&b);
	return v;
}

static json_t *
would_issue_json(const struct explanation *x)
{
	const struct cert *c = x->cert;
	const char *key = c != NULL ? sets_key_alg_word(c->key.alg) : NULL;

	if (c == NULL)
		return json_null();
	json_t *v = json_object();
	json_object_set_new(v, "profile", json_string(x->profile->name));
	json_object_set_new(v, "issuer", json_string(x->issuer->name));
	json_object_set_new(v, "not_before", certificate_json_time(c->not_before));
	json_object_set_new(v, "not_after", certificate_json_time(c->not_after));
	json_object_set_new(v, "cn", json_string(c->cn));
	json_object_set_new(v, "names", certificate_json_names(&c->names));
	json_object_set_new(v, "usages", certificate_json_usages(c->usages));
	json_object_set_new(v, "key",
	    json_pack("{s:s, s:i}", "type", key != NULL ? key : "", "bits",
		(int)c->key.bits));
	json_object_set_new(v, "tbs", base64_json(c->tbs));
	json_object_set_new(v, "text", certificate_json_text(bytes_str(x->text)));
	return v;
}

/* What the lints found; silent ones are left out. */
static json_t *
lints_json(const struct verdict *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->n; i++)
		if (v->v[i].value[0] != '\0')
			json_array_append_new(list,
			    json_pack("{s:s, s:s, s:s, s:s}", "lint", v->v[i].rule,
				"severity", v->v[i].pass ? "warning" : "error",
				"finding", v->v[i].value, "reference",
				v->v[i].allowed));
	return list;
}

static json_t *
explanation_json(const struct explanation *x, const char *who, const struct verdict *v)
{
	json_t *o = json_object();

	json_object_set_new(o, "allowed", json_boolean(x->allowed));
	json_object_set_new(o, "identity", json_string(who));
	json_object_set_new(o, "rules", verdict_json_all(v));
	json_object_set_new(o, "would_issue", would_issue_json(x));
	json_object_set_new(o, "lint", lints_json(&x->lints));
	return o;
}

static bool
may_ask_for_another(struct request *r, struct verdict *v, struct err *e)
{
	struct verdict own = { 0 };

	/* Of its own: a right that he has is none of the rules to be explained. */
	const bool ok = caller_may(r->ca, &r->caller, RIGHT_ADMIN, &own, e);
	for (size_t i = 0; !ok && i < own.n; i++)
		verdict_add(v, own.v[i].pass, e->code, own.v[i].rule, own.v[i].field,
		    own.v[i].value, own.v[i].allowed);
	verdict_free(&own);
	return ok;
}

/*
 * Whom to judge for: the caller, or, for administrators, another.
 * One that does not count is a row like other faults.
 */
static bool
settle_identity(struct request *r, const struct asked *a, struct caller *other,
    const struct caller **ret, struct verdict *v, struct err *e)
{
	*ret = &r->caller;
	if (a->as != NULL) {
		if (!may_ask_for_another(r, v, e))
			return err_prefix(e, "as");
		*ret = other;
		if (!caller_as(r->ca, a->as, other, e)) {
			if (e->code == ERR_UNAUTHENTICATED)
				explain_identity(a->as, e, v);
			return e->code == ERR_UNAUTHENTICATED;
		}
	}
	explain_identity((*ret)->id.text, NULL, v);
	return true;
}

/* The rows stand in the order of judging: what is asked, who asks, may he. */
static bool
run(struct request *r, const struct asked *a, struct verdict *v, json_t **ret,
    struct err *e)
{
	struct issue_request q = asked_request(a, r);
	struct explanation x = { 0 };
	struct caller other = { 0 };
	const struct caller *who;

	bool ok = settle_identity(r, a, &other, &who, v, e);
	if (ok) {
		q.who = &who->id;
		q.row = who->row;
		ok = explain(r->ca, &q, &x, v, e);
	}
	if (ok)
		*ret =
		    explanation_json(&x, q.who->text != NULL ? q.who->text : a->as, v);
	explain_free(&x);
	caller_free(&other);
	return ok;
}

void
core_explain(struct request *r)
{
	struct asked a = { 0 };
	struct verdict v = { 0 };
	json_t *answer = NULL;
	struct err e;

	if (asked_read(r, true, &a, &v, &e) && run(r, &a, &v, &answer, &e))
		request_json(r, 200, answer);
	else
		request_problem(r, &e, &v);
	verdict_free(&v);
	asked_free(&a);
}
