/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json_put.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char hex[] = "0123456789abcdef";

static void
comma(struct json_put *w)
{
	if (w->comma)
		buf_putc(w->b, ',');
	w->comma = true;
}

void
json_put_open(struct json_put *w, char bracket)
{
	comma(w);
	buf_putc(w->b, (uint8_t)bracket);
	w->comma = false;
}

void
json_put_close(struct json_put *w, char bracket)
{
	buf_putc(w->b, (uint8_t)bracket);
	w->comma = true;
}

/* Octets between quotes, with 'behind' after them, in one piece. */
static void
put_quoted(struct buf *b, struct bytes v, const char *behind)
{
	const size_t n = strlen(behind);
	uint8_t *p = buf_reserve(b, v.n + 2 + n);

	if (p == NULL)
		return;
	p[0] = '"';
	if (v.n > 0)
		memcpy(p + 1, v.p, v.n);
	p[1 + v.n] = '"';
	memcpy(p + 2 + v.n, behind, n);
}

void
json_put_name(struct json_put *w, const char *name)
{
	comma(w);
	put_quoted(w->b, bytes_str(name), ":");
	w->comma = false;
}

/* Octets that stand for themselves. */
static const bool plain[256] = {
	[0x20 ... 0x21] = true,
	[0x23 ... 0x5b] = true,
	[0x5d ... 0x7f] = true,
};

/* Octets of the character that begins here (RFC 3629 4); 0: none. */
static size_t
utf8_length(struct bytes s)
{
	static const struct {
		uint8_t first, last; /* of the lead octet */
		uint8_t least, most; /* of the one behind */
		size_t n;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t f = 0;

	while (f < NITEMS(forms) && (s.p[0] < forms[f].first || s.p[0] > forms[f].last))
		f++;
	if (f == NITEMS(forms) || s.n < forms[f].n || s.p[1] < forms[f].least ||
	    s.p[1] > forms[f].most)
		return 0;
	for (size_t i = 2; i < forms[f].n; i++)
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
	return forms[f].n;
}

static void
put_control(struct buf *b, uint8_t c)
{
	static const char shorts[] = "\bb\tt\nn\ff\rr\"\"\\\\";
	const uint8_t at[] = { '\\', 'u', '0', '0', (uint8_t)hex[c >> 4],
		(uint8_t)hex[c & 15] };

	for (size_t i = 0; shorts[i] != '\0'; i += 2)
		if (c == (uint8_t)shorts[i]) {
			buf_putc(b, '\\');
			buf_putc(b, (uint8_t)shorts[i + 1]);
			return;
		}
	buf_put(b, bytes_of(at, sizeof(at)));
}

static void
put_escaped(struct buf *b, struct bytes s)
{
	buf_putc(b, '"');
	while (s.n > 0) {
		size_t n = 0;

		while (n < s.n && plain[s.p[n]])
			n++;
		buf_put(b, bytes_of(s.p, n));
		s = bytes_skip(s, n);
		if (s.n == 0)
			break;
		n = s.p[0] >= 0x80 ? utf8_length(s) : 0;
		if (n > 0)
			buf_put(b, bytes_of(s.p, n));
		else if (s.p[0] >= 0x80)
			buf_puts(b, "\xef\xbf\xbd");
		else
			put_control(b, s.p[0]);
		s = bytes_skip(s, n > 0 ? n : 1);
	}
	buf_putc(b, '"');
}

void
json_put_bytes(struct json_put *w, struct bytes text)
{
	size_t n = 0;

	comma(w);
	while (n < text.n && plain[text.p[n]])
		n++;
	if (n == text.n)
		put_quoted(w->b, text, "");
	else
		put_escaped(w->b, text);
}

void
json_put_text(struct json_put *w, const char *text)
{
	json_put_bytes(w, bytes_str(text));
}

void
json_put_num(struct json_put *w, int64_t v)
{
	char text[24];

	comma(w);
	snprintf(text, sizeof(text), "%" PRId64, v);
	buf_puts(w->b, text);
}

void
json_put_bool(struct json_put *w, bool v)
{
	comma(w);
	buf_puts(w->b, v ? "true" : "false");
}

static int
put_piece(const char *piece, size_t n, void *b)
{
	buf_put(b, bytes_of(piece, n));
	return 0;
}

void
json_put_value(struct json_put *w, const json_t *v)
{
	comma(w);
	if (json_dump_callback(v, put_piece, w->b, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
		w->b->full = true;
}

void
json_put_member(struct json_put *w, const char *name, const char *text)
{
	json_put_name(w, name);
	json_put_text(w, text);
}
