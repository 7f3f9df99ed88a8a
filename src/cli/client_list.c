/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client_list.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/uri.h"

#define PAGE_ROWS 1000

bool
client_list_limit(const char *text, size_t otherwise, size_t *ret, struct err *e)
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
ask(struct client *c, const char *path, const struct client_list_param *params,
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
client_list_collect(struct client *c, const char *path, const char *member,
    const struct client_list_param *params, size_t limit, json_t *ret, struct err *e)
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
