/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/request.h"

#include <ctype.h>
#include <idn2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/pem.h"
#include "sys/file.h"
#include "x509/cert.h"
#include "x509/csr.h"
#include "x509/dn.h"

#define CSR_LABEL    "CERTIFICATE REQUEST"
#define CSR_FILE_MAX KIB(64)
#define SHOWN        80 /* octets of a word in an error */

/* "dns:web" says its type itself; an IPv6 address has no such word in front. */
static bool
split_type(struct bytes word, enum name_type *ret_type, struct bytes *ret_value)
{
	const size_t colon = bytes_index(word, ':');

	if (colon == word.n || !sets_name_type_from(bytes_of(word.p, colon), ret_type))
		return false;
	*ret_value = bytes_skip(word, colon + 1);
	return true;
}

void
request_split_name(const char *word, enum name_type *ret_type, struct bytes *ret_value)
{
	enum name_type type = NAME_TYPE_DNS;
	uint8_t ip[16];

	*ret_value = bytes_str(word);
	if (split_type(*ret_value, ret_type, ret_value))
		return;
	if (strstr(word, "://") != NULL)
		type = NAME_TYPE_URI;
	else if (strchr(word, '@') != NULL)
		type = NAME_TYPE_EMAIL;
	else if (name_ip_octets(word, ip) != 0)
		type = NAME_TYPE_IP;
	*ret_type = type;
}

/* "bücher.internal" as certificates have it: "xn--bcher-kva.internal" (RFC 5891 5); or NULL. */
static uint8_t *
to_a_labels(enum name_type type, struct bytes value)
{
	uint8_t *ret = NULL;
	bool ascii = true;

	for (size_t i = 0; i < value.n; i++)
		ascii = ascii && value.p[i] < 0x80;
	if (type != NAME_TYPE_DNS || ascii)
		return NULL;
	char *text = mem_strndup(value);
	if (idn2_lookup_u8((const uint8_t *)text, &ret,
		IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		ret = NULL;
	free(text);
	return ret;
}

bool
request_add_name(struct names *n, const char *word, struct err *e)
{
	struct bytes value;
	enum name_type type;

	request_split_name(word, &type, &value);
	uint8_t *a_labels = to_a_labels(type, value);
	const bool ok = names_add(n, type,
	    a_labels != NULL ? bytes_str((const char *)a_labels) : value, e);
	idn2_free(a_labels);
	return ok;
}

char *
request_base(const struct names *n)
{
	const char *name = n->n > 0 ? n->v[0].text : "certificate";
	const char *scheme = strstr(name, "://");
	char *base;

	if (scheme != NULL)
		name = scheme + 3;
	base = name[0] == '*' ? mem_printf("_wildcard%s", name + 1) : mem_strdup(name);
	for (char *p = base; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("._-@", *p) == NULL)
			*p = '_';
	if (base[0] == '.' || base[0] == '-')
		base[0] = '_'; /* neither hidden nor like an option */
	return base;
}

bool
request_csr(const struct key *key, const struct names *names, struct buf *ret_pem,
    struct err *e)
{
	struct buf dn, info, sig, der;
	bool ok;

	buf_init(&dn, KIB(4));
	buf_init(&info, CSR_MAX);
	buf_init(&sig, KIB(4));
	buf_init(&der, CSR_MAX);
	ok =
	    dn_build(NULL, NULL, &dn, e) &&
	    cert_build_csr_info(buf_bytes(&dn), key_spki(key), names, &info, e) &&
	    key_sign(key, buf_bytes(&info), &sig, e) &&
	    cert_assemble(buf_bytes(&info), key_sig_alg(key), buf_bytes(&sig), &der, e);
	if (ok)
		pem_put(ret_pem, CSR_LABEL, buf_bytes(&der));
	buf_free(&dn);
	buf_free(&info);
	buf_free(&sig);
	buf_free(&der);
	return ok && buf_ok(ret_pem, "the CSR", e);
}

bool
request_is_stdin(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0;
}

bool
request_read(const char *path, struct buf *ret, struct err *e)
{
	return request_is_stdin(path)
		   ? file_read_fd(STDIN_FILENO, "standard input", ret, e)
		   : file_read_named(path, ret, e);
}

bool
request_csr_file(const char *path, struct buf *ret_pem, struct err *e)
{
	struct buf text;
	bool ok;

	buf_init(&text, CSR_FILE_MAX);
	ok = request_read(path, &text, e);
	if (ok && pem_looks_like(buf_bytes(&text)))
		buf_put(ret_pem, buf_bytes(&text));
	else if (ok)
		pem_put(ret_pem, CSR_LABEL, buf_bytes(&text));
	buf_free(&text);
	return ok && buf_ok(ret_pem, path, e);
}

json_t *
request_names_json(const struct names *names)
{
	json_t *list = json_array();

	for (size_t n = 0; n < names->n; n++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "type",
						sets_name_type_word(names->v[n].type),
						"value", names->v[n].text));
	return list;
}

bool
request_text(struct bytes word, json_t **ret, struct err *e)
{
	json_t *v = json_stringn((const char *)word.p, word.n);

	if (v == NULL)
		return err_set(e, ERR_MALFORMED, "\"%.*s\" is not text in UTF-8",
		    (int)(word.n < SHOWN ? word.n : SHOWN), (const char *)word.p);
	*ret = v;
	return true;
}

bool
request_put(json_t *object, const char *member, const char *word, struct err *e)
{
	json_t *v = NULL;

	if (word == NULL)
		return true;
	if (!request_text(bytes_str(word), &v, e))
		return err_prefix(e, member);
	return json_object_set_new(object, member, v) == 0 ||
	       err_set(e, ERR_MALFORMED, "\"%.*s\" is not text in UTF-8", SHOWN,
		   member);
}

bool
request_put_metadata(json_t *object, const struct strings *metadata, struct err *e)
{
	json_t *o = json_object();
	bool ok = true;

	for (size_t n = 0; ok && n < metadata->n; n++) {
		const char *equals = strchr(metadata->v[n], '=');
		char *key = mem_strndup(
		    bytes_of(metadata->v[n], (size_t)(equals - metadata->v[n])));

		ok = request_put(o, key, equals + 1, e) || err_prefix(e, "--metadata");
		free(key);
	}
	if (ok && metadata->n > 0)
		json_object_set(object, "metadata", o);
	json_decref(o);
	return ok;
}
