/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/msg_http.h"

#include "codec/uri.h"
#include "ipc/msg_field.h"

#define TYPE_MAX    256      /* octets of a content type of ours */
#define HEADERS_MAX KIB(16)  /* octets of the further headers of an answer */
#define CHAIN_MAX   KIB(128) /* octets of PEM */
#define ETAG_MAX    128

/* What a field of a request may hold, for the sender and for the receiver. */
static const struct limit {
	const char *name;
	size_t offset; /* of the struct bytes */
	size_t least, most;
} limits[] = {
/* clang-format off */
#define LIMIT(field, least, most) { #field, offsetof(struct msg_http_request, field), (least), (most) }
	LIMIT(request_id,      REQUEST_ID_LEN - 1, REQUEST_ID_LEN - 1),
	LIMIT(method,          1, MSG_HTTP_METHOD_MAX),
	LIMIT(path,            1, MSG_HTTP_TARGET_MAX),
	LIMIT(query,           0, MSG_HTTP_TARGET_MAX),
	LIMIT(content_type,    0, MSG_HTTP_HEADER_MAX),
	LIMIT(accept,          0, MSG_HTTP_HEADER_MAX),
	LIMIT(authorization,   0, MSG_HTTP_HEADER_MAX),
	LIMIT(idempotency_key, 0, MSG_HTTP_HEADER_MAX),
	LIMIT(body,            0, MSG_HTTP_BODY_MAX),
	LIMIT(address,         0, 64),
	LIMIT(peer_cert,       0, MSG_HTTP_CERT_MAX),
	LIMIT(peer_why,        0, ERR_DETAIL_LEN),
#undef LIMIT
	/* clang-format on */
};

bool
msg_http_request_fits(const struct msg_http_request *m, struct err *e)
{
	for (size_t i = 0; i < NITEMS(limits); i++) {
		const struct bytes *v =
		    (const struct bytes *)((const char *)m + limits[i].offset);

		if (v->n > limits[i].most)
			return err_set(e, ERR_TOO_LARGE,
			    "%s has %zu octets, at most %zu are taken", limits[i].name,
			    v->n, limits[i].most);
		if (v->n < limits[i].least)
			return err_set(e, ERR_MALFORMED, "%s is too short",
			    limits[i].name);
	}
	return true;
}

void
msg_http_request_put(struct buf *b, const struct msg_http_request *m)
{
	wire_put_u64(b, m->id);
	wire_put_bytes(b, m->request_id);
	wire_put_bytes(b, m->method);
	wire_put_bytes(b, m->path);
	wire_put_bytes(b, m->query);
	wire_put_bytes(b, m->content_type);
	wire_put_bytes(b, m->accept);
	wire_put_bytes(b, m->authorization);
	wire_put_bytes(b, m->idempotency_key);
	wire_put_bytes(b, m->body);
	wire_put_bytes(b, m->address);
	wire_put_u8(b, (uint8_t)m->peer);
	wire_put_bytes(b, m->peer_cert);
	wire_put_bytes(b, m->peer_why);
}

static bool
is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool
msg_http_request_get(struct bytes body, struct msg_http_request *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_http_request m;

	m.id = wire_u64(&w);
	m.request_id = wire_bytes(&w);
	m.method = wire_bytes(&w);
	m.path = wire_bytes(&w);
	m.query = wire_bytes(&w);
	m.content_type = wire_bytes(&w);
	m.accept = wire_bytes(&w);
	m.authorization = wire_bytes(&w);
	m.idempotency_key = wire_bytes(&w);
	m.body = wire_bytes(&w);
	m.address = wire_bytes(&w);
	m.peer = (enum peer_kind)msg_field_u8(&w, PEER_KIND_PLAIN, PEER_KIND_UNIX);
	m.peer_cert = wire_bytes(&w);
	m.peer_why = wire_bytes(&w);
	m.uid = MSG_HTTP_NOBODY;
	for (size_t i = 0; i < m.request_id.n; i++) /* it goes to log and journal */
		if (!is_hex(m.request_id.p[i]))
			w.bad = true;
	/* An identity that does not go with its kind is no identity. */
	if ((m.peer_cert.n > 0) != (m.peer == PEER_KIND_TLS_CERT) ||
	    (m.peer_why.n > 0 && m.peer != PEER_KIND_TLS_BAD))
		w.bad = true;
	if (!wire_end(&w, "HTTP_REQUEST", e) || !msg_http_request_fits(&m, e))
		return false;
	*ret = m;
	return true;
}

/*
 * The headers that core may give an answer; front has the rest to itself: framing,
 * dates, what a page may do in a browser.
 */
static const char *const answer_headers[] = {
	"Allow",
	"Cache-Control",
	"Content-Language",
	"ETag",
	"Expires",
	"Last-Modified",
	"Link",
	"Location",
	"Replay-Nonce",
	"Retry-After",
	"WWW-Authenticate",
};

static bool
is_answer_header(struct bytes name)
{
	for (size_t i = 0; i < NITEMS(answer_headers); i++)
		if (bytes_eq_str(name, answer_headers[i]))
			return true;
	return false;
}

/* "Name: value\n", none or more: nothing else can slip into front's answer. */
static bool
are_headers(struct bytes v)
{
	while (v.n > 0) {
		const size_t n = bytes_index(v, '\n');
		const size_t colon = bytes_index(bytes_of(v.p, n), ':');

		if (n == v.n || !is_answer_header(bytes_of(v.p, colon)))
			return false;
		for (size_t i = 0; i < n; i++)
			if (v.p[i] < 0x20 || v.p[i] >= 0x7f)
				return false;
		v = bytes_skip(v, n + 1);
	}
	return true;
}

static bool
is_etag(struct bytes v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] <= 0x20 || v.p[i] >= 0x7f || v.p[i] == '"')
			return false;
	return true;
}

static void
put_keep(struct buf *b, const struct msg_keep *k)
{
	wire_put_bytes(b, k->tag);
	wire_put_bytes(b, k->etag);
	wire_put_i64(b, k->modified_at);
	wire_put_i64(b, k->expires_at);
}

static struct msg_keep
get_keep(struct wire *w)
{
	struct msg_keep k;

	k.tag = msg_field_bytes(w, 0, MSG_TAG_LEN);
	k.etag = msg_field_bytes(w, 0, ETAG_MAX);
	k.modified_at = msg_field_time(w);
	k.expires_at = msg_field_time(w);
	if ((k.tag.n != 0 && k.tag.n != MSG_TAG_LEN) ||
	    (k.tag.n == 0) != (k.etag.n == 0) || !is_etag(k.etag))
		w->bad = true;
	return k;
}

void
msg_http_response_put(struct buf *b, const struct msg_http_response *m)
{
	wire_put_u64(b, m->id);
	wire_put_u16(b, m->status);
	wire_put_bytes(b, m->content_type);
	wire_put_bytes(b, m->headers);
	wire_put_bytes(b, m->body);
	put_keep(b, &m->keep);
}

bool
msg_http_response_get(struct bytes body, struct msg_http_response *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_http_response m;

	m.id = wire_u64(&w);
	m.status = wire_u16(&w);
	m.content_type = msg_field_text(&w, 0, TYPE_MAX);
	m.headers = msg_field_bytes(&w, 0, HEADERS_MAX);
	m.body = msg_field_bytes(&w, 0, MSG_HTTP_ANSWER_MAX);
	m.keep = get_keep(&w);
	if (m.status < 200 || m.status > 599 || !are_headers(m.headers) ||
	    (m.content_type.n == 0 && m.body.n > 0))
		w.bad = true;
	if (!wire_end(&w, "HTTP_RESPONSE", e))
		return false;
	*ret = m;
	return true;
}

void
msg_forget_put(struct buf *b, const struct msg_forget *m)
{
	wire_put_bytes(b, m->tag);
}

bool
msg_forget_get(struct bytes body, struct msg_forget *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_forget m;

	m.tag = msg_field_bytes(&w, 0, MSG_TAG_LEN);
	if (m.tag.n != 0 && m.tag.n != MSG_TAG_LEN)
		w.bad = true;
	if (!wire_end(&w, "FORGET", e))
		return false;
	*ret = m;
	return true;
}

/* A path below pub/: no way out of it (R83). */
static bool
is_pub_file(struct bytes v)
{
	uint8_t before = '/';

	for (size_t i = 0; i < v.n; i++) {
		const uint8_t c = v.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' &&
		    c != '_' && c != '/' && c != '-')
			return false;
		/* No segment is empty or begins with a dot: neither "//" nor "..". */
		if (before == '/' && (c == '/' || c == '.'))
			return false;
		before = c;
	}
	return before != '/';
}

void
msg_publish_put(struct buf *b, const struct msg_publish *m)
{
	wire_put_bytes(b, m->url_path);
	wire_put_bytes(b, m->file);
	wire_put_bytes(b, m->content_type);
	wire_put_bytes(b, m->etag);
	wire_put_i64(b, m->modified_at);
	wire_put_i64(b, m->expires_at);
	wire_put_bool(b, m->on_api);
}

bool
msg_publish_get(struct bytes body, struct msg_publish *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_publish m;

	m.url_path = msg_field_text(&w, 1, 256);
	m.file = msg_field_text(&w, 1, 256);
	m.content_type = msg_field_text(&w, 1, TYPE_MAX);
	m.etag = msg_field_text(&w, 1, ETAG_MAX);
	m.modified_at = msg_field_time(&w);
	m.expires_at = msg_field_time(&w);
	m.on_api = wire_bool(&w);
	if (!uri_path_canonical(m.url_path) || !is_pub_file(m.file) || !is_etag(m.etag))
		w.bad = true;
	if (!wire_end(&w, "PUBLISH", e))
		return false;
	*ret = m;
	return true;
}

void
msg_tls_cert_put(struct buf *b, const struct msg_tls_cert *m)
{
	wire_put_bytes(b, m->chain_pem);
	wire_put_i64(b, m->renew_at);
}

bool
msg_tls_cert_get(struct bytes body, struct msg_tls_cert *ret, struct err *e)
{
	struct wire w = wire_open(body);
	struct msg_tls_cert m;

	m.chain_pem = msg_field_bytes(&w, 1, CHAIN_MAX);
	m.renew_at = msg_field_time(&w);
	if (!wire_end(&w, "TLS_CERT", e))
		return false;
	*ret = m;
	return true;
}
