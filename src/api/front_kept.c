/* SPDX-License-Identifier: Apache-2.0 */
#include "api/front_kept.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/freshness.h"

/*
 * Shards, so that front's threads seldom meet; each has its share of the room, by
 * octets of the key that are as good as random.
 */
#define SHARDS     16
#define OVERHEAD   128 /* of the allocator and of the contents' heads, about */
#define ASK_WAIT_S 30  /* until a question that brought nothing is asked again */

struct entry {
	struct front_kept_key key;
	uint8_t tag[MSG_TAG_LEN];
	struct entry *next_key, *next_tag; /* of the same bucket */
	struct entry *older, *newer;       /* by use */
	struct content *content, *headers;
	char etag[FRONT_KEPT_ETAG_LEN];
	int64_t modified_at, expires_at;
	int64_t renew_at; /* from here on it is asked anew, by one at a time */
};

struct shard {
	_Alignas(64) pthread_mutex_t lock;
	struct entry **by_key, **by_tag; /* 'buckets' each */
	struct entry *oldest, *newest;
	struct front_kept_stats stats;
};

struct front_kept {
	size_t buckets;                 /* of a shard, a power of two */
	size_t entries_max, octets_max; /* of a shard */
	struct shard shards[SHARDS];
};

struct front_kept *
front_kept_new(size_t entries_max, size_t octets_max)
{
	struct front_kept *k = aligned_alloc(64, sizeof(*k));

	if (k == NULL)
		abort();
	memset(k, 0, sizeof(*k));
	k->entries_max = entries_max < SHARDS ? 1 : entries_max / SHARDS;
	k->octets_max = octets_max / SHARDS;
	k->buckets = 1;
	while (k->buckets < k->entries_max)
		k->buckets *= 2;
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&k->shards[i].lock, NULL);
		k->shards[i].by_key = mem_zarray(k->buckets, sizeof(struct entry *));
		k->shards[i].by_tag = mem_zarray(k->buckets, sizeof(struct entry *));
	}
	return k;
}

/* ---- one shard, under its lock ---- */

static size_t
word(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static struct shard *
shard_of(struct front_kept *k, const struct front_kept_key *key)
{
	return &k->shards[key->b[FRONT_KEPT_KEY_LEN - 1] % SHARDS];
}

static struct entry **
key_bucket(const struct front_kept *k, struct shard *s,
    const struct front_kept_key *key)
{
	return &s->by_key[word(key->b) & (k->buckets - 1)];
}

static struct entry **
tag_bucket(const struct front_kept *k, struct shard *s, const uint8_t *tag)
{
	return &s->by_tag[word(tag) & (k->buckets - 1)];
}

static struct entry *
find(const struct front_kept *k, struct shard *s, const struct front_kept_key *key)
{
	struct entry *n = *key_bucket(k, s, key);

	while (n != NULL && memcmp(&n->key, key, sizeof(*key)) != 0)
		n = n->next_key;
	return n;
}

static size_t
octets_of(const struct entry *n)
{
	return sizeof(*n) + OVERHEAD + content_size(n->content) +
	       content_size(n->headers);
}

static void
use_begin(struct shard *s, struct entry *n)
{
	n->newer = NULL;
	n->older = s->newest;
	if (s->newest != NULL)
		s->newest->newer = n;
	else
		s->oldest = n;
	s->newest = n;
}

static void
use_end(struct shard *s, struct entry *n)
{
	*(n->newer != NULL ? &n->newer->older : &s->newest) = n->older;
	*(n->older != NULL ? &n->older->newer : &s->oldest) = n->newer;
}

static void
entry_end(const struct front_kept *k, struct shard *s, struct entry *n,
    enum front_kept_end why)
{
	struct entry **at = key_bucket(k, s, &n->key);

	while (*at != n)
		at = &(*at)->next_key;
	*at = n->next_key;
	at = tag_bucket(k, s, n->tag);
	while (*at != n)
		at = &(*at)->next_tag;
	*at = n->next_tag;
	use_end(s, n);
	s->stats.entries--;
	s->stats.octets -= octets_of(n);
	s->stats.ended[why]++;
	content_unref(n->content);
	content_unref(n->headers);
	free(n);
}

static void
entry_begin(const struct front_kept *k, struct shard *s, struct entry *n)
{
	struct entry **by_key = key_bucket(k, s, &n->key),
		     **by_tag = tag_bucket(k, s, n->tag);

	n->next_key = *by_key;
	*by_key = n;
	n->next_tag = *by_tag;
	*by_tag = n;
	use_begin(s, n);
	s->stats.entries++;
	s->stats.octets += octets_of(n);
}

/* ---- all of them ---- */

/*
 * Between half and five eighths of its life (P96); spread by the key, so that what
 * was asked for in one burst is not renewed in one.
 */
static int64_t
renew_at(const struct front_kept_key *key, int64_t now, int64_t expires_at)
{
	const int64_t life = expires_at - now;

	return now + life / 2 + life / 8 * key->b[FRONT_KEPT_KEY_LEN - 2] / 256;
}

bool
front_kept_get(struct front_kept *k, const struct front_kept_key *key, int64_t now,
    struct front_kept_answer *ret)
{
	struct shard *s = shard_of(k, key);

	pthread_mutex_lock(&s->lock);
	struct entry *n = find(k, s, key);
	/* From the future: the clock was put back since. */
	if (n != NULL && (now >= n->expires_at || now < n->modified_at)) {
		entry_end(k, s, n, FRONT_KEPT_EXPIRED);
		n = NULL;
	}
	s->stats.hits += n != NULL;
	s->stats.misses += n == NULL;
	if (n != NULL) {
		use_end(s, n);
		use_begin(s, n);
		ret->content = content_ref(n->content);
		ret->headers = content_ref(n->headers);
		memcpy(ret->etag, n->etag, sizeof(ret->etag));
		ret->modified_at = n->modified_at;
		ret->expires_at = n->expires_at;
		ret->renew = now >= n->renew_at;
		if (ret->renew)
			n->renew_at = now + ASK_WAIT_S;
	}
	pthread_mutex_unlock(&s->lock);
	return n != NULL;
}

void
front_kept_release(struct front_kept_answer *a)
{
	content_unref(a->content);
	content_unref(a->headers);
}

/* A new entry of its own; NULL: it is not to be kept. */
static struct entry *
entry_new(const struct front_kept_key *key, const struct msg_keep *keep,
    struct bytes octets, int64_t now)
{
	struct entry *n = mem_zalloc(sizeof(*n));
	struct buf headers;

	assert(keep->tag.n == sizeof(n->tag));
	if (keep->expires_at <= now ||
	    !bytes_to_str(keep->etag, n->etag, sizeof(n->etag))) {
		free(n);
		return NULL;
	}
	n->key = *key;
	memcpy(n->tag, keep->tag.p, sizeof(n->tag));
	n->modified_at = keep->modified_at;
	n->expires_at = keep->expires_at;
	n->renew_at = renew_at(key, now, keep->expires_at);
	n->content = content_new(octets);
	buf_init(&headers, KIB(1));
	freshness_put_lasting(&headers,
	    &(struct freshness){ n->etag, n->modified_at, n->expires_at });
	n->headers = content_new(buf_bytes(&headers));
	buf_free(&headers);
	return n;
}

void
front_kept_put(struct front_kept *k, const struct front_kept_key *key,
    const struct msg_keep *keep, struct bytes octets, int64_t now)
{
	struct shard *s = shard_of(k, key);
	struct entry *n =
	    octets.n < k->octets_max / 2 ? entry_new(key, keep, octets, now) : NULL;

	if (n == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	struct entry *was = find(k, s, key);
	if (was != NULL)
		entry_end(k, s, was, FRONT_KEPT_REPLACED);
	while (s->stats.entries >= k->entries_max ||
	       (s->oldest != NULL && s->stats.octets + octets_of(n) > k->octets_max))
		entry_end(k, s, s->oldest, FRONT_KEPT_EVICTED);
	entry_begin(k, s, n);
	pthread_mutex_unlock(&s->lock);
}

/* One certificate's answers lie in several shards: a few spellings of the question. */
void
front_kept_forget(struct front_kept *k, struct bytes tag)
{
	assert(tag.n == 0 || tag.n == MSG_TAG_LEN);
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *s = &k->shards[i];

		pthread_mutex_lock(&s->lock);
		while (tag.n == 0 && s->oldest != NULL)
			entry_end(k, s, s->oldest, FRONT_KEPT_FORGOTTEN);
		struct entry *n = tag.n == 0 ? NULL : *tag_bucket(k, s, tag.p);
		while (n != NULL) {
			struct entry *next = n->next_tag;

			if (memcmp(n->tag, tag.p, sizeof(n->tag)) == 0)
				entry_end(k, s, n, FRONT_KEPT_FORGOTTEN);
			n = next;
		}
		pthread_mutex_unlock(&s->lock);
	}
}

void
front_kept_free(struct front_kept *k)
{
	if (k == NULL)
		return;
	front_kept_forget(k, bytes_str(""));
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_destroy(&k->shards[i].lock);
		free(k->shards[i].by_key);
		free(k->shards[i].by_tag);
	}
	free(k);
}

void
front_kept_stats(struct front_kept *k, struct front_kept_stats *ret)
{
	*ret = (struct front_kept_stats){ 0 };
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *s = &k->shards[i];

		pthread_mutex_lock(&s->lock);
		ret->hits += s->stats.hits;
		ret->misses += s->stats.misses;
		ret->entries += s->stats.entries;
		ret->octets += s->stats.octets;
		for (size_t e = 0; e < FRONT_KEPT_ENDS; e++)
			ret->ended[e] += s->stats.ended[e];
		pthread_mutex_unlock(&s->lock);
	}
}
