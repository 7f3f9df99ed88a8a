/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/signer_revoked.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SLOTS_MIN 64

void
signer_revoked_free(struct signer_revoked_set *s)
{
	free(s->v);
	free(s->table);
	*s = (struct signer_revoked_set){ 0 };
}

/* Serials of ours are random; those of others are spread by the multiplication. */
static size_t
first_slot(const struct signer_revoked_set *s, const struct serial *serial)
{
	uint64_t h = serial->n;

	for (size_t i = 0; i < serial->n; i++)
		h = (h ^ serial->b[i]) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 29) & (s->slots - 1);
}

/* The slot of this serial, or the free one where it would go. */
static size_t
slot_of(const struct signer_revoked_set *s, const struct serial *serial)
{
	size_t i = first_slot(s, serial);

	while (s->table[i] != 0 && !serial_eq(&s->v[s->table[i] - 1].serial, serial))
		i = (i + 1) & (s->slots - 1);
	return i;
}

struct signer_revoked *
signer_revoked_find(const struct signer_revoked_set *s, const struct serial *serial)
{
	if (s->n == 0)
		return NULL;
	const uint32_t at = s->table[slot_of(s, serial)];
	return at == 0 ? NULL : &s->v[at - 1];
}

/* Room for one more: at most two thirds of the slots are taken. */
static void
make_room(struct signer_revoked_set *s)
{
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? SLOTS_MIN / 2 : s->cap + s->cap / 2;
		s->v = mem_grow(s->v, s->cap, sizeof(*s->v));
	}
	if (3 * (s->n + 1) <= 2 * s->slots)
		return;
	s->slots = s->slots == 0 ? SLOTS_MIN : 2 * s->slots;
	free(s->table);
	s->table = mem_zarray(s->slots, sizeof(*s->table));
	for (size_t i = 0; i < s->n; i++)
		s->table[slot_of(s, &s->v[i].serial)] = (uint32_t)(i + 1);
}

void
signer_revoked_add(struct signer_revoked_set *s, const struct signer_revoked *r)
{
	make_room(s);
	const size_t slot = slot_of(s, &r->serial);

	assert(s->table[slot] == 0 && s->n < UINT32_MAX);
	s->v[s->n] = *r;
	s->table[slot] = (uint32_t)++s->n;
}

/* Nothing was added behind it, so no other entry's search passes its slot. */
void
signer_revoked_drop_last(struct signer_revoked_set *s)
{
	assert(s->n > 0);
	s->table[slot_of(s, &s->v[s->n - 1].serial)] = 0;
	s->n--;
}
