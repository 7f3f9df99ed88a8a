/* SPDX-License-Identifier: Apache-2.0 */
/* store_once - which certificate answered a request that bore an Idempotency-Key. */
#ifndef STORE_STORE_ONCE_H
#define STORE_STORE_ONCE_H

#include "store/store.h"
#include "x509/serial.h"

#define STORE_ONCE_HASH 32 /* octets */

struct store_once {
	uint8_t key[STORE_ONCE_HASH];     /* SHA-256 of caller and key */
	uint8_t request[STORE_ONCE_HASH]; /* SHA-256 of what was asked */
	struct serial serial;
	int64_t at;
};

/* Adds; removes a few of those older than 'since'.  One of the same key that is older is replaced. */
MUST_CHECK bool store_once_put(struct store *st, const struct store_once *o,
    int64_t since, struct err *e);
/* The one of this key that is not older than 'since'; ERR_NOT_FOUND. */
MUST_CHECK bool store_once_get(struct store *st,
    const uint8_t key[static STORE_ONCE_HASH], int64_t since, struct store_once *ret,
    struct err *e);

#endif
