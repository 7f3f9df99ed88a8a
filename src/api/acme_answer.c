/* SPDX-License-Identifier: Apache-2.0 */
/* How ACME requests are answered: nonce, links, problem documents (RFC 8555 6.5 to 6.7). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/acme_impl.h"
#include "api/refusal.h"
#include "base/mem.h"

#define ANSWER_MAX MIB(4)
#define URL_MAX    2048

/* ---- what goes into headers and bodies ---- */

static void put_url(const struct acme *a, struct buf *b, const char *fmt, va_list args)
    PRINTF_LIKE(3, 0);

static void
put_url(const struct acme *a, struct buf *b, const char *fmt, va_list args)
{
	char path[URL_MAX];

	vsnprintf(path, sizeof(path), fmt, args);
	buf_init(b, 2 * URL_MAX);
	buf_puts(b, ca_conf(a->r->ca)->url_api);
	buf_puts(b, "/acme/");
	buf_puts(b, a->directory->name);
	buf_puts(b, path);
	(void)buf_str(b);
}

char *
acme_url(const struct acme *a, const char *fmt, ...)
{
	struct buf b;
	va_list args;

	va_start(args, fmt);
	put_url(a, &b, fmt, args);
	va_end(args);
	return (char *)b.p; /* the caller's from here on */
}

void
acme_put_url(const struct acme *a, struct json_put *w, const char *member,
    const char *fmt, ...)
{
	struct buf b;
	va_list args;

	va_start(args, fmt);
	put_url(a, &b, fmt, args);
	va_end(args);
	json_put_name(w, member);
	json_put_bytes(w, buf_bytes(&b));
	buf_free(&b);
}

void
acme_link(struct acme *a, const char *rel, const char *url)
{
	char *value = mem_printf("<%s>;rel=\"%s\"", url, rel);

	request_header(a->r, "Link", value);
	free(value);
}

void
acme_location(struct acme *a, const char *url)
{
	request_header(a->r, "Location", url);
}

void
acme_retry_after(struct acme *a, unsigned seconds)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", seconds);
	request_header(a->r, "Retry-After", text);
}

bool
acme_id(const struct acme *a, size_t param, char ret[static ACME_ID_LEN])
{
	return a->params[param].n == ACME_ID_LEN - 1 &&
	       bytes_to_str(a->params[param], ret, ACME_ID_LEN);
}

void
acme_put(json_t *to, const char *member, char *text)
{
	json_object_set_new(to, member, json_string(text));
	free(text);
}

/* ---- problem documents ---- */

/* RFC 8555 6.7.1: the identifier stands here and nowhere else. */
static json_t *
subproblem(const struct verdict_row *row, const struct name *name)
{
	char *detail = mem_printf("%s: %s%s%s", row->rule, row->value,
	    row->allowed[0] != '\0' ? "; allowed: " : "", row->allowed);
	struct err e;

	/* What judged the name itself; or its CAA records, which have a type of their own. */
	const bool name_alone = row->code == ERR_POLICY || row->code == ERR_FORBIDDEN;
	err_set(&e, name_alone ? ERR_IDENTIFIER : row->code, "%s", detail);
	json_t *p = acme_problem_json(&e);
	json_object_del(p, "status");
	json_object_set_new(p, "identifier",
	    json_pack("{s:s, s:s}", "type", sets_name_type_word(name->type), "value",
		name->text));
	free(detail);
	return p;
}

static json_t *
subproblems(const struct verdict *v, const struct names *names)
{
	json_t *list = json_array();
	size_t i;

	for (size_t k = 0; k < v->n; k++)
		if (!v->v[k].pass && v->v[k].field != NULL &&
		    sscanf(v->v[k].field, "names[%zu]", &i) == 1 && i < names->n)
			json_array_append_new(list, subproblem(&v->v[k], &names->v[i]));
	return list;
}

static void
add_algorithms(json_t *p)
{
	json_t *list = json_array();

	for (size_t i = 0; jws_alg_name(i) != NULL; i++)
		json_array_append_new(list, json_string(jws_alg_name(i)));
	json_object_set_new(p, "algorithms", list);
}

/* ---- answers ---- */

/* A nonce on every answer to a POST, refusals too (A11); the directory on all but itself (A9). */
static void
add_headers(struct acme *a)
{
	char nonce[NONCE_TEXT];
	struct err e;

	if (bytes_eq_str(a->r->in.method, "POST") &&
	    acme_nonce_new(a->r->ca, nonce, &e))
		request_header(a->r, "Replay-Nonce", nonce);
	if (a->directory != NULL && !a->is_directory) {
		char *url = acme_url(a, "/directory");

		acme_link(a, "index", url);
		free(url);
	}
}

void
acme_json(struct acme *a, int status, json_t *v)
{
	struct request *r = a->r;

	add_headers(a);
	if (!r->late.telling) /* else it goes on */
		acme_free(a);
	request_json(r, status, v);
}

void
acme_json_put(struct acme *a, int status, struct json_put *w)
{
	buf_putc(w->b, '\n');
	acme_octets(a, status, "application/json", buf_bytes(w->b));
	buf_free(w->b);
}

void
acme_octets(struct acme *a, int status, const char *type, struct bytes body)
{
	const bool goes_on = a->r->late.telling;

	add_headers(a);
	request_octets(a->r, status, type, body);
	if (!goes_on)
		acme_free(a);
}

void
acme_problem(struct acme *a, const struct err *e, const struct verdict *v,
    const struct names *names)
{
	json_t *p = acme_problem_json(e);
	struct buf b;

	if (e->code == ERR_BAD_ALGORITHM)
		add_algorithms(p);
	if (v != NULL && names != NULL) {
		json_t *list = subproblems(v, names);

		if (json_array_size(list) > 0)
			json_object_set(p, "subproblems", list);
		json_decref(list);
	}
	if (err_acme_status(e->code) == 503 || e->retry_s > 0)
		acme_retry_after(a, e->retry_s > 0 ? e->retry_s : 2);
	request_header(a->r, "Content-Language", "en");
	refusal_tell(a->r, e, v);
	a->r->wrote = false; /* a refusal tells of no write */
	buf_init(&b, ANSWER_MAX);
	json_write(&b, p);
	json_decref(p);
	acme_octets(a, err_acme_status(e->code), "application/problem+json",
	    buf_bytes(&b));
	buf_free(&b);
}
