/* SPDX-License-Identifier: Apache-2.0 */
/* store_acme_room - what accounts hold without proof, in names; sql/018 says what counts. */
#ifndef STORE_STORE_ACME_ROOM_H
#define STORE_STORE_ACME_ROOM_H

#include "store/store.h"

struct store_acme_open { /* of one account */
	int64_t
	    names; /* of orders not past their time: in PENDING all, else one for each */
	int64_t late; /* of orders that are, and that housekeeping has not come to */
};
/* 'late' of those made after 'since'. */
MUST_CHECK bool store_acme_room_open(struct store *st, int64_t account_num, int64_t now,
    int64_t since, struct store_acme_open *ret, struct err *e);
/* Names in its orders that were made after 'since' and became INVALID unproved. */
MUST_CHECK bool store_acme_room_vain(struct store *st, int64_t account_num,
    int64_t since, int64_t *ret, struct err *e);
/* How many of an account's authorizations pend at 'now', and are loose? */
MUST_CHECK bool store_acme_room_loose(struct store *st, int64_t account_num,
    int64_t now, int64_t *ret, struct err *e);
/* Of all accounts: names of orders that are not proved, and loose authorizations. */
MUST_CHECK bool store_acme_room_all(struct store *st, int64_t *ret, struct err *e);
/* Has the account an order of which all names were proved, and that is not INVALID? */
MUST_CHECK bool store_acme_room_proved(struct store *st, int64_t account_num, bool *ret,
    struct err *e);

#endif
