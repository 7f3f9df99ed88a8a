/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/certificates: list and search, newest first, by cursor. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "base/clock.h"
#include "base/mem.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000

struct filters { /* a query with what it borrows */
	struct certificate_query q;
	char *texts[16];
	size_t n;
};

/* How a member of the query gets into the struct: one function a kind. */
typedef bool setter(struct filters *f, const char *value, void *to, struct err *e);

static bool
set_text(struct filters *f, const char *value, void *to, struct err *e)
{
	(void)e;
	f->texts[f->n] = mem_strdup(value);
	memcpy(to, &f->texts[f->n], sizeof(char *));
	f->n++;
	return true;
}

static bool
set_time(struct filters *f, const char *value, void *to, struct err *e)
{
	(void)f;
	return clock_rfc3339_parse(bytes_str(value), to, e);
}

static bool
read_number(const char *value, int64_t max, int64_t *ret, struct err *e)
{
	char *end;

	errno = 0;
	const long long n = strtoll(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || n < 1 || n > max ||
	    value[0] < '0' || value[0] > '9')
		return err_set(e, ERR_MALFORMED, "must be a number from 1 to %" PRId64,
		    max);
	*ret = n;
	return true;
}

static bool
set_limit(struct filters *f, const char *value, void *to, struct err *e)
{
	int64_t n;

	(void)to;
	if (!read_number(value, LIMIT_MAX, &n, e))
		return false;
	f->q.limit = (size_t)n;
	return true;
}

/* Our own cursor: the id that the page before ended with. */
static bool
set_cursor(struct filters *f, const char *value, void *to, struct err *e)
{
	(void)f;
	return read_number(value, INT64_MAX, to, e) ||
	       err_set(e, ERR_MALFORMED,
		   "must be the next_cursor of an earlier answer");
}

static bool
set_status(struct filters *f, const char *value, void *to, struct err *e)
{
	(void)to;
	for (enum certificate_status s = CERTIFICATE_VALID; s <= CERTIFICATE_REVOKED;
	     s++)
		if (strcmp(value, certificate_status_word(s)) == 0) {
			f->q.status = s;
			return true;
		}
	return err_set(e, ERR_MALFORMED, "must be valid, expired or revoked");
}

static bool
set_lower(struct filters *f, const char *value, void *to, struct err *e)
{
	/* Names are kept in lower case. */
	char *lower = mem_strdup(value);

	for (char *c = lower; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	const bool ok = set_text(f, lower, to, e);
	free(lower);
	return ok;
}

static const struct {
	const char *key;
	setter *set;
	size_t at;
} members[] = {
	/* clang-format off */
	{ "q",              set_text,       offsetof(struct filters, q.q) },
	{ "dns",            set_lower, offsetof(struct filters, q.dns) },
	{ "ip",             set_text,       offsetof(struct filters, q.ip) },
	{ "uri",            set_text,       offsetof(struct filters, q.uri) },
	{ "email",          set_text,       offsetof(struct filters, q.email) },
	{ "cn",             set_text,       offsetof(struct filters, q.cn) },
	{ "profile",        set_text,       offsetof(struct filters, q.profile) },
	{ "requester",      set_text,       offsetof(struct filters, q.requester) },
	{ "issuer",         set_text,       offsetof(struct filters, q.issuer) },
	{ "status",         set_status,     0 },
	{ "expires_before", set_time,       offsetof(struct filters, q.expires_before) },
	{ "expires_after",  set_time,       offsetof(struct filters, q.expires_after) },
	{ "issued_before",  set_time,       offsetof(struct filters, q.issued_before) },
	{ "issued_after",   set_time,       offsetof(struct filters, q.issued_after) },
	{ "cursor",         set_cursor,     offsetof(struct filters, q.before_id) },
	{ "limit",          set_limit,      0 },
	/* clang-format on */
};

static bool
read_filters(struct request *r, struct filters *f, struct err *e)
{
	const char *known[NITEMS(members) + 1] = { 0 };

	for (size_t i = 0; i < NITEMS(members); i++)
		known[i] = members[i].key;
	if (!request_query_known(r, known, e))
		return false;
	for (size_t i = 0; i < NITEMS(members); i++) {
		char *value = NULL;

		if (!request_query(r, members[i].key, &value, e))
			return false;
		const bool ok =
		    value == NULL ||
		    members[i].set(f, value, (char *)f + members[i].at, e) ||
		    err_prefix(e, members[i].key);
		free(value);
		if (!ok)
			return false;
	}
	return true;
}

struct page {
	json_t *list;
	int64_t now, last_id;
	size_t limit;
	bool more;
};

static bool
add_row(void *arg, const struct certificate_row *row, struct err *e)
{
	struct page *p = arg;

	(void)e;
	if (json_array_size(p->list) == p->limit) {
		p->more = true;
		return true;
	}
	json_array_append_new(p->list, certificate_json(row, p->now));
	p->last_id = row->id;
	return true;
}

static json_t *
page_json(const struct page *p)
{
	json_t *v = json_pack("{s:o}", "certificates", p->list);

	if (p->more) {
		char cursor[24];

		snprintf(cursor, sizeof(cursor), "%" PRId64, p->last_id);
		json_object_set_new(v, "next_cursor", json_string(cursor));
	}
	return v;
}

void
core_certificate_list(struct request *r)
{
	struct filters f = { .q = { .limit = LIMIT_DEFAULT, .now = clock_now() } };
	struct err e;

	bool ok = read_filters(r, &f, &e);
	struct page p = { .list = json_array(), .now = f.q.now, .limit = f.q.limit };
	f.q.limit++; /* one more tells whether there is another page */
	ok = ok && store_certificate_list(ca_store(r->ca), &f.q, add_row, &p, &e);
	if (ok)
		request_json(r, 200, page_json(&p));
	else {
		json_decref(p.list);
		request_problem(r, &e, NULL);
	}
	for (size_t i = 0; i < f.n; i++)
		free(f.texts[i]);
}
