/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/note.h"

#include <stdio.h>
#include <string.h>

#include "codec/base64.h"
#include "codec/json.h"
#include "codec/json_flat.h"
#include "codec/json_put.h"

void
note_free(struct note *n)
{
	json_decref(n->metadata);
	*n = (struct note){ 0 };
}

static void
put_once(struct json_put *w, const struct note_once *o)
{
	struct buf b, text;

	buf_init(&b, sizeof(*o));
	buf_init(&text, NOTE_ONCE_CHARS + 1);
	buf_put(&b, bytes_of(o->key, sizeof(o->key)));
	buf_put(&b, bytes_of(o->request, sizeof(o->request)));
	base64url_put(&text, buf_bytes(&b));
	json_put_member(w, "once", buf_str(&text));
	buf_free(&b);
	buf_free(&text);
}

bool
note_write(const struct note *n, struct buf *ret, struct err *e)
{
	struct json_put w;
	struct buf b;

	buf_init(&b, NOTE_MAX);
	w = (struct json_put){ .b = &b };
	json_put_open(&w, '{');
	if (n->token[0] != '\0')
		json_put_member(&w, "token", n->token);
	if (n->order[0] != '\0')
		json_put_member(&w, "order", n->order);
	if (n->has_parent) {
		char hex[SERIAL_HEX_LEN];

		serial_to_hex(&n->parent, hex);
		json_put_member(&w, n->by_holder ? "holder" : "parent", hex);
	}
	if (n->has_once)
		put_once(&w, &n->once);
	if (n->metadata != NULL) {
		json_put_name(&w, "metadata");
		json_put_value(&w, n->metadata);
	}
	const bool any = w.comma;
	json_put_close(&w, '}');
	buf_putc(&b, '\n');
	const bool ok = buf_ok(&b, "what is noted with the certificate", e);
	if (ok && any)
		buf_put(ret, buf_bytes(&b));
	buf_free(&b);
	return ok;
}

bool
note_renews(const struct note *n)
{
	return n->has_parent && !n->by_holder;
}

bool
note_check_metadata(const json_t *metadata, struct err *e)
{
	struct json_put w;
	struct buf b;

	buf_init(&b, NOTE_METADATA_MAX);
	w = (struct json_put){ .b = &b };
	if (metadata != NULL)
		json_put_value(&w, metadata);
	const bool ok = buf_ok(&b, "metadata", e);
	buf_free(&b);
	return ok;
}

static bool
read_id(struct bytes id, const char *whose, char *to, size_t size, struct err *e)
{
	if (id.n >= size)
		return err_set(e, ERR_MALFORMED, "note: the %s's id is too long",
		    whose);
	snprintf(to, size, "%.*s", (int)id.n, (const char *)id.p);
	return true;
}

static bool
read_once(struct bytes text, struct note_once *ret, struct err *e)
{
	struct buf b;

	buf_init(&b, NOTE_ONCE_CHARS);
	const bool ok =
	    base64url_read(text, &b, e) &&
	    (b.n == sizeof(*ret) ||
		err_set(e, ERR_MALFORMED, "note: \"once\" is not two hashes"));
	if (ok) {
		memcpy(ret->key, b.p, sizeof(ret->key));
		memcpy(ret->request, b.p + sizeof(ret->key), sizeof(ret->request));
	}
	buf_free(&b);
	return ok;
}

/* Each without octets where it is not there. */
struct texts {
	struct bytes token, order, parent, holder, once;
};

static bool
read_texts(const struct texts *t, struct note *n, struct err *e)
{
	const struct bytes parent = t->parent.p != NULL ? t->parent : t->holder;

	n->has_parent = parent.p != NULL;
	n->by_holder = n->has_parent && t->parent.p == NULL;
	n->has_once = t->once.p != NULL;
	return read_id(t->token, "token", n->token, sizeof(n->token), e) &&
	       read_id(t->order, "order", n->order, sizeof(n->order), e) &&
	       (!n->has_parent || serial_from_hex(parent, &n->parent, e)) &&
	       (!n->has_once || read_once(t->once, &n->once, e));
}

static struct bytes
flat_text(const struct json_flat *o, const char *name)
{
	const struct bytes *v = json_flat_find(o, name);

	return v != NULL ? *v : (struct bytes){ 0 };
}

static struct bytes
tree_text(const json_t *v, const char *name)
{
	const char *text = json_text(v, name);

	return text != NULL ? bytes_str(text) : (struct bytes){ 0 };
}

bool
note_read(struct bytes json, struct note *ret, struct err *e)
{
	struct note n = { 0 };
	struct json_flat o;
	json_t *v = NULL;
	bool ok = true;

	if (json_flat_read(json, &o) && json_flat_find(&o, "metadata") == NULL) {
		const struct texts t = { flat_text(&o, "token"), flat_text(&o, "order"),
			flat_text(&o, "parent"), flat_text(&o, "holder"),
			flat_text(&o, "once") };

		ok = read_texts(&t, &n, e);
	} else if (json.n > 0) {
		if (!json_read(json, &v, e))
			return false;
		const struct texts t = { tree_text(v, "token"), tree_text(v, "order"),
			tree_text(v, "parent"), tree_text(v, "holder"),
			tree_text(v, "once") };

		ok = read_texts(&t, &n, e);
		if (ok)
			n.metadata = json_incref(json_object_get(v, "metadata"));
		json_decref(v);
	}
	if (ok)
		*ret = n;
	return ok;
}
