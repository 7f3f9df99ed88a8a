/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/caa.h"

#include "probe/issue_value.h"

#define CRITICAL 0x80 /* RFC 8659 4.1: bit 0 is the highest */

static bool
is_tag(struct bytes s)
{
	for (size_t i = 0; i < s.n; i++) {
		const uint8_t c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9'))
			return false;
	}
	return s.n > 0;
}

bool
caa_read(struct bytes rdata, struct caa_property *ret, struct err *e)
{
	if (rdata.n < 2 || rdata.p[1] > rdata.n - 2)
		return err_set(e, ERR_MALFORMED, "CAA: a record is not whole");
	const struct caa_property p = {
		.critical = (rdata.p[0] & CRITICAL) != 0,
		.tag = bytes_of(rdata.p + 2, rdata.p[1]),
		.value = bytes_skip(rdata, (size_t)2 + rdata.p[1]),
	};
	if (!is_tag(p.tag))
		return err_set(e, ERR_MALFORMED, "CAA: a tag is malformed");
	*ret = p;
	return true;
}

/* RFC 8657 4: a list of methods with ours in it.  What is malformed holds nothing. */
static bool
lists_method(struct bytes list, enum challenge challenge)
{
	const char *word = sets_challenge_word(challenge);
	bool found = false;

	for (;;) {
		const size_t n = bytes_index(list, ',');
		const struct bytes one = bytes_of(list.p, n);

		if (n == 0)
			return false;
		for (size_t i = 0; i < n; i++) {
			const uint8_t c = one.p[i];

			if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
			    !(c >= '0' && c <= '9') && c != '-')
				return false;
		}
		found = found || bytes_eq_str(one, word);
		if (n == list.n)
			return found;
		list = bytes_skip(list, n + 1);
	}
}

/* One issue or issuewild property: does it let us? */
static bool
satisfied(struct bytes value, const struct caa_question *q)
{
	struct issue_value v;
	struct err ignored;
	size_t accounts, methods;

	/* RFC 8659 4.2: what is malformed is as if nobody were named. */
	if (!issue_value_read(value, &v, &ignored) ||
	    !issue_value_is_by(&v, q->identities->v, q->identities->n))
		return false;
	const struct bytes *account = issue_value_find(&v, "accounturi", &accounts);
	const struct bytes *method =
	    issue_value_find(&v, "validationmethods", &methods);
	/* RFC 8657 3, 4: two of one kind cannot be satisfied. */
	if (accounts > 1 || methods > 1)
		return false;
	if (account != NULL && !bytes_eq(*account, q->account))
		return false;
	return method == NULL || lists_method(*method, q->challenge);
}

static bool
is_understood(struct bytes tag)
{
	return bytes_eq_nocase(tag, "issue") || bytes_eq_nocase(tag, "issuewild") ||
	       bytes_eq_nocase(tag, "iodef");
}

bool
caa_permits(const struct bytes *v, size_t n, const struct caa_question *q,
    struct err *e)
{
	bool has_issue = false, has_wild = false, issue = false, wild = false;
	struct caa_property p;
	struct err why;

	for (size_t i = 0; i < n; i++) {
		if (!caa_read(v[i], &p, &why))
			return err_set(e, ERR_CAA, "a CAA record is malformed");
		if (p.critical && !is_understood(p.tag))
			return err_set(e, ERR_CAA,
			    "a critical CAA property is not understood");
		if (bytes_eq_nocase(p.tag, "issue")) {
			has_issue = true;
			issue = issue || satisfied(p.value, q);
		} else if (bytes_eq_nocase(p.tag, "issuewild")) {
			has_wild = true;
			wild = wild || satisfied(p.value, q);
		}
	}
	/* RFC 8659 4.3: for a wildcard, issuewild counts alone, where there is one. */
	if (q->wildcard && has_wild)
		return wild ||
		       err_set(e, ERR_CAA,
			   "no CAA issuewild property names this CA, account and "
			   "method");
	return !has_issue || issue ||
	       err_set(e, ERR_CAA,
		   "no CAA issue property names this CA, account and method");
}
