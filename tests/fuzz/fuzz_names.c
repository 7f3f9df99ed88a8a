/* SPDX-License-Identifier: Apache-2.0 */
/* Names as text and as DER, name constraints, and names against constraints. */
#include "codec/der.h"
#include "der_mutate.h"
#include "fuzz.h"
#include "x509/constraints.h"
#include "x509/names.h"

static const enum name_type types[] = { NAME_TYPE_EMAIL, NAME_TYPE_DNS, NAME_TYPE_URI,
	NAME_TYPE_IP };

/* A normal form is its own normal form. */
static void
normal(enum name_type type, struct bytes text)
{
	char *once = NULL, *twice = NULL;
	struct err e = { 0 };

	if (!name_normal(type, text, &once, &e))
		return;
	if (!name_normal(type, bytes_str(once), &twice, &e) || strcmp(once, twice) != 0)
		abort();
	free(once);
	free(twice);
}

static void
against(struct bytes der, const struct names *names)
{
	struct constraints c = { 0 };
	struct err e = { 0 };

	if (!constraints_parse(der, &c, &e))
		return;
	for (size_t i = 0; i < names->n; i++)
		if (!constraints_check(&c, names->v[i].type, names->v[i].text, &e) &&
		    e.code != ERR_POLICY)
			abort();
	for (size_t i = 0; i < NITEMS(types); i++)
		(void)!constraints_check(&c, types[i],
		    types[i] == NAME_TYPE_IP ? "10.0.0.1" : "a://b.c", &e);
	constraints_free(&c);
}

static void
round_trip(const struct names *n)
{
	struct names back = { 0 };
	struct buf der;
	struct err e = { 0 };

	buf_init(&der, MIB(1));
	if (!names_to_der(n, &der, &e) ||
	    !names_from_der(buf_bytes(&der), NAMES_MAX, &back, &e) ||
	    !names_same(n, &back))
		abort();
	names_free(&back);
	buf_free(&der);
}

/* Where GeneralNames end and constraints begin: the first octet, or 255 and their own length. */
static size_t
names_end(uint8_t said, struct bytes in)
{
	struct bytes rest = in;
	struct der first;
	struct err e;

	if (said == UINT8_MAX && der_next(&rest, &first, &e))
		return first.whole.n;
	return said < in.n ? said : in.n;
}

FUZZ_DER(1);

FUZZ_TARGET(names)
{
	struct names names = { 0 };
	struct err e = { 0 };

	if (n < 1)
		return 0;
	const struct bytes in = bytes_of(p + 1, n - 1);
	const size_t at = names_end(p[0], in);
	for (size_t i = 0; i < NITEMS(types); i++)
		normal(types[i], in);
	if (names_from_der(bytes_of(in.p, at), NAMES_MAX, &names, &e))
		round_trip(&names);
	against(bytes_skip(in, at), &names);
	names_free(&names);
	return 0;
}
