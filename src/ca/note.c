/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/note.h"

#include <stdio.h>
#include <string.h>

#include "codec/json.h"

void
note_free(struct note *n)
{
	json_decref(n->metadata);
	*n = (struct note){ 0 };
}

bool
note_write(const struct note *n, struct buf *ret, struct err *e)
{
	json_t *v = json_object();
	struct buf b;

	if (n->token[0] != '\0')
		json_object_set_new(v, "token", json_string(n->token));
	if (n->order[0] != '\0')
		json_object_set_new(v, "order", json_string(n->order));
	if (n->has_parent) {
		char hex[SERIAL_HEX_LEN];

		serial_to_hex(&n->parent, hex);
		json_object_set_new(v, "parent", json_string(hex));
	}
	if (n->metadata != NULL)
		json_object_set(v, "metadata", n->metadata);
	buf_init(&b, NOTE_MAX);
	if (json_object_size(v) > 0)
		json_write(&b, v);
	json_decref(v);
	const bool ok = buf_ok(&b, "what is noted with the certificate", e);
	if (ok)
		buf_put(ret, buf_bytes(&b));
	buf_free(&b);
	return ok;
}

static bool
read_parent(const char *hex, struct note *n, struct err *e)
{
	n->has_parent = hex != NULL;
	return hex == NULL || serial_from_hex(bytes_str(hex), &n->parent, e);
}

static bool
read_id(const char *id, const char *whose, char *to, size_t size, struct err *e)
{
	if (id == NULL)
		return true;
	if (strlen(id) >= size)
		return err_set(e, ERR_MALFORMED, "note: the %s's id is too long",
		    whose);
	snprintf(to, size, "%s", id);
	return true;
}

bool
note_read(struct bytes json, struct note *ret, struct err *e)
{
	struct note n = { 0 };
	json_t *v = NULL;

	if (json.n == 0) {
		*ret = n;
		return true;
	}
	if (!json_read(json, &v, e))
		return false;
	const bool ok =
	    read_id(json_text(v, "token"), "token", n.token, sizeof(n.token), e) &&
	    read_id(json_text(v, "order"), "order", n.order, sizeof(n.order), e) &&
	    read_parent(json_text(v, "parent"), &n, e);
	if (ok) {
		n.metadata = json_incref(json_object_get(v, "metadata"));
		*ret = n;
	}
	json_decref(v);
	return ok;
}
