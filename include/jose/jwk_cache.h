/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwk_cache - keys that were read lately, by their text.
 *
 * A key is a function of its text, so what lies here is never out of date: whose key
 * counts is said by the row that the text comes from, each time anew.
 */
#ifndef JOSE_JWK_CACHE_H
#define JOSE_JWK_CACHE_H

#include "jose/jwk.h"

#define JWK_CACHE_MAX 1024 /* keys: about 2 MiB of P-256, 8 MiB of the longest RSA */

struct jwk_cache;

struct jwk_cache *jwk_cache_new(void);
void jwk_cache_free(struct jwk_cache *c); /* NULL is fine; keys given out live on */

/* As jwk_read_text() of what jwk_text() gave; jwk_free() what comes back. */
MUST_CHECK bool jwk_cache_read(struct jwk_cache *c, struct bytes text, struct jwk **ret,
    struct err *e);

#endif
