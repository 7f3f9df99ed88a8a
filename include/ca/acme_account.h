/* SPDX-License-Identifier: Apache-2.0 */
/* acme_account - accounts: made, found, changed, ended (RFC 8555 7.3). */
#ifndef CA_ACME_ACCOUNT_H
#define CA_ACME_ACCOUNT_H

#include "ca/acme.h"
#include "jose/jwk.h"
#include "jose/jws.h"
#include "policy/verdict.h"

#define ACME_CONTACTS_MAX    10
#define ACME_CONTACT_URL_MAX 320 /* octets */

struct acme_account_ask { /* what new-account says */
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
 * The account of this key, made when there is none.  ERR_ACCOUNT_UNKNOWN,
 * ERR_ACCOUNT_ENDED, ERR_USER_ACTION, ERR_EXTERNAL_ACCOUNT, ERR_BAD_CONTACT,
 * ERR_CONTACT_SCHEME, ERR_BAD_KEY, ERR_RATE_LIMITED; ERR_MALFORMED and ERR_FORBIDDEN
 * for a wrong binding.  store_acme_account_free() what is inside *ret.
 */
MUST_CHECK bool acme_account_open(struct ca *ca, const struct acme_account_ask *q,
    struct acme_account *ret, bool *ret_made, struct err *e);
/* By id, in this directory, whatever its status.  ERR_ACCOUNT_UNKNOWN. */
MUST_CHECK bool acme_account_find(struct ca *ca, const struct conf_profile *directory,
    const char *id, struct acme_account *ret, struct err *e);
/* ERR_ACCOUNT_ENDED unless it is valid. */
MUST_CHECK bool acme_account_check(const struct acme_account *a, struct err *e);
/* Replaces the contacts; 'contact' is an array. */
MUST_CHECK bool acme_account_set_contact(struct ca *ca, struct acme_account *a,
    const json_t *contact, const char *request_id, struct err *e);
/*
 * By its owner (ACME_EV_DEACTIVATE) or an administrator (ACME_EV_REVOKE): its open
 * orders and its authorizations end with it (RFC 8555 7.3.6).  'by': an identity.
 */
MUST_CHECK bool acme_account_end(struct ca *ca, struct acme_account *a,
    enum acme_event ev, const char *by, const char *request_id, struct err *e);
/* ERR_CONFLICT with *ret_other filled when another account of the directory has the key. */
MUST_CHECK bool acme_account_rekey(struct ca *ca, struct acme_account *a,
    const struct jwk *key, const char *request_id, char ret_other[static ACME_ID_LEN],
    struct err *e);

/* Is it fit to be an account's: neither weak, compromised nor a certificate's?  ERR_BAD_KEY. */
MUST_CHECK bool acme_account_judge_key(struct ca *ca, const struct jwk *key,
    struct err *e);
/*
 * What the account's EAB key lets it have: rows "eab.names" for each name that it does
 * not, "eab.end", "eab.quota".  An account that is not bound: no row.
 */
MUST_CHECK bool acme_account_judge(struct ca *ca, const struct acme_account *a,
    const struct names *names, struct verdict *v, struct err *e);

#endif
