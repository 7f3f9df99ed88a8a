/* SPDX-License-Identifier: Apache-2.0 */
/* Orders: made, read, listed, finalized (RFC 8555 7.1.2.1, 7.4). */
#include "ca/acme_order.h"

#include <stdlib.h>
#include <string.h>

#include "api/acme_identifiers.h"
#include "api/acme_impl.h"
#include "api/acme_objects.h"
#include "api/acme_order_find.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ca/acme_caa.h"
#include "ca/acme_limit.h"
#include "ca/audit.h"
#include "codec/base64.h"

#define PAGE 50 /* orders in a list */

_Static_assert(ACME_CAA_WAIT_MS < OVERDUE_MS,
    "records that nobody tells are told of as such, before the client is told to wait");

/* ---- an order as JSON (RFC 8555 7.1.3) ---- */

/* Several identifiers may need the same one; it is listed once. */
static bool
is_first(const struct acme_order *o, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (o->names[k].authz_num == o->names[i].authz_num)
			return false;
	return true;
}

static void
put_names(const struct acme *a, struct json_put *w, const struct acme_order *o)
{
	json_put_name(w, "identifiers");
	json_put_open(w, '[');
	for (size_t i = 0; i < o->n_names; i++)
		acme_objects_put_identifier(w, o->names[i].type, o->names[i].value);
	json_put_close(w, ']');
	json_put_name(w, "authorizations");
	json_put_open(w, '[');
	for (size_t i = 0; i < o->n_names; i++)
		if (is_first(o, i)) {
			char *url = acme_url(a, "/authz/%s", o->names[i].authz_id);

			json_put_text(w, url);
			free(url);
		}
	json_put_close(w, ']');
}

/* What does not apply is not there: clients stumble over nulls. */
static void
put_order(const struct acme *a, struct json_put *w, const struct acme_order *o)
{
	json_put_open(w, '{');
	json_put_member(w, "status", acme_state_word(o->status));
	acme_objects_put_time(w, "expires", o->expires_at);
	put_names(a, w, o);
	if (o->not_before != 0)
		acme_objects_put_time(w, "notBefore", o->not_before);
	if (o->not_after != 0)
		acme_objects_put_time(w, "notAfter", o->not_after);
	json_put_member(w, "profile", o->profile);
	if (o->replaces[0] != '\0')
		json_put_member(w, "replaces", o->replaces);
	acme_objects_put_json(w, "error", o->error);
	acme_put_url(a, w, "finalize", "/order/%s/finalize", o->id);
	if (o->status == ACME_VALID)
		acme_put_url(a, w, "certificate", "/certificate/%s", o->id);
	json_put_close(w, '}');
}

/* Location on all of them: some clients look for it after finalizing, too. */
static void
answer(struct acme *a, int status, const struct acme_order *o)
{
	struct buf text;
	struct json_put w = { .b = &text };
	char *url = acme_url(a, "/order/%s", o->id);

	acme_location(a, url);
	free(url);
	if (o->status == ACME_PROCESSING)
		acme_retry_after(a, 1);
	buf_init(&text, REQUEST_ANSWER_MAX);
	put_order(a, &w, o);
	acme_json_put(a, status, &w);
}

/* ---- new-order ---- */

/*
 * Some clients send every member that they know, empty: NULL.  What asks for something
 * in words that are none is refused: the order would be another than was asked for.
 */
static bool
read_text(const json_t *object, const char *name, const char **ret, struct err *e)
{
	const json_t *v = json_object_get(object, name);
	const char *text = json_string_value(v);

	if (v != NULL && !json_is_null(v) && text == NULL)
		return err_set(e, ERR_MALFORMED, "%s is no string", name);
	*ret = text != NULL && text[0] != '\0' ? text : NULL;
	return true;
}

/* Whole seconds are what a certificate holds: a fraction is cut off. */
static bool
read_time(const json_t *object, const char *name, int64_t *ret, struct err *e)
{
	const char *text;
	struct buf whole;

	if (!read_text(object, name, &text, e))
		return false;
	*ret = 0;
	if (text == NULL || strcmp(text, "0001-01-01T00:00:00Z") == 0)
		return true;
	buf_init(&whole, 64);
	const size_t dot = strcspn(text, ".");
	buf_put(&whole, bytes_of(text, dot));
	if (text[dot] == '.') {
		const size_t digits = strspn(text + dot + 1, "0123456789");

		buf_puts(&whole, digits > 0 ? text + dot + 1 + digits : text + dot);
	}
	bool ok =
	    buf_ok(&whole, name, e) && clock_rfc3339_parse(buf_bytes(&whole), ret, e);
	if (ok && *ret == 0) /* which says further on that nothing was asked for */
		ok = err_set(e, ERR_MALFORMED, "this is past");
	buf_free(&whole);
	if (!ok) {
		e->code = ERR_MALFORMED;
		err_prefix(e, name);
	}
	return ok;
}

/* What is refused has an entry in the audit, and anybody may order. */
static void
about(struct request *r, const struct names *names)
{
	const struct names few = audit_few(names);
	char *object =
	    few.n < names->n ? mem_printf("order of %zu names", names->n) : NULL;

	request_about(r, NULL, &few, NULL, object);
	free(object);
}

static bool
make(struct acme *a, struct acme_identifiers *ids, struct acme_order *ret,
    struct verdict *v, struct err *e)
{
	struct ca *ca = a->r->ca;
	struct acme_order_ask q = {
		.account = &a->account,
		.directory = a->directory,
		.names = &ids->names,
		.request_id = a->r->id,
	};

	if (!acme_identifiers_read(json_object_get(a->payload, "identifiers"),
		ca_conf(ca)->acme.names_max, a->directory->acme.subdomains, ids, v,
		e) ||
	    !read_text(a->payload, "profile", &q.profile, e) ||
	    !read_text(a->payload, "replaces", &q.replaces, e) ||
	    !read_time(a->payload, "notBefore", &q.not_before, e) ||
	    !read_time(a->payload, "notAfter", &q.not_after, e))
		return false;
	about(a->r, &ids->names);
	q.ancestors = (const char *const *)ids->ancestors;
	return acme_order_make(ca, &q, ret, v, e);
}

void
acme_on_new_order(struct acme *a)
{
	struct acme_identifiers ids = { 0 };
	struct acme_order o = { 0 };
	struct verdict v = { 0 };
	struct err e;

	if (make(a, &ids, &o, &v, &e)) {
		a->r->wrote = true;
		answer(a, 201, &o);
	} else {
		acme_problem(a, &e, &v, &ids.names);
	}
	acme_identifiers_free(&ids);
	store_acme_order_free(&o);
	verdict_free(&v);
}

/* ---- one order ---- */

bool
acme_order_find(struct acme *a, struct acme_order *ret, struct err *e)
{
	struct store *st = ca_store(a->r->ca);
	struct acme_order o = { 0 };
	char id[ACME_ID_LEN];

	if (!acme_id(a, 0, id))
		return err_set(e, ERR_NOT_FOUND, "there is no such order");
	if (!store_acme_order_by_id(st, id, &o, e))
		return false;
	bool ok = o.account_num == a->account.num ||
		  err_set(e, ERR_FORBIDDEN, "this order is another account's");
	ok = ok && acme_order_refresh(a->r->ca, &o, e);
	if (!ok) {
		store_acme_order_free(&o);
		return false;
	}
	a->r->wrote = store_dirty(st);
	*ret = o;
	return true;
}

void
acme_on_order(struct acme *a)
{
	struct acme_order o = { 0 };
	struct err e;

	if (acme_order_find(a, &o, &e))
		answer(a, 200, &o);
	else
		acme_problem(a, &e, NULL, NULL);
	store_acme_order_free(&o);
}

/* ---- finalize ---- */

/* The count is of what the client does: a CSR that is not the order's, names whose CAA forbids it. */
static void
uncount(struct acme *a)
{
	char id[ACME_ID_LEN];

	if (acme_id(a, 0, id))
		acme_limit_finalized(a->r->ca, a->account.num, id);
}

static void
finalize_refused(struct acme *a, const struct err *e, const struct verdict *v)
{
	if (err_acme_status(e->code) >= 500)
		uncount(a);
	acme_problem(a, e, v, NULL);
}

/* No CSR has been looked at: it is we who are full. */
static void
caa_refused(struct acme *a, const struct err *e, const struct verdict *v,
    const struct names *names)
{
	if (e->code == ERR_RATE_LIMITED || err_acme_status(e->code) >= 500)
		uncount(a);
	acme_problem(a, e, v, names);
}

/* The order as it is by now. */
static void
on_finalized(void *arg, const struct issue_result *r, const struct err *refused)
{
	struct acme *a = arg;
	struct acme_order o = { 0 };
	struct err e;

	(void)r;
	if (refused != NULL) {
		finalize_refused(a, refused, NULL);
		return;
	}
	uncount(a);
	if (acme_order_find(a, &o, &e)) {
		a->r->wrote = true;
		answer(a, 200, &o);
	} else {
		acme_problem(a, &e, NULL, NULL);
	}
	store_acme_order_free(&o);
}

static bool
read_csr(const struct acme *a, struct csr **ret, struct err *e)
{
	const char *text = json_string_value(json_object_get(a->payload, "csr"));
	struct buf der;

	if (text == NULL)
		return err_set(e, ERR_MALFORMED, "csr is missing, or no string");
	buf_init(&der, CSR_MAX + 1);
	const bool ok =
	    (base64url_read(bytes_str(text), &der, e) ||
		err_prefix(e, "csr (DER in base64url is wanted)")) &&
	    csr_parse(buf_bytes(&der), ca_conf(a->r->ca)->names_max, ret, e);
	buf_free(&der);
	if (!ok && e->code == ERR_BAD_KEY)
		e->code = ERR_BAD_CSR;
	return ok;
}

/* What is under way, or done, is told again: an answer may have got lost (A196). */
static bool
is_under_way(const struct acme_order *o)
{
	return o->status == ACME_PROCESSING || o->status == ACME_VALID;
}

/*
 * It is being processed, or ready still: the client asks for the order until it is
 * neither (RFC 8555 7.4).
 */
static void
on_overdue(void *arg)
{
	acme_on_order(arg);
}

static void
finalize(struct acme *a, struct acme_order *o)
{
	struct csr *csr = NULL;
	struct verdict v = { 0 };
	struct err e;

	if (!read_csr(a, &csr, &e) || !acme_order_finalize(a->r->ca, &a->account, o,
					  csr, a->r->id, on_finalized, a, &v, &e))
		finalize_refused(a, &e, &v);
	csr_free(csr);
	verdict_free(&v);
}

/* The order may have ended while the records were looked at. */
static void
on_caa(void *arg, const struct err *why, const struct verdict *v,
    const struct names *names)
{
	struct acme *a = arg;
	struct acme_order o = { 0 };
	struct err e;

	if (why != NULL) {
		caa_refused(a, why, v, names);
	} else if (!acme_directory_anew(a, &e) || !acme_order_find(a, &o, &e)) {
		finalize_refused(a, &e, NULL);
	} else if (is_under_way(&o)) {
		uncount(a);
		answer(a, 200, &o);
	} else {
		finalize(a, &o);
	}
	store_acme_order_free(&o);
}

void
acme_on_order_finalize(struct acme *a)
{
	struct acme_order o = { 0 };
	bool asked = false;
	struct err e;

	bool ok = acme_order_find(a, &o, &e);
	if (ok && is_under_way(&o)) {
		answer(a, 200, &o);
		store_acme_order_free(&o);
		return;
	}
	if (ok && o.status != ACME_READY)
		ok = err_set(&e, ERR_ORDER_NOT_READY, "the order is %s",
		    acme_state_word(o.status));
	/* Before names of others are looked up and a signature is verified. */
	if (!ok || !acme_limit_finalize(a->r->ca, a->account.num, o.id, &e)) {
		acme_problem(a, &e, NULL, NULL);
		store_acme_order_free(&o);
		return;
	}
	overdue_watch(a->r, on_overdue, a); /* resolvers and signer together */
	if (!acme_caa_check(a->r->ca, &a->account, a->directory, &o, on_caa, a, &asked,
		&e))
		caa_refused(a, &e, NULL, NULL);
	else if (!asked)
		finalize(a, &o);
	store_acme_order_free(&o);
}

/* ---- the orders of an account ---- */

struct page {
	struct acme *a;
	json_t *urls;
	size_t n;
	char last[ACME_ID_LEN];
	bool more;
};

static bool
add_to_page(void *arg, const struct acme_order *o, struct err *e)
{
	struct page *p = arg;

	(void)e;
	p->more = p->n == PAGE;
	if (p->more)
		return true;
	p->n++;
	char *url = acme_url(p->a, "/order/%s", o->id);
	json_array_append_new(p->urls, json_string(url));
	free(url);
	memcpy(p->last, o->id, sizeof(p->last));
	return true;
}

/* The cursor is the last order of the page before. */
static bool
read_cursor(const struct acme *a, int64_t *ret, struct err *e)
{
	static const char *const known[] = { "cursor", NULL };
	struct acme_order o = { 0 };
	char *id;

	if (!request_query_known(a->r, known, e) ||
	    !request_query(a->r, "cursor", &id, e))
		return false;
	*ret = 0;
	if (id == NULL)
		return true;
	const bool found = store_acme_order_by_id(ca_store(a->r->ca), id, &o, e);
	const bool ours = found && o.account_num == a->account.num;
	*ret = o.num;
	store_acme_order_free(&o);
	free(id);
	if (!found && e->code != ERR_NOT_FOUND) /* nobody could look */
		return false;
	return ours || err_set(e, ERR_MALFORMED, "the cursor is not of this list");
}

void
acme_on_account_orders(struct acme *a)
{
	struct acme_order_query q = {
		.account_num = a->account.num,
		.not_invalid = true,
		.limit = PAGE + 1,
	};
	struct page p = { .a = a, .urls = json_array() };
	struct err e;

	bool ok = bytes_eq_str(a->params[0], a->account.id) ||
		  err_set(&e, ERR_FORBIDDEN, "these orders are another account's");
	ok = ok && read_cursor(a, &q.before, &e) &&
	     store_acme_order_list(ca_store(a->r->ca), &q, add_to_page, &p, &e);
	if (!ok) {
		json_decref(p.urls);
		acme_problem(a, &e, NULL, NULL);
		return;
	}
	if (p.more) {
		char *url =
		    acme_url(a, "/account/%s/orders?cursor=%s", a->account.id, p.last);

		acme_link(a, "next", url);
		free(url);
	}
	acme_json(a, 200, json_pack("{s:o}", "orders", p.urls));
}
