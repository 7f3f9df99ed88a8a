/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/renewals: certificates are to be renewed before their time. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/certificate_json.h"
#include "api/certificate_walk.h"
#include "api/core_routes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ca/renewal.h"
#include "ca/tally.h"
#include "codec/json.h"

#define BATCH     100 /* rows of one slice */
#define WHERE_MAX KIB(2)

struct ordering {
	struct request *r;
	struct certificate_walk walk;
	struct renewal_order order;
	char *reason, *where; /* what the order borrows */
	bool dry_run;
	uint64_t failed; /* commits that had failed when it began */
	struct renewal_one v[BATCH];
	size_t n;
};

static void
ordering_free(struct ordering *o)
{
	certificate_walk_free(&o->walk);
	free(o->reason);
	free(o->where);
	free(o);
}

/* ---- the question ---- */

/* In words too: "issuer=web profile=server". */
static bool
read_where(struct ordering *o, const json_t *where, struct err *e)
{
	const char *filter;
	const json_t *v;
	struct buf text;
	bool ok = true;

	buf_init(&text, WHERE_MAX);
	json_object_foreach((json_t *)(uintptr_t)where, filter, v)
	{
		const char *value = json_string_value(v);

		if (value == NULL)
			ok = err_set(e, ERR_MALFORMED, "\"%s\" must be a string",
			    filter);
		ok = ok && certificate_walk_set(&o->walk, filter, value, e);
		if (!ok)
			break;
		buf_printf(&text, "%s%s=%s", text.n > 0 ? " " : "", filter, value);
	}
	ok = ok && buf_ok(&text, "all of it", e);
	if (ok && o->walk.q.status != CERTIFICATE_ANY &&
	    o->walk.q.status != CERTIFICATE_VALID)
		ok = err_set(e, ERR_MALFORMED, "only valid certificates are renewed");
	if (!ok)
		err_prefix(e, "where");
	o->walk.q.status = CERTIFICATE_VALID;
	o->where = mem_strdup(buf_str(&text));
	buf_free(&text);
	return ok;
}

static bool
read_within(const char *text, int64_t *ret, struct err *e)
{
	if (!clock_duration_parse(bytes_str(text), ret, e))
		return err_prefix(e, "within");
	return *ret <= RENEWAL_WITHIN_MAX ||
	       err_set(e, ERR_MALFORMED, "within: at most 30d");
}

static bool
read_reason(struct ordering *o, const char *text, struct err *e)
{
	o->reason = mem_strdup(text != NULL ? text : "");
	return strlen(o->reason) <= RENEWAL_REASON_MAX ||
	       err_set(e, ERR_MALFORMED, "reason: at most %d octets",
		   RENEWAL_REASON_MAX);
}

static bool
read_body(struct ordering *o, struct err *e)
{
	static const struct json_member members[] = {
		{ "where", JSON_OBJECT, true },
		{ "within", JSON_STRING, true },
		{ "reason", JSON_STRING, false },
		{ "dry_run", JSON_TRUE, false },
		{ NULL, JSON_NULL, false },
	};
	json_t *v = NULL;

	const bool ok = request_object(o->r, members, &v, e) &&
			read_where(o, json_object_get(v, "where"), e) &&
			read_within(json_text(v, "within"), &o->order.within_s, e) &&
			read_reason(o, json_text(v, "reason"), e);
	o->dry_run = json_is_true(json_object_get(v, "dry_run"));
	json_decref(v);
	return ok;
}

/* ---- the work ---- */

static bool
add_row(void *arg, const struct certificate_row *row, struct err *e)
{
	struct ordering *o = arg;

	(void)e;
	if (renewal_takes(o->r->ca, row, o->order.at))
		o->v[o->n++] = (struct renewal_one){ row->id, row->not_after };
	return true;
}

static bool
order_slice(struct ordering *o, struct err *e)
{
	struct ca *ca = o->r->ca;

	o->n = 0;
	if (!certificate_walk_slice(&o->walk, ca, BATCH, add_row, o, e))
		return false;
	/* Its rows were taken back in the round of an earlier slice. */
	if (tally_of(ca)->commits_failed != o->failed)
		return err_set(e, ERR_IO,
		    "a part of it could not be written; order it again");
	if (!o->dry_run)
		return renewal_put(ca, &o->order, o->v, o->n, e);
	o->order.n += o->n;
	return true;
}

static void
answer(struct ordering *o)
{
	struct request *r = o->r;

	if (!o->dry_run)
		renewal_done(r->ca, &o->order);
	r->wrote = !o->dry_run;
	request_json(r, 200,
	    json_pack("{s:I, s:o, s:o, s:b}", "certificates", (json_int_t)o->order.n,
		"start_at", certificate_json_time(o->order.at), "end_at",
		certificate_json_time(o->order.at + o->order.within_s), "dry_run",
		o->dry_run));
}

static bool
on_step(void *arg)
{
	struct ordering *o = arg;
	struct err e;

	if (!order_slice(o, &e))
		request_problem(o->r, &e, NULL);
	else if (certificate_walk_over(&o->walk))
		answer(o);
	else
		return false;
	ordering_free(o);
	return true;
}

static void
on_drop(void *arg)
{
	struct ordering *o = arg;
	struct err e;

	err_set(&e, ERR_UNAVAILABLE, "the daemon stops; order it again");
	request_problem(o->r, &e, NULL);
	ordering_free(o);
}

static bool
begin(struct ordering *o, struct err *e)
{
	if (!read_body(o, e) || !certificate_walk_begin(&o->walk, o->r->ca, 0, e))
		return false;
	o->failed = tally_of(o->r->ca)->commits_failed;
	o->order.who = &o->r->caller.id;
	o->order.request_id = o->r->id;
	o->order.where = o->where;
	o->order.reason = o->reason;
	o->order.at = o->walk.q.now;
	return request_slices_add(o->r, &(struct slices_job){ on_step, on_drop, o }, e);
}

void
core_renewal_order(struct request *r)
{
	struct ordering *o = mem_zalloc(sizeof(*o));
	struct err e;

	o->r = r;
	if (begin(o, &e))
		return;
	request_problem(r, &e, NULL);
	ordering_free(o);
}
