/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jwk_cache.h"

#include <stdlib.h>

#include "base/mem.h"

struct jwk_cache {
	struct jwk
	    *slots[JWK_CACHE_MAX]; /* one place for each text: the last one has it */
};

/* FNV-1a.  Who makes texts that share a place has them read each time, no more. */
static size_t
slot_of(struct bytes text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < text.n; i++)
		h = (h ^ text.p[i]) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32) % JWK_CACHE_MAX;
}

struct jwk_cache *
jwk_cache_new(void)
{
	return mem_zalloc(sizeof(struct jwk_cache));
}

void
jwk_cache_free(struct jwk_cache *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < JWK_CACHE_MAX; i++)
		jwk_free(c->slots[i]);
	free(c);
}

/* A text that is not the canonical one is read, and found under no name. */
bool
jwk_cache_read(struct jwk_cache *c, struct bytes text, struct jwk **ret, struct err *e)
{
	struct jwk **slot = &c->slots[slot_of(text)];

	if (*slot == NULL || !bytes_eq_str(text, jwk_text(*slot))) {
		struct jwk *k = NULL;

		if (!jwk_read_text(text, &k, e))
			return false;
		jwk_free(*slot);
		*slot = k;
	}
	*ret = jwk_ref(*slot);
	return true;
}
