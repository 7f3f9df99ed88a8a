/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/certificates: a CSR, as JSON or as it is. */
#include <stdlib.h>

#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "api/issued.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ca/note.h"
#include "codec/json.h"

struct asked { /* what the body and the query say */
	char *profile;
	struct csr *csr;
	bool has_names;
	struct names names;
	int64_t validity_s; /* 0: not said */
	struct buf note;
};

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
read_names(struct request *r, const json_t *list, struct asked *a, struct err *e)
{
	a->has_names = list != NULL;
	return list == NULL || certificate_json_read_names(list,
				   ca_conf(r->ca)->names_max, &a->names, e);
}

static bool
read_metadata(json_t *metadata, struct asked *a, struct err *e)
{
	return certificate_json_check_metadata(metadata, e) &&
	       note_write(&(struct note){ .metadata = metadata }, &a->note, e);
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
	static const char *const known[] = { NULL }; /* all is in the body */
	json_t *v = NULL;

	if (!request_query_known(r, known, e) || !json_read(r->in.body, &v, e))
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

void
core_certificate_issue(struct request *r)
{
	struct asked a = { 0 };
	struct verdict v = { 0 };
	struct issued *answer = NULL;
	struct err e;

	buf_init(&a.note, NOTE_MAX);
	bool ok = issued_new(r, &answer, &e) &&
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
		ok = issue_start(r->ca, &q, issued_answer, answer, &v, &e);
	}
	if (!ok) {
		request_problem(r, &e, &v);
		issued_free(answer);
	}
	verdict_free(&v);
	asked_free(&a);
}
