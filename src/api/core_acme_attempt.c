/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/acme/attempts: what every validation saw, for "hanaper acme why". */
#include <stdlib.h>

#include "api/acme_json.h"
#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "api/page.h"
#include "base/mem.h"
#include "store/store_acme_authz.h"

static void
set_text(json_t *v, const char *member, const char *text)
{
	if (text[0] != '\0')
		json_object_set_new(v, member, certificate_json_text(bytes_str(text)));
}

static json_t *
attempt_json(struct ca *ca, const struct acme_attempt *a)
{
	const char *challenge = sets_challenge_word(a->challenge);
	json_t *v = json_object(), *transcript = acme_json_parsed(a->transcript);

	json_object_set_new(v, "at", certificate_json_time(a->at));
	if (a->account_num != 0)
		json_object_set_new(v, "account",
		    acme_json_account(ca, a->account_num));
	json_object_set_new(v, "type", json_string(sets_name_type_word(a->type)));
	json_object_set_new(v, "name", certificate_json_text(bytes_str(a->value)));
	json_object_set_new(v, "challenge",
	    json_string(challenge != NULL ? challenge : "unknown"));
	json_object_set_new(v, "result", json_string(a->result));
	set_text(v, "detail", a->detail);
	json_object_set_new(v, "transcript",
	    transcript != NULL ? transcript : json_array());
	set_text(v, "seen", a->seen);
	set_text(v, "request_id", a->request_id);
	return v;
}

struct listing {
	struct ca *ca;
	struct page *page;
	char *name;
};

static bool
add_row(void *arg, const struct acme_attempt *a, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	page_add(l->page, attempt_json(l->ca, a), a->num);
	return true;
}

static bool
on_slice(void *arg, struct page *p, const struct page_span *s, struct err *e)
{
	struct listing *l = arg;

	l->page = p;
	return store_acme_authz_attempts(ca_store(l->ca), l->name, s->before, s->limit,
	    add_row, l, e);
}

static void
listing_free(void *arg)
{
	struct listing *l = arg;

	free(l->name);
	free(l);
}

void
core_acme_attempt_list(struct request *r)
{
	static const char *const known[] = { "name", PAGE_KEYS, NULL };
	struct listing *l = mem_zalloc(sizeof(*l));
	struct err e;

	l->ca = r->ca;
	if (request_query_known(r, known, &e) && acme_json_name(r, &l->name, &e)) {
		page_answer(r, &(struct page_source){ "attempts", on_slice, NULL,
				   listing_free, l });
		return;
	}
	request_problem(r, &e, NULL);
	listing_free(l);
}
