/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls_seen.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define WAYS    4
#define BUCKETS (TLS_SEEN_MAX / WAYS)

struct entry {
	uint64_t used; /* when, by s->uses; 0: empty */
	struct tls_seen_key key;
	struct tls_seen_client client;
};

struct tls_seen {
	pthread_mutex_t lock;
	uint64_t uses;
	struct entry entries[BUCKETS][WAYS];
};

struct tls_seen *
tls_seen_new(void)
{
	struct tls_seen *s = mem_zalloc(sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void
tls_seen_free(struct tls_seen *s)
{
	if (s == NULL)
		return;
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* The key is a hash of what our own CA signed: who wanted to fill one bucket would win nothing. */
static struct entry *
bucket(struct tls_seen *s, const struct tls_seen_key *key)
{
	return s->entries[(key->b[0] | (unsigned)key->b[1] << 8) % BUCKETS];
}

static struct entry *
entry(struct tls_seen *s, const struct tls_seen_key *key)
{
	struct entry *const v = bucket(s, key);

	for (size_t i = 0; i < WAYS; i++)
		if (v[i].used != 0 && memcmp(&v[i].key, key, sizeof(*key)) == 0)
			return &v[i];
	return NULL;
}

bool
tls_seen_find(struct tls_seen *s, const struct tls_seen_key *key, int64_t now,
    struct tls_seen_client *ret)
{
	pthread_mutex_lock(&s->lock);
	struct entry *const n = entry(s, key);
	const bool good =
	    n != NULL && now >= n->client.from_at && now <= n->client.to_at;
	if (good) {
		n->used = ++s->uses;
		*ret = n->client;
	}
	pthread_mutex_unlock(&s->lock);
	return good;
}

void
tls_seen_put(struct tls_seen *s, const struct tls_seen_key *key,
    const struct tls_seen_client *c)
{
	pthread_mutex_lock(&s->lock);
	struct entry *const v = bucket(s, key);
	struct entry *n = entry(s, key);
	for (size_t i = 0; n == NULL && i < WAYS; i++)
		if (v[i].used == 0)
			n = &v[i];
	if (n == NULL) {
		n = &v[0];
		for (size_t i = 1; i < WAYS; i++)
			if (v[i].used < n->used)
				n = &v[i];
	}
	*n = (struct entry){ .used = ++s->uses, .key = *key, .client = *c };
	pthread_mutex_unlock(&s->lock);
}
