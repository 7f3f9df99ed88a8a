/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/view.h"

#include <string.h>

#include "cli/out.h"
#include "codec/json.h"

void
view_names(struct buf *b, const json_t *names, size_t most)
{
	const size_t n = json_array_size(names);
	const json_t *v;
	size_t i;

	json_array_foreach(names, i, v)
	{
		const char *value = json_text(v, "value");

		if (most != 0 && i == most) {
			buf_printf(b, " +%zu", n - most);
			return;
		}
		buf_puts(b, i == 0 ? "" : ", ");
		buf_puts(b, value != NULL ? value : "?");
	}
}

void
view_strings(struct buf *b, const json_t *array)
{
	const json_t *v;
	size_t i;

	json_array_foreach(array, i, v)
	{
		buf_puts(b, i == 0 ? "" : ", ");
		buf_puts(b, json_is_string(v) ? json_string_value(v) : "?");
	}
}

void
view_time(struct buf *b, const char *rfc3339)
{
	char relative[32];

	out_relative(rfc3339, relative, sizeof(relative));
	buf_printf(b, "%s (%s)", rfc3339, relative);
}

void
view_field(const json_t *object, const char *member, const char *label)
{
	const char *text = json_text(object, member);

	if (text != NULL && text[0] != '\0')
		out_field(label, VIEW_LABEL, text);
}

void
view_field_time(const json_t *object, const char *member, const char *label)
{
	const char *text = json_text(object, member);
	struct buf b;

	if (text == NULL)
		return;
	buf_init(&b, VIEW_TEXT);
	view_time(&b, text);
	out_field(label, VIEW_LABEL, buf_str(&b));
	buf_free(&b);
}

void
view_field_list(const json_t *object, const char *member, const char *label)
{
	const json_t *list = json_object_get(object, member);
	struct buf b;

	if (json_array_size(list) == 0)
		return;
	buf_init(&b, VIEW_TEXT);
	view_strings(&b, list);
	out_field(label, VIEW_LABEL, buf_str(&b));
	buf_free(&b);
}

void
view_field_names(const json_t *object, const char *label)
{
	const json_t *names = json_object_get(object, "names");
	struct buf b;

	if (json_array_size(names) == 0)
		return;
	buf_init(&b, VIEW_TEXT);
	view_names(&b, names, 0);
	out_field(label, VIEW_LABEL, buf_str(&b));
	buf_free(&b);
}

static void
view_metadata(const json_t *c)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(c, "metadata"), key, value)
	{
		struct buf b;

		buf_init(&b, VIEW_TEXT);
		buf_printf(&b, "%s=%s", key,
		    json_is_string(value) ? json_string_value(value) : "?");
		out_field("metadata", VIEW_LABEL, buf_str(&b));
		buf_free(&b);
	}
}

void
view_notes(const json_t *issued)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(issued, "notes"), i, v)
	{
		if (json_is_string(v))
			out_note("%s", json_string_value(v));
	}
}

void
view_certificate(const json_t *c)
{
	view_field(c, "serial", "serial");
	view_field(c, "status", "status");
	view_field_time(c, "revoked_at", "revoked at");
	view_field(c, "reason", "reason");
	view_field_names(c, "names");
	view_field(c, "cn", "common name");
	view_field(c, "profile", "profile");
	view_field(c, "issuer", "issuer");
	view_field_time(c, "not_before", "not before");
	view_field_time(c, "not_after", "not after");
	view_field_time(c, "renew_after", "renew after");
	view_field_time(c, "issued_at", "issued at");
	view_field(c, "requester", "requester");
	view_field(c, "request_id", "request");
	view_field(c, "parent", "renews");
	if (json_text(c, "parent") != NULL)
		view_field(c, "lineage", "lineage");
	view_field(c, "key_sha256", "key SHA-256");
	view_metadata(c);
}
