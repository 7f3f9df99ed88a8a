/* SPDX-License-Identifier: Apache-2.0 */
/* acme_order_find - the order that a request's path names. */
#ifndef API_ACME_ORDER_FIND_H
#define API_ACME_ORDER_FIND_H

#include "api/acme.h"
#include "store/store_acme_order.h"

/* By the first parameter, brought to the present.  ERR_NOT_FOUND; ERR_FORBIDDEN: another account's. */
MUST_CHECK bool acme_order_find(struct acme *a, struct acme_order *ret, struct err *e);

#endif
