/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/export.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/out.h"
#include "codec/json.h"

#define CELL_MAX MIB(1) /* octets; a certificate is far smaller */

/* The columns of CSV, each a member of the API's object. */
static const char *const columns[] = { "serial", "status", "profile", "issuer", "cn",
	"names", "not_before", "not_after", "issued_at", "requester", "request_id",
	"key_sha256", "revoked_at", "reason", "metadata" };

bool
export_format_from(const char *word, enum export_format *ret)
{
	if (strcmp(word, "csv") == 0)
		*ret = EXPORT_CSV;
	else if (strcmp(word, "jsonl") == 0)
		*ret = EXPORT_JSONL;
	else
		return false;
	return true;
}

/*
 * RFC 4180 2: quoted where it holds what would end it; lines end with CR LF.  What a
 * spreadsheet would take for a formula, such as the e-mail address "=1+1@a.internal",
 * gets an apostrophe in front: then it is text there too.
 */
static void
put_cell(const char *text, FILE *to)
{
	const char *mark =
	    text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL ? "'" : "";

	if (strpbrk(text, ",\"\r\n") == NULL) {
		fprintf(to, "%s%s", mark, text);
		return;
	}
	fprintf(to, "\"%s", mark);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			fputc('"', to);
		fputc(*text, to);
	}
	fputc('"', to);
}

/* On a terminal, which is no program that reads CSV: nothing that it would obey. */
static void
put_shown(const char *text, FILE *to)
{
	char *plain = NULL;
	size_t n;
	FILE *f = open_memstream(&plain, &n);

	if (f == NULL)
		abort(); /* no memory */
	out_text(f, text);
	fclose(f);
	put_cell(plain, to);
	free(plain);
}

/* [{type, value}] as "dns:a.internal ip:10.0.0.1"; an object as JSON. */
static void
put_value(struct buf *b, const json_t *v)
{
	const json_t *name;
	size_t i;

	if (json_is_string(v)) {
		buf_puts(b, json_string_value(v));
	} else if (json_is_array(v)) {
		json_array_foreach(v, i, name)
		{
			const char *type = json_text(name, "type");
			const char *value = json_text(name, "value");

			buf_printf(b, "%s%s:%s", i > 0 ? " " : "",
			    type != NULL ? type : "", value != NULL ? value : "");
		}
	} else if (json_is_object(v)) {
		char *text = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS);

		buf_puts(b, text != NULL ? text : "");
		free(text);
	}
}

void
export_head(enum export_format f, FILE *to)
{
	if (f != EXPORT_CSV)
		return;
	for (size_t i = 0; i < NITEMS(columns); i++)
		fprintf(to, "%s%s", i > 0 ? "," : "", columns[i]);
	fputs("\r\n", to);
}

static void
put_csv(const json_t *certificate, FILE *to)
{
	const bool shown = isatty(fileno(to));
	struct buf cell;

	buf_init(&cell, CELL_MAX);
	for (size_t i = 0; i < NITEMS(columns); i++) {
		buf_clear(&cell);
		put_value(&cell, json_object_get(certificate, columns[i]));
		if (i > 0)
			fputc(',', to);
		if (shown)
			put_shown(buf_str(&cell), to);
		else
			put_cell(buf_str(&cell), to);
	}
	fputs("\r\n", to);
	buf_free(&cell);
}

void
export_row(enum export_format f, const json_t *certificate, FILE *to)
{
	if (f == EXPORT_CSV) {
		put_csv(certificate, to);
		return;
	}
	out_json_line(to, certificate);
}
