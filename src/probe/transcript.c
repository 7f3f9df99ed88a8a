/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/transcript.h"

#include <inttypes.h>

#define LINE_MAX_OCTETS KIB(6)
#define TAIL            KIB(1) / 8 /* kept for the line that says that some are missing */

void
transcript_init(struct transcript *t, size_t max)
{
	*t = (struct transcript){ 0 };
	buf_init(&t->all, max);
	buf_init(&t->line, LINE_MAX_OCTETS);
	buf_putc(&t->all, '[');
}

void
transcript_free(struct transcript *t)
{
	buf_free(&t->all);
	buf_free(&t->line);
}

/* The line that is open goes behind the others, if there is room. */
static void
shut(struct transcript *t)
{
	if (!t->open)
		return;
	t->open = false;
	buf_putc(&t->line, '}');
	if (t->cut || t->line.full || t->all.n + t->line.n + TAIL > t->all.max) {
		t->cut = true;
		return;
	}
	if (t->all.n > 1)
		buf_putc(&t->all, ',');
	buf_put(&t->all, buf_bytes(&t->line));
}

void
transcript_line(struct transcript *t, int64_t at_ms, const char *what)
{
	shut(t);
	buf_clear(&t->line);
	buf_printf(&t->line, "{\"at\":%" PRId64 ",\"what\":\"%s\"", at_ms, what);
	t->open = true;
}

static void
put_text(struct buf *b, struct bytes v)
{
	buf_putc(b, '"');
	for (size_t i = 0; i < v.n && i < TRANSCRIPT_TEXT_MAX; i++) {
		const uint8_t c = v.p[i];

		if (c == '"' || c == '\\')
			buf_putc(b, '\\');
		if (c >= 0x20 && c < 0x7f)
			buf_putc(b, c);
		else
			buf_printf(b, "\\u%04x", c);
	}
	buf_puts(b, v.n > TRANSCRIPT_TEXT_MAX ? "...\"" : "\"");
}

void
transcript_text(struct transcript *t, const char *name, struct bytes v)
{
	buf_printf(&t->line, ",\"%s\":", name);
	put_text(&t->line, v);
}

void
transcript_num(struct transcript *t, const char *name, int64_t v)
{
	buf_printf(&t->line, ",\"%s\":%" PRId64, name, v);
}

void
transcript_list(struct transcript *t, const char *name)
{
	buf_printf(&t->line, ",\"%s\":[", name);
	t->items = 0;
}

void
transcript_item(struct transcript *t, struct bytes v)
{
	if (t->items > TRANSCRIPT_ITEMS_MAX)
		return;
	if (t->items > 0)
		buf_putc(&t->line, ',');
	put_text(&t->line, t->items == TRANSCRIPT_ITEMS_MAX ? bytes_str("...") : v);
	t->items++;
}

void
transcript_list_end(struct transcript *t)
{
	buf_putc(&t->line, ']');
}

struct bytes
transcript_end(struct transcript *t)
{
	shut(t);
	if (t->cut)
		buf_puts(&t->all,
		    t->all.n > 1 ? ",{\"what\":\"cut\"}" : "{\"what\":\"cut\"}");
	buf_putc(&t->all, ']');
	return buf_bytes(&t->all);
}
