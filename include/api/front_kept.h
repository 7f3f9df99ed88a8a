/* SPDX-License-Identifier: Apache-2.0 */
/*
 * front_kept - answers of core that front may give again by itself, until they
 * expire or core has them forgotten.
 *
 * A map from a request's key to octets; what they mean is core's business.  What is
 * put and what is forgotten comes from one thread, in core's order; anybody may
 * look.  It is bounded in entries and octets: who was not asked for longest goes.
 */
#ifndef API_FRONT_KEPT_H
#define API_FRONT_KEPT_H

#include "base/buf.h"
#include "http/content.h"
#include "ipc/msg_http.h"

#define FRONT_KEPT_KEY_LEN  32
#define FRONT_KEPT_ETAG_LEN 65 /* characters, with the NUL */

/* What one process may well spend on it: some 50 000 answers of usual size. */
#define FRONT_KEPT_ENTRIES_MAX 100000
#define FRONT_KEPT_OCTETS_MAX  MIB(64)

struct front_kept;

struct front_kept_key { /* SHA-256 of what was asked */
	uint8_t b[FRONT_KEPT_KEY_LEN];
};

struct front_kept_answer {
	struct content *content; /* references: front_kept_release() */
	struct content *headers; /* freshness_put_lasting()'s */
	char etag[FRONT_KEPT_ETAG_LEN];
	int64_t modified_at, expires_at;
	bool renew; /* half of its life is over: this caller is to ask core anew */
};

struct front_kept *front_kept_new(size_t entries_max, size_t octets_max);
void front_kept_free(struct front_kept *k); /* NULL is fine */

bool front_kept_get(struct front_kept *k, const struct front_kept_key *key, int64_t now,
    struct front_kept_answer *ret);
void front_kept_release(struct front_kept_answer *a);
/* In place of what was kept for 'key'.  What is too large, or over at 'now', is not kept. */
void front_kept_put(struct front_kept *k, const struct front_kept_key *key,
    const struct msg_keep *keep, struct bytes octets, int64_t now);
/* All that bears this tag; with an empty one, all. */
void front_kept_forget(struct front_kept *k, struct bytes tag);

enum front_kept_end { /* why an answer is kept no more */
	FRONT_KEPT_EVICTED,
	FRONT_KEPT_EXPIRED,
	FRONT_KEPT_REPLACED,
	FRONT_KEPT_FORGOTTEN,
	FRONT_KEPT_ENDS
};

struct front_kept_stats {
	uint64_t hits, misses; /* of front_kept_get() */
	uint64_t ended[FRONT_KEPT_ENDS];
	size_t entries, octets;
};
void front_kept_stats(struct front_kept *k, struct front_kept_stats *ret);

#endif
