/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/persist.h"

#include "probe/issue_value.h"

#define DIGITS_MAX 12 /* of a time: over 30000 years */

static bool
read_time(struct bytes s, int64_t *ret)
{
	int64_t v = 0;

	if (s.n == 0 || s.n > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	*ret = v;
	return true;
}

bool
persist_proves(struct bytes text, const struct persist_question *q, int64_t *ret_until,
    struct err *e)
{
	struct issue_value v;
	size_t accounts, policies, untils;
	int64_t until = INT64_MAX;

	if (!issue_value_read(text, &v, e))
		return false;
	if (!issue_value_is_by(&v, q->identities->v, q->identities->n))
		return err_set(e, ERR_PROBE_PROOF, "no record names this CA");
	const struct bytes *account = issue_value_find(&v, "accounturi", &accounts);
	const struct bytes *policy = issue_value_find(&v, "policy", &policies);
	const struct bytes *end = issue_value_find(&v, "persistUntil", &untils);
	if (accounts != 1 || policies > 1 || untils > 1)
		return err_set(e, ERR_MALFORMED,
		    "a record has no accounturi, or a parameter twice");
	if (end != NULL && !read_time(*end, &until))
		return err_set(e, ERR_MALFORMED, "persistUntil is no time");
	if (!bytes_eq(*account, q->account))
		return err_set(e, ERR_PROBE_PROOF, "no record names this account");
	if (q->wildcard && (policy == NULL || !bytes_eq_nocase(*policy, "wildcard")))
		return err_set(e, ERR_PROBE_PROOF,
		    "the record does not say policy=wildcard");
	if (until < q->now)
		return err_set(e, ERR_PROBE_PROOF, "the record's persistUntil is over");
	*ret_until = until;
	return true;
}
