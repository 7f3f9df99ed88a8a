/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/tokens: enrolment tokens, made, listed, withdrawn. */
#include <stdlib.h>
#include <string.h>

#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "api/page.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ca/enroll.h"
#include "codec/json.h"

/* All but the secret, which nobody has any more. */
static json_t *
token_json(const struct store_token *t, int64_t now)
{
	json_t *v = json_object(), *metadata = NULL;
	char id[TOKEN_ID_LEN];
	struct err ignored;

	token_id(t->hash, id);
	json_object_set_new(v, "id", json_string(id));
	json_object_set_new(v, "status",
	    json_string(store_token_status_word(store_token_status(t, now))));
	json_object_set_new(v, "profile", json_string(t->profile));
	json_object_set_new(v, "names", certificate_json_names(&t->names));
	json_object_set_new(v, "uses", json_integer(t->uses));
	json_object_set_new(v, "uses_left", json_integer(t->uses_left));
	json_object_set_new(v, "expires_at", certificate_json_time(t->expires_at));
	json_object_set_new(v, "created_at", certificate_json_time(t->created_at));
	json_object_set_new(v, "created_by", json_string(t->created_by));
	if (t->withdrawn_at != 0) {
		json_object_set_new(v, "withdrawn_at",
		    certificate_json_time(t->withdrawn_at));
		json_object_set_new(v, "withdrawn_by", json_string(t->withdrawn_by));
	}
	if (t->metadata[0] != '\0' &&
	    json_read(bytes_str(t->metadata), &metadata, &ignored))
		json_object_set_new(v, "metadata", metadata);
	return v;
}

/* ---- POST ---- */

static bool
read_ttl(const char *text, int64_t *ret, struct err *e)
{
	return text == NULL || clock_duration_parse(bytes_str(text), ret, e) ||
	       err_prefix(e, "ttl");
}

static bool
read_names(struct request *r, const json_t *list, struct names *ret, struct err *e)
{
	if (json_array_size(list) == 0)
		return err_set(e, ERR_MALFORMED,
		    "names: a token is made for at least one name");
	return certificate_json_read_names(list, ca_conf(r->ca)->names_max, ret, e);
}

static void
answer_created(struct request *r, const char *text, const struct store_token *t)
{
	json_t *v = token_json(t, clock_now());

	json_object_set_new(v, "token", json_string(text));
	json_object_set_new(v, "url", json_string(ca_conf(r->ca)->url_api));
	r->wrote = true;
	request_json(r, 201, v);
}

static void
create(struct request *r, const json_t *body, const struct names *names, int64_t ttl_s)
{
	const json_t *uses = json_object_get(body, "uses");
	const struct enroll_make q = {
		.who = &r->caller.id,
		.request_id = r->id,
		.profile = json_text(body, "profile"),
		.names = names,
		.ttl_s = ttl_s,
		.uses = uses == NULL ? 1 : json_integer_value(uses),
		.metadata = json_object_get(body, "metadata"),
	};
	char text[TOKEN_TEXT_LEN];
	struct store_token t = { 0 };
	struct verdict v = { 0 };
	struct err e;

	request_about(r, q.profile, names, NULL, NULL);
	if (enroll_token_make(r->ca, &q, text, &t, &v, &e))
		answer_created(r, text, &t);
	else
		request_problem(r, &e, &v);
	mem_wipe(text, sizeof(text));
	store_token_free(&t);
	verdict_free(&v);
}

void
core_token_create(struct request *r)
{
	static const struct json_member members[] = {
		{ "profile", JSON_STRING, true },
		{ "names", JSON_ARRAY, true },
		{ "ttl", JSON_STRING, false },
		{ "uses", JSON_INTEGER, false },
		{ "metadata", JSON_OBJECT, false },
		{ NULL, JSON_NULL, false },
	};
	struct names names = { 0 };
	int64_t ttl_s = 0;
	json_t *v = NULL;
	struct err e;

	if (request_object(r, members, &v, &e) &&
	    read_ttl(json_text(v, "ttl"), &ttl_s, &e) &&
	    certificate_json_check_metadata(json_object_get(v, "metadata"), &e) &&
	    read_names(r, json_object_get(v, "names"), &names, &e))
		create(r, v, &names, ttl_s);
	else
		request_problem(r, &e, NULL);
	json_decref(v);
	names_free(&names);
}

/* ---- GET ---- */

struct listing {
	struct ca *ca;
	struct page *page;
	enum store_token_status status;
	int64_t now; /* against which status is judged */
};

static bool
read_status(const char *word, enum store_token_status *ret, struct err *e)
{
	if (word == NULL)
		return true;
	for (enum store_token_status s = STORE_TOKEN_PENDING; s <= STORE_TOKEN_EXPIRED;
	     s++)
		if (strcmp(word, store_token_status_word(s)) == 0) {
			*ret = s;
			return true;
		}
	return err_set(e, ERR_MALFORMED,
	    "status: must be pending, used, withdrawn or expired");
}

static bool
read_listing(struct request *r, struct listing *l, struct err *e)
{
	static const char *const known[] = { "status", PAGE_KEYS, NULL };
	char *status = NULL;

	const bool ok = request_query_known(r, known, e) &&
			request_query(r, "status", &status, e) &&
			read_status(status, &l->status, e);
	free(status);
	return ok;
}

static bool
add_row(void *arg, const struct store_token *t, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	page_add(l->page, token_json(t, l->now), t->num);
	return true;
}

static bool
on_slice(void *arg, struct page *p, const struct page_span *s, struct err *e)
{
	struct listing *l = arg;
	const int64_t after = s->from > 0 ? s->from - 1 : 0;

	l->page = p;
	return store_token_list(ca_store(l->ca), l->status, l->now, s->before, after,
	    s->limit, add_row, l, e);
}

static bool
on_newest(void *arg, int64_t *ret, struct err *e)
{
	const struct listing *l = arg;

	return store_token_newest(ca_store(l->ca), ret, e);
}

void
core_token_list(struct request *r)
{
	struct listing *l = mem_zalloc(sizeof(*l));
	struct err e;

	*l = (struct listing){ .ca = r->ca, .now = clock_now() };
	if (read_listing(r, l, &e)) {
		page_answer(r,
		    &(struct page_source){ "tokens", on_slice, on_newest, free, l });
		return;
	}
	request_problem(r, &e, NULL);
	free(l);
}

/* ---- DELETE ---- */

void
core_token_withdraw(struct request *r)
{
	struct store_token t = { 0 };
	struct err e;

	if (!request_query_none(r, &e) ||
	    !enroll_token_withdraw(r->ca, r->params[0], &r->caller.id, r->id, &t, &e)) {
		request_problem(r, &e, NULL);
		return;
	}
	r->wrote = true;
	request_json(r, 200, token_json(&t, clock_now()));
	store_token_free(&t);
}
