/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acme - what core keeps in memory for ACME: nonces, the key that EAB keys are made
 * of, the way to the prober, limits.
 *
 * Key and nonces are files beside the database, made when ACME is first turned on
 * and they are missing.  No secret of an account is in the database.
 */
#ifndef CA_ACME_H
#define CA_ACME_H

#include <jansson.h>

#include "ca/ca.h"
#include "jose/eab.h"
#include "jose/jwk_cache.h"
#include "jose/nonce.h"
#include "store/store_acme_order.h"

#define ACME_KEY_FILE    "acme.key" /* 32 octets */
#define ACME_NONCES_FILE "acme.nonces"
#define ACME_TOKEN_TEXT  44 /* characters of a challenge's token, with the NUL */

struct acme_limits;
struct acme_site;

/* 'prober' is borrowed.  Before requests come.  ERR_IO. */
MUST_CHECK bool acme_open(struct ca *ca, struct link *prober, struct err *e);
/* Flushes; NULL inside is fine. */
void acme_close(struct ca *ca);
/* Level with the journal: what a stop cut off goes on, orders and validations. */
void acme_resume(struct ca *ca);
/* Another configuration counts: opens what ACME lacks, and logs it when that fails. */
void acme_reload(struct ca *ca);
/* NULL: there is none, or not yet. */
struct link *acme_prober(const struct ca *ca);
/* ACME has been opened. */
struct acme_limits *acme_limits(const struct ca *ca);

/* ERR_UNAVAILABLE while ACME has no nonces; ERR_BAD_NONCE. */
MUST_CHECK bool acme_nonce_new(struct ca *ca, char ret[static NONCE_TEXT],
    struct err *e);
MUST_CHECK bool acme_nonce_use(struct ca *ca, struct bytes nonce, struct err *e);
/* The same, and it can still be used. */
MUST_CHECK bool acme_nonce_check(struct ca *ca, struct bytes nonce, struct err *e);

/* An account's key, of the text in its row; jwk_free() it.  ERR_UNAVAILABLE. */
MUST_CHECK bool acme_key_read(struct ca *ca, const char *text, struct jwk **ret,
    struct err *e);

/* For a URL, for a challenge: from the system's random source.  ERR_INTERNAL. */
MUST_CHECK bool acme_new_id(char ret[static ACME_ID_LEN], struct err *e);
MUST_CHECK bool acme_new_token(char ret[static ACME_TOKEN_TEXT], struct err *e);
/* The MAC key of a kid; the caller wipes it. */
MUST_CHECK bool acme_eab_key(struct ca *ca, const char *kid,
    uint8_t ret[static EAB_KEY_LEN], struct err *e);

/*
 * As a problem document (RFC 8555 6.7): an object, and as text for a row's 'error'
 * (free() it).
 */
json_t *acme_problem_json(const struct err *e);
char *acme_problem_text(const struct err *e);

/* How the audit and a certificate's row name an account: "acme:ID"; free() it. */
char *acme_identity_text(const char *account_id);
/* The account's id in such a text; NULL: it is another's. */
const char *acme_identity_account(const char *text);
/* Its URL, which clients keep for years; free() it. */
char *acme_account_url(const struct ca *ca, const struct acme_account *a);

#endif
