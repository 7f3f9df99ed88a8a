/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON texts (R85) and what the members of requests are read by.  What was read,
 * written and read again is equal; its depth is bounded.
 */
#include "api/certificate_json.h"
#include "ca/note.h"
#include "codec/json.h"
#include "codec/json_put.h"
#include "fuzz.h"

static void
bounded(const json_t *v, unsigned depth)
{
	const char *key;
	json_t *member;
	size_t i;

	require(depth <= JSON_DEPTH_MAX);
	if (json_is_string(v))
		require(strlen(json_string_value(v)) == json_string_length(v));
	json_array_foreach(v, i, member) bounded(member, depth + 1);
	json_object_foreach((json_t *)(uintptr_t)v, key, member)
	    bounded(member, depth + 1);
}

static void
again(json_t *v)
{
	struct buf b;
	json_t *back = NULL;
	struct err e = { 0 };

	buf_init(&b, MIB(16));
	json_write(&b, v);
	require(json_read(buf_bytes(&b), &back, &e) && json_equal(v, back));
	json_decref(back);
	buf_free(&b);
}

static void
members(json_t *v)
{
	static const struct json_member known[] = {
		{ "profile", JSON_STRING, true },
		{ "names", JSON_ARRAY, false },
		{ "metadata", JSON_OBJECT, false },
		{ "on", JSON_TRUE, false },
		{ NULL, JSON_NULL, false },
	};
	struct names names = { 0 };
	struct err e = { 0 };

	if (json_check(v, known, &e))
		require(json_is_object(v) && json_text(v, "profile") != NULL);
	else
		told(&e);
	if (certificate_json_read_names(v, 10, &names, &e))
		require(names.n <= 10);
	else
		told(&e);
	names_free(&names);
	if (!certificate_json_check_metadata(v, &e))
		told(&e);
}

/* What is kept of the metadata comes back as it was. */
static void
noted(json_t *v)
{
	struct note note = { .metadata = v };
	struct buf b;
	struct err e = { 0 };

	buf_init(&b, KIB(8));
	if (note_write(&note, &b, &e))
		require(b.n <= NOTE_MAX);
	buf_free(&b);
}

/* What is written without jansson is JSON, and holds what it was made of. */
static void
put(struct bytes text, const json_t *v)
{
	struct json_put w;
	struct buf b;
	json_t *back = NULL;
	struct err e = { 0 };

	buf_init(&b, MIB(16));
	w = (struct json_put){ .b = &b };
	json_put_open(&w, '{');
	json_put_name(&w, "text");
	json_put_bytes(&w, text);
	if (v != NULL) {
		json_put_name(&w, "value");
		json_put_value(&w, v);
	}
	json_put_close(&w, '}');
	/* A NUL is refused, and so is what gets too deep by our own braces. */
	if (json_read(buf_bytes(&b), &back, &e))
		require(v == NULL || json_equal(json_object_get(back, "value"), v));
	else
		require(bytes_has_nul(text) || v != NULL);
	json_decref(back);
	buf_free(&b);
}

FUZZ_TARGET(json)
{
	json_t *v = NULL;
	struct err e = { 0 };

	if (!json_read(bytes_of(p, n), &v, &e)) {
		require(v == NULL);
		told(&e);
		put(bytes_of(p, n), NULL);
		return 0;
	}
	put(bytes_of(p, n), v);
	bounded(v, 0);
	again(v);
	members(v);
	if (json_is_object(v))
		noted(v);
	json_decref(v);
	return 0;
}
