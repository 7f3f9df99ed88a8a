/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descent - may a certificate have another one follow it: by renewal, or because its
 * holder asks for its own names again?
 *
 * Both are had by the one key alone, so they are one thing: a lineage, which ends with
 * its age, with a compromised key, or with the ACME account that it came by.
 */
#ifndef CA_DESCENT_H
#define CA_DESCENT_H

#include "ca/ca.h"
#include "policy/verdict.h"

struct certificate_row;

/*
 * Adds the rows "renewal.max_age", "renewal.ancestors" (S8), and, where they fail,
 * "renewal.revoked" and "renewal.account".  False: the database failed.
 */
MUST_CHECK bool descent_check(struct ca *ca, const struct certificate_row *row,
    struct verdict *v, struct err *e);

#endif
