/* SPDX-License-Identifier: Apache-2.0 */
/* issuer - do an issuer's certificate, its key and the root belong together? */
#ifndef POLICY_ISSUER_H
#define POLICY_ISSUER_H

#include "key/key.h"
#include "x509/cert.h"

#define ISSUER_CHAIN_MAX                                                               \
	8 /* CA certificates from an issuer to the root, both counted */

/*
 * ERR_CONFLICT: a key that is not its certificate's would sign what nobody can verify
 * (R26).  'name' is the issuer's, for the words.
 */
MUST_CHECK bool issuer_pair(const char *name, const struct cert *cert,
    const struct key *key, struct err *e);

/*
 * ERR_CONFLICT: two issuers of one subject.  Strangers find a list, and what it counts
 * for, by that name alone, and the numbers of its lists are one row (RFC 5280 5.2.3,
 * 6.3.3, P61): one's list would speak for the other.
 */
MUST_CHECK bool issuer_apart(const char *name, const struct cert *cert,
    const char *other_name, const struct cert *other, struct err *e);

/*
 * The certificates from 'cert' up to 'root', both in it, each signature verified: at
 * most 'max' of them.  Those between are looked for by name among the first 'n' of
 * 'pool', which has the root too.  ERR_CONFLICT: it does not lead there; ERR_MALFORMED.
 */
MUST_CHECK bool issuer_chain(const char *name, const struct cert *cert,
    const struct cert *root, const struct cert *const *pool, size_t n, size_t max,
    const struct cert **ret, size_t *ret_n, struct err *e);

#endif
