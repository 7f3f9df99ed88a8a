/* SPDX-License-Identifier: Apache-2.0 */
/* revoke-cert: a certificate, in base64url, and perhaps a reason (RFC 8555 7.6). */
#include <stdlib.h>

#include "api/acme.h"
#include "base/mem.h"
#include "ca/acme_revoke.h"
#include "codec/base64.h"

static bool
read_reason(const json_t *v, enum reason *ret, struct err *e)
{
	if (v == NULL)
		return true; /* unspecified: no reasonCode on the CRL */
	if (!json_is_integer(v))
		return err_set(e, ERR_MALFORMED, "reason must be a number");
	return acme_revoke_reason(json_integer_value(v), ret, e);
}

/* Further members are let be. */
static bool
read_payload(const json_t *payload, struct buf *ret_der, enum reason *ret_reason,
    struct err *e)
{
	const char *text = json_string_value(json_object_get(payload, "certificate"));

	if (text == NULL)
		return err_set(e, ERR_MALFORMED,
		    "certificate must be a string: DER in base64url");
	if (!base64url_read(bytes_str(text), ret_der, e))
		return err_set(e, ERR_MALFORMED,
		    "certificate: no base64url without padding, or too long");
	return read_reason(json_object_get(payload, "reason"), ret_reason, e);
}

static void
on_revoked(void *arg, const struct revoke_result *res, const struct err *refused)
{
	struct acme *a = arg;

	(void)res;
	a->r->wrote = true;
	if (refused != NULL)
		acme_problem(a, refused, NULL, NULL);
	else
		acme_octets(a, 200, "", bytes_of(NULL, 0));
}

static void
on_overdue(void *arg)
{
	struct err e;

	overdue_words(&e);
	acme_problem(arg, &e, NULL, NULL);
}

void
acme_on_revoke_cert(struct acme *a)
{
	struct acme_revoke_ask q = {
		.account = a->has_account ? &a->account : NULL,
		.key = a->key,
		.reason = REASON_UNSPECIFIED,
		.request_id = a->r->id,
	};
	struct cert *cert = NULL;
	struct verdict v = { 0 };
	struct buf der;
	struct err e;

	buf_init(&der, CERT_MAX);
	bool ok = read_payload(a->payload, &der, &q.reason, &e);
	if (ok) {
		q.der = buf_bytes(&der);
		overdue_watch(a->r, on_overdue, a);
		ok = acme_revoke_start(a->r->ca, &q, on_revoked, a, &cert, &v, &e);
	}
	if (!ok) {
		if (cert != NULL)
			request_about(a->r, NULL, &cert->names, &cert->serial, NULL);
		acme_problem(a, &e, &v, NULL);
	}
	cert_free(cert);
	verdict_free(&v);
	buf_free(&der);
}
