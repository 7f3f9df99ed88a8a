/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acme_room - how much of the disk ACME accounts hold without proof.
 *
 * Whoever reaches the API makes accounts and orders.  So what is kept of a name that
 * nobody has proved, up to 2 KiB, is bounded: for each account, and for all together.
 */
#ifndef CA_ACME_ROOM_H
#define CA_ACME_ROOM_H

#include "ca/acme_account.h"

/*
 * Names of all accounts together: from the first number on an order lasts an hour, and
 * from one address strangers make few, accounts that have proved something some; from
 * the next on strangers make none; then nobody without a key of an administrator, who
 * can withdraw it; from the last on nobody does.
 */
#define ACME_ROOM_MANY   50000
#define ACME_ROOM_MOST   100000
#define ACME_ROOM_PROVED 150000
#define ACME_ROOM_ALL    200000

/* May this account order more?  ERR_RATE_LIMITED with retry_s. */
MUST_CHECK bool acme_room_check(struct ca *ca, const struct acme_account *account,
    struct err *e);
/* The same of authorizations that no order names. */
MUST_CHECK bool acme_room_check_loose(struct ca *ca, const struct acme_account *account,
    struct err *e);

/* Notes how much all hold now; acme_room_check() does it, too. */
MUST_CHECK bool acme_room_look(struct ca *ca, struct err *e);
/* By what was noted last: do all hold ACME_ROOM_MANY or more? */
bool acme_room_scarce(const struct ca *ca);
/* So long an order lasts that is made now, in seconds. */
int64_t acme_room_order_s(const struct ca *ca);

#endif
