/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/acme/eab: keys for external accounts, made, listed, taken back. */
#include <stdlib.h>
#include <string.h>

#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "api/page.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ca/acme_eab_admin.h"
#include "codec/json.h"
#include "policy/acme_pattern.h"

/* All but the MAC key. */
static json_t *
eab_json(const struct acme_eab *k, int64_t now)
{
	json_t *v = json_object(), *names = NULL;
	struct err ignored;

	json_object_set_new(v, "kid", json_string(k->kid));
	json_object_set_new(v, "status",
	    json_string(store_acme_eab_status_word(store_acme_eab_status(k, now))));
	json_object_set_new(v, "directory", json_string(k->directory));
	if (json_read(bytes_str(k->names), &names, &ignored))
		json_object_set_new(v, "names", names);
	json_object_set_new(v, "accounts", json_integer(k->accounts_n));
	json_object_set_new(v, "accounts_max", json_integer(k->accounts_max));
	json_object_set_new(v, "certificates", json_integer(k->certificates_n));
	if (k->certificates_max != 0)
		json_object_set_new(v, "certificates_max",
		    json_integer(k->certificates_max));
	json_object_set_new(v, "expires_at", certificate_json_time(k->expires_at));
	if (k->ends_at != 0)
		json_object_set_new(v, "ends_at", certificate_json_time(k->ends_at));
	json_object_set_new(v, "created_at", certificate_json_time(k->created_at));
	json_object_set_new(v, "created_by", json_string(k->created_by));
	if (k->revoked_at != 0) {
		json_object_set_new(v, "revoked_at",
		    certificate_json_time(k->revoked_at));
		json_object_set_new(v, "revoked_by", json_string(k->revoked_by));
	}
	return v;
}

/* ---- POST ---- */

static bool
read_span(const json_t *body, const char *member, int64_t *ret, struct err *e)
{
	const char *text = json_text(body, member);

	return text == NULL || clock_duration_parse(bytes_str(text), ret, e) ||
	       err_prefix(e, member);
}

static void
read_count(const json_t *body, const char *member, int64_t *ret)
{
	const json_t *v = json_object_get(body, member);

	if (v != NULL)
		*ret = json_integer_value(v);
}

static void
answer_made(struct request *r, const char *key, const struct acme_eab *k)
{
	const char *api = ca_conf(r->ca)->url_api;
	json_t *v = eab_json(k, clock_now());

	json_object_set_new(v, "hmac_key", json_string(key));
	json_object_set_new(v, "directory_url",
	    json_sprintf("%s/acme/%s/directory", api, k->directory));
	r->wrote = true;
	request_json(r, 201, v);
}

static void
make(struct request *r, const struct acme_eab_ask *q)
{
	char key[EAB_KEY_TEXT];
	struct acme_eab k = { 0 };
	struct verdict v = { 0 };
	struct err e;

	request_about(r, q->directory, NULL, NULL, NULL);
	if (acme_eab_make(r->ca, q, key, &k, &v, &e))
		answer_made(r, key, &k);
	else
		request_problem(r, &e, &v);
	mem_wipe(key, sizeof(key));
	store_acme_eab_free(&k);
	verdict_free(&v);
}

void
core_acme_eab_make(struct request *r)
{
	static const struct json_member members[] = {
		{ "directory", JSON_STRING, true },
		{ "names", JSON_ARRAY, false },
		{ "accounts_max", JSON_INTEGER, false },
		{ "certificates_max", JSON_INTEGER, false },
		{ "expires", JSON_STRING, false },
		{ "ends", JSON_STRING, false },
		{ NULL, JSON_NULL, false },
	};
	struct conf_names names = { 0 };
	struct acme_eab_ask q = { .who = &r->caller.id,
		.request_id = r->id,
		.names = &names,
		.accounts_max = 1 };
	json_t *v = NULL;
	struct err e;

	bool ok = request_object(r, members, &v, &e) &&
		  read_span(v, "expires", &q.expires_s, &e) &&
		  read_span(v, "ends", &q.ends_s, &e);
	const json_t *list = ok ? json_object_get(v, "names") : NULL;
	if (ok && list != NULL && json_array_size(list) == 0)
		ok = err_set(&e, ERR_MALFORMED, /* of one who meant to limit it */
		    "names: is empty; without it what the profile allows may be "
		    "ordered");
	if (ok && list != NULL)
		ok = acme_pattern_read(list, &names, &e);
	if (ok) {
		q.directory = json_text(v, "directory");
		read_count(v, "accounts_max", &q.accounts_max);
		read_count(v, "certificates_max", &q.certificates_max);
		make(r, &q);
	} else
		request_problem(r, &e, NULL);
	acme_pattern_free(&names);
	json_decref(v);
}

/* ---- GET ---- */

static bool
add_row(void *arg, const struct acme_eab *k, struct err *e)
{
	(void)e;
	page_add(arg, eab_json(k, clock_now()), k->num);
	return true;
}

static bool
on_slice(void *arg, struct page *p, const struct page_span *s, struct err *e)
{
	return store_acme_eab_list(arg, s->before, s->limit, add_row, p, e);
}

static void
keep(void *arg)
{
	(void)arg; /* the store is the CA's */
}

void
core_acme_eab_list(struct request *r)
{
	static const char *const known[] = { PAGE_KEYS, NULL };
	struct err e;

	if (request_query_known(r, known, &e))
		page_answer(r, &(struct page_source){ "keys", on_slice, NULL, keep,
				   ca_store(r->ca) });
	else
		request_problem(r, &e, NULL);
}

/* ---- DELETE: its accounts end with it, some in each round ---- */

#define SLICE_ACCOUNTS 8

struct ending {
	struct request *r;
	struct acme_eab key;
	int64_t n;
};

static void
ending_free(struct ending *d)
{
	store_acme_eab_free(&d->key);
	free(d);
}

static void
answer_ended(struct request *r, const struct acme_eab *k, int64_t n)
{
	json_t *v = eab_json(k, clock_now());

	json_object_set_new(v, "accounts_ended", json_integer(n));
	r->wrote = true;
	request_json(r, 200, v);
}

/* The round in which it was may have been undone since. */
static bool
is_revoked(struct ending *d, struct err *e)
{
	struct acme_eab now;

	if (!store_acme_eab_by_num(ca_store(d->r->ca), d->key.num, &now, e))
		return false;
	store_acme_eab_free(&d->key);
	d->key = now;
	return now.revoked_at != 0 ||
	       err_set(e, ERR_UNAVAILABLE,
		   "the database could not be written: the key is not taken back, ask "
		   "again");
}

static bool
on_step(void *arg)
{
	struct ending *d = arg;
	size_t n;
	struct err e;

	if (!is_revoked(d, &e) ||
	    !acme_eab_end_accounts(d->r->ca, d->key.num, SLICE_ACCOUNTS,
		&d->r->caller.id, d->r->id, &n, &e))
		request_problem(d->r, &e, NULL);
	else if ((d->n += (int64_t)n), n == SLICE_ACCOUNTS)
		return false;
	else
		answer_ended(d->r, &d->key, d->n);
	ending_free(d);
	return true;
}

static void
on_drop(void *arg)
{
	struct ending *d = arg;
	struct err e;

	err_set(&e, ERR_UNAVAILABLE,
	    "the daemon stops; the key is taken back, but not all of its accounts have "
	    "ended: ask again");
	request_problem(d->r, &e, NULL);
	ending_free(d);
}

/* "accounts" of the query: "end", as without it, or "keep". */
static bool
read_keep(const struct request *r, bool *ret, struct err *e)
{
	static const char *const known[] = { "accounts", NULL };
	char *word = NULL;

	if (!request_query_known(r, known, e) ||
	    !request_query(r, "accounts", &word, e))
		return false;
	*ret = word != NULL && strcmp(word, "keep") == 0;
	const bool ok = word == NULL || *ret || strcmp(word, "end") == 0 ||
			err_set(e, ERR_MALFORMED, "accounts: must be end or keep");
	free(word);
	return ok;
}

static bool
begin_ending(struct request *r, const struct acme_eab *k, struct err *e)
{
	struct ending *d = mem_zalloc(sizeof(*d));

	*d = (struct ending){ .r = r, .key = *k };
	if (request_slices_add(r, &(struct slices_job){ on_step, on_drop, d }, e))
		return true;
	free(d);
	return false;
}

static bool
revoke(struct request *r, const char *kid, struct err *e)
{
	struct acme_eab k;
	bool keep;

	request_about(r, NULL, NULL, NULL, kid);
	if (!read_keep(r, &keep, e) || (!keep && !request_slices_room(r, e)) ||
	    !acme_eab_revoke(r->ca, kid, keep, &r->caller.id, r->id, &k, e))
		return false;
	if (!keep && begin_ending(r, &k, e))
		return true;
	if (keep)
		answer_ended(r, &k, 0);
	store_acme_eab_free(&k);
	return keep;
}

void
core_acme_eab_revoke(struct request *r)
{
	char *kid = mem_strndup(r->params[0]);
	struct err e;

	if (!revoke(r, kid, &e))
		request_problem(r, &e, NULL);
	free(kid);
}
