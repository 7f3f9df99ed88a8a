/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/acme/accounts: who orders by ACME; ended by an administrator. */
#include <stdlib.h>
#include <string.h>

#include "api/acme_json.h"
#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "api/page.h"
#include "base/hex.h"
#include "base/mem.h"
#include "ca/acme_account.h"
#include "codec/json.h"
#include "store/store_acme_eab.h"

static void
set_eab(struct ca *ca, const struct acme_account *a, json_t *v)
{
	struct acme_eab k;
	struct err ignored;

	if (a->eab_num == 0 ||
	    !store_acme_eab_by_num(ca_store(ca), a->eab_num, &k, &ignored))
		return;
	json_object_set_new(v, "eab", json_string(k.kid));
	store_acme_eab_free(&k);
}

static json_t *
account_json(struct ca *ca, const struct acme_account *a)
{
	json_t *v = json_object(), *contact = NULL;
	char hash[2 * sizeof(a->key_hash) + 1];
	struct err ignored;

	hex_write(bytes_of(a->key_hash, sizeof(a->key_hash)), hash);
	json_object_set_new(v, "id", json_string(a->id));
	json_object_set_new(v, "directory", json_string(a->directory));
	json_object_set_new(v, "status", json_string(acme_state_word(a->status)));
	json_object_set_new(v, "url",
	    json_sprintf("%s/acme/%s/account/%s", ca_conf(ca)->url_api, a->directory,
		a->id));
	if (json_read(bytes_str(a->contact), &contact, &ignored))
		json_object_set_new(v, "contact", contact);
	set_eab(ca, a, v);
	json_object_set_new(v, "key_sha256", json_string(hash));
	if (a->terms_at != 0)
		json_object_set_new(v, "terms_agreed_at",
		    certificate_json_time(a->terms_at));
	json_object_set_new(v, "created_at", certificate_json_time(a->created_at));
	json_object_set_new(v, "created_from",
	    certificate_json_text(bytes_str(a->created_from)));
	if (a->ended_at != 0) {
		json_object_set_new(v, "ended_at", certificate_json_time(a->ended_at));
		json_object_set_new(v, "ended_by", json_string(a->ended_by));
	}
	return v;
}

/* ---- GET ---- */

struct listing {
	struct ca *ca;
	struct page *page;
	struct acme_account_query q;
	char *directory;
};

static bool
read_eab(struct request *r, struct listing *l, struct err *e)
{
	char *kid = NULL;
	struct acme_eab k;

	if (!request_query(r, "eab", &kid, e))
		return false;
	if (kid == NULL)
		return true;
	const bool ok = store_acme_eab_by_kid(ca_store(r->ca), kid, &k, e);
	free(kid);
	if (!ok)
		return false;
	l->q.eab_num = k.num;
	store_acme_eab_free(&k);
	return true;
}

static bool
read_listing(struct request *r, struct listing *l, struct err *e)
{
	static const char *const known[] = { "directory", "status", "eab", PAGE_KEYS,
		NULL };

	if (!request_query_known(r, known, e) ||
	    !request_query(r, "directory", &l->directory, e) ||
	    !acme_json_status(r, ACME_ACCOUNT, &l->q.status, e) || !read_eab(r, l, e))
		return false;
	l->q.directory = l->directory;
	return true;
}

static bool
add_row(void *arg, const struct acme_account *a, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	page_add(l->page, account_json(l->ca, a), a->num);
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
	return store_acme_account_list(ca_store(l->ca), &l->q, add_row, l, e);
}

static bool
on_newest(void *arg, int64_t *ret, struct err *e)
{
	const struct listing *l = arg;

	return store_acme_account_newest(ca_store(l->ca), ret, e);
}

static void
listing_free(void *arg)
{
	struct listing *l = arg;

	free(l->directory);
	free(l);
}

void
core_acme_account_list(struct request *r)
{
	struct listing *l = mem_zalloc(sizeof(*l));
	struct err e;

	l->ca = r->ca;
	if (read_listing(r, l, &e)) {
		page_answer(r, &(struct page_source){ "accounts", on_slice, on_newest,
				   listing_free, l });
		return;
	}
	request_problem(r, &e, NULL);
	listing_free(l);
}

/* ---- POST revoke ---- */

static bool
revoke(struct request *r, struct acme_account *a, struct err *e)
{
	const int64_t num = a->num;

	if (a->status == ACME_REVOKED) /* a second time changes nothing */
		return true;
	if (a->status != ACME_VALID)
		return err_set(e, ERR_CONFLICT, "the account is %s already",
		    acme_state_word(a->status));
	r->wrote = true;
	if (!acme_account_end(r->ca, a, ACME_EV_REVOKE, r->caller.id.text, r->id, e))
		return false;
	store_acme_account_free(a); /* as the row has it now */
	return store_acme_account_by_num(ca_store(r->ca), num, a, e);
}

void
core_acme_account_revoke(struct request *r)
{
	static const struct json_member members[] = { { NULL, JSON_NULL, false } };
	char *id = mem_strndup(r->params[0]), *object = mem_printf("account %s", id);
	struct acme_account a = { 0 };
	json_t *v = NULL;
	struct err e;

	request_about(r, NULL, NULL, NULL, object);
	if (request_object(r, members, &v, &e) &&
	    store_acme_account_by_id(ca_store(r->ca), id, &a, &e) && revoke(r, &a, &e))
		request_json(r, 200, account_json(r->ca, &a));
	else
		request_problem(r, &e, NULL);
	store_acme_account_free(&a);
	json_decref(v);
	free(object);
	free(id);
}
