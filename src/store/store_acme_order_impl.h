/* SPDX-License-Identifier: Apache-2.0 */
/* store_acme_order_impl - what the files of store_acme_order share. */
#ifndef STORE_STORE_ACME_ORDER_IMPL_H
#define STORE_STORE_ACME_ORDER_IMPL_H

#include "store/store_acme_order.h"

/* Numbers in the text, so that the indexes of orders in these statuses serve it. */
#define NOT_INVALID "status <> 5"
#define OPEN        "status < 4"
#define ENDED       "status > 3"
#define PENDING     "status = 1"
#define PROVED      "status <> 1 AND status <> 5"
_Static_assert(ACME_INVALID == 5, "the number in NOT_INVALID and in sql/");
_Static_assert(ACME_PENDING == 1 && ACME_PROCESSING == 2 && ACME_READY == 3 &&
		   ACME_VALID == 4,
    "the numbers in OPEN and ENDED and in sql/");

#endif
