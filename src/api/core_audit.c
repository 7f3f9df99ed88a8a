/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/audit: who decided what, and when; newest first, or what is new since a row. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/store_audit.h"

#define LIMIT_DEFAULT 100

struct filters { /* a query with what it borrows */
	struct audit_query q;
	char *identity;
	char serial[SERIAL_HEX_LEN];
	bool follows;
};

typedef bool setter(struct filters *f, const char *value, struct err *e);

static bool
read_number(const char **at, int64_t least, int64_t most, int64_t *ret)
{
	char *end;

	errno = 0;
	const long long n = strtoll(*at, &end, 10);
	if (errno != 0 || end == *at || **at < '0' || **at > '9' || n < least ||
	    n > most)
		return false;
	*at = end;
	*ret = n;
	return true;
}

static bool
set_event(struct filters *f, const char *value, struct err *e)
{
	struct buf all;

	if (store_audit_from(bytes_str(value), &f->q.kind))
		return true;
	buf_init(&all, KIB(1));
	for (unsigned k = 0; k < 64; k++)
		if (store_audit_word(k) != NULL)
			buf_printf(&all, "%s%s", all.n > 0 ? ", " : "",
			    store_audit_word(k));
	err_set(e, ERR_MALFORMED, "must be one of %s", buf_str(&all));
	buf_free(&all);
	return false;
}

static bool
set_identity(struct filters *f, const char *value, struct err *e)
{
	(void)e;
	f->identity = mem_strdup(value);
	f->q.identity = f->identity;
	return true;
}

static bool
set_serial(struct filters *f, const char *value, struct err *e)
{
	struct serial s;

	if (!serial_from_hex(bytes_str(value), &s, e))
		return false;
	serial_to_hex(&s, f->serial);
	f->q.serial = f->serial;
	return true;
}

static bool
read_time(const char *value, int64_t *ret, struct err *e)
{
	if (!clock_rfc3339_parse(bytes_str(value), ret, e))
		return false;
	if (*ret == 0) /* is no bound; a second before finds the same */
		*ret = -1;
	return true;
}

static bool
set_since(struct filters *f, const char *value, struct err *e)
{
	return read_time(value, &f->q.since, e);
}

static bool
set_until(struct filters *f, const char *value, struct err *e)
{
	return read_time(value, &f->q.until, e);
}

static bool
set_limit(struct filters *f, const char *value, struct err *e)
{
	int64_t n;

	if (!read_number(&value, 1, AUDIT_LIST_MAX - 1, &n) || *value != '\0')
		return err_set(e, ERR_MALFORMED, "must be a number from 1 to %d",
		    AUDIT_LIST_MAX - 1);
	f->q.limit = (size_t)n;
	return true;
}

/* Our own cursor: time and id of the last row of the page before. */
static bool
set_cursor(struct filters *f, const char *value, struct err *e)
{
	if (read_number(&value, 0, INT64_MAX, &f->q.before_at) && *value == '-') {
		value++;
		if (read_number(&value, 1, INT64_MAX, &f->q.before_id) &&
		    *value == '\0')
			return true;
	}
	return err_set(e, ERR_MALFORMED,
	    "must be the next_cursor of an earlier answer");
}

/* Rows are counted from 1, so "after=0" is: from the first one on. */
static bool
set_after(struct filters *f, const char *value, struct err *e)
{
	f->follows = true;
	if (!read_number(&value, 0, INT64_MAX, &f->q.after_id) || *value != '\0')
		return err_set(e, ERR_MALFORMED, "must be the id of a row");
	return true;
}

static const struct {
	const char *key;
	setter *set;
} members[] = {
	/* clang-format off */
	{ "event",    set_event },
	{ "identity", set_identity },
	{ "serial",   set_serial },
	{ "since",    set_since },
	{ "until",    set_until },
	{ "after",    set_after },
	{ "cursor",   set_cursor },
	{ "limit",    set_limit },
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
		const bool ok = value == NULL || members[i].set(f, value, e) ||
				err_prefix(e, members[i].key);
		free(value);
		if (!ok)
			return false;
	}
	if (f->follows && f->q.before_id != 0)
		return err_set(e, ERR_MALFORMED,
		    "query: after and cursor exclude each other");
	return true;
}

/* "dns:a.internal ip:10.0.0.1" */
static json_t *
names_json(const char *text)
{
	struct bytes rest = bytes_str(text);
	json_t *list = json_array();

	while (rest.n > 0) {
		const struct bytes one = bytes_of(rest.p, bytes_index(rest, ' '));
		const struct bytes type = bytes_of(one.p, bytes_index(one, ':'));
		json_t *v = json_object();

		json_object_set_new(v, "type", certificate_json_text(type));
		json_object_set_new(v, "value",
		    certificate_json_text(bytes_skip(one, type.n + 1)));
		json_array_append_new(list, v);
		rest = bytes_skip(rest, one.n + 1);
	}
	return list;
}

static void
set_text(json_t *v, const char *key, const char *text)
{
	if (text[0] != '\0')
		json_object_set_new(v, key, certificate_json_text(bytes_str(text)));
}

static json_t *
row_json(const struct audit_row *r)
{
	const char *word = store_audit_word(r->kind);
	json_t *v = json_object();

	json_object_set_new(v, "id", json_integer(r->id));
	json_object_set_new(v, "at", certificate_json_time(r->at));
	json_object_set_new(v, "event", json_string(word != NULL ? word : "unknown"));
	set_text(v, "request_id", r->request_id);
	set_text(v, "identity", r->identity);
	set_text(v, "profile", r->profile);
	set_text(v, "issuer", r->issuer);
	if (r->names[0] != '\0')
		json_object_set_new(v, "names", names_json(r->names));
	set_text(v, "serial", r->serial);
	set_text(v, "object", r->object);
	json_object_set_new(v, "result", certificate_json_text(bytes_str(r->result)));
	set_text(v, "reason", r->reason);
	if (r->seq != 0)
		json_object_set_new(v, "record", json_integer((json_int_t)r->seq));
	return v;
}

/*
 * A slice looks at so many rows that it takes a few milliseconds, and tells so
 * many at most.
 */
#define LOOK_FIRST 1024
#define LOOK_LEAST 128
#define LOOK_MOST  131072
#define SLICE_ROWS 100

struct listing {
	struct request *r;
	struct filters f;
	json_t *list;
	size_t limit, octets;
	int64_t last_at, last_id; /* of the page */
	int64_t look;             /* rows for the next slice */
	bool more;
};

static void
listing_free(struct listing *l)
{
	free(l->f.identity);
	json_decref(l->list);
	free(l);
}

/* About as long as it will be in JSON, where each octet may be escaped. */
static size_t
row_octets(const struct audit_row *r)
{
	const char *const texts[] = { r->request_id, r->identity, r->profile, r->issuer,
		r->names, r->serial, r->object, r->result, r->reason };
	size_t n = 512;

	for (size_t i = 0; i < NITEMS(texts); i++)
		n += 6 * strlen(texts[i]);
	return n;
}

static bool
add_row(void *arg, const struct audit_row *row, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	if (json_array_size(l->list) == l->limit || l->octets > REQUEST_PAGE_MAX) {
		l->more = true;
		return true;
	}
	json_array_append_new(l->list, row_json(row));
	l->octets += row_octets(row);
	l->last_at = row->at;
	l->last_id = row->id;
	return true;
}

static json_t *
page_json(const struct listing *l)
{
	json_t *v = json_pack("{s:O}", "events", l->list);
	char cursor[48];

	if (l->f.follows) /* all up to there was looked at, but for a full page */
		json_object_set_new(v, "after",
		    json_integer(l->more ? l->last_id : l->f.q.after_id));
	if (l->more && !l->f.follows) {
		snprintf(cursor, sizeof(cursor), "%" PRId64 "-%" PRId64, l->last_at,
		    l->last_id);
		json_object_set_new(v, "next_cursor", json_string(cursor));
	}
	return v;
}

static bool
read_slice(struct listing *l, bool *ret_all, struct err *e)
{
	struct audit_query *q = &l->f.q;
	const size_t left = l->limit + 1 - json_array_size(l->list);
	const int64_t began = clock_mono_ms();
	struct audit_seen seen;

	q->limit = left < SLICE_ROWS ? left : SLICE_ROWS;
	q->look = (size_t)l->look;
	if (!store_audit_list(ca_store(l->r->ca), q, add_row, l, &seen, e))
		return false;
	if (seen.id != 0 && l->f.follows)
		q->after_id = seen.id;
	else if (seen.id != 0) {
		q->before_at = seen.at;
		q->before_id = seen.id;
	}
	l->look = slices_pace(l->look, LOOK_LEAST, LOOK_MOST, clock_mono_ms() - began);
	*ret_all = seen.all;
	return true;
}

static bool
on_step(void *arg)
{
	struct listing *l = arg;
	bool all = false;
	struct err e;

	if (!read_slice(l, &all, &e))
		request_problem(l->r, &e, NULL);
	else if (l->more || all)
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

	request_stopped(l->r);
	listing_free(l);
}

void
core_audit(struct request *r)
{
	struct listing *l = mem_zalloc(sizeof(*l));
	struct err e;

	*l = (struct listing){
		.r = r,
		.f = { .q = { .limit = LIMIT_DEFAULT } },
		.list = json_array(),
		.look = LOOK_FIRST,
	};
	bool ok = read_filters(r, &l->f, &e);
	l->limit = l->f.q.limit;
	l->f.q.oldest_first = l->f.follows;
	ok = ok &&
	     request_slices_add(r, &(struct slices_job){ on_step, on_drop, l }, &e);
	if (ok)
		return;
	request_problem(r, &e, NULL);
	listing_free(l);
}
