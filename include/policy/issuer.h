/* SPDX-License-Identifier: Apache-2.0 */
/* issuer - do an issuer's certificate and its key belong together, and is its name its own? */
#ifndef POLICY_ISSUER_H
#define POLICY_ISSUER_H

#include "key/key.h"
#include "x509/cert.h"

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

#endif
