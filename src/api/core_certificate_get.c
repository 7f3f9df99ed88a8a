/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/certificates/{serial}: one certificate, as JSON, PEM or DER. */
#include <string.h>

#include "api/certificate_json.h"
#include "api/core_routes.h"
#include "base/clock.h"
#include "codec/pem.h"
#include "x509/cert.h"

static const char *const offers[] = { "application/json",
	"application/pem-certificate-chain", "application/x-pem-file",
	"application/pkix-cert", NULL };

/* The issuer that this daemon has now; NULL: that one is not configured any more. */
static const struct ca_issuer *
issuer_of(const struct ca *ca, struct bytes der)
{
	struct cert *c = NULL;
	struct err ignored;

	const struct ca_issuer *ret =
	    cert_parse(der, &c, &ignored) ? ca_issuer_of(ca, c) : NULL;
	cert_free(c);
	return ret;
}

/* The certificate's PEM and that of what is above it. */
static void
put_chain(struct request *r, struct bytes der, struct buf *to)
{
	const struct ca_issuer *issuer = issuer_of(r->ca, der);

	pem_put(to, "CERTIFICATE", der);
	if (issuer != NULL &&
	    issuer != ca_issuer_at(r->ca, 0)) /* chains end below the root */
		buf_put(to, buf_bytes(&issuer->chain));
}

static void
answer_json(struct request *r, const struct certificate_row *row, struct bytes der)
{
	struct buf pem, text;
	struct json_put w = { .b = &text };

	buf_init(&pem, KIB(256));
	buf_init(&text, REQUEST_ANSWER_MAX);
	json_put_open(&w, '{');
	certificate_json_put(&w, row, clock_now());
	pem_put(&pem, "CERTIFICATE", der);
	json_put_name(&w, "certificate");
	json_put_bytes(&w, buf_bytes(&pem));
	buf_clear(&pem);
	put_chain(r, der, &pem);
	json_put_name(&w, "chain");
	json_put_bytes(&w, buf_bytes(&pem));
	json_put_close(&w, '}');
	request_json_text(r, 200, &text);
	buf_free(&text);
	buf_free(&pem);
}

static void
answer(struct request *r, const char *type, const struct certificate_row *row,
    struct bytes der)
{
	struct buf text;

	buf_init(&text, KIB(256));
	if (type == offers[0])
		answer_json(r, row, der);
	else if (type == offers[1]) {
		put_chain(r, der, &text);
		request_octets(r, 200, type, buf_bytes(&text));
	} else if (type == offers[2]) {
		pem_put(&text, "CERTIFICATE", der);
		request_octets(r, 200, type, buf_bytes(&text));
	} else
		request_octets(r, 200, type, der);
	buf_free(&text);
}

void
core_certificate_get(struct request *r)
{
	struct certificate_row row;
	struct serial serial;
	const char *type;
	struct buf der;
	struct err e;

	if (!request_query_none(r, &e) || !request_accept(r, offers, &type, &e) ||
	    !serial_from_hex(r->params[0], &serial, &e) ||
	    !store_certificate_get(ca_store(r->ca), NULL, &serial, &row, &e)) {
		(void)ca_not_found(r->ca, &e);
		request_problem(r, &e, NULL);
		return;
	}
	buf_init(&der, KIB(64));
	if (store_certificate_der(ca_store(r->ca), row.id, &der, &e))
		answer(r, type, &row, buf_bytes(&der));
	else
		request_problem(r, &e, NULL);
	buf_free(&der);
	certificate_row_free(&row);
}
