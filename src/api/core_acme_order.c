/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/acme/orders: what was ordered, and what became of it. */
#include <stdlib.h>

#include "api/acme_json.h"
#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "api/page.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/acme_order.h"
#include "store/store_acme_order.h"
#include "store/store_certificate.h"

static json_t *
names_json(const struct acme_order *o)
{
	json_t *list = json_array();

	for (size_t i = 0; i < o->n_names; i++)
		json_array_append_new(list, json_pack("{s:s,s:s}", "type",
						sets_name_type_word(o->names[i].type),
						"value", o->names[i].value));
	return list;
}

static void
set_serial(struct ca *ca, const struct acme_order *o, json_t *v)
{
	struct serial s;
	struct err ignored;

	if (o->certificate_id != 0 &&
	    store_certificate_serial(ca_store(ca), o->certificate_id, &s, &ignored))
		json_object_set_new(v, "serial", certificate_json_serial(&s));
}

static json_t *
order_json(struct ca *ca, const struct acme_order *o)
{
	json_t *v = json_object(), *error = acme_json_parsed(o->error);

	json_object_set_new(v, "id", json_string(o->id));
	json_object_set_new(v, "account", acme_json_account(ca, o->account_num));
	json_object_set_new(v, "status", json_string(acme_state_word(o->status)));
	json_object_set_new(v, "names", names_json(o));
	json_object_set_new(v, "profile", json_string(o->profile));
	json_object_set_new(v, "created_at", certificate_json_time(o->created_at));
	json_object_set_new(v, "expires_at", certificate_json_time(o->expires_at));
	if (o->not_before != 0)
		json_object_set_new(v, "not_before",
		    certificate_json_time(o->not_before));
	if (o->not_after != 0)
		json_object_set_new(v, "not_after",
		    certificate_json_time(o->not_after));
	if (o->replaces[0] != '\0')
		json_object_set_new(v, "replaces",
		    certificate_json_text(bytes_str(o->replaces)));
	if (error != NULL)
		json_object_set_new(v, "error", error);
	set_serial(ca, o, v);
	return v;
}

struct listing {
	struct ca *ca;
	struct page *page;
	struct acme_order_query q;
	char *name;
};

static bool
read_account(struct request *r, struct listing *l, struct err *e)
{
	char *id = NULL;
	struct acme_account a;

	if (!request_query(r, "account", &id, e))
		return false;
	if (id == NULL)
		return true;
	const bool ok = store_acme_account_by_id(ca_store(r->ca), id, &a, e);
	free(id);
	if (!ok)
		return false;
	l->q.account_num = a.num;
	store_acme_account_free(&a);
	return true;
}

static bool
read_listing(struct request *r, struct listing *l, struct err *e)
{
	static const char *const known[] = { "account", "status", "name", PAGE_KEYS,
		NULL };

	if (!request_query_known(r, known, e) || !read_account(r, l, e) ||
	    !acme_json_status(r, ACME_ORDER, &l->q.status, e) ||
	    !acme_json_name(r, &l->name, e))
		return false;
	l->q.name = l->name;
	return true;
}

static bool
add_row(void *arg, const struct acme_order *o, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	page_add(l->page, order_json(l->ca, o), o->num);
	return true;
}

static bool
on_slice(void *arg, struct page *p, const struct page_span *s, struct err *e)
{
	struct listing *l = arg;

	l->page = p;
	l->q.before = s->before;
	l->q.from = s->from;
	l->q.limit = s->limit;
	return store_acme_order_list(ca_store(l->ca), &l->q, add_row, l, e);
}

static bool
on_newest(void *arg, int64_t *ret, struct err *e)
{
	const struct listing *l = arg;

	return store_acme_order_newest(ca_store(l->ca), ret, e);
}

static void
listing_free(void *arg)
{
	struct listing *l = arg;

	free(l->name);
	free(l);
}

void
core_acme_order_list(struct request *r)
{
	struct listing *l = mem_zalloc(sizeof(*l));
	struct err e;

	l->ca = r->ca;
	if (!acme_order_keep(r->ca, &e)) /* the list goes by the rows */
		LOG_ERR(LOG_WARN, "acme-orders", &e);
	if (read_listing(r, l, &e)) {
		page_answer(r, &(struct page_source){ "orders", on_slice, on_newest,
				   listing_free, l });
		return;
	}
	request_problem(r, &e, NULL);
	listing_free(l);
}
