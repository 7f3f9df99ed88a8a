/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/certificates: a CSR, as JSON or as it is. */
#include <stdlib.h>
#include <string.h>

#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ca/issue.h"
#include "ca/note.h"
#include "codec/json.h"
#include "codec/pem.h"

struct asked { /* what the body and the query say */
	char *profile;
	struct csr *csr;
	bool has_names;
	struct names names;
	int64_t validity_s; /* 0: not said */
	struct buf note;
};

struct pending {
	struct request *r;
	const char *type; /* of the answer */
};

static const char *const offers[] = { "application/json",
	"application/pem-certificate-chain", NULL };

static void
asked_free(struct asked *a)
{
	free(a->profile);
	csr_free(a->csr);
	names_free(&a->names);
	buf_free(&a->note);
}

static bool
read_validity(const char *text, int64_t *ret, struct err *e)
{
	if (text == NULL)
		return true;
	return clock_duration_parse(bytes_str(text), ret, e) ||
	       err_prefix(e, "validity");
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

static bool
read_names(struct request *r, const json_t *list, struct asked *a, struct err *e)
{
	const size_t max = ca_conf(r->ca)->names_max;

	if (list == NULL)
		return true;
	a->has_names = true;
	if (json_array_size(list) > max)
		return err_set(e, ERR_POLICY, "names: there are %zu, %zu are allowed",
		    json_array_size(list), max);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!read_name(json_array_get(list, i), &a->names, e))
			return false;
	return true;
}

/* Free words about a certificate: an object of strings, kept with it. */
static bool
read_metadata(json_t *metadata, struct asked *a, struct err *e)
{
	const char *key;
	json_t *value;

	if (metadata == NULL)
		return true;
	json_object_foreach(metadata, key, value)
	{
		if (!json_is_string(value))
			return err_set(e, ERR_MALFORMED,
			    "metadata: \"%s\" must be a string", key);
	}
	return note_write(&(struct note){ .metadata = metadata }, &a->note, e);
}

static bool
read_json(struct request *r, struct asked *a, struct err *e)
{
	static const struct json_member members[] = {
		{ "profile", JSON_STRING, true },
		{ "csr", JSON_STRING, true },
		{ "names", JSON_ARRAY, false },
		{ "validity", JSON_STRING, false },
		{ "metadata", JSON_OBJECT, false },
		{ NULL, JSON_NULL, false },
	};
	json_t *v = NULL;

	if (!json_read(r->in.body, &v, e))
		return false;
	const bool ok = json_check(v, members, e) &&
			csr_parse_any(bytes_str(json_text(v, "csr")), &a->csr, e) &&
			read_validity(json_text(v, "validity"), &a->validity_s, e) &&
			read_names(r, json_object_get(v, "names"), a, e) &&
			read_metadata(json_object_get(v, "metadata"), a, e);
	if (ok)
		a->profile = mem_strdup(json_text(v, "profile"));
	json_decref(v);
	return ok;
}

/* The CSR itself is the body; profile and validity stand in the query. */
static bool
read_raw(struct request *r, struct asked *a, struct err *e)
{
	static const char *const known[] = { "profile", "validity", NULL };
	char *validity = NULL;

	bool ok = request_query_known(r, known, e) &&
		  request_query(r, "profile", &a->profile, e) &&
		  request_query(r, "validity", &validity, e) &&
		  read_validity(validity, &a->validity_s, e);
	free(validity);
	if (ok && a->profile == NULL)
		ok = err_set(e, ERR_MALFORMED,
		    "say which profile: /v1/certificates?profile=server (GET "
		    "/v1/profiles lists them)");
	return ok && csr_parse_any(r->in.body, &a->csr, e);
}

/*
 * The names to be certified: those of the request, else the CSR's, else the
 * CSR's CN where it is a DNS name or an address, as old tools write it.
 */
static bool
settle_names(struct asked *a, struct err *e)
{
	uint8_t ip[16];

	if (a->has_names || a->csr->names.n > 0 || a->csr->cn[0] == '\0')
		return true;
	a->has_names = true;
	return names_add(&a->names,
	    name_ip_octets(a->csr->cn, ip) > 0 ? NAME_TYPE_IP : NAME_TYPE_DNS,
	    bytes_str(a->csr->cn), e);
}

static bool
put_chain(const struct issue_result *res, struct buf *b, struct err *e)
{
	pem_put(b, "CERTIFICATE", buf_bytes(&res->cert->der));
	buf_put(b, buf_bytes(&res->issuer->chain));
	return buf_ok(b, "the chain", e);
}

static json_t *
result_json(const struct issue_result *res, struct bytes chain)
{
	json_t *v = json_object();

	json_object_set_new(v, "serial", certificate_json_serial(&res->cert->serial));
	json_object_set_new(v, "certificate",
	    certificate_json_pem(buf_bytes(&res->cert->der)));
	json_object_set_new(v, "chain", certificate_json_text(chain));
	json_object_set_new(v, "not_before",
	    certificate_json_time(res->cert->not_before));
	json_object_set_new(v, "not_after",
	    certificate_json_time(res->cert->not_after));
	json_object_set_new(v, "profile", json_string(res->profile));
	json_object_set_new(v, "issuer", json_string(res->issuer->name));
	json_object_set_new(v, "names", certificate_json_names(&res->cert->names));
	json_object_set_new(v, "renew_after", certificate_json_time(res->renew_at));
	return v;
}

static void
put_location(struct request *r, const struct serial *serial)
{
	char hex[SERIAL_HEX_LEN];

	serial_to_hex(serial, hex);
	char *location = mem_printf("/v1/certificates/%s", hex);
	request_header(r, "Location", location);
	free(location);
}

static void
on_issued(void *arg, const struct issue_result *res, const struct err *refused)
{
	struct pending *p = arg;
	struct request *r = p->r;
	struct err e;
	struct buf chain;

	buf_init(&chain, KIB(128));
	r->wrote = true;
	if (refused != NULL) {
		request_problem(r, refused, NULL);
	} else if (!put_chain(res, &chain, &e)) {
		request_problem(r, &e, NULL);
	} else {
		put_location(r, &res->cert->serial);
		if (p->type == offers[0])
			request_json(r, 201, result_json(res, buf_bytes(&chain)));
		else
			request_octets(r, 201, p->type, buf_bytes(&chain));
	}
	buf_free(&chain);
	free(p);
}

void
core_certificate_issue(struct request *r)
{
	struct asked a = { 0 };
	struct verdict v = { 0 };
	struct pending *p = mem_zalloc(sizeof(*p));
	struct err e;

	p->r = r;
	buf_init(&a.note, NOTE_MAX);
	bool ok = request_accept(r, offers, &p->type, &e) &&
		  (r->body == BODY_JSON ? read_json(r, &a, &e) : read_raw(r, &a, &e)) &&
		  settle_names(&a, &e);
	if (ok) {
		const struct issue_request q = {
			.who = &r->caller.id,
			.profile = a.profile,
			.csr = a.csr,
			.names = a.has_names ? &a.names : NULL,
			.validity_s = a.validity_s,
			.request_id = r->id,
			.note = buf_bytes(&a.note),
		};
		ok = issue_start(r->ca, &q, on_issued, p, &v, &e);
	}
	if (!ok) {
		request_problem(r, &e, &v);
		free(p);
	}
	verdict_free(&v);
	asked_free(&a);
}
