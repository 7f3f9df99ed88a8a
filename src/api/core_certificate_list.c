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
	struct certificate_metadata metadata[CERTIFICATE_METADATA_MAX];
	char *texts[16 + 2 * CERTIFICATE_METADATA_MAX];
	size_t n;
};

#define METADATA "metadata." /* before a key of the metadata */

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

/* metadata.KEY=VALUE, as many as the store takes. */
static bool
read_metadata(struct request *r, struct filters *f, struct err *e)
{
	for (size_t i = 0;; i++) {
		char *key, *value;

		if (!request_query_nth(r, METADATA, i, &key, &value, e))
			return false;
		if (key == NULL)
			return true;
		if (i == CERTIFICATE_METADATA_MAX) {
			free(key);
			free(value);
			return err_set(e, ERR_MALFORMED,
			    "query: at most %d members " METADATA,
			    CERTIFICATE_METADATA_MAX);
		}
		f->texts[f->n++] = key;
		f->texts[f->n++] = value;
		f->metadata[i] = (struct certificate_metadata){ key, value };
		f->q.metadata = f->metadata;
		f->q.n_metadata = i + 1;
	}
}

static bool
read_filters(struct request *r, struct filters *f, struct err *e)
{
	const char *known[NITEMS(members) + 2] = { 0 };

	for (size_t i = 0; i < NITEMS(members); i++)
		known[i] = members[i].key;
	known[NITEMS(members)] = METADATA "*";
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
	return read_metadata(r, f, e);
}

/*
 * A list goes through the ids from the newest down, a slice at a time: so many
 * ids that it takes a few milliseconds, so many rows at most.
 */
#define SLICE_IDS_FIRST INT64_C(4096)
#define SLICE_IDS_LEAST INT64_C(256)
#define SLICE_IDS_MOST  INT64_C(1048576)
#define SLICE_ROWS      100
#define SLICE_MS_SHORT  4
#define SLICE_MS_LONG   12
#define PAGE_OCTETS_MAX MIB(8) /* of an answer, about */

struct listing {
	struct request *r;
	struct filters f;
	json_t *list;
	size_t limit, octets;
	bool more;
	int64_t last_id; /* of the page */
	int64_t at;      /* what is from here on has been looked through */
	int64_t ids;     /* in the next slice */
	size_t rows;     /* in this one */
};

static void
listing_free(struct listing *l)
{
	for (size_t i = 0; i < l->f.n; i++)
		free(l->f.texts[i]);
	json_decref(l->list);
	free(l);
}

/* About as long as it will be in JSON; in a note, each octet may be escaped. */
static size_t
row_octets(const struct certificate_row *row)
{
	size_t n = 1024 + 6 * row->note.n;

	for (size_t i = 0; i < row->names.n; i++)
		n += strlen(row->names.v[i].text) + 32;
	return n;
}

static bool
add_row(void *arg, const struct certificate_row *row, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	l->rows++;
	if (json_array_size(l->list) == l->limit || l->octets > PAGE_OCTETS_MAX) {
		l->more = true;
		return true;
	}
	json_array_append_new(l->list, certificate_json(row, l->f.q.now));
	l->octets += row_octets(row);
	l->last_id = l->at = row->id;
	return true;
}

static json_t *
page_json(const struct listing *l)
{
	json_t *v = json_pack("{s:O}", "certificates", l->list);

	if (l->more) {
		char cursor[24];

		snprintf(cursor, sizeof(cursor), "%" PRId64, l->last_id);
		json_object_set_new(v, "next_cursor", json_string(cursor));
	}
	return v;
}

static bool
read_slice(struct listing *l, struct err *e)
{
	const int64_t floor = l->at - 1 > l->ids ? l->at - 1 - l->ids : 0;
	const size_t left = l->limit + 1 - json_array_size(l->list);
	const int64_t began = clock_mono_ms();

	l->f.q.before_id = l->at;
	l->f.q.after_id = floor;
	l->f.q.limit = left < SLICE_ROWS ? left : SLICE_ROWS;
	l->rows = 0;
	if (!store_certificate_list(ca_store(l->r->ca), &l->f.q, add_row, l, e))
		return false;
	if (l->rows < l->f.q.limit)
		l->at = floor + 1;
	const int64_t took = clock_mono_ms() - began;
	if (took < SLICE_MS_SHORT && l->ids < SLICE_IDS_MOST)
		l->ids *= 2;
	else if (took > SLICE_MS_LONG && l->ids > SLICE_IDS_LEAST)
		l->ids /= 2;
	return true;
}

static bool
on_step(void *arg)
{
	struct listing *l = arg;
	struct err e;

	if (!read_slice(l, &e))
		request_problem(l->r, &e, NULL);
	else if (l->more || l->at <= 1)
		request_json(l->r, 200, page_json(l));
	else
		return false;
	listing_free(l);
	return true;
}

static void
on_drop(void *arg)
{
	struct listing *l = arg;
	struct err e;

	err_set(&e, ERR_UNAVAILABLE, "the daemon stops");
	request_problem(l->r, &e, NULL);
	listing_free(l);
}

/* From the cursor, or from the newest. */
static bool
begin(struct listing *l, struct err *e)
{
	int64_t newest;

	if (!read_filters(l->r, &l->f, e) ||
	    !store_certificate_newest(ca_store(l->r->ca), &newest, e))
		return false;
	l->limit = l->f.q.limit;
	l->at = newest + 1;
	if (l->f.q.before_id != 0 && l->f.q.before_id < l->at)
		l->at = l->f.q.before_id;
	return slices_add(l->r->api->slices,
	    &(struct slices_job){ on_step, on_drop, l }, e);
}

void
core_certificate_list(struct request *r)
{
	struct listing *l = mem_zalloc(sizeof(*l));
	struct err e;

	*l = (struct listing){
		.r = r,
		.f = { .q = { .limit = LIMIT_DEFAULT, .now = clock_now() } },
		.list = json_array(),
		.ids = SLICE_IDS_FIRST,
	};
	if (begin(l, &e))
		return;
	request_problem(r, &e, NULL);
	listing_free(l);
}
