/* SPDX-License-Identifier: Apache-2.0 */
#include "api/front_ready.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"

#define PLACES 1024 /* some 2 KiB each when all are taken */
#define LOCKS  16

struct place {
	struct exchange_ready *ready; /* holds 'content'; NULL: none */
	const struct content *content;
	int64_t at;
	const struct content *asked; /* nobody's: only compared */
	int64_t asked_at;
};

struct front_ready {
	struct {
		_Alignas(64) pthread_mutex_t mutex;
	} locks[LOCKS];
	struct place places[PLACES];
};

struct front_ready *
front_ready_new(void)
{
	struct front_ready *r = aligned_alloc(64, sizeof(*r));

	if (r == NULL)
		abort();
	for (size_t i = 0; i < PLACES; i++)
		r->places[i] = (struct place){ 0 };
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&r->locks[i].mutex, NULL);
	return r;
}

void
front_ready_free(struct front_ready *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < PLACES; i++)
		exchange_ready_unref(r->places[i].ready);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&r->locks[i].mutex);
	free(r);
}

/* By octets that are as good as random. */
static size_t
place_of(const struct front_kept_key *key)
{
	return (key->b[4] | (size_t)key->b[5] << 8) % PLACES;
}

struct exchange_ready *
front_ready_get(struct front_ready *r, const struct front_kept_key *key,
    const struct content *content, int64_t now, bool *ret_worth)
{
	const size_t at = place_of(key);
	struct place *p = &r->places[at];
	struct exchange_ready *ready = NULL;

	pthread_mutex_lock(&r->locks[at % LOCKS].mutex);
	if (p->ready != NULL && p->content == content && p->at == now)
		ready = exchange_ready_ref(p->ready);
	*ret_worth = p->asked == content && p->asked_at == now;
	p->asked = content;
	p->asked_at = now;
	pthread_mutex_unlock(&r->locks[at % LOCKS].mutex);
	return ready;
}

void
front_ready_put(struct front_ready *r, const struct front_kept_key *key,
    const struct content *content, int64_t now, struct exchange_ready *ready)
{
	const size_t at = place_of(key);
	struct place *p = &r->places[at];

	pthread_mutex_lock(&r->locks[at % LOCKS].mutex);
	struct exchange_ready *was = p->ready;
	p->ready = exchange_ready_ref(ready);
	p->content = content;
	p->at = now;
	pthread_mutex_unlock(&r->locks[at % LOCKS].mutex);
	exchange_ready_unref(was);
}
