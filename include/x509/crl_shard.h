/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl_shard - lists that each tell a part of an issuer's revocations.
 *
 * A set of 'of' shards splits all serials of an issuer by their last octet, which
 * is random in serials of ours.  A certificate names its shard by a URL that
 * says which set it is: PLACE/crl/ISSUER/16-3.crl is the fourth of sixteen.  So each
 * of several sets is whole by itself: a certificate need not be looked at to know
 * which lists it belongs on.
 */
#ifndef X509_CRL_SHARD_H
#define X509_CRL_SHARD_H

#include "x509/serial.h"

#define CRL_SHARDS_MAX    256 /* in one set */
#define CRL_SHARD_BUCKETS 256 /* what an octet can be */
#define CRL_SHARD_LEN     8   /* characters of "256-255", with the NUL */

struct crl_shard {
	uint32_t of; /* 0: no shard, the list of all */
	uint32_t at; /* 0 to of - 1 */
};

/* The last octet of a serial. */
uint32_t crl_shard_bucket(const struct serial *s);
/* Where a serial goes in a set of 'of', which is not 0. */
struct crl_shard crl_shard_of(const struct serial *s, uint32_t of);
/* Is it one of its set?  The list of all has every serial. */
bool crl_shard_has(struct crl_shard shard, const struct serial *s);
/* The buckets of a shard: from *ret_from up to and without *ret_to. */
void crl_shard_buckets(struct crl_shard shard, uint32_t *ret_from, uint32_t *ret_to);

/* "16-3" and a NUL. */
void crl_shard_text(struct crl_shard shard, char ret[static CRL_SHARD_LEN]);
/* From such a text, and from no other form of it.  False: it is none. */
bool crl_shard_from_text(struct bytes text, struct crl_shard *ret);
/* "PLACE/crl/ISSUER/16-3.crl", or "PLACE/crl/ISSUER.crl" of the list of all.  free() it. */
char *crl_shard_url(const char *place, const char *issuer, struct crl_shard shard);
/* "PLACE/crl/ISSUER/delta.crl", what changed in the list of all.  free() it. */
char *crl_shard_delta_url(const char *place, const char *issuer);
/* The other way, for shards alone.  'ret_place' is a view of 'url'.  False: it is none. */
bool crl_shard_from_url(struct bytes url, const char *issuer, struct bytes *ret_place,
    struct crl_shard *ret);

#endif
