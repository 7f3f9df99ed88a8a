/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/acme_attempt.h"

#include <stdio.h>

#include "cli/out.h"
#include "cli/view.h"

/* A line's members that are shown, in this order, with what stands before them. */
static const struct {
	const char *member, *before;
} shown[] = {
	{ "name", "" },
	{ "type", "" },
	{ "address", "" },
	{ "answers", "-> " },
	{ "status", "status " },
	{ "error", "" },
};

static void
put_value(struct buf *b, const json_t *v)
{
	if (json_is_string(v))
		buf_puts(b, json_string_value(v));
	else if (json_is_integer(v))
		buf_printf(b, "%lld", (long long)json_integer_value(v));
	else if (json_is_array(v) && json_array_size(v) == 0)
		buf_puts(b, "nothing");
	else
		view_strings(b, v);
}

static void
print_line(const json_t *line)
{
	const char *what = json_text(line, "what");
	struct buf b;

	buf_init(&b, VIEW_TEXT);
	buf_printf(&b, "  %6lld ms  %-8s",
	    (long long)json_integer_value(json_object_get(line, "at")),
	    what != NULL ? what : "?");
	for (size_t i = 0; i < NITEMS(shown); i++) {
		const json_t *v = json_object_get(line, shown[i].member);

		if (v == NULL)
			continue;
		buf_printf(&b, "  %s", shown[i].before);
		put_value(&b, v);
	}
	out_text(stdout, buf_str(&b));
	putchar('\n');
	buf_free(&b);
}

void
acme_attempt_print(const json_t *attempt)
{
	const json_t *line;
	size_t i;

	view_field(attempt, "name", "name");
	view_field(attempt, "challenge", "challenge");
	view_field(attempt, "result", "result");
	view_field(attempt, "detail", "detail");
	view_field_time(attempt, "at", "at");
	view_field(attempt, "account", "account");
	view_field(attempt, "profile", "profile");
	view_field(attempt, "request_id", "request");
	view_field(attempt, "address", "address");
	view_field(attempt, "seen", "received");
	json_array_foreach(json_object_get(attempt, "transcript"), i, line)
	    print_line(line);
}
