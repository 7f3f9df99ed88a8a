/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ocsp_ask - the client's half of OCSP (RFC 6960, nonce by RFC 9654): a request
 * for one certificate, and an answer that is believed only when it is the
 * issuer's word about that certificate, new, and with our nonce.
 */
#ifndef CLI_OCSP_ASK_H
#define CLI_OCSP_ASK_H

#include <gnutls/x509.h>

#include "base/buf.h"

struct ocsp_ask;

/* 'cert' and 'issuer' are borrowed for its life. */
MUST_CHECK bool ocsp_ask_new(gnutls_x509_crt_t cert, gnutls_x509_crt_t issuer,
    struct ocsp_ask **ret, struct err *e);
void ocsp_ask_free(struct ocsp_ask *a); /* NULL is fine */

/* The OCSPRequest, owned by 'a'. */
struct bytes ocsp_ask_request(const struct ocsp_ask *a);

struct ocsp_told {
	const char *status; /* "good" "revoked" "unknown" */
	int64_t produced_at, this_update, next_update;
	int64_t revoked_at; /* when revoked */
	const char *reason; /* NULL: none given */
};

/*
 * Reads and believes, or not.  ERR_UNAVAILABLE: the responder gave a status
 * other than successful; ERR_MALFORMED: signature, responder, certificate,
 * nonce or times are not as they must be.
 */
MUST_CHECK bool ocsp_ask_answer(const struct ocsp_ask *a, struct bytes answer,
    struct ocsp_told *ret, struct err *e);

#endif
