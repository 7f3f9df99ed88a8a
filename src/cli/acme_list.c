/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/acme_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/view.h"
#include "codec/uri.h"

#define PAGE_ROWS 1000

bool
acme_list_limit(const char *text, size_t otherwise, size_t *ret, struct err *e)
{
	char *end;

	*ret = otherwise;
	if (text == NULL)
		return true;
	const long n = strtol(text, &end, 10);
	if (*end != '\0' || end == text || n < 1 || n > 1000000)
		return err_set(e, ERR_MALFORMED,
		    "--limit wants a number from 1 to 1000000");
	*ret = (size_t)n;
	return true;
}

static void
put_param(struct buf *b, const char *key, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(b, "&%s=", key);
	uri_encode(b, bytes_str(value));
}

static bool
ask(struct client *c, const char *path, const struct acme_list_param *params,
    size_t rows, const char *cursor, json_t **ret, struct err *e)
{
	struct buf whole;

	buf_init(&whole, KIB(16));
	buf_printf(&whole, "%s?limit=%zu", path, rows);
	for (; params->key != NULL; params++)
		put_param(&whole, params->key, params->value);
	put_param(&whole, "cursor", cursor);
	const bool ok = buf_ok(&whole, "the question", e) &&
			client_get_json(c, buf_str(&whole), ret, e);
	buf_free(&whole);
	return ok;
}

bool
acme_list_collect(struct client *c, const char *path, const char *member,
    const struct acme_list_param *params, size_t limit, json_t *ret, struct err *e)
{
	char *cursor = NULL;
	bool ok = true;

	do {
		const size_t left =
		    limit != 0 ? limit - json_array_size(ret) : PAGE_ROWS;
		json_t *page = NULL;

		ok = ask(c, path, params, left < PAGE_ROWS ? left : PAGE_ROWS, cursor,
		    &page, e);
		if (ok && json_array_extend(ret, json_object_get(page, member)) != 0)
			ok = err_set(e, ERR_INTERNAL, "the daemon answered no list");
		free(cursor);
		cursor = ok ? mem_strdup(json_text(page, "next_cursor")) : NULL;
		json_decref(page);
	} while (ok && cursor != NULL && (limit == 0 || json_array_size(ret) < limit));
	free(cursor);
	return ok;
}

/* ---- what a validation saw ---- */

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
acme_list_print_attempt(const json_t *attempt)
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
	view_field(attempt, "address", "address");
	view_field(attempt, "seen", "received");
	json_array_foreach(json_object_get(attempt, "transcript"), i, line)
	    print_line(line);
}
