/* SPDX-License-Identifier: Apache-2.0 */
/* store_renewal - certificates that are to be renewed before their time. */
#ifndef STORE_STORE_RENEWAL_H
#define STORE_STORE_RENEWAL_H

#include "store/store.h"

struct renewal {
	int64_t certificate_id;
	int64_t start_at, end_at; /* the end is later */
	int64_t ordered_at;
	char *ordered_by, *reason; /* reason: in words, or "" */
};
void store_renewal_free(struct renewal *r); /* what is inside */

/* What was ordered last for a certificate counts. */
MUST_CHECK bool store_renewal_put(struct store *st, const struct renewal *r,
    struct err *e);
/* ERR_NOT_FOUND: nothing is ordered for it. */
MUST_CHECK bool store_renewal_get(struct store *st, int64_t certificate_id,
    struct renewal *ret, struct err *e);

#endif
