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

static bool
fault(struct persist_fault *why, enum persist_near near, enum err_code code,
    const char *text)
{
	if (near <= why->near)
		return false;
	why->near = near;
	return err_set(&why->err, code, "%s", text);
}

/* Behind a name of ours anything may stand. */
static bool
unreadable(struct bytes text, const struct persist_question *q, const struct err *e,
    struct persist_fault *why)
{
	const struct issue_value v = { .domain = issue_value_issuer(text) };
	const bool ours = issue_value_is_by(&v, q->identities->v, q->identities->n);

	return fault(why, ours ? PERSIST_FAULTY : PERSIST_UNREADABLE, ERR_MALFORMED,
	    e->detail);
}

bool
persist_proves(struct bytes text, const struct persist_question *q, int64_t *ret_until,
    struct persist_fault *why)
{
	struct issue_value v;
	size_t accounts, policies, untils;
	int64_t until = INT64_MAX;
	struct err e;

	if (!issue_value_read(text, &v, &e))
		return unreadable(text, q, &e, why);
	if (!issue_value_is_by(&v, q->identities->v, q->identities->n))
		return fault(why, PERSIST_NOT_US, ERR_PROBE_PROOF,
		    "no record names this CA");
	const struct bytes *account = issue_value_find(&v, "accounturi", &accounts);
	const struct bytes *policy = issue_value_find(&v, "policy", &policies);
	const struct bytes *end = issue_value_find(&v, "persistUntil", &untils);
	if (accounts != 1 || policies > 1 || untils > 1)
		return fault(why, PERSIST_FAULTY, ERR_MALFORMED,
		    "a record has no accounturi, or a parameter twice");
	if (end != NULL && !read_time(*end, &until))
		return fault(why, PERSIST_FAULTY, ERR_MALFORMED,
		    "persistUntil is no time");
	if (!bytes_eq(*account, q->account))
		return fault(why, PERSIST_NOT_ACCOUNT, ERR_PROBE_PROOF,
		    "no record names this account");
	if (q->wildcard && (policy == NULL || !bytes_eq_nocase(*policy, "wildcard")))
		return fault(why, PERSIST_NOT_FAR, ERR_PROBE_PROOF,
		    "the record does not say policy=wildcard");
	if (until < q->now)
		return fault(why, PERSIST_NOT_FAR, ERR_PROBE_PROOF,
		    "the record's persistUntil is over");
	*ret_until = until;
	return true;
}
