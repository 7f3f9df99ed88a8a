/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/mem.h"
#include "http/problem.h"

#define TARGET_MAX       KIB(64) /* the library's memory ends long before */
#define HEADERS_MAX      KIB(8)
#define CONTENT_TYPE_MAX KIB(1)
#define SPARE_MAX        KIB(1) /* of a buffer, from one request to the next */

/* No two of one server are the same; no secret: whoever sees some can tell the next. */
static void
new_id(struct server *s, char ret[static SERVER_REQUEST_ID_LEN])
{
	const uint64_t step = UINT64_C(0x9e3779b97f4a7c15); /* odd: all numbers come */
	uint64_t v = atomic_fetch_add_explicit(&s->ids, step, memory_order_relaxed);

	v = (v ^ (v >> 32)) * step; /* so that those of one second do not look alike */
	v ^= v >> 29;
	hex_write(bytes_of(&v, sizeof(v)), ret);
}

static struct exchange *
make(void)
{
	struct exchange *x = mem_zalloc(sizeof(*x));

	buf_init(&x->target, TARGET_MAX);
	buf_init(&x->body, 0);
	buf_init(&x->content_type, CONTENT_TYPE_MAX);
	buf_init(&x->headers, HEADERS_MAX);
	return x;
}

struct exchange *
exchange_new(struct door *d, struct MHD_Connection *mhd, const char *target)
{
	struct exchange *x = d->spare != NULL ? d->spare : make();

	d->spare = NULL;
	content_unref(x->content);
	x->content = NULL;
	new_id(d->server, x->id);
	x->door = d;
	x->mhd = mhd;
	x->began_us = clock_mono_us();
	x->target_at = target;
	buf_puts(&x->target, target == NULL ? "" : target);

	const struct bytes all = buf_bytes(&x->target);
	const size_t n = bytes_index(all, '?');
	x->path = bytes_of(all.p, n);
	x->query = bytes_skip(all, n + 1);
	return x;
}

/* Idle connections are many: a large request leaves nothing large behind. */
static struct buf
emptied(struct buf *b)
{
	if (b->cap > SPARE_MAX)
		buf_free(b);
	buf_clear(b);
	return *b;
}

void
exchange_end(struct exchange *x)
{
	struct door *d = x->door;

	assert(d->spare == NULL);
	/*
	 * The library closes its own descriptor of a file only now: ours has to be
	 * the last, since it is not closed on this thread.
	 */
	struct content *file =
	    x->content != NULL && content_fd(x->content) >= 0 ? x->content : NULL;
	if (file == NULL)
		content_unref(x->content);
	exchange_ready_unref(x->ready);
	buf_wipe(&x->body); /* may hold a token */
	*x = (struct exchange){
		.content = file,
		.target = emptied(&x->target),
		.content_type = emptied(&x->content_type),
		.headers = emptied(&x->headers),
	};
	d->spare = x;
}

void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	buf_free(&x->target);
	buf_wipe(&x->body);
	buf_free(&x->content_type);
	buf_free(&x->headers);
	content_unref(x->content);
	exchange_ready_unref(x->ready);
	free(x);
}

unsigned
exchange_kind(const struct exchange *x)
{
	return x->door->server->def.kind;
}

const char *
exchange_id(const struct exchange *x)
{
	return x->id;
}

struct bytes
exchange_method(const struct exchange *x)
{
	return x->method;
}

struct bytes
exchange_path(const struct exchange *x)
{
	return x->path;
}

struct bytes
exchange_query(const struct exchange *x)
{
	return x->query;
}

struct bytes
exchange_body(const struct exchange *x)
{
	return buf_bytes(&x->body);
}

struct bytes
exchange_header(const struct exchange *x, const char *name)
{
	const char *value = NULL;
	size_t n = 0;

	if (MHD_lookup_connection_value_n(x->mhd, MHD_HEADER_KIND, name, strlen(name),
		&value, &n) != MHD_YES ||
	    value == NULL)
		return bytes_str("");
	return bytes_trim(bytes_of(value, n));
}

const char *
exchange_address(const struct exchange *x)
{
	return conns_address(x->door->entry);
}

int
exchange_socket(const struct exchange *x)
{
	return MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_CONNECTION_FD)
	    ->connect_fd;
}

const struct client *
exchange_client(const struct exchange *x)
{
	return &x->door->client;
}

bool
exchange_has_body(const struct exchange *x)
{
	return guard_has_body(&x->guard);
}

int64_t
exchange_age_ms(const struct exchange *x)
{
	return exchange_age_us(x) / 1000;
}

int64_t
exchange_age_us(const struct exchange *x)
{
	return clock_mono_us() - x->began_us;
}

void
exchange_note(struct exchange *x, size_t note)
{
	x->note = note;
}

size_t
exchange_noted(const struct exchange *x)
{
	return x->note;
}

unsigned
exchange_status(const struct exchange *x)
{
	return x->status;
}

const struct err *
exchange_why(const struct exchange *x)
{
	return x->why.code == ERR_NONE ? NULL : &x->why;
}

void
exchange_add_header(struct exchange *x, const char *name, const char *value)
{
	buf_puts(&x->headers, name);
	buf_puts(&x->headers, ": ");
	buf_puts(&x->headers, value);
	buf_putc(&x->headers, '\n');
}

struct buf *
exchange_headers(struct exchange *x)
{
	return &x->headers;
}

void
exchange_hold(struct exchange *x)
{
	assert(!x->held && x->phase == EXCHANGE_HANDED);
	x->held = true;
	conns_deadline(x->door->entry, 0);
	MHD_suspend_connection(x->mhd);
}

void
exchange_answer(struct exchange *x, const struct answer *a)
{
	assert(x->status == 0 && a->status >= 200 && a->status < 600);
	x->status = a->status;
	buf_put(&x->content_type, a->content_type);
	buf_put(&x->headers, a->headers);
	x->shared = a->content != NULL;
	x->content =
	    a->content != NULL ? content_ref(a->content) : content_new(a->body);
	if (x->held)
		MHD_resume_connection(x->mhd); /* 'x' may be gone after this */
}

void
exchange_refuse(struct exchange *x, const struct err *e, struct bytes headers)
{
	const struct server_app *app = x->door->server->def.app;
	struct buf b;

	x->why = *e;
	/* After a true 'x' may be gone. */
	if (app->on_refuse != NULL && app->on_refuse(app->ctx, x, e, headers))
		return;
	buf_init(&b, KIB(4));
	problem_put(&b, e, x->id);
	exchange_answer(x, &(struct answer){
			       .status = (unsigned)err_status(e->code),
			       .content_type = bytes_str(PROBLEM_TYPE),
			       .headers = headers,
			       .body = buf_bytes(&b),
			   });
	buf_free(&b);
}
