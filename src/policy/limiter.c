/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/limiter.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SLOTS 8192 /* a power of two */
#define PROBE 8    /* places that a key may lie in */

/*
 * Such parts are one: an hour's milliseconds, so that in each of them as many flow in
 * as may come in an hour.  Nothing is rounded, however often it is looked at.
 */
#define ONE INT64_C(3600000)

struct bucket {
	uint8_t key[16];
	int64_t at_ms; /* when 'parts' was right; 0: free */
	int64_t parts;
};

struct limiter {
	uint32_t per_hour;
	int64_t burst; /* parts */
	struct bucket v[SLOTS];
};

struct limiter *
limiter_new(uint32_t per_hour, uint32_t burst)
{
	struct limiter *l = mem_zalloc(sizeof(*l));

	l->per_hour = per_hour;
	l->burst = (int64_t)(burst > 0 ? burst : 1) * ONE;
	return l;
}

void
limiter_free(struct limiter *l)
{
	free(l);
}

static size_t
first_slot(const uint8_t key[static 16])
{
	uint64_t h;

	memcpy(&h, key, sizeof(h));
	return (size_t)(h & (SLOTS - 1));
}

/* The key's bucket; NULL when there is none and 'make' is false. */
static struct bucket *
find(struct limiter *l, const uint8_t key[static 16], bool make)
{
	const size_t first = first_slot(key);
	struct bucket *oldest = NULL;

	for (size_t i = 0; i < PROBE; i++) {
		struct bucket *b = &l->v[(first + i) & (SLOTS - 1)];

		if (b->at_ms != 0 && memcmp(b->key, key, sizeof(b->key)) == 0)
			return b;
		if (oldest == NULL || b->at_ms < oldest->at_ms)
			oldest = b;
	}
	if (!make)
		return NULL;
	*oldest = (struct bucket){ .parts = l->burst };
	memcpy(oldest->key, key, sizeof(oldest->key));
	return oldest;
}

/* What has flowed in since. */
static void
refill(const struct limiter *l, struct bucket *b, int64_t now_ms)
{
	const int64_t passed =
	    b->at_ms == 0 || now_ms < b->at_ms ? 0 : now_ms - b->at_ms;

	/* Divided, so that no span overflows. */
	if (passed > (l->burst - b->parts) / l->per_hour)
		b->parts = l->burst;
	else
		b->parts += passed * l->per_hour;
	b->at_ms = now_ms > 0 ? now_ms : 1;
}

bool
limiter_take(struct limiter *l, const uint8_t key[static 16], int64_t now_ms,
    int64_t *ret_wait_s)
{
	if (l->per_hour == 0)
		return true;
	struct bucket *b = find(l, key, true);

	refill(l, b, now_ms);
	if (b->parts >= ONE) {
		b->parts -= ONE;
		return true;
	}
	const int64_t second = INT64_C(1000) * l->per_hour; /* what flows in */
	*ret_wait_s = (ONE - b->parts + second - 1) / second;
	return false;
}

void
limiter_give_back(struct limiter *l, const uint8_t key[static 16])
{
	struct bucket *b = l->per_hour == 0 ? NULL : find(l, key, false);

	if (b != NULL)
		b->parts = b->parts + ONE < l->burst ? b->parts + ONE : l->burst;
}
