/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/tokens: enrolment tokens, made, listed, withdrawn. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ca/enroll.h"
#include "codec/json.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000

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

	if (json_read(r->in.body, &v, &e) && json_check(v, members, &e) &&
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

/* Looked through a slice at a time, as the certificates are. */
#define NUMS_FIRST INT64_C(1024)
#define NUMS_LEAST INT64_C(64)
#define NUMS_MOST  INT64_C(262144)
#define SLICE_ROWS 50

struct page {
	struct request *r;
	enum store_token_status status;
	int64_t before, last, now;
	int64_t nums; /* in the next slice */
	size_t limit, rows, octets;
	json_t *list;
	bool more;
};

static bool
read_number(const char *key, const char *text, int64_t max, int64_t *ret, struct err *e)
{
	char *end;

	if (text == NULL)
		return true;
	errno = 0;
	const long long n = strtoll(text, &end, 10);
	if (errno != 0 || text[0] < '0' || text[0] > '9' || *end != '\0' || n < 1 ||
	    n > max)
		return err_set(e, ERR_MALFORMED,
		    "%s: must be a number from 1 to %" PRId64, key, max);
	*ret = n;
	return true;
}

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
read_page(struct request *r, struct page *p, struct err *e)
{
	static const char *const known[] = { "status", "cursor", "limit", NULL };
	char *text[NITEMS(known)] = { 0 };
	int64_t limit = LIMIT_DEFAULT;

	bool ok = request_query_known(r, known, e);
	for (size_t i = 0; ok && known[i] != NULL; i++)
		ok = request_query(r, known[i], &text[i], e);
	ok = ok && read_status(text[0], &p->status, e) &&
	     read_number(known[1], text[1], INT64_MAX, &p->before, e) &&
	     read_number(known[2], text[2], LIMIT_MAX, &limit, e);
	p->limit = (size_t)limit;
	for (size_t i = 0; i < NITEMS(text); i++)
		free(text[i]);
	return ok;
}

/* About as long as it will be in JSON, where each octet may be escaped. */
static size_t
row_octets(const struct store_token *t)
{
	size_t n = 1024 + 6 * strlen(t->metadata);

	for (size_t i = 0; i < t->names.n; i++)
		n += strlen(t->names.v[i].text) + 32;
	return n;
}

static bool
add_row(void *arg, const struct store_token *t, struct err *e)
{
	struct page *p = arg;

	(void)e;
	p->rows++;
	if (json_array_size(p->list) == p->limit || p->octets > REQUEST_PAGE_MAX) {
		p->more = true;
		return true;
	}
	json_array_append_new(p->list, token_json(t, p->now));
	p->octets += row_octets(t);
	p->last = p->before = t->num;
	return true;
}

static void
page_free(struct page *p)
{
	json_decref(p->list);
	free(p);
}

static json_t *
page_json(const struct page *p)
{
	json_t *v = json_pack("{s:O}", "tokens", p->list);

	if (p->more) {
		char cursor[24];

		snprintf(cursor, sizeof(cursor), "%" PRId64, p->last);
		json_object_set_new(v, "next_cursor", json_string(cursor));
	}
	return v;
}

static bool
read_slice(struct page *p, struct err *e)
{
	const int64_t floor = p->before - 1 > p->nums ? p->before - 1 - p->nums : 0;
	const size_t left = p->limit + 1 - json_array_size(p->list);
	const size_t most = left < SLICE_ROWS ? left : SLICE_ROWS;
	const int64_t began = clock_mono_ms();

	p->rows = 0;
	if (!store_token_list(ca_store(p->r->ca), p->status, p->now, p->before, floor,
		most, add_row, p, e))
		return false;
	if (p->rows < most)
		p->before = floor + 1;
	p->nums = slices_pace(p->nums, NUMS_LEAST, NUMS_MOST, clock_mono_ms() - began);
	return true;
}

static bool
on_step(void *arg)
{
	struct page *p = arg;
	struct err e;

	if (!read_slice(p, &e))
		request_problem(p->r, &e, NULL);
	else if (p->more || p->before <= 1)
		request_json(p->r, 200, page_json(p));
	else
		return false;
	page_free(p);
	return true;
}

static void
on_drop(void *arg)
{
	struct page *p = arg;
	struct err e;

	err_set(&e, ERR_UNAVAILABLE, "the daemon stops");
	request_problem(p->r, &e, NULL);
	page_free(p);
}

static bool
begin(struct page *p, struct err *e)
{
	int64_t newest;

	if (!read_page(p->r, p, e) ||
	    !store_token_newest(ca_store(p->r->ca), &newest, e))
		return false;
	if (p->before == 0 || p->before > newest)
		p->before = newest + 1;
	return slices_add(p->r->api->slices,
	    &(struct slices_job){ on_step, on_drop, p }, e);
}

void
core_token_list(struct request *r)
{
	struct page *p = mem_zalloc(sizeof(*p));
	struct err e;

	*p = (struct page){ .r = r,
		.now = clock_now(),
		.nums = NUMS_FIRST,
		.list = json_array() };
	if (begin(p, &e))
		return;
	request_problem(r, &e, NULL);
	page_free(p);
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
