/* SPDX-License-Identifier: Apache-2.0 */
#include "exchange_impl.h"

#include <assert.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/mem.h"
#include "http/problem.h"

#define HEADERS_MAX    KIB(8)
#define SEND_MS        30000 /* to take an answer, and for each … */
#define SEND_OCTETS_MS 32    /* … octets of it one millisecond more (S61) */

struct exchange *
exchange_new(struct door *d, struct MHD_Connection *mhd, const char *target)
{
	struct exchange *x = mem_zalloc(sizeof(*x));
	uint8_t id[8] = { 0 };

	/* An identifier, no secret: a failure only makes logs harder to read. */
	if (gnutls_rnd(GNUTLS_RND_NONCE, id, sizeof(id)) < 0)
		memset(id, 0, sizeof(id));
	hex_write(bytes_of(id, sizeof(id)), x->id);
	x->door = d;
	x->mhd = mhd;
	x->began_us = clock_mono_us();
	x->target = mem_strdup(target == NULL ? "" : target);
	x->target_at = target;

	const struct bytes all = bytes_str(x->target);
	const size_t n = bytes_index(all, '?');
	x->path = bytes_of(all.p, n);
	x->query = bytes_skip(all, n + 1);
	buf_init(&x->body, 0);
	buf_init(&x->headers, HEADERS_MAX);
	return x;
}

void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	free(x->target);
	buf_wipe(&x->body); /* may hold a token */
	free(x->content_type);
	buf_free(&x->headers);
	content_unref(x->content);
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
	buf_printf(&x->headers, "%s: %s\n", name, value);
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
	if (a->content_type.n > 0)
		x->content_type = mem_strndup(a->content_type);
	buf_put(&x->headers, a->headers);
	x->content =
	    a->content != NULL ? content_ref(a->content) : content_new(a->body);
	if (x->held)
		MHD_resume_connection(x->mhd); /* 'x' may be gone after this */
}

void
exchange_refuse(struct exchange *x, const struct err *e, struct bytes headers)
{
	struct buf b;

	x->why = *e;
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

static void
on_sent(void *content)
{
	content_unref(content);
}

static struct MHD_Response *
response_of(struct content *c)
{
	const int fd = content_fd(c);

	if (fd < 0) {
		const struct bytes b = content_octets(c);
		struct MHD_Response *r =
		    MHD_create_response_from_buffer_with_free_callback_cls(b.n,
			(void *)(uintptr_t)b.p, on_sent, content_ref(c));

		if (r == NULL)
			content_unref(c);
		return r;
	}
	/* The library reads at given places, so the descriptors may share an offset. */
	const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct MHD_Response *r =
	    own < 0 ? NULL : MHD_create_response_from_fd64(content_size(c), own);
	if (r == NULL && own >= 0)
		close(own);
	return r;
}

/* Headers that are the library's own to make. */
static const char *const reserved[] = { "Content-Length", "Transfer-Encoding",
	"Connection", "Date", "Content-Type", "X-Request-Id" };

static bool
add_header(struct MHD_Response *r, struct bytes line)
{
	const size_t colon = bytes_index(line, ':');
	const struct bytes value = bytes_trim(bytes_skip(line, colon + 1));
	char name[64], text[KIB(4)];

	if (colon == line.n ||
	    !bytes_to_str(bytes_of(line.p, colon), name, sizeof(name)) ||
	    !bytes_to_str(value, text, sizeof(text)))
		return false;
	for (size_t i = 0; i < NITEMS(reserved); i++)
		if (strcasecmp(name, reserved[i]) == 0)
			return false;
	return MHD_add_response_header(r, name, text) == MHD_YES;
}

/* False: a header is unusable; to leave it out might change what the answer says. */
static bool
add_headers(struct MHD_Response *r, const struct exchange *x)
{
	struct bytes rest = buf_bytes(&x->headers);
	bool cached = false;

	while (rest.n > 0) {
		const size_t n = bytes_index(rest, '\n');
		const struct bytes line = bytes_of(rest.p, n);

		if (!add_header(r, line))
			return false;
		cached |= bytes_eq_nocase(bytes_of(line.p, bytes_index(line, ':')),
		    "Cache-Control");
		rest = bytes_skip(rest, n + 1);
	}
	if (!cached)
		MHD_add_response_header(r, "Cache-Control", "no-store");
	if (x->content_type != NULL &&
	    MHD_add_response_header(r, "Content-Type", x->content_type) != MHD_YES)
		return false;
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(r, "X-Request-Id", x->id);
	if (x->close || atomic_load(&x->door->server->quiesced))
		MHD_add_response_header(r, "Connection", "close");
	return true;
}

bool
exchange_send(struct exchange *x)
{
	struct MHD_Response *r = response_of(x->content);
	bool ok = false;

	x->phase = EXCHANGE_SENDING;
	if (r == NULL)
		return false;
	conns_deadline(x->door->entry,
	    SEND_MS + (int64_t)(content_size(x->content) / SEND_OCTETS_MS));
	if (!x->headers.full && add_headers(r, x))
		ok = MHD_queue_response(x->mhd, x->status, r) == MHD_YES;
	MHD_destroy_response(r);
	return ok;
}
