/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acme_limit - how often ACME clients may do what costs us something (S32).
 *
 * In memory, by token buckets of policy/limiter.h; a restart forgets.
 */
#ifndef CA_ACME_LIMIT_H
#define CA_ACME_LIMIT_H

#include "ca/ca.h"

struct acme_limits;
struct conf_acme_site;

/* Part of struct acme_site; acme_limits_free(NULL) is fine. */
struct acme_limits *acme_limits_new(const struct conf_acme_site *c);
void acme_limits_free(struct acme_limits *l);
/* Another configuration counts: what was counted stays so where the number does. */
void acme_limits_set(struct acme_limits *l, const struct conf_acme_site *c);

/* One more of these: ERR_RATE_LIMITED with retry_s. */
MUST_CHECK bool acme_limit_account(struct ca *ca, struct bytes address, struct err *e);
MUST_CHECK bool acme_limit_order(struct ca *ca, int64_t account_num, struct err *e);
/* Of all accounts that were made from this address, while there is little room for orders. */
MUST_CHECK bool acme_limit_stranger(struct ca *ca, const char *address, struct err *e);
/* The same of accounts that have proved something, which is no more than one name each. */
MUST_CHECK bool acme_limit_proved(struct ca *ca, const char *address, struct err *e);
/* Of contacts or the key; as many as orders. */
MUST_CHECK bool acme_limit_change(struct ca *ca, int64_t account_num, struct err *e);
/*
 * One more validation of this name for this account: taken as if it will fail,
 * given back by acme_limit_passed() when it did not.
 */
MUST_CHECK bool acme_limit_attempt(struct ca *ca, int64_t account_num,
    const char *value, struct err *e);
void acme_limit_passed(struct ca *ca, int64_t account_num, const char *value);
/* The same of an order's CSRs: given back where it was not the client that failed. */
MUST_CHECK bool acme_limit_finalize(struct ca *ca, int64_t account_num,
    const char *order_id, struct err *e);
void acme_limit_finalized(struct ca *ca, int64_t account_num, const char *order_id);
/*
 * One more signature to look at, of this account (0: by a key that is in the request
 * itself) from this address ("": the local socket, which is not held back): taken as if
 * it will fail, given back by acme_limit_verified() when it did not.
 */
MUST_CHECK bool acme_limit_signature(struct ca *ca, struct bytes address,
    int64_t account_num, struct err *e);
void acme_limit_verified(struct ca *ca, struct bytes address, int64_t account_num);

#endif
