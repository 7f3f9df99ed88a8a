/* SPDX-License-Identifier: Apache-2.0 */
/* An answer as the library has it: of one request, or of many. */
#include <assert.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "exchange_impl.h"
#include "http/freshness.h"

#define SEND_MS        30000 /* to take an answer, and for each … */
#define SEND_OCTETS_MS 32    /* … octets of it one millisecond more (S61) */

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
is_reserved(struct bytes name)
{
	/* Their first letters; most names have another. */
	if (name.n == 0 || strchr("CcTtDdXx", name.p[0]) == NULL)
		return false;
	for (size_t i = 0; i < NITEMS(reserved); i++)
		if (bytes_eq_nocase(name, reserved[i]))
			return true;
	return false;
}

/* Cuts the line in place: an octet behind it is ours too. */
static bool
add_header(struct MHD_Response *r, uint8_t *line, size_t n, bool *ret_cached)
{
	const struct bytes name = bytes_of(line, bytes_index(bytes_of(line, n), ':'));

	if (name.n == 0 || name.n == n || bytes_has_nul(bytes_of(line, n)) ||
	    is_reserved(name))
		return false;
	const struct bytes value =
	    bytes_trim(bytes_of(line + name.n + 1, n - name.n - 1));
	*ret_cached = bytes_eq_nocase(name, "Cache-Control");
	line[name.n] = '\0';
	line[(size_t)(value.p - line) + value.n] = '\0';
	return MHD_add_response_header(r, (const char *)line, (const char *)value.p) ==
	       MHD_YES;
}

/*
 * Those of the answer's own.  False: one is unusable; to leave it out might change
 * what the answer says.  'type' and 'headers' are read, 'headers' is cut up.
 */
static bool
add_headers(struct MHD_Response *r, struct buf *type, struct buf *headers)
{
	bool cached = false;

	for (size_t at = 0; at < headers->n;) {
		uint8_t *line = headers->p + at;
		const size_t n = bytes_index(bytes_of(line, headers->n - at), '\n');
		bool caching = false;

		if (!add_header(r, line, n, &caching))
			return false;
		cached |= caching;
		at += n + 1;
	}
	if (!cached)
		MHD_add_response_header(r, "Cache-Control", "no-store");
	if (type->n > 0 &&
	    MHD_add_response_header(r, "Content-Type", buf_str(type)) != MHD_YES)
		return false;
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	return true;
}

/* ---- one that many requests share ---- */

struct exchange_ready {
	atomic_uint refs;
	struct MHD_Response *mhd;
	unsigned status;
	/* What it was made of, for who must have one of his own: */
	struct buf content_type, headers;
	struct content *content;
};

struct exchange_ready *
exchange_ready_new(const struct answer *a, int64_t now)
{
	struct exchange_ready *r = mem_zalloc(sizeof(*r));
	char date[FRESHNESS_DATE_LEN];
	struct buf cut;

	atomic_init(&r->refs, 1);
	r->status = a->status;
	r->content = content_ref(a->content);
	r->mhd = response_of(r->content);
	buf_init(&r->content_type, KIB(1));
	buf_init(&r->headers, KIB(8));
	buf_init(&cut, KIB(8));
	buf_put(&r->content_type, a->content_type);
	buf_put(&r->headers, a->headers);
	buf_put(&cut, a->headers);
	freshness_date(now, date);
	const bool ok = r->mhd != NULL && !r->headers.full && !r->content_type.full &&
			add_headers(r->mhd, &r->content_type, &cut) &&
			MHD_add_response_header(r->mhd, "Date", date) == MHD_YES;
	buf_free(&cut);
	if (ok)
		return r;
	exchange_ready_unref(r);
	return NULL;
}

struct exchange_ready *
exchange_ready_ref(struct exchange_ready *r)
{
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	return r;
}

void
exchange_ready_unref(struct exchange_ready *r)
{
	if (r == NULL ||
	    atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) > 1)
		return;
	if (r->mhd != NULL)
		MHD_destroy_response(
		    r->mhd); /* those who are sending it have it still */
	buf_free(&r->content_type);
	buf_free(&r->headers);
	content_unref(r->content);
	free(r);
}

void
exchange_answer_ready(struct exchange *x, struct exchange_ready *r)
{
	assert(x->status == 0 && !x->held);
	x->status = r->status;
	x->ready = exchange_ready_ref(r);
}

/* ---- sending ---- */

static bool
queue(struct exchange *x, struct MHD_Response *r, const struct content *c)
{
	conns_deadline(x->door->entry,
	    SEND_MS + (int64_t)(content_size(c) / SEND_OCTETS_MS));
	return MHD_queue_response(x->mhd, x->status, r) == MHD_YES;
}

/* One that says more than the others do. */
static void
make_own(struct exchange *x)
{
	buf_put(&x->content_type, buf_bytes(&x->ready->content_type));
	buf_put(&x->headers, buf_bytes(&x->ready->headers));
	x->content = content_ref(x->ready->content);
	x->shared = true;
}

bool
exchange_send(struct exchange *x)
{
	const bool close = x->close || atomic_load(&x->door->server->quiesced) ||
			   conns_crowded(x->door->entry);

	x->phase = EXCHANGE_SENDING;
	if (x->ready != NULL && !close)
		return queue(x, x->ready->mhd, x->ready->content);
	if (x->ready != NULL)
		make_own(x);
	struct MHD_Response *r = response_of(x->content);
	if (r == NULL)
		return false;
	bool ok = !x->headers.full && !x->content_type.full &&
		  add_headers(r, &x->content_type, &x->headers);
	if (!x->shared) /* what caches keep for everybody bears nobody's number */
		MHD_add_response_header(r, "X-Request-Id", x->id);
	if (close)
		MHD_add_response_header(r, "Connection", "close");
	ok = ok && queue(x, r, x->content);
	MHD_destroy_response(r);
	return ok;
}

/* ---- past the library ---- */

static void
put_lines(struct buf *b, struct bytes headers)
{
	while (headers.n > 0) {
		const size_t n = bytes_index(headers, '\n');

		buf_put(b, bytes_of(headers.p, n));
		buf_puts(b, "\r\n");
		headers = bytes_skip(headers, n + 1);
	}
}

/*
 * For a refusal when the request has taken the memory that the library makes a
 * header in.  What the socket does not take at once is lost: nothing waits in it,
 * since the connection's answers before this one are sent.
 */
void
exchange_send_past(struct exchange *x)
{
	const struct bytes body = content_octets(x->content);
	char date[FRESHNESS_DATE_LEN];
	struct buf b;

	x->phase = EXCHANGE_SENDING;
	freshness_date(clock_now(), date);
	buf_init(&b, KIB(8));
	buf_printf(&b, "HTTP/1.1 %u %s\r\nDate: %s\r\nConnection: close\r\n", x->status,
	    MHD_get_reason_phrase_for(x->status), date);
	buf_printf(&b,
	    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
	buf_printf(&b, "X-Request-Id: %s\r\nContent-Type: %s\r\n", x->id,
	    buf_str(&x->content_type));
	put_lines(&b, buf_bytes(&x->headers));
	buf_printf(&b, "Content-Length: %zu\r\n\r\n", body.n);
	if (!bytes_eq_str(x->method, "HEAD"))
		buf_put(&b, body);
	if (x->door->client.tls)
		(void)!gnutls_record_send(MHD_get_connection_info(x->mhd,
					      MHD_CONNECTION_INFO_GNUTLS_SESSION)
					      ->tls_session,
		    b.p, b.n);
	else
		(void)!send(exchange_socket(x), b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	buf_free(&b);
}
