/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grant - who may do what: first match wins, nothing matches: refused (S4).
 *
 * A grant matches when its 'who' fits the identity, its 'may' has the right
 * and its 'profiles' have the profile (where one is asked about; what asks about none,
 * READ and ADMIN, the loader lets no grant of some profiles give).  Its 'names'
 * are then judged and do not make the search go on.  IDENTITY_ADMIN and
 * IDENTITY_SYSTEM may do all that the profile allows; but by an internal profile
 * IDENTITY_SYSTEM alone may issue or renew.  IDENTITY_TOKEN and
 * IDENTITY_ACME are their own grant: to issue by the token's or order's profile for its
 * names, and nothing else.
 */
#ifndef POLICY_GRANT_H
#define POLICY_GRANT_H

#include "conf/conf.h"
#include "policy/identity.h"
#include "policy/verdict.h"

/* 'profile' NULL: whichever.  Adds the row "grant"; *ret is NULL for local identities, tokens, orders. */
bool grant_find(const struct conf *c, const struct identity *who, enum right right,
    const char *profile, const struct conf_grant **ret, struct verdict *v);

/* The same, of which nothing is told. */
bool grant_has(const struct conf *c, const struct identity *who, enum right right,
    const char *profile);

/* Does the grant let 'who' have these names?  One row "grant.names" for each that fails, or one pass. */
bool grant_names(const struct conf_grant *g, const struct identity *who,
    const struct names *names, struct verdict *v);

#endif
