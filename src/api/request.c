/* SPDX-License-Identifier: Apache-2.0 */
#include "api/request.h"

#include <stdlib.h>
#include <string.h>

#include "api/core_routes.h"
#include "api/refusal.h"
#include "api/verdict_json.h"
#include "base/mem.h"
#include "ca/throttle.h"
#include "codec/uri.h"
#include "store/store_audit.h"

static void
request_free(struct request *r)
{
	overdue_end(r);
	r->api->load->n--;
	r->api->load->octets -= r->frame.n;
	caller_free(&r->caller);
	buf_wipe(&r->frame); /* it may hold a bearer token */
	buf_free(&r->headers);
	free(r->about.profile);
	free(r->about.names);
	free(r->about.serial);
	free(r->about.object);
	free(r);
}

/* ---- answers ---- */

void
request_header(struct request *r, const char *name, const char *value)
{
	buf_puts(&r->headers, name);
	buf_puts(&r->headers, ": ");
	buf_puts(&r->headers, value);
	buf_putc(&r->headers, '\n');
}

void
request_octets(struct request *r, int status, const char *type, struct bytes body)
{
	const struct msg_http_response m = {
		.id = r->in.id,
		.status = (uint16_t)status,
		.content_type = bytes_str(type),
		.headers = buf_bytes(&r->headers),
		.body = body,
		.keep = r->keep,
	};
	if (!r->late.told)
		r->api->answer(r->api->arg, &m, r->wrote);
	if (r->late.telling)
		buf_clear(&r->headers);
	else
		request_free(r);
}

static void
answer_text(struct request *r, int status, const char *type, struct buf *text)
{
	if (text->full) /* nothing is better than a part of it */
		request_octets(r, 500, "application/problem+json",
		    bytes_str("{\"type\":\"urn:hanaper:problem:internal\",\"title\":"
			      "\"The server failed\",\"status\":500,\"detail\":\"the "
			      "answer is too large\"}\n"));
	else
		request_octets(r, status, type, buf_bytes(text));
}

static void
answer_json(struct request *r, int status, const char *type, json_t *v)
{
	struct buf b;

	buf_init(&b, REQUEST_ANSWER_MAX);
	json_write(&b, v);
	json_decref(v);
	answer_text(r, status, type, &b);
	buf_wipe(&b); /* it may hold a new token */
}

void
request_json(struct request *r, int status, json_t *v)
{
	answer_json(r, status, "application/json", v);
}

void
request_json_text(struct request *r, int status, struct buf *text)
{
	buf_putc(text, '\n');
	answer_text(r, status, "application/json", text);
}

static json_t *
violations(const struct verdict *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->n; i++)
		if (!v->v[i].pass)
			json_array_append_new(list, verdict_json_row(&v->v[i]));
	return list;
}

static void
about(char **member, const char *text)
{
	if (text == NULL)
		return;
	free(*member);
	*member = mem_strdup(text);
}

void
request_about(struct request *r, const char *profile, const struct names *names,
    const struct serial *serial, const char *object)
{
	char hex[SERIAL_HEX_LEN];
	struct buf text;

	about(&r->about.profile, profile);
	about(&r->about.object, object);
	if (serial != NULL) {
		serial_to_hex(serial, hex);
		about(&r->about.serial, hex);
	}
	if (names != NULL) {
		buf_init(&text, KIB(64));
		store_audit_names(&text, names);
		about(&r->about.names, buf_str(&text));
		buf_free(&text);
	}
}

void
request_problem(struct request *r, const struct err *e, const struct verdict *v)
{
	char *type = mem_printf("urn:hanaper:problem:%s", err_type(e->code));
	json_t *p = json_pack("{s:s, s:s, s:i, s:s*, s:s}", "type", type, "title",
	    err_title(e->code), "status", err_status(e->code), "detail", e->detail,
	    "request_id", r->id);

	if (v != NULL && v->refused > 0)
		json_object_set_new(p, "violations", violations(v));
	if (err_status(e->code) == 503 || e->retry_s > 0) {
		char *retry = mem_printf("%u", e->retry_s > 0 ? e->retry_s : 2);

		request_header(r, "Retry-After", retry);
		free(retry);
	}
	refusal_tell(r, e, v);
	r->wrote = false; /* a refusal tells of no write */
	answer_json(r, err_status(e->code), "application/problem+json", p);
	free(type);
}

void
request_stopped(struct request *r)
{
	struct err e;

	err_set(&e, ERR_UNAVAILABLE, "the daemon stops");
	request_problem(r, &e, NULL);
}

/* ---- what takes long ---- */

bool
request_slices_room(const struct request *r, struct err *e)
{
	const struct identity *who = &r->caller.id;

	return slices_room(r->api->slices, who->text, throttle_is_free(r->ca, who), e);
}

bool
request_slices_add(const struct request *r, const struct slices_job *j, struct err *e)
{
	const struct identity *who = &r->caller.id;

	return slices_add(r->api->slices, who->text, throttle_is_free(r->ca, who), j,
	    e);
}

/* ---- what the request says ---- */

/* Does a media range ("text/ *", "application/json;q=1") take this type? */
static bool
range_takes(struct bytes range, const char *type)
{
	const char *slash = strchr(type, '/');

	range.n = bytes_index(range, ';');
	range = bytes_trim(range);
	if (bytes_eq_str(range, "*/*") || bytes_eq_nocase(range, type))
		return true;
	return range.n >= 2 && range.p[range.n - 1] == '*' &&
	       range.p[range.n - 2] == '/' &&
	       range.n - 1 == (size_t)(slash - type) + 1 &&
	       strncasecmp((const char *)range.p, type, range.n - 1) == 0;
}

bool
request_accept(const struct request *r, const char *const *offers, const char **ret,
    struct err *e)
{
	struct bytes rest = r->in.accept;
	char list[200] = "";

	if (bytes_trim(rest).n == 0) {
		*ret = offers[0];
		return true;
	}
	while (rest.n > 0) {
		const size_t n = bytes_index(rest, ',');

		for (size_t i = 0; offers[i] != NULL; i++)
			if (range_takes(bytes_of(rest.p, n), offers[i])) {
				*ret = offers[i];
				return true;
			}
		rest = bytes_skip(rest, n + 1);
	}
	for (size_t i = 0; offers[i] != NULL; i++) {
		strncat(list, i > 0 ? ", " : "", sizeof(list) - strlen(list) - 1);
		strncat(list, offers[i], sizeof(list) - strlen(list) - 1);
	}
	return err_set(e, ERR_NOT_ACCEPTABLE,
	    "Accept must let one of these through: %s", list);
}

/* Decodes one side of a "key=value". */
static bool
decode(struct bytes from, struct buf *to, struct err *e)
{
	buf_clear(to);
	return uri_decode_query(from, to, e) || err_prefix(e, "query");
}

bool
request_query(const struct request *r, const char *key, char **ret, struct err *e)
{
	struct bytes rest = r->in.query, k, v;
	char *found = NULL;
	struct buf text;
	bool ok = true;

	buf_init(&text, KIB(16));
	while (ok && uri_query_next(&rest, &k, &v)) {
		ok = decode(k, &text, e);
		if (!ok || !bytes_eq_str(buf_bytes(&text), key))
			continue;
		if (found != NULL)
			ok = err_set(e, ERR_MALFORMED, "query: \"%s\" is there twice",
			    key);
		else if ((ok = decode(v, &text, e)))
			found = mem_strndup(buf_bytes(&text));
	}
	buf_free(&text);
	if (!ok) {
		free(found);
		return false;
	}
	*ret = found;
	return true;
}

bool
request_query_nth(const struct request *r, const char *prefix, size_t n, char **ret_key,
    char **ret_value, struct err *e)
{
	struct bytes rest = r->in.query, k, v;
	char *key = NULL, *value = NULL;
	struct buf text;
	bool ok = true;

	buf_init(&text, KIB(16));
	while (ok && key == NULL && uri_query_next(&rest, &k, &v)) {
		ok = decode(k, &text, e);
		if (!ok || !bytes_starts(buf_bytes(&text), prefix) || n-- > 0)
			continue;
		key = mem_strndup(bytes_skip(buf_bytes(&text), strlen(prefix)));
		ok = decode(v, &text, e);
		value = ok ? mem_strndup(buf_bytes(&text)) : NULL;
	}
	buf_free(&text);
	if (!ok) {
		free(key);
		return false;
	}
	*ret_key = key;
	*ret_value = value;
	return true;
}

static bool
is_known(struct bytes key, const char *known)
{
	const size_t n = strlen(known);

	if (n == 0 || known[n - 1] != '*')
		return bytes_eq_str(key, known);
	return key.n >= n && memcmp(key.p, known, n - 1) == 0;
}

bool
request_query_known(const struct request *r, const char *const *known, struct err *e)
{
	struct bytes rest = r->in.query, k, v;
	struct buf text;
	bool ok = true;

	buf_init(&text, KIB(16));
	while (ok && uri_query_next(&rest, &k, &v)) {
		bool there = false;

		ok = decode(k, &text, e);
		for (size_t i = 0; ok && known[i] != NULL; i++)
			there = there || is_known(buf_bytes(&text), known[i]);
		if (ok && !there)
			ok = err_set(e, ERR_MALFORMED, "query: \"%s\" is unknown here",
			    buf_str(&text));
	}
	buf_free(&text);
	return ok;
}

bool
request_query_none(const struct request *r, struct err *e)
{
	static const char *const nothing[] = { NULL };

	return request_query_known(r, nothing, e);
}

bool
request_object(const struct request *r, const struct json_member *members, json_t **ret,
    struct err *e)
{
	*ret = NULL;
	return request_query_none(r, e) && json_read(r->in.body, ret, e) &&
	       json_check(*ret, members, e);
}

/* ---- from the frame to the handler ---- */

static const struct {
	enum gate gate;
	enum right right; /* 0: an identity is enough */
} gates[] = {
	{ GATE_IDENTITY, 0 },
	{ GATE_READ, RIGHT_READ },
	{ GATE_REVOKE_OWN, 0 },
	{ GATE_RENEW, 0 },
	{ GATE_ADMIN, RIGHT_ADMIN },
};

static bool
pass_gate(struct request *r, struct verdict *v, struct err *e)
{
	if (r->route->gate == GATE_OPEN)
		return true;
	for (size_t i = 0; i < NITEMS(gates); i++)
		if (gates[i].gate == r->route->gate)
			return caller_may(r->ca, &r->caller, gates[i].right, v, e);
	return err_set(e, ERR_FORBIDDEN, "this route has an unknown gate");
}

/* Which of the listeners it must have come by: front's word counts for no more than this. */
static unsigned
listeners_of(enum peer_kind peer)
{
	if (peer == PEER_KIND_UNIX)
		return ON_UNIX;
	return peer == PEER_KIND_PLAIN ? ON_HTTP | ON_METRICS : ON_API;
}

/*
 * That is not held back: by spending the rate of a stolen certificate its thief would keep
 * the owner from revoking it.  Who revokes has no second time.
 */
static bool
revokes_itself(const struct request *r)
{
	struct serial asked;
	struct err ignored;

	return r->route->gate == GATE_REVOKE_OWN && r->caller.cert != NULL &&
	       serial_from_hex(r->params[0], &asked, &ignored) &&
	       serial_eq(&asked, &r->caller.cert->serial);
}

static bool
admit(struct request *r, request_handler **ret, struct verdict *v, struct err *e)
{
	struct route_match match;
	char allow[64];

	if (!route_find(r->in.method, r->in.path, listeners_of(r->in.peer), &match,
		allow, sizeof(allow), e))
		return false;
	r->route = &routes[match.row];
	for (size_t i = 0; i < ROUTE_PARAMS; i++)
		r->params[i] = match.params[i];
	*ret = core_routes_handler(match.row);
	if (*ret == NULL)
		return err_set(e, ERR_NOT_FOUND, "this is not answered here");
	const size_t body_max = route_body_max(r->route, ca_conf(r->ca)->body_max);
	if (r->in.body.n > body_max)
		return err_set(e, ERR_TOO_LARGE,
		    "the body has %zu octets, %zu are allowed", r->in.body.n, body_max);
	if (r->route->body_max > 0 &&
	    !route_body_check(r->route, r->in.content_type, &r->body, e))
		return false;
	if (r->route->gate == GATE_OPEN) {
		r->caller.id.text = mem_strdup("anonymous");
		return true;
	}
	if (!caller_identify(r->ca, &r->in, r->route->gate == GATE_RENEW, &r->caller,
		e) ||
	    !pass_gate(r, v, e))
		return false;
	return strcmp(r->route->method, "GET") == 0 || revokes_itself(r) ||
	       throttle_caller(r->ca, &r->caller.id, e);
}

static bool
has_room(const struct request_load *l, struct err *e)
{
	if (l->n <= REQUEST_WAITING_MAX && l->octets <= REQUEST_OCTETS_MAX)
		return true;
	return err_set(e, ERR_UNAVAILABLE,
	    "too many requests are waiting; try again in a moment");
}

bool
request_take(const struct api *api, struct bytes frame, const uint32_t *local,
    struct err *e)
{
	struct request *r = mem_zalloc(sizeof(*r));
	request_handler *handler;
	struct verdict v = { 0 };
	struct err why;

	r->api = api;
	r->ca = api->ca;
	buf_init(&r->frame, MIB(1));
	buf_init(&r->headers, KIB(4));
	buf_put(&r->frame, frame);
	api->load->n++;
	api->load->octets += r->frame.n;
	if (!buf_ok(&r->frame, "a request", e) ||
	    !msg_http_request_get(buf_bytes(&r->frame), &r->in, e) ||
	    !bytes_to_str(r->in.request_id, r->id, sizeof(r->id))) {
		request_free(r);
		return e->code != ERR_NONE
			   ? false
			   : err_set(e, ERR_MALFORMED, "bad request id");
	}
	if ((r->in.peer == PEER_KIND_UNIX) != (local != NULL)) {
		request_free(r);
		return err_set(e, ERR_MALFORMED,
		    "a request %s the local socket came %s its connection",
		    local != NULL ? "not by" : "by",
		    local != NULL ? "with" : "without");
	}
	if (local != NULL)
		r->in.uid = *local;
	if (!has_room(api->load, &why) || !admit(r, &handler, &v, &why))
		request_problem(r, &why, &v);
	else
		handler(r);
	verdict_free(&v);
	return true;
}
