/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acme - what core keeps in memory for ACME: nonces, the key that EAB keys are made
 * of, the way to the prober, limits.
 */
#ifndef CA_ACME_H
#define CA_ACME_H

#include "ca/ca.h"
#include "jose/nonce.h"
#include "store/store_acme_order.h"

struct acme_site;

#define ACME_KEY_FILE    "acme.key" /* in the CA directory: 32 octets, made when missing */
#define ACME_NONCES_FILE "acme.nonces" /* jose/nonce.h's */

/*
 * Opens key and nonces, making them when they are not there; 'prober' is borrowed.
 * Called once, before requests come.
 */
MUST_CHECK bool acme_open(struct ca *ca, struct link *prober, struct err *e);
/* Level with the journal: what a stop cut off goes on (orders, validations). */
void acme_resume(struct ca *ca);
void acme_close(struct ca *ca);
/* Another configuration counts: the limits are made anew. */
void acme_reload(struct ca *ca);

MUST_CHECK bool acme_nonce_new(struct ca *ca, char ret[static NONCE_TEXT],
    struct err *e);
MUST_CHECK bool acme_nonce_use(struct ca *ca, struct bytes nonce, struct err *e);

/* A new id for a URL, a token for a challenge: from the system's random source. */
MUST_CHECK bool acme_new_id(char ret[static ACME_ID_LEN], struct err *e);
MUST_CHECK bool acme_new_token(char ret[static 44], struct err *e);
/* The MAC key of a kid; wipe it. */
MUST_CHECK bool acme_eab_key(struct ca *ca, const char *kid, uint8_t ret[static 32],
    struct err *e);

/* Limits: ERR_RATE_LIMITED with retry_s. */
MUST_CHECK bool acme_limit_account(struct ca *ca, struct bytes address, struct err *e);
MUST_CHECK bool acme_limit_order(struct ca *ca, int64_t account_num, struct err *e);
/* Failed validations of one account and name: asked before a validation, counted after a failure. */
MUST_CHECK bool acme_limit_attempt(struct ca *ca, int64_t account_num,
    const char *value, struct err *e);
void acme_count_failure(struct ca *ca, int64_t account_num, const char *value);

/* Who an account is, where the rest of the CA asks (policy/identity.h): "acme:ID". */
char *acme_identity_text(const char *account_id); /* free() it */

#endif
