/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/signer_revoked.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SLOTS_MIN 8

void
signer_revoked_free(struct signer_revoked_set *s)
{
	for (size_t i = 0; i < CRL_SHARD_BUCKETS; i++) {
		free(s->bucket[i].v);
		free(s->bucket[i].table);
	}
	*s = (struct signer_revoked_set){ 0 };
}

/* Serials of ours are random; those of others are spread by the multiplication. */
static uint32_t
first_slot(const struct signer_revoked_bucket *b, const struct serial *serial)
{
	uint64_t h = serial->n;

	for (size_t i = 0; i < serial->n; i++)
		h = (h ^ serial->b[i]) * UINT64_C(0x100000001b3);
	return (uint32_t)(h ^ h >> 29) & (b->slots - 1);
}

/* The slot of this serial, or the free one where it would go. */
static uint32_t
slot_of(const struct signer_revoked_bucket *b, const struct serial *serial)
{
	uint32_t i = first_slot(b, serial);

	while (b->table[i] != 0 && !serial_eq(&b->v[b->table[i] - 1].serial, serial))
		i = (i + 1) & (b->slots - 1);
	return i;
}

struct signer_revoked *
signer_revoked_find(const struct signer_revoked_set *s, const struct serial *serial)
{
	const struct signer_revoked_bucket *b = &s->bucket[crl_shard_bucket(serial)];

	if (b->n == 0)
		return NULL;
	const uint32_t at = b->table[slot_of(b, serial)];
	return at == 0 ? NULL : &b->v[at - 1];
}

/* Room for one more: at most two thirds of the slots are taken. */
static void
make_room(struct signer_revoked_bucket *b)
{
	if (b->n == b->cap) { /* by little: many of them have room to spare */
		b->cap += SLOTS_MIN / 2 + b->cap / 8;
		b->v = mem_grow(b->v, b->cap, sizeof(*b->v));
	}
	if (3 * (b->n + 1) <= 2 * b->slots)
		return;
	b->slots = b->slots == 0 ? SLOTS_MIN : 2 * b->slots;
	free(b->table);
	b->table = mem_zarray(b->slots, sizeof(*b->table));
	for (uint32_t i = 0; i < b->n; i++)
		b->table[slot_of(b, &b->v[i].serial)] = i + 1;
}

void
signer_revoked_add(struct signer_revoked_set *s, const struct signer_revoked *r)
{
	struct signer_revoked_bucket *b = &s->bucket[crl_shard_bucket(&r->serial)];

	make_room(b);
	const uint32_t slot = slot_of(b, &r->serial);

	assert(b->table[slot] == 0 && b->n < UINT32_MAX / 3);
	b->v[b->n] = *r;
	b->table[slot] = ++b->n;
	s->n++;
}

/* Nothing was added behind it, so no other entry's search passes its slot. */
void
signer_revoked_drop_last(struct signer_revoked_set *s, uint32_t bucket)
{
	struct signer_revoked_bucket *b = &s->bucket[bucket];

	assert(b->n > 0);
	b->table[slot_of(b, &b->v[b->n - 1].serial)] = 0;
	b->n--;
	s->n--;
}
