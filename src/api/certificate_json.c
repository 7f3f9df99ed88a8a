/* SPDX-License-Identifier: Apache-2.0 */
#include "api/certificate_json.h"

#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "codec/json.h"
#include "codec/pem.h"

json_t *
certificate_json_time(int64_t at)
{
	char text[CLOCK_RFC3339_LEN];

	clock_rfc3339(at, text);
	return json_string(text);
}

json_t *
certificate_json_serial(const struct serial *s)
{
	char hex[SERIAL_HEX_LEN];

	serial_to_hex(s, hex);
	return json_string(hex);
}

json_t *
certificate_json_text(struct bytes text)
{
	json_t *s = json_stringn((const char *)text.p, text.n);

	return s != NULL ? s : json_string("");
}

json_t *
certificate_json_strings(const struct strings *s)
{
	json_t *v = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(v, json_string(s->v[i]));
	return v;
}

json_t *
certificate_json_names(const struct names *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->n; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "type",
						sets_name_type_word(names->v[i].type),
						"value", names->v[i].text));
	return list;
}

json_t *
certificate_json_usages(unsigned usages)
{
	json_t *list = json_array();

	for (unsigned bit = 1; bit != 0 && bit <= usages; bit <<= 1)
		if ((usages & bit) != 0)
			json_array_append_new(list, json_string(sets_usage_word(bit)));
	return list;
}

json_t *
certificate_json_pem(struct bytes der)
{
	struct buf pem;

	buf_init(&pem, KIB(64));
	pem_put(&pem, "CERTIFICATE", der);
	json_t *s = certificate_json_text(buf_bytes(&pem));
	buf_free(&pem);
	return s;
}

/* ---- a row of the inventory ---- */

static void
put_time(struct json_put *w, const char *name, int64_t at)
{
	char text[CLOCK_RFC3339_LEN];

	clock_rfc3339(at, text);
	json_put_member(w, name, text);
}

static void
put_serial(struct json_put *w, const char *name, const struct serial *s)
{
	char text[SERIAL_HEX_LEN];

	serial_to_hex(s, text);
	json_put_member(w, name, text);
}

static void
put_names(struct json_put *w, const struct names *names)
{
	json_put_name(w, "names");
	json_put_open(w, '[');
	for (size_t i = 0; i < names->n; i++) {
		json_put_open(w, '{');
		json_put_member(w, "type", sets_name_type_word(names->v[i].type));
		json_put_member(w, "value", names->v[i].text);
		json_put_close(w, '}');
	}
	json_put_close(w, ']');
}

/*
 * What came with the request, in the certificate's own object; nothing of it hides a member.
 * By what it is found again is nobody's business.
 */
static void
put_note(struct json_put *w, const struct certificate_row *r)
{
	static const char *const taken[] = { "serial", "status", "issuer", "profile",
		"cn", "names", "not_before", "not_after", "issued_at", "requester",
		"request_id", "key_sha256", "parent", "lineage", "revoked_at", "reason",
		"certificate", "chain", "once" };
	json_t *note = NULL, *v;
	const char *name;
	struct err ignored;

	if (r->note.n == 0 || !json_read(buf_bytes(&r->note), &note, &ignored))
		return;
	json_object_foreach(note, name, v)
	{
		bool is_taken = false;

		for (size_t i = 0; i < NITEMS(taken); i++)
			is_taken = is_taken || strcmp(name, taken[i]) == 0;
		if (is_taken)
			continue;
		json_put_text(w, name);
		buf_putc(w->b, ':');
		w->comma = false;
		json_put_value(w, v);
	}
	json_decref(note);
}

void
certificate_json_put(struct json_put *w, const struct certificate_row *r, int64_t now)
{
	char key[65];

	hex_write(bytes_of(r->key_hash, sizeof(r->key_hash)), key);
	put_serial(w, "serial", &r->serial);
	json_put_member(w, "status",
	    certificate_status_word(certificate_row_status(r, now)));
	json_put_member(w, "issuer", r->issuer);
	json_put_member(w, "profile", r->profile);
	json_put_member(w, "cn", r->cn);
	put_names(w, &r->names);
	put_time(w, "not_before", r->not_before);
	put_time(w, "not_after", r->not_after);
	put_time(w, "issued_at", r->issued_at);
	json_put_member(w, "requester", r->requester);
	json_put_member(w, "request_id", r->request_id);
	json_put_member(w, "key_sha256", key);
	if (r->has_parent)
		put_serial(w, "parent", &r->parent);
	put_serial(w, "lineage", &r->first);
	if (r->revoked) {
		put_time(w, "revoked_at", r->revoked_at);
		json_put_member(w, "reason", sets_reason_word(r->reason));
	}
	put_note(w, r);
}

static bool
read_name(const json_t *v, struct names *to, struct err *e)
{
	static const struct json_member members[] = {
		{ "type", JSON_STRING, true },
		{ "value", JSON_STRING, true },
		{ NULL, JSON_NULL, false },
	};
	enum name_type type;

	if (!json_check(v, members, e))
		return err_prefix(e, "names");
	if (!sets_name_type_from(bytes_str(json_text(v, "type")), &type))
		return err_set(e, ERR_MALFORMED,
		    "names: type must be dns, ip, uri or email");
	return names_add(to, type, bytes_str(json_text(v, "value")), e);
}

bool
certificate_json_read_names(const json_t *list, size_t max, struct names *ret,
    struct err *e)
{
	if (json_array_size(list) > max)
		return err_set(e, ERR_POLICY, "names: there are %zu, %zu are allowed",
		    json_array_size(list), max);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!read_name(json_array_get(list, i), ret, e))
			return false;
	return true;
}

bool
certificate_json_check_metadata(json_t *metadata, struct err *e)
{
	const char *key;
	json_t *value;

	json_object_foreach(metadata, key, value)
	{
		if (!json_is_string(value))
			return err_set(e, ERR_MALFORMED,
			    "metadata: \"%s\" must be a string", key);
	}
	return true;
}
