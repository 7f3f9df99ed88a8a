/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_acme_recovered - what may not go on in an old copy of the database.
 *
 * No journal tells which accounts, keys and authorizations were ended since the copy
 * was made.
 */
#ifndef STORE_STORE_ACME_RECOVERED_H
#define STORE_STORE_ACME_RECOVERED_H

#include "store/store.h"

struct store_acme_recovered {
	int64_t keys;           /* for external accounts, that bind no more */
	int64_t authorizations; /* that were ended */
	int64_t accounts;       /* that are valid: some may have ended since */
};

/*
 * Ends all authorizations, pending or valid, and the time in which open keys bind.
 * Accounts are let be: their clients would not come back by themselves.
 */
MUST_CHECK bool store_acme_recovered(struct store *st, int64_t now,
    struct store_acme_recovered *ret, struct err *e);

#endif
