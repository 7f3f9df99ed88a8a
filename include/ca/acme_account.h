/* SPDX-License-Identifier: Apache-2.0 */
/* acme_account - accounts: made, found, changed, ended (RFC 8555 7.3). */
#ifndef CA_ACME_ACCOUNT_H
#define CA_ACME_ACCOUNT_H

#include "ca/acme.h"
#include "jose/jwk.h"
#include "jose/jws.h"
#include "store/store_acme_eab.h"

struct acme_account_ask { /* new-account */
	const struct conf_profile *directory;
	const struct jwk *key;
	const json_t *contact; /* NULL: none */
	bool terms_agreed;
	bool only_existing;
	const json_t *eab; /* the binding's JWS; NULL: none */
	const char *url;   /* of new-account: the binding must name it */
	struct bytes address;
	const char *request_id;
};

/*
 * The account of this key, made when there is none.  ERR_ACCOUNT_UNKNOWN, ERR_ACCOUNT_ENDED,
 * ERR_USER_ACTION, ERR_EXTERNAL_ACCOUNT, ERR_BAD_CONTACT, ERR_CONTACT_SCHEME, ERR_RATE_LIMITED.
 * store_acme_account_free() what is inside *ret.
 */
MUST_CHECK bool acme_account_get_or_make(struct ca *ca,
    const struct acme_account_ask *q, struct acme_account *ret, bool *ret_made,
    struct err *e);
/* The account of this id in this directory, whatever its status.  ERR_ACCOUNT_UNKNOWN. */
MUST_CHECK bool acme_account_find(struct ca *ca, const struct conf_profile *directory,
    const char *id, struct acme_account *ret, struct err *e);
/* ERR_ACCOUNT_ENDED unless it is valid, and so is what it is bound to. */
MUST_CHECK bool acme_account_check(struct ca *ca, const struct acme_account *a,
    struct err *e);
MUST_CHECK bool acme_account_set_contact(struct ca *ca, struct acme_account *a,
    const json_t *contact, struct err *e);
/* By its owner (ACME_EV_DEACTIVATE) or an administrator (ACME_EV_REVOKE): its open orders and
 * authorizations end with it (RFC 8555 7.3.6).  'by' for the audit. */
MUST_CHECK bool acme_account_end(struct ca *ca, struct acme_account *a,
    enum acme_event ev, const char *by, const char *request_id, struct err *e);
/* ERR_CONFLICT with *ret_other filled when another account has the key (409, Location). */
MUST_CHECK bool acme_account_rekey(struct ca *ca, struct acme_account *a,
    const struct jwk *key, char ret_other[static ACME_ID_LEN], const char *request_id,
    struct err *e);

/* What the EAB key of the account lets it have: names, end, quota.  Rows "eab.names", "eab.ends",
 * "eab.quota".  An account without one: no row. */
MUST_CHECK bool acme_account_judge(struct ca *ca, const struct acme_account *a,
    const struct names *names, struct verdict *v, struct err *e);

#endif
