/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/reply.h"

#include <string.h>

#define HEAD_END       "\r\n\r\n"
#define CHUNK_LINE_MAX 64

void
reply_init(struct reply *r)
{
	*r = (struct reply){ 0 };
	buf_init(&r->raw, REPLY_HEAD_MAX + REPLY_BODY_MAX);
	buf_init(&r->joined, REPLY_BODY_MAX);
}

void
reply_free(struct reply *r)
{
	buf_free(&r->raw);
	buf_free(&r->joined);
}

void
reply_clear(struct reply *r)
{
	const struct buf raw = r->raw, joined = r->joined;

	*r = (struct reply){ .raw = raw, .joined = joined };
	buf_clear(&r->raw);
	buf_clear(&r->joined);
}

bool
reply_header(const struct reply *r, const char *name, struct bytes *ret)
{
	struct bytes rest = bytes_of(r->raw.p, r->head_n);

	while (rest.n > 0) {
		const size_t end = bytes_index(rest, '\n');
		const struct bytes line = bytes_of(rest.p, end);
		const size_t colon = bytes_index(line, ':');

		rest = bytes_skip(rest, end + 1);
		if (colon == line.n || !bytes_eq_nocase(bytes_of(line.p, colon), name))
			continue;
		*ret = bytes_trim(bytes_skip(line, colon + 1));
		return true;
	}
	return false;
}

static bool
read_number(struct bytes s, unsigned base, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0 || s.n > 12)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		const uint8_t c = s.p[i] | 0x20;
		const unsigned digit = c >= '0' && c <= '9'   ? c - (unsigned)'0'
				       : c >= 'a' && c <= 'f' ? c - (unsigned)'a' + 10
							      : 99;

		if (digit >= base || s.p[i] < '0')
			return false;
		v = v * base + digit;
	}
	*ret = v;
	return true;
}

static bool
read_head(struct reply *r, struct err *e)
{
	static const char version[] = "HTTP/1.x ";
	const struct bytes head = buf_bytes(&r->raw);
	struct bytes v;
	uint64_t status;

	if (r->head_n < sizeof(version) + 3 || !bytes_starts(head, "HTTP/1.") ||
	    (head.p[7] != '0' && head.p[7] != '1') || head.p[8] != ' ' ||
	    !read_number(bytes_of(head.p + sizeof(version) - 1, 3), 10, &status) ||
	    status < 100)
		return err_set(e, ERR_MALFORMED, "the answer is not HTTP/1");
	r->status = (int)status;
	const bool told = reply_header(r, "Connection", &v);

	r->close = head.p[7] == '0' ? !told || !bytes_eq_nocase(v, "keep-alive")
				    : told && bytes_eq_nocase(v, "close");
	r->chunked = reply_header(r, "Transfer-Encoding", &v);
	if (r->chunked && !bytes_eq_nocase(v, "chunked"))
		return err_set(e, ERR_MALFORMED, "a transfer encoding that is unknown");
	if (status < 200 || status == 204 || status == 304) {
		r->chunked = false;
		return true;
	}
	if (r->chunked)
		return true;
	if (!reply_header(r, "Content-Length", &v) || !read_number(v, 10, &r->length))
		return err_set(e, ERR_MALFORMED, "the answer does not say its length");
	if (r->length > REPLY_BODY_MAX)
		return err_set(e, ERR_TOO_LARGE, "the answer has %llu octets",
		    (unsigned long long)r->length);
	return true;
}

/* Joins the chunks that are whole; *ret_end is set behind the last. */
static bool
read_chunks(struct reply *r, size_t *ret_end, struct err *e)
{
	for (;;) {
		const struct bytes rest = bytes_skip(buf_bytes(&r->raw), r->at);
		const size_t end = bytes_index(rest, '\n');
		struct bytes line = bytes_of(rest.p, end);
		uint64_t n;

		if (end > CHUNK_LINE_MAX)
			return err_set(e, ERR_MALFORMED, "a chunk without a length");
		if (end == rest.n)
			return true;
		line.n = bytes_index(line, ';');
		if (!read_number(bytes_trim(line), 16, &n) || n > REPLY_BODY_MAX)
			return err_set(e, ERR_MALFORMED, "a chunk without a length");
		if (rest.n < end + 1 + n + 2)
			return true;
		if (memcmp(rest.p + end + 1 + n, "\r\n", 2) != 0)
			return err_set(e, ERR_MALFORMED, "a chunk that does not end");
		buf_put(&r->joined, bytes_of(rest.p + end + 1, (size_t)n));
		r->at += end + 1 + (size_t)n + 2;
		if (n == 0) {
			r->body = buf_bytes(&r->joined);
			*ret_end = r->at;
			return buf_ok(&r->joined, "the answer", e);
		}
	}
}

/* The head, once all of it is there; those of answers 1xx are dropped (100 Continue). */
static bool
advance_head(struct reply *r, struct err *e)
{
	while (r->status == 0) {
		const uint8_t *found =
		    memmem(r->raw.p, r->raw.n, HEAD_END, sizeof(HEAD_END) - 1);
		const size_t n =
		    found == NULL ? r->raw.n
				  : (size_t)(found - r->raw.p) + sizeof(HEAD_END) - 1;

		if (n > REPLY_HEAD_MAX)
			return err_set(e, ERR_TOO_LARGE,
			    "the answer's head has no end");
		if (found == NULL)
			return true;
		r->at = r->head_n = n;
		if (!read_head(r, e))
			return false;
		if (r->status >= 200)
			return true;
		buf_drop(&r->raw, n);
		r->status = 0;
		if (r->raw.n == 0)
			return true;
	}
	return true;
}

/* Moves on as far as what has come allows. */
static bool
advance(struct reply *r, struct err *e)
{
	size_t end = 0;

	if (!advance_head(r, e))
		return false;
	if (r->status == 0)
		return true;
	if (r->chunked) {
		if (!read_chunks(r, &end, e))
			return false;
	} else if (r->raw.n - r->head_n >= r->length) {
		r->body = bytes_of(r->raw.p + r->head_n, (size_t)r->length);
		end = r->head_n + (size_t)r->length;
	}
	if (end == 0)
		return true;
	r->done = true;
	return r->raw.n == end ||
	       err_set(e, ERR_MALFORMED, "octets behind the answer's end");
}

bool
reply_feed(struct reply *r, struct bytes in, struct err *e)
{
	if (r->done)
		return in.n == 0 ||
		       err_set(e, ERR_MALFORMED, "octets behind the answer's end");
	buf_put(&r->raw, in);
	return buf_ok(&r->raw, "the answer", e) && (r->raw.n == 0 || advance(r, e));
}
