/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish - the files that anybody may fetch: CA certificates and CRLs.
 *
 * A CRL is built in slices, between which other work goes on: the signer streams
 * its octets into a file that takes the old one's place at once.
 */
#ifndef CA_PUBLISH_H
#define CA_PUBLISH_H

#include "ca/ca.h"
#include "store/store_revocation.h"

/* Writes and announces pub/ca/, announces the CRLs that are there, and begins new ones. */
MUST_CHECK bool publish_start(struct ca *ca, struct err *e);
/* This serial was revoked: the CRLs that must have it, within the debounce time. */
void publish_revoked(struct ca *ca, struct bytes issuer, struct bytes serial);
/* Is its key not here, or could not be opened, so that no CRL follows a revocation? */
bool publish_frozen(const struct ca *ca, const char *issuer);
/* Does a CRL follow a revocation: is its key here, and has its certificate not ended? */
bool publish_follows(const struct ca *ca, const char *issuer);
/* Is there a CRL of every issuer that can make one? */
bool publish_complete(const struct ca *ca);
/* The configuration changed: a CRL that is due sooner by it comes sooner. */
void publish_reload(struct ca *ca);
/* ERR_UNAVAILABLE when a CRL is past half of its life without a successor (R35). */
MUST_CHECK bool publish_fresh(struct ca *ca, struct err *e);

/*
 * The list of all of an issuer that is served, or its delta; false: there is none.  Its
 * number is 0 where it is older than what was signed last.
 */
bool publish_shown(const struct ca *ca, const char *issuer, bool delta,
    struct crl_row *ret);

/* What is served of each shard of an issuer. */
typedef void publish_shard_each(void *arg, const char *url_path,
    const struct crl_row *row);
void publish_shards_each(struct ca *ca, const char *issuer, publish_shard_each *each,
    void *arg);

/* Answers of the signer, called by ca_signer_rules. */
MUST_CHECK bool publish_on_part(struct ca *ca, const struct msg_crl_part *m,
    struct err *e);

struct publish;
struct publish *publish_new(struct ca *ca);
/* thisUpdate of the newest list of all that is stored; 0: there is none. */
int64_t publish_newest(const struct publish *p);
void publish_free(struct publish *p);

#endif
