/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signer_revoked - what one issuer has revoked, as the journal tells it.
 *
 * Entries lie by the last octet of their serial (x509/crl_shard.h), there in the
 * order of their coming, found by tables of indexes: 60 octets a revocation.  So
 * a shard of a CRL is read without a look at the others'.  What a batch added can
 * be taken back in reverse order, should the batch not reach the disk.
 */
#ifndef DAEMON_SIGNER_REVOKED_H
#define DAEMON_SIGNER_REVOKED_H

#include "base/sets.h"
#include "x509/crl_shard.h"

struct signer_revoked {
	struct serial serial;
	uint8_t reason;     /* enum reason */
	uint8_t was;        /* the reason before it was raised; else the same */
	uint64_t seq;       /* of the journal record that said it last */
	int64_t not_after;  /* it is on lists until then; only ever later */
	int64_t revoked_at; /* stays when the reason is raised */
};

struct signer_revoked_bucket {
	struct signer_revoked *v;
	uint32_t n, cap;
	uint32_t *table; /* index + 1 into v; 0: free */
	uint32_t slots;  /* a power of two, or 0 */
};

struct signer_revoked_set {
	struct signer_revoked_bucket bucket[CRL_SHARD_BUCKETS];
	size_t n;
};

void signer_revoked_free(struct signer_revoked_set *s); /* what is inside */
/* NULL when it is not revoked.  Good until the next adding. */
struct signer_revoked *signer_revoked_find(const struct signer_revoked_set *s,
    const struct serial *serial);
/* The serial must not be there. */
void signer_revoked_add(struct signer_revoked_set *s, const struct signer_revoked *r);
/* Takes back the one that was added last of those with this last octet. */
void signer_revoked_drop_last(struct signer_revoked_set *s, uint32_t bucket);

#endif
