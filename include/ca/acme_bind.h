/* SPDX-License-Identifier: Apache-2.0 */
/* acme_bind - is a new account bound to an external one (RFC 8555 7.3.4)? */
#ifndef CA_ACME_BIND_H
#define CA_ACME_BIND_H

#include "ca/acme_account.h"
#include "store/store_acme_eab.h"

/*
 * Verifies q->eab against the key that it names and counts one account more of it.
 * ERR_MALFORMED, ERR_FORBIDDEN (in the same words for an unknown kid and a wrong MAC),
 * ERR_EXTERNAL_ACCOUNT for a key that binds no more.
 */
MUST_CHECK bool acme_bind_verify(struct ca *ca, const struct acme_account_ask *q,
    int64_t *ret_eab_num, struct err *e);
/* Rows of acme_account_judge(). */
MUST_CHECK bool acme_bind_judge(struct ca *ca, int64_t eab_num,
    const struct names *names, struct verdict *v, struct err *e);

#endif
