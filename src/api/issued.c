/* SPDX-License-Identifier: Apache-2.0 */
#include "api/issued.h"

#include <stdlib.h>

#include "api/certificate_json.h"
#include "base/mem.h"
#include "ca/issue_judge.h"
#include "codec/pem.h"

struct issued {
	struct request *r;
	const char *type; /* of the answer */
};

static const char *const offers[] = { "application/json",
	"application/pem-certificate-chain", NULL };

bool
issued_new(struct request *r, struct issued **ret, struct err *e)
{
	const char *type;

	if (!request_accept(r, offers, &type, e))
		return false;
	*ret = mem_zalloc(sizeof(**ret));
	**ret = (struct issued){ .r = r, .type = type };
	overdue_watch(r, NULL, NULL);
	return true;
}

void
issued_free(struct issued *i)
{
	free(i);
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
	if (res->notes.n > 0) /* P10: it says so */
		json_object_set_new(v, "notes", certificate_json_strings(&res->notes));
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

/* Of what core has judged, the signer refuses the CSR's signature alone. */
static void
refuse(struct request *r, const struct err *refused)
{
	struct verdict v = { 0 };

	if (refused->code == ERR_BAD_CSR)
		issue_judge_signature(refused->detail, &v);
	request_problem(r, refused, &v);
	verdict_free(&v);
}

void
issued_answer(void *arg, const struct issue_result *res, const struct err *refused)
{
	struct issued *i = arg;
	struct request *r = i->r;
	struct err e;
	struct buf chain;

	buf_init(&chain, KIB(128));
	r->wrote = true;
	if (refused != NULL) {
		refuse(r, refused);
	} else if (!put_chain(res, &chain, &e)) {
		request_problem(r, &e, NULL);
	} else {
		put_location(r, &res->cert->serial);
		if (i->type == offers[0])
			request_json(r, 201, result_json(res, buf_bytes(&chain)));
		else
			request_octets(r, 201, i->type, buf_bytes(&chain));
	}
	buf_free(&chain);
	issued_free(i);
}

/*
 * The certificate depends on the route and the body, and on the query of the raw form.
 * A key holds over an upgrade too, so what is hashed of an issue or enrolment is as it was
 * in any version.
 */
bool
issued_once(struct request *r, const char *apart, struct issued *answer,
    bool *ret_again, struct once **ret, struct err *e)
{
	struct buf whole;

	buf_init(&whole, MIB(1));
	if (apart != NULL) {
		buf_puts(&whole, apart);
		buf_putc(&whole, 0);
	}
	buf_put(&whole, r->in.query);
	buf_putc(&whole, 0);
	buf_put(&whole, r->in.body);
	const bool ok =
	    buf_ok(&whole, "the request", e) &&
	    once_begin(r->ca, &r->caller.id, r->in.idempotency_key, buf_bytes(&whole),
		issued_answer, answer, ret_again, ret, e);
	buf_free(&whole);
	return ok;
}
