/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enroll - the first certificate, for a token instead of an identity.
 *
 * A token is made for one profile and a set of names, counts a number of times
 * until an end, and is used up in the transaction that stores the certificate
 * (ca/reconcile counts, from the journal's record).  What waits for the signer
 * is counted here, so that of racing uses no more win than there are left.
 */
#ifndef CA_ENROLL_H
#define CA_ENROLL_H

#include <jansson.h>

#include "ca/issue.h"
#include "store/store_token.h"

#define ENROLL_TTL_DEFAULT_S 3600
#define ENROLL_TTL_MAX_S     (30 * 86400)
#define ENROLL_USES_MAX      1000

struct enroll_make { /* a token that is to be */
	const struct identity *who;
	const char *request_id;
	const char *profile;
	const struct names *names;
	int64_t ttl_s; /* 0: the default */
	int64_t uses;
	json_t *metadata; /* goes into the certificates; NULL: none */
};

/*
 * Writes a token, which counts once the round is committed.  'ret_text' is what
 * is handed over, and nowhere else: mem_wipe() it.  Refused with its rules in
 * 'v', as issuing would be.  store_token_free() what is inside 'ret'.
 */
MUST_CHECK bool enroll_token_make(struct ca *ca, const struct enroll_make *q,
    char ret_text[static TOKEN_TEXT_LEN], struct store_token *ret, struct verdict *v,
    struct err *e);
/*
 * By id as hex; a second time changes nothing.  ERR_NOT_FOUND; ERR_TOKEN_USED:
 * there is nothing left to withdraw.
 */
MUST_CHECK bool enroll_token_withdraw(struct ca *ca, struct bytes id,
    const struct identity *who, const char *request_id, struct store_token *ret,
    struct err *e);
/*
 * An old copy of the database was put back: which tokens were withdrawn since
 * then stands nowhere, so all that pend are.
 */
MUST_CHECK bool enroll_recovered(struct ca *ca, struct err *e);

/*
 * The token that an Authorization header bears.  ERR_TOKEN_UNKNOWN, in the same
 * words for an unknown and a wrong one (R56, S72); ERR_TOKEN_USED, _EXPIRED,
 * _WITHDRAWN for those who hold the secret: 'ret' is filled then too.
 */
MUST_CHECK bool enroll_find(struct ca *ca, struct bytes authorization,
    struct store_token *ret, struct err *e);

struct enroll_request {
	const struct store_token *token;
	const struct csr *csr;
	const char *request_id;
	const struct note_once *once; /* as of an issue_request */
};

/*
 * The certificate, for the token's names, which must be the CSR's if it has any.
 * As issue_start(): false is a refusal, and costs no use.
 */
MUST_CHECK bool enroll_start(struct ca *ca, const struct enroll_request *q,
    issue_done *done, void *arg, struct verdict *v, struct err *e);

#endif
