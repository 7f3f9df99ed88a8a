/* SPDX-License-Identifier: Apache-2.0 */
#include "http/problem.h"

/* A JSON string (RFC 8259 7). */
static void
put_text(struct buf *b, const char *s)
{
	buf_putc(b, '"');
	for (; *s != '\0'; s++) {
		const uint8_t c = (uint8_t)*s;

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\u%04x", c);
		else
			buf_putc(b, c < 0x80 ? c : '?'); /* may be no UTF-8 */
	}
	buf_putc(b, '"');
}

static void
put_member(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, ",\"%s\":", name);
	put_text(b, value);
}

void
problem_put(struct buf *b, const struct err *e, const char *request_id)
{
	buf_printf(b, "{\"type\":\"urn:hanaper:problem:%s\"", err_type(e->code));
	put_member(b, "title", err_title(e->code));
	buf_printf(b, ",\"status\":%d", err_status(e->code));
	put_member(b, "detail", e->detail);
	if (request_id != NULL)
		put_member(b, "request_id", request_id);
	buf_puts(b, "}\n");
}

void
problem_put_acme(struct buf *b, const struct err *e)
{
	buf_printf(b, "{\"type\":\"urn:ietf:params:acme:error:%s\"",
	    err_acme_type(e->code));
	put_member(b, "detail", e->detail);
	buf_printf(b, ",\"status\":%d}\n", err_acme_status(e->code));
}
