/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_seen - client certificates that were found good, so that the next
 * connection which shows the same need not verify a signature again.
 *
 * Only what verified is kept, under the SHA-256 of all that the client showed,
 * with the span in which it is good: outside of it nothing is found.  Whether a
 * certificate was revoked is not known here; core asks that of each request.
 *
 * It belongs to one list of anchors, and ends with it: another list knows nothing of it.
 *
 * Bounded: who is longest unused makes room.  All may be called from any thread.
 */
#ifndef HTTP_TLS_SEEN_H
#define HTTP_TLS_SEEN_H

#include "base/bytes.h"

#define TLS_SEEN_KEY_LEN 32
#define TLS_SEEN_MAX     16384

struct tls_seen;

struct tls_seen_key { /* a value */
	uint8_t b[TLS_SEEN_KEY_LEN];
};

struct tls_seen_client {
	int64_t from_at,
	    to_at;       /* good in between, both included; dates of issuers count */
	int64_t ends_at; /* the certificate's own notAfter */
	bool servers_only;
};

struct tls_seen *tls_seen_new(void);
void tls_seen_free(struct tls_seen *s); /* NULL is fine */

MUST_CHECK bool tls_seen_find(struct tls_seen *s, const struct tls_seen_key *key,
    int64_t now, struct tls_seen_client *ret);
void tls_seen_put(struct tls_seen *s, const struct tls_seen_key *key,
    const struct tls_seen_client *c);

#endif
