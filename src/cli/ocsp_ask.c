/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ocsp_ask.h"

#include <gnutls/ocsp.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/sets.h"

#define CLOCK_SKEW_S 300

struct ocsp_ask {
	gnutls_x509_crt_t cert, issuer; /* borrowed */
	gnutls_ocsp_req_t req;
	gnutls_datum_t nonce, der;
};

bool
ocsp_ask_new(gnutls_x509_crt_t cert, gnutls_x509_crt_t issuer, struct ocsp_ask **ret,
    struct err *e)
{
	struct ocsp_ask *a = mem_zalloc(sizeof(*a));

	a->cert = cert;
	a->issuer = issuer;
	/* CertID by SHA-1, which every responder knows: no signature hangs on it. */
	if (gnutls_ocsp_req_init(&a->req) < 0 ||
	    gnutls_ocsp_req_add_cert(a->req, GNUTLS_DIG_SHA1, issuer, cert) < 0 ||
	    gnutls_ocsp_req_randomize_nonce(a->req) < 0 ||
	    gnutls_ocsp_req_get_nonce(a->req, NULL, &a->nonce) < 0 ||
	    gnutls_ocsp_req_export(a->req, &a->der) < 0) {
		ocsp_ask_free(a);
		return err_set(e, ERR_INTERNAL, "GnuTLS made no OCSP request");
	}
	*ret = a;
	return true;
}

void
ocsp_ask_free(struct ocsp_ask *a)
{
	if (a == NULL)
		return;
	if (a->req != NULL)
		gnutls_ocsp_req_deinit(a->req);
	gnutls_free(a->nonce.data);
	gnutls_free(a->der.data);
	free(a);
}

struct bytes
ocsp_ask_request(const struct ocsp_ask *a)
{
	return bytes_of(a->der.data, a->der.size);
}

static bool
check_status(gnutls_ocsp_resp_t resp, struct err *e)
{
	static const char *const words[] = {
		[GNUTLS_OCSP_RESP_MALFORMEDREQUEST] = "malformedRequest",
		[GNUTLS_OCSP_RESP_INTERNALERROR] = "internalError",
		[GNUTLS_OCSP_RESP_TRYLATER] = "tryLater",
		[GNUTLS_OCSP_RESP_SIGREQUIRED] = "sigRequired",
		[GNUTLS_OCSP_RESP_UNAUTHORIZED] =
		    "unauthorized: it does not answer for this issuer",
	};
	const int status = gnutls_ocsp_resp_get_status(resp);

	if (status == GNUTLS_OCSP_RESP_SUCCESSFUL)
		return true;
	return err_set(e, ERR_UNAVAILABLE, "the responder says %s",
	    status > 0 && (size_t)status < NITEMS(words) && words[status] != NULL
		? words[status]
		: "nothing that is known");
}

/* RFC 6960 3.2: ours, signed by one who may, and the nonce returned. */
static bool
check_trust(const struct ocsp_ask *a, gnutls_ocsp_resp_t resp, struct err *e)
{
	gnutls_datum_t nonce = { 0 };
	unsigned found = 0;
	bool same;

	if (gnutls_ocsp_resp_check_crt(resp, 0, a->cert) < 0)
		return err_set(e, ERR_MALFORMED,
		    "the OCSP answer is about another certificate");
	if (gnutls_ocsp_resp_verify_direct(resp, a->issuer, &found, 0) < 0 ||
	    found != 0)
		return err_set(e, ERR_MALFORMED,
		    "the OCSP answer is not signed by the issuer or its responder: "
		    "do not believe it");
	if (gnutls_ocsp_resp_get_nonce(resp, NULL, &nonce) < 0)
		return err_set(e, ERR_MALFORMED,
		    "the OCSP answer lacks the nonce that was sent");
	same = bytes_eq(bytes_of(nonce.data, nonce.size),
	    bytes_of(a->nonce.data, a->nonce.size));
	gnutls_free(nonce.data);
	if (!same)
		return err_set(e, ERR_MALFORMED,
		    "the OCSP answer has another nonce: a replay");
	return true;
}

static bool
read_single(gnutls_ocsp_resp_t resp, struct ocsp_told *ret, struct err *e)
{
	static const char *const words[] = {
		[GNUTLS_OCSP_CERT_GOOD] = "good",
		[GNUTLS_OCSP_CERT_REVOKED] = "revoked",
		[GNUTLS_OCSP_CERT_UNKNOWN] = "unknown",
	};
	unsigned status = 0, reason = 0;
	time_t this_update = -1, next_update = -1, revoked_at = -1;
	const int64_t now = clock_now();

	if (gnutls_ocsp_resp_get_single(resp, 0, NULL, NULL, NULL, NULL, &status,
		&this_update, &next_update, &revoked_at, &reason) < 0 ||
	    status >= NITEMS(words))
		return err_set(e, ERR_MALFORMED, "the OCSP answer is unreadable");
	if (this_update > now + CLOCK_SKEW_S)
		return err_set(e, ERR_MALFORMED,
		    "the OCSP answer is of the future: compare the clocks");
	if (next_update != -1 && next_update < now - CLOCK_SKEW_S)
		return err_set(e, ERR_MALFORMED, "the OCSP answer is too old");
	*ret = (struct ocsp_told){
		.status = words[status],
		.produced_at = gnutls_ocsp_resp_get_produced(resp),
		.this_update = this_update,
		.next_update = next_update,
		.revoked_at = revoked_at,
	};
	if (status == GNUTLS_OCSP_CERT_REVOKED && reason != 0)
		ret->reason = sets_reason_word(reason);
	return true;
}

bool
ocsp_ask_answer(const struct ocsp_ask *a, struct bytes answer, struct ocsp_told *ret,
    struct err *e)
{
	const gnutls_datum_t in = { (unsigned char *)(uintptr_t)answer.p,
		(unsigned)answer.n };
	gnutls_ocsp_resp_t resp = NULL;
	bool ok;

	if (gnutls_ocsp_resp_init(&resp) < 0)
		return err_set(e, ERR_INTERNAL, "GnuTLS gave no handle");
	if (gnutls_ocsp_resp_import2(resp, &in, GNUTLS_X509_FMT_DER) < 0)
		ok = err_set(e, ERR_MALFORMED,
		    "what the responder answered is no OCSP answer");
	else
		ok = check_status(resp, e) && check_trust(a, resp, e) &&
		     read_single(resp, ret, e);
	gnutls_ocsp_resp_deinit(resp);
	return ok;
}
