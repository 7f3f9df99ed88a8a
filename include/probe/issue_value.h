/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issue_value - "ca.example; accounturi=https://…; a=b": the value of CAA's issue
 * properties (RFC 8659 4.2), which dns-persist-01 uses too.  Pure.
 */
#ifndef PROBE_ISSUE_VALUE_H
#define PROBE_ISSUE_VALUE_H

#include "base/bytes.h"
#include "base/err.h"

#define ISSUE_VALUE_PARAMETERS_MAX 16

struct issue_parameter {
	struct bytes tag, value;
};

struct issue_value {         /* views of what was read */
	struct bytes domain; /* empty: nobody may issue */
	struct issue_parameter v[ISSUE_VALUE_PARAMETERS_MAX];
	size_t n;
};

/* By the letter of the ABNF.  ERR_MALFORMED. */
MUST_CHECK bool issue_value_read(struct bytes text, struct issue_value *ret,
    struct err *e);
/* The domain that it begins with, whatever stands behind it; empty: none. */
struct bytes issue_value_issuer(struct bytes text);
/*
 * The parameter of this tag, letter case aside; NULL when there is none.
 * *ret_count: how many of them there are.
 */
const struct bytes *issue_value_find(const struct issue_value *v, const char *tag,
    size_t *ret_count);
/* Is the issuer one of them, letter case aside? */
bool issue_value_is_by(const struct issue_value *v, char *const *identities, size_t n);

#endif
