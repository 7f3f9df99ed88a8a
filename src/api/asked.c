/* SPDX-License-Identifier: Apache-2.0 */
#include "api/asked.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/note.h"
#include "codec/json.h"

#define FORM_JSON                                                                      \
	"a JSON object {profile, csr, names?, validity?, metadata?}; names are "       \
	"[{type, value}]"
#define FORM_RAW "the CSR as body, profile and validity in the query, each once"

void
asked_free(struct asked *a)
{
	free(a->profile);
	free(a->as);
	csr_free(a->csr);
	names_free(&a->names);
	buf_free(&a->note);
}

struct issue_request
asked_request(const struct asked *a, const struct request *r)
{
	return (struct issue_request){
		.who = &r->caller.id,
		.row = r->caller.row,
		.profile = a->profile,
		.csr = a->csr,
		.names = a->has_names && !a->names_bad ? &a->names : NULL,
		.names_bad = a->names_bad,
		.validity_s = a->validity_s,
		.request_id = r->id,
		.note = buf_bytes(&a->note),
	};
}

/* The first fault is told in plain words, all of them as rows. */
static void
fault(struct asked *a, const struct err *why)
{
	if (a->fault.code == ERR_NONE)
		a->fault = *why;
}

/* ---- the CSR ---- */

/* What each rule is about, and what would pass. */
static const struct {
	const char *rule, *field, *allowed;
} csr_rules[] = {
	/* clang-format off */
	{ "csr.syntax",     "csr",                "one PKCS #10 request, DER or PEM, of at most 16 KiB" },
	{ "csr.extensions", "csr.extensions",     "each once, and no wish to be a CA" },
	{ "csr.names",      "csr.subjectAltName", "DNS names, IP addresses, URIs and e-mail addresses, each once" },
	{ "csr.key",        "csr.publicKey",      "ECDSA on P-256, P-384 or P-521, Ed25519, Ed448, RSA of 2048 bits or more with exponent 65537 or more" },
	/* clang-format on */
};

static char *
key_text(const struct csr *c)
{
	const char *word = sets_key_alg_word(c->key.alg);

	return c->key.alg == KEY_ALG_RSA ? mem_printf("%s-%u", word, c->key.bits)
					 : mem_strdup(word != NULL ? word : "");
}

static char *
ignored_text(const struct csr *c)
{
	struct buf b;

	buf_init(&b, KIB(2));
	for (size_t i = 0; i < c->n_ignored; i++)
		buf_printf(&b, "%s%s", i == 0 ? "ignored: " : ", ", c->ignored[i].oid);
	char *text = mem_strdup(buf_str(&b));
	buf_free(&b);
	return text;
}

static void
add_csr_rows(const struct csr *c, struct verdict *v)
{
	char *values[NITEMS(csr_rules)] = {
		mem_printf("%zu octets", c->der.n),
		ignored_text(c),
		c->names.n == 1 ? mem_strdup(c->names.v[0].text)
				: mem_printf("%zu names", c->names.n),
		key_text(c),
	};

	for (size_t i = 0; i < NITEMS(csr_rules); i++) {
		verdict_add(v, true, ERR_NONE, csr_rules[i].rule, csr_rules[i].field,
		    values[i], csr_rules[i].allowed);
		free(values[i]);
	}
}

bool
asked_csr(const struct request *r, struct bytes in, struct csr **ret, struct verdict *v,
    struct err *e)
{
	const char *rule;
	size_t i = 0;

	if (csr_parse_told(in, ca_conf(r->ca)->names_max, ret, &rule, e)) {
		add_csr_rows(*ret, v);
		return true;
	}
	while (i + 1 < NITEMS(csr_rules) && strcmp(csr_rules[i].rule, rule) != 0)
		i++;
	return verdict_add(v, false, e->code, csr_rules[i].rule, csr_rules[i].field,
	    e->detail, csr_rules[i].allowed);
}

static void
read_csr(const struct request *r, struct bytes in, struct asked *a, struct verdict *v)
{
	struct err why;

	if (!asked_csr(r, in, &a->csr, v, &why))
		fault(a, &why);
}

/* ---- the other members ---- */

static void
read_validity(const char *text, struct asked *a, struct verdict *v)
{
	struct err why;

	if (text == NULL)
		return;
	const bool ok = clock_duration_parse(bytes_str(text), &a->validity_s, &why) ||
			err_prefix(&why, "validity");
	verdict_add(v, ok, ERR_MALFORMED, "validity.syntax", "validity", text,
	    "a span of at most 100 years, such as 90s, 15m, 24h or 30d");
	if (!ok)
		fault(a, &why);
}

/* The form of one name was seen; here its type and value. */
static bool
read_name(const json_t *item, size_t at, struct asked *a, struct verdict *v)
{
	const char *word = json_text(item, "type"), *value = json_text(item, "value");
	char *field = mem_printf("names[%zu]", at);
	enum name_type type;
	struct err why;
	bool ok = false;

	if (!sets_name_type_from(bytes_str(word), &type)) {
		err_set(&why, ERR_MALFORMED,
		    "names: type must be dns, ip, uri or email");
		verdict_add(v, false, why.code, "names.type", field, word,
		    "dns, ip, uri or email");
	} else if (!names_add(&a->names, type, bytes_str(value), &why))
		verdict_add(v, false, why.code, "names.syntax", field, value,
		    why.detail);
	else
		ok = true;
	if (!ok)
		fault(a, &why);
	free(field);
	return ok;
}

static void
read_names(const json_t *list, size_t max, struct asked *a, struct verdict *v)
{
	const size_t n = json_array_size(list);
	struct err why;

	if (list == NULL)
		return;
	a->has_names = true;
	if (n > max) {
		char *count = mem_printf("%zu", n);
		char *allowed = mem_printf("1 to %zu names", max);

		err_set(&why, ERR_POLICY, "names: there are %zu, %zu are allowed", n,
		    max);
		verdict_add(v, false, why.code, "profile.names.count", "names", count,
		    allowed);
		fault(a, &why);
		a->names_bad = true;
		free(count);
		free(allowed);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (!read_name(json_array_get(list, i), i, a, v))
			a->names_bad = true;
}

static void
read_metadata(json_t *metadata, struct asked *a, struct verdict *v)
{
	struct err why;

	if (metadata == NULL ||
	    (note_check_metadata(metadata, &why) &&
		note_write(&(struct note){ .metadata = metadata }, &a->note, &why)))
		return;
	char *allowed = mem_printf("at most %d octets of JSON", NOTE_METADATA_MAX);
	verdict_add(v, false, why.code, "metadata.size", "metadata", why.detail,
	    allowed);
	fault(a, &why);
	free(allowed);
}

/*
 * The names to be certified: those of the request, else the CSR's, else the
 * CSR's CN where it is a DNS name or an address, as old tools write it.
 */
static void
settle_names(struct asked *a, struct verdict *v)
{
	uint8_t ip[16];
	struct err why;

	if (a->has_names || a->csr == NULL || a->csr->names.n > 0 ||
	    a->csr->cn[0] == '\0')
		return;
	a->has_names = true;
	if (names_add(&a->names,
		name_ip_octets(a->csr->cn, ip) > 0 ? NAME_TYPE_IP : NAME_TYPE_DNS,
		bytes_str(a->csr->cn), &why))
		return;
	a->names_bad = true;
	verdict_add(v, false, why.code, "names.syntax", "csr.cn", a->csr->cn,
	    why.detail);
	fault(a, &why);
}

/* ---- the two forms ---- */

static bool
check_names_form(const json_t *list, struct err *e)
{
	static const struct json_member members[] = {
		{ "type", JSON_STRING, true },
		{ "value", JSON_STRING, true },
		{ NULL, JSON_NULL, false },
	};

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *name = json_array_get(list, i);

		if (!json_is_object(name))
			return err_set(e, ERR_MALFORMED,
			    "names: each must be an object {type, value}");
		if (!json_check(name, members, e))
			return err_prefix(e, "names");
	}
	return true;
}

static bool
check_metadata_form(json_t *metadata, struct err *e)
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

static bool
read_json(struct request *r, bool with_as, struct asked *a, struct verdict *v,
    struct err *e)
{
	const struct json_member members[] = {
		{ "profile", JSON_STRING, true },
		{ "csr", JSON_STRING, true },
		{ "names", JSON_ARRAY, false },
		{ "validity", JSON_STRING, false },
		{ "metadata", JSON_OBJECT, false },
		{ with_as ? "as" : NULL, JSON_STRING, false },
		{ NULL, JSON_NULL, false },
	};
	json_t *o = NULL;

	bool ok = request_object(r, members, &o, e);
	json_t *names = json_object_get(o, "names");
	json_t *metadata = json_object_get(o, "metadata");
	ok = ok && check_names_form(names, e) && check_metadata_form(metadata, e);
	if (ok) {
		a->profile = mem_strdup(json_text(o, "profile"));
		a->as = mem_strdup(json_text(o, "as"));
		read_csr(r, bytes_str(json_text(o, "csr")), a, v);
		read_validity(json_text(o, "validity"), a, v);
		read_names(names, ca_conf(r->ca)->names_max, a, v);
		read_metadata(metadata, a, v);
	}
	json_decref(o);
	return ok;
}

/* The CSR itself is the body; profile and validity stand in the query. */
static bool
read_raw(struct request *r, bool with_as, struct asked *a, struct verdict *v,
    struct err *e)
{
	const char *const known[] = { "profile", "validity", with_as ? "as" : NULL,
		NULL };
	char *validity = NULL;

	bool ok = request_query_known(r, known, e) &&
		  request_query(r, "profile", &a->profile, e) &&
		  request_query(r, "validity", &validity, e) &&
		  (!with_as || request_query(r, "as", &a->as, e));
	if (ok && a->profile == NULL)
		ok = err_set(e, ERR_MALFORMED,
		    "say which profile: ?profile=server (GET /v1/profiles lists them)");
	if (ok) {
		read_csr(r, r->in.body, a, v);
		read_validity(validity, a, v);
	}
	free(validity);
	return ok;
}

bool
asked_read(struct request *r, bool with_as, struct asked *ret, struct verdict *v,
    struct err *e)
{
	struct asked a = { 0 };

	buf_init(&a.note, NOTE_MAX);
	const bool json = r->body == BODY_JSON;
	if (!(json ? read_json : read_raw)(r, with_as, &a, v, e)) {
		asked_free(&a);
		return verdict_add(v, false, e->code, "request.syntax", "request",
		    e->detail, json ? FORM_JSON : FORM_RAW);
	}
	settle_names(&a, v);
	*ret = a;
	return true;
}
