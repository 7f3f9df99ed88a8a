/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/version.h"

static void *
take_memory(size_t n)
{
	return mem_grow(NULL, n, 1);
}

bool
json_begin(struct err *e)
{
	if (!version_check("jansson", jansson_version_str(), JANSSON_VERSION, e))
		return false;
	json_set_alloc_funcs(take_memory, free);
	return true;
}

/*
 * jansson allows a depth of 2048, fixed when it was built; the brackets are
 * counted before it sees them.  What is wrong otherwise is jansson's to find.
 */
static bool
is_too_deep(struct bytes in)
{
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < in.n; i++) {
		const uint8_t c = in.p[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (in_string)
			continue;
		else if ((c == '[' || c == '{') && ++depth > JSON_DEPTH_MAX)
			return true;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
	}
	return false;
}

bool
json_read(struct bytes in, json_t **ret, struct err *e)
{
	json_error_t why;

	if (is_too_deep(in))
		return err_set(e, ERR_MALFORMED, "JSON: nested deeper than %d",
		    JSON_DEPTH_MAX);
	if (in.n == 0)
		return err_set(e, ERR_MALFORMED, "JSON: the text is empty");
	json_t *v = json_loadb((const char *)in.p, in.n,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (v == NULL)
		return err_set(e, ERR_MALFORMED, "JSON: %s (line %d, column %d)",
		    why.text, why.line, why.column);
	*ret = v;
	return true;
}

static int
put_piece(const char *piece, size_t n, void *b)
{
	buf_put(b, bytes_of(piece, n));
	return 0;
}

void
json_write(struct buf *b, const json_t *v)
{
	if (json_dump_callback(v, put_piece, b, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
		b->full = true;
	buf_putc(b, '\n');
}

static const char *
type_words(json_type type)
{
	static const char *const words[] = {
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "an integer",
		[JSON_REAL] = "a number",
		[JSON_TRUE] = "true or false",
		[JSON_FALSE] = "true or false",
		[JSON_NULL] = "null",
	};

	return words[type];
}

static bool
is_of_type(const json_t *v, json_type type)
{
	if (type == JSON_TRUE || type == JSON_FALSE)
		return json_is_boolean(v);
	if (type == JSON_REAL)
		return json_is_number(v);
	return json_typeof(v) == type;
}

static const struct json_member *
find_member(const struct json_member *members, const char *name)
{
	for (; members->name != NULL; members++)
		if (strcmp(members->name, name) == 0)
			return members;
	return NULL;
}

bool
json_check(const json_t *v, const struct json_member *members, struct err *e)
{
	const char *name;
	json_t *member;

	if (!json_is_object(v))
		return err_set(e, ERR_MALFORMED, "the JSON text must be an object");
	/* jansson's macro wants a pointer that is not const, and changes nothing. */
	json_object_foreach((json_t *)(uintptr_t)v, name, member)
	{
		const struct json_member *m = find_member(members, name);

		if (m == NULL)
			return err_set(e, ERR_MALFORMED, "unknown member \"%.64s\"",
			    name);
		if (!is_of_type(member, m->type))
			return err_set(e, ERR_MALFORMED, "member \"%s\" must be %s",
			    m->name, type_words(m->type));
	}
	for (; members->name != NULL; members++)
		if (members->required && json_object_get(v, members->name) == NULL)
			return err_set(e, ERR_MALFORMED, "member \"%s\" is missing",
			    members->name);
	return true;
}

const char *
json_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}
