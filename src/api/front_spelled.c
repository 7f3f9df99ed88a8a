/* SPDX-License-Identifier: Apache-2.0 */
#include "api/front_spelled.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define PLACES 1024
#define LOCKS  16
#define TEXT_MAX                                                                       \
	208 /* octets: a question for one certificate has about 110 in a path */

struct place {
	uint64_t hash; /* of what is here; 0: nothing */
	struct front_kept_key key;
	uint8_t n;
	bool in_path;
	uint8_t text[TEXT_MAX];
};

struct front_spelled {
	struct {
		_Alignas(64) pthread_mutex_t mutex;
	} locks[LOCKS];
	struct place places[PLACES];
};

struct front_spelled *
front_spelled_new(void)
{
	struct front_spelled *s = aligned_alloc(64, sizeof(*s));

	if (s == NULL)
		abort();
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&s->locks[i].mutex, NULL);
	return s;
}

void
front_spelled_free(struct front_spelled *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&s->locks[i].mutex);
	free(s);
}

/* Whoever makes two meet gains nothing: what lies there is compared. */
static uint64_t
hash_of(bool in_path, struct bytes text)
{
	const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t h = step + text.n * 2 + in_path, word;

	for (; text.n >= sizeof(word); text = bytes_skip(text, sizeof(word))) {
		memcpy(&word, text.p, sizeof(word));
		h = (h ^ word) * step;
		h ^= h >> 32;
	}
	for (size_t i = 0; i < text.n; i++)
		h = (h ^ text.p[i]) * step;
	return (h ^ h >> 29) | 1;
}

static bool
is(const struct place *p, uint64_t hash, bool in_path, struct bytes text)
{
	return p->hash == hash && p->in_path == in_path && p->n == text.n &&
	       memcmp(p->text, text.p, text.n) == 0;
}

/* The lowest bit is always set. */
static size_t
place_of(uint64_t hash)
{
	return (hash >> 1) % PLACES;
}

bool
front_spelled_get(struct front_spelled *s, bool in_path, struct bytes text,
    struct front_kept_key *ret)
{
	if (text.n == 0 || text.n > TEXT_MAX)
		return false;
	const uint64_t hash = hash_of(in_path, text);
	const size_t at = place_of(hash);

	pthread_mutex_lock(&s->locks[at % LOCKS].mutex);
	const bool found = is(&s->places[at], hash, in_path, text);
	if (found)
		*ret = s->places[at].key;
	pthread_mutex_unlock(&s->locks[at % LOCKS].mutex);
	return found;
}

void
front_spelled_put(struct front_spelled *s, bool in_path, struct bytes text,
    const struct front_kept_key *key)
{
	if (text.n == 0 || text.n > TEXT_MAX)
		return;
	const uint64_t hash = hash_of(in_path, text);
	const size_t at = place_of(hash);
	struct place *p = &s->places[at];

	pthread_mutex_lock(&s->locks[at % LOCKS].mutex);
	p->hash = hash;
	p->key = *key;
	p->in_path = in_path;
	p->n = (uint8_t)text.n;
	memcpy(p->text, text.p, text.n);
	pthread_mutex_unlock(&s->locks[at % LOCKS].mutex);
}
