/* SPDX-License-Identifier: Apache-2.0 */
#include "api/certificate_json.h"

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
certificate_json_pem(struct bytes der)
{
	struct buf pem;

	buf_init(&pem, KIB(64));
	pem_put(&pem, "CERTIFICATE", der);
	json_t *s = certificate_json_text(buf_bytes(&pem));
	buf_free(&pem);
	return s;
}

json_t *
certificate_json(const struct certificate_row *r, int64_t now)
{
	char key[65];
	json_t *v = json_object();

	hex_write(bytes_of(r->key_hash, sizeof(r->key_hash)), key);
	json_object_set_new(v, "serial", certificate_json_serial(&r->serial));
	json_object_set_new(v, "status",
	    json_string(certificate_status_word(certificate_row_status(r, now))));
	json_object_set_new(v, "issuer", json_string(r->issuer));
	json_object_set_new(v, "profile", json_string(r->profile));
	json_object_set_new(v, "cn", json_string(r->cn));
	json_object_set_new(v, "names", certificate_json_names(&r->names));
	json_object_set_new(v, "not_before", certificate_json_time(r->not_before));
	json_object_set_new(v, "not_after", certificate_json_time(r->not_after));
	json_object_set_new(v, "issued_at", certificate_json_time(r->issued_at));
	json_object_set_new(v, "requester", json_string(r->requester));
	json_object_set_new(v, "request_id", json_string(r->request_id));
	json_object_set_new(v, "key_sha256", json_string(key));
	if (r->has_parent)
		json_object_set_new(v, "parent", certificate_json_serial(&r->parent));
	json_object_set_new(v, "lineage", certificate_json_serial(&r->first));
	if (r->revoked) {
		json_object_set_new(v, "revoked_at",
		    certificate_json_time(r->revoked_at));
		json_object_set_new(v, "reason",
		    json_string(sets_reason_word(r->reason)));
	}
	if (r->note.n > 0) {
		json_t *note = NULL;
		struct err ignored;

		if (json_read(buf_bytes(&r->note), &note, &ignored))
			json_object_update_missing(v, note);
		json_decref(note);
	}
	return v;
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
