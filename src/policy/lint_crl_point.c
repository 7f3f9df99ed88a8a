/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificates a CRL is of: issuingDistributionPoint (RFC 5280 5.2.5), and delta CRLs. */
#include <string.h>

#include "lint_impl.h"

enum part {
	PART_POINT = 0, /* the numbers of the tags */
	PART_USERS = 1,
	PART_CAS = 2,
	PART_REASONS = 3,
	PART_INDIRECT = 4,
	PART_ATTRIBUTES = 5
};

/* fullName with at least one name; a name relative to the issuer is nothing that can be fetched. */
static const char *
point_name(struct bytes body)
{
	struct der full, name;
	struct err e;

	if (!der_whole(body, DER_CONTEXT_CONSTRUCTED(0), &full, &e) || full.body.n == 0)
		return "a distributionPoint without a fullName";
	while (full.body.n > 0)
		if (!der_next(&full.body, &name, &e))
			return "a fullName that cannot be read";
	return NULL;
}

/* One that is FALSE is at its default, and so not written. */
static const char *
flag(struct bytes body)
{
	return body.n == 1 && body.p[0] == 0xff ? NULL : "a flag that is not TRUE";
}

static const char *
part_fault(enum part part, struct bytes body)
{
	if (part == PART_POINT)
		return point_name(body);
	if (part == PART_REASONS)
		return body.n < 2 ? "onlySomeReasons of none" : NULL;
	return flag(body);
}

const char *
lint_crl_scope(struct bytes value)
{
	const unsigned only = 1u << PART_USERS | 1u << PART_CAS | 1u << PART_ATTRIBUTES;
	unsigned seen = 0;
	struct der all, one;
	struct err e;

	if (!der_whole(value, DER_SEQUENCE, &all, &e))
		return "no sequence";
	if (all.body.n == 0)
		return "of nothing";
	while (all.body.n > 0) {
		if (!der_next(&all.body, &one, &e))
			return "a part that cannot be read";
		const unsigned part = one.tag & 0x1f;
		const unsigned tag =
		    part == PART_POINT ? DER_CONTEXT_CONSTRUCTED(0) : DER_CONTEXT(part);

		if (part > PART_ATTRIBUTES || one.tag != tag)
			return "a part that is none";
		if (seen >> part != 0)
			return "parts that are not in their order";
		seen |= 1u << part;
		const char *fault = part_fault((enum part)part, one.body);
		if (fault != NULL)
			return fault;
	}
	const unsigned kinds = seen & only;
	return (kinds & (kinds - 1)) != 0 ? "for two kinds of certificates alone"
					  : NULL;
}

/* The base is an earlier list: numbers are one row (RFC 5280 5.2.4). */
const char *
lint_crl_delta(struct bytes value, struct bytes number)
{
	struct bytes base, own;
	struct der b, n;
	struct err e;

	if (!der_whole(value, DER_INTEGER, &b, &e) ||
	    !der_get_integer(b.body, &base, &e))
		return "no number";
	if (!der_whole(number, DER_INTEGER, &n, &e) ||
	    !der_get_integer(n.body, &own, &e))
		return "of a list without a number";
	const bool earlier =
	    base.n != own.n ? base.n < own.n : memcmp(base.p, own.p, base.n) < 0;
	return earlier ? NULL : "a base that is no earlier list";
}

/* One point or more, each with a fullName. */
const char *
lint_crl_freshest(struct bytes value)
{
	struct der list, point, name;
	const char *fault;
	struct err e;

	if (!der_whole(value, DER_SEQUENCE, &list, &e) || list.body.n == 0)
		return "no list of points";
	while (list.body.n > 0) {
		if (!der_expect(&list.body, DER_SEQUENCE, &point, &e) ||
		    !der_whole(point.body, DER_CONTEXT_CONSTRUCTED(0), &name, &e))
			return "a point that says no place alone";
		fault = point_name(name.body);
		if (fault != NULL)
			return fault;
	}
	return NULL;
}
