/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/uri.h"

#include <string.h>

#include "base/hex.h"

static bool
is_control(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}

static bool
is_alnum(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

static bool
is_in(uint8_t c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* ---- percent-encoding (RFC 3986 2.1) ---- */

/* The octet that 's' begins with; *ret_n is how many characters it took. */
static bool
next_octet(struct bytes s, bool form, uint8_t *ret, size_t *ret_n)
{
	size_t n;

	if (s.p[0] != '%') {
		*ret = form && s.p[0] == '+' ? ' ' : s.p[0];
		*ret_n = 1;
		return true;
	}
	*ret_n = 3;
	return s.n >= 3 && hex_read(bytes_of(s.p + 1, 2), ret, 1, &n) && n == 1;
}

/* How many characters 's' begins with that stand for themselves. */
static size_t
plain_run(struct bytes s, bool form)
{
	size_t n = 0;

	while (
	    n < s.n && s.p[n] != '%' && !is_control(s.p[n]) && !(form && s.p[n] == '+'))
		n++;
	return n;
}

static bool
decode(struct bytes s, bool form, struct buf *ret, struct err *e)
{
	const size_t before = ret->n;

	while (s.n > 0) {
		const size_t run = plain_run(s, form);
		uint8_t c;
		size_t n;

		buf_put(ret, bytes_of(s.p, run));
		s = bytes_skip(s, run);
		if (s.n == 0)
			break;

		if (!next_octet(s, form, &c, &n)) {
			ret->n = before;
			return err_set(e, ERR_MALFORMED,
			    "'%%' without two hex digits behind it");
		}
		if (is_control(c)) {
			ret->n = before;
			return err_set(e, ERR_MALFORMED,
			    "control character %02x in a URI", c);
		}
		buf_putc(ret, c);
		s = bytes_skip(s, n);
	}
	if (!buf_ok(ret, "URI", e)) {
		ret->n = before;
		return false;
	}
	return true;
}

bool
uri_decode(struct bytes s, struct buf *ret, struct err *e)
{
	return decode(s, false, ret, e);
}

bool
uri_decode_query(struct bytes s, struct buf *ret, struct err *e)
{
	return decode(s, true, ret, e);
}

void
uri_encode(struct buf *b, struct bytes s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_alnum(s.p[i]) || is_in(s.p[i], "-._~"))
			buf_putc(b, s.p[i]);
		else
			buf_printf(b, "%%%02X", s.p[i]);
}

/* ---- queries and paths ---- */

bool
uri_query_next(struct bytes *rest, struct bytes *ret_key, struct bytes *ret_value)
{
	while (rest->n > 0) {
		const size_t n = bytes_index(*rest, '&');
		const struct bytes pair = bytes_of(rest->p, n);
		const size_t equals = bytes_index(pair, '=');

		*rest = bytes_skip(*rest, n + 1);
		if (pair.n == 0)
			continue; /* "a=1&&b=2" */
		*ret_key = bytes_of(pair.p, equals);
		*ret_value = bytes_skip(pair, equals + 1);
		return true;
	}
	return false;
}

bool
uri_path_canonical(struct bytes path)
{
	if (path.n == 0 || path.p[0] != '/')
		return false;
	if (path.n == 1)
		return true; /* the root itself */
	do {
		path = bytes_skip(path, 1);
		const struct bytes segment = bytes_of(path.p, bytes_index(path, '/'));

		if (segment.n == 0 || bytes_eq_str(segment, ".") ||
		    bytes_eq_str(segment, ".."))
			return false;
		/* pchar of RFC 3986 3.3, without '%' and ';' */
		for (size_t i = 0; i < segment.n; i++)
			if (!is_alnum(segment.p[i]) &&
			    !is_in(segment.p[i], "-._~!$&'()*+,=:@"))
				return false;
		path = bytes_skip(path, segment.n);
	} while (path.n > 0);
	return true;
}
