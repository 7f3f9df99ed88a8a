/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command prints of a server's answers: no control character but the line
 * feed and the tab gets to the terminal, whatever the JSON holds (R84).
 */
#include <stdio.h>

#include "cli/acme_attempt.h"
#include "cli/export.h"
#include "cli/out.h"
#include "cli/problem.h"
#include "cli/view.h"
#include "codec/json.h"
#include "fuzz.h"

static void
printable(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		require((text[i] & 0xe0) != 0 || text[i] == '\n' || text[i] == '\t');
	/* U+0080 to U+009F are control characters too: U+009B begins what ESC [ does. */
	for (size_t i = 0; i + 1 < n; i++)
		require((uint8_t)text[i] != 0xc2 || (uint8_t)text[i + 1] >= 0xa0);
	require(memchr(text, 0x7f, n) == NULL);
}

static void
print(const json_t *v)
{
	struct err e = { 0 };
	struct buf b;

	view_certificate(v);
	view_field(v, "title", "title");
	view_field_names(v, "names");
	view_field_list(v, "lists", "lists");
	acme_attempt_print(v);
	problem_print(v, stdout);
	problem_to_err(v, 500, &e);
	require(e.code != ERR_NONE && memchr(e.detail, 0, sizeof(e.detail)) != NULL);
	printable(e.detail, strlen(e.detail));
	(void)problem_hint(e.code, v);
	buf_init(&b, VIEW_TEXT);
	view_names(&b, json_object_get(v, "names"), 2);
	view_strings(&b, json_object_get(v, "lists"));
	view_time(&b, json_string_value(json_object_get(v, "not_after")));
	buf_free(&b);
}

FUZZ_TARGET(view)
{
	json_t *v = NULL;
	struct err e = { 0 };
	char *text = NULL;
	size_t size = 0;

	if (!json_read(bytes_of(p, n), &v, &e))
		return 0;
	if (json_is_object(v)) {
		FILE *const real = stdout;

		stdout = open_memstream(&text, &size);
		require(stdout != NULL);
		print(v);
		fclose(stdout);
		stdout = real;
		printable(text, size);
		free(text);
	}
	json_decref(v);
	return 0;
}
