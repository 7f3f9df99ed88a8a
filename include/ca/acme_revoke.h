/* SPDX-License-Identifier: Apache-2.0 */
/* acme_revoke - who may revoke a certificate by ACME (RFC 8555 7.6). */
#ifndef CA_ACME_REVOKE_H
#define CA_ACME_REVOKE_H

#include "ca/acme_account.h"
#include "ca/revoke.h"

struct acme_revoke_ask {
	const struct acme_account *account; /* NULL: signed by 'key' itself */
	const struct jwk *key;
	struct bytes der; /* the certificate, as it was sent */
	enum reason reason;
	const char *request_id;
};

/* CRLReason's number; ERR_BAD_REASON lists those that a client may say (A222). */
MUST_CHECK bool acme_revoke_reason(int64_t number, enum reason *ret, struct err *e);

/*
 * As revoke_start(), of certificates of whatever origin: by the account that ordered it,
 * by one with valid authorizations for all that it names (then not for keyCompromise,
 * and not one of an internal profile), or by its own key.
 * ERR_MALFORMED: no certificate; ERR_NOT_FOUND: none of ours; ERR_FORBIDDEN.  *ret_cert is
 * the certificate as soon as it is read, also when this is refused; cert_free() it.
 */
MUST_CHECK bool acme_revoke_start(struct ca *ca, const struct acme_revoke_ask *q,
    revoke_done *done, void *arg, struct cert **ret_cert, struct verdict *v,
    struct err *e);

#endif
