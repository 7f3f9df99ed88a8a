/* SPDX-License-Identifier: Apache-2.0 */
/* Lints of certificate revocation lists (RFC 5280 5). */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lint_impl.h"

#define EXTENSIONS_MAX 16
#define NUMBER_MAX     20 /* octets (RFC 5280 5.2.3) */

enum ext_kind {
	EXT_AUTHORITY_KEY,
	EXT_NUMBER,
	EXT_DELTA,
	EXT_POINT,
	EXT_FRESHEST,
	EXT_UNKNOWN
};

static const struct {
	const char *oid;
	bool critical;
} exts[EXT_UNKNOWN] = {
	[EXT_AUTHORITY_KEY] = { "2.5.29.35", false },
	[EXT_NUMBER] = { "2.5.29.20", false },
	[EXT_DELTA] = { "2.5.29.27", true },
	[EXT_POINT] = { "2.5.29.28", true },
	[EXT_FRESHEST] = { "2.5.29.46", false },
};

struct crl_ext {
	unsigned kind;
	struct bytes oid; /* content */
	bool critical;
	struct bytes value;
};

struct input {
	bool v2, has_next, has_entries;
	struct bytes inner_alg, outer_alg, issuer, entries;
	struct der this_update, next_update;
	struct crl_ext ext[EXTENSIONS_MAX];
	size_t n_ext;
};

/* ---- reading ---- */

static bool
next_extension(struct bytes *list, struct crl_ext *ret, struct err *e)
{
	struct ext x;
	char text[64];

	if (!ext_next(list, &x, e) || !der_get_oid(x.oid, text, sizeof(text), e))
		return false;
	*ret = (struct crl_ext){ EXT_UNKNOWN, x.oid, x.critical, x.value };
	for (unsigned k = 0; k < EXT_UNKNOWN; k++)
		if (strcmp(exts[k].oid, text) == 0)
			ret->kind = k;
	return true;
}

static bool
read_extensions(struct bytes list, struct input *in, struct err *e)
{
	while (list.n > 0) {
		if (in->n_ext == EXTENSIONS_MAX)
			return err_set(e, ERR_MALFORMED, "too many extensions");
		if (!next_extension(&list, &in->ext[in->n_ext++], e))
			return false;
	}
	return true;
}

static bool
read_tbs(struct bytes body, struct input *in, struct err *e)
{
	struct bytes extensions;
	struct der d, list;
	uint64_t version = 0;

	if (!der_optional(&body, DER_INTEGER, &d, &in->v2, e) ||
	    (in->v2 && !der_get_uint(d.body, &version, e)) ||
	    !der_expect(&body, DER_SEQUENCE, &d, e))
		return false;
	in->v2 = in->v2 && version == 1;
	in->inner_alg = d.whole;
	if (!der_expect(&body, DER_SEQUENCE, &d, e) ||
	    !der_next(&body, &in->this_update, e))
		return false;
	in->issuer = d.whole;
	in->has_next = body.n > 0 && der_is_time(body.p[0]);
	if ((in->has_next && !der_next(&body, &in->next_update, e)) ||
	    !der_optional(&body, DER_SEQUENCE, &list, &in->has_entries, e) ||
	    !ext_optional_list(&body, 0, &extensions, e) ||
	    !der_done(body, "TBSCertList", e))
		return false;
	if (in->has_entries)
		in->entries = list.body;
	return read_extensions(extensions, in, e);
}

static bool
read_crl(struct bytes der, struct input *ret, struct err *e)
{
	struct der all, tbs, alg, sig;
	struct bytes signature;

	*ret = (struct input){ 0 };
	if (!der_whole(der, DER_SEQUENCE, &all, e) ||
	    !der_expect(&all.body, DER_SEQUENCE, &tbs, e) ||
	    !der_expect(&all.body, DER_SEQUENCE, &alg, e) ||
	    !der_expect(&all.body, DER_BIT_STRING, &sig, e) ||
	    !der_get_bits(sig.body, &signature, e) ||
	    !der_done(all.body, "CertificateList", e))
		return false;
	ret->outer_alg = alg.whole;
	return read_tbs(tbs.body, ret, e);
}

static const struct crl_ext *
find(const struct input *in, enum ext_kind kind)
{
	for (size_t i = 0; i < in->n_ext; i++)
		if (in->ext[i].kind == kind)
			return &in->ext[i];
	return NULL;
}

/* ---- the fields ---- */

static const char *
version(const struct input *in)
{
	return in->v2 ? NULL : "not version 2";
}

static const char *
algorithm(const struct input *in)
{
	if (!bytes_eq(in->inner_alg, in->outer_alg))
		return "inside and outside differ";
	return lint_algorithm(in->inner_alg);
}

static const char *
issuer(const struct input *in)
{
	return lint_name(in->issuer);
}

static const char *
next_update(const struct input *in)
{
	int64_t from, to;
	struct err e;

	if (!in->has_next)
		return "absent";
	if (!der_get_time(&in->this_update, &from, &e) ||
	    !der_get_time(&in->next_update, &to, &e))
		return "unreadable";
	return to > from ? NULL : "not behind thisUpdate";
}

static const char *
time_form(const struct input *in)
{
	const char *fault = lint_time(&in->this_update);

	if (fault == NULL && in->has_next)
		fault = lint_time(&in->next_update);
	return fault;
}

/* ---- the extensions ---- */

static const char *
ext_known(const struct input *in)
{
	for (size_t i = 0; i < in->n_ext; i++)
		if (in->ext[i].kind == EXT_UNKNOWN && in->ext[i].critical)
			return "a critical one that is not known";
	return NULL;
}

static const char *
ext_once(const struct input *in)
{
	for (size_t i = 0; i < in->n_ext; i++)
		for (size_t k = 0; k < i; k++)
			if (bytes_eq(in->ext[i].oid, in->ext[k].oid))
				return "one is there twice";
	return NULL;
}

static const char *
ext_critical(const struct input *in)
{
	for (size_t i = 0; i < in->n_ext; i++) {
		const struct crl_ext *x = &in->ext[i];

		if (x->kind != EXT_UNKNOWN && x->critical != exts[x->kind].critical)
			return x->critical ? "one that must not be critical is"
					   : "one that must be critical is not";
	}
	return NULL;
}

static const char *
authority_key(const struct input *in)
{
	const struct crl_ext *x = find(in, EXT_AUTHORITY_KEY);
	struct der all, id;
	struct err e;

	if (x == NULL)
		return "absent";
	return der_whole(x->value, DER_SEQUENCE, &all, &e) &&
		       der_expect(&all.body, DER_CONTEXT(0), &id, &e) && id.body.n > 0
		   ? NULL
		   : "without a key identifier";
}

static const char *
number(const struct input *in)
{
	const struct crl_ext *x = find(in, EXT_NUMBER);
	struct bytes magnitude;
	struct der n;
	struct err e;

	if (x == NULL)
		return "absent";
	if (!der_whole(x->value, DER_INTEGER, &n, &e) ||
	    !der_get_integer(n.body, &magnitude, &e))
		return "no number";
	return n.body.n > NUMBER_MAX ? "over 20 octets" : NULL;
}

static const char *
scope(const struct input *in)
{
	const struct crl_ext *x = find(in, EXT_POINT);

	return x == NULL ? NULL : lint_crl_scope(x->value);
}

static const char *
delta(const struct input *in)
{
	const struct crl_ext *x = find(in, EXT_DELTA), *n = find(in, EXT_NUMBER);

	if (x == NULL)
		return NULL;
	return n == NULL ? "of a list without a number"
			 : lint_crl_delta(x->value, n->value);
}

static const char *
freshest(const struct input *in)
{
	const struct crl_ext *x = find(in, EXT_FRESHEST);

	if (x != NULL && find(in, EXT_DELTA) != NULL)
		return "a delta of a delta";
	return x == NULL ? NULL : lint_crl_freshest(x->value);
}

/* ---- the entries ---- */

struct entry {
	struct bytes serial;
	struct der date;
	struct bytes exts; /* empty: none */
};

static bool
next_entry(struct bytes *rest, struct entry *ret)
{
	struct der one, serial, list;
	struct err e;
	bool there;

	*ret = (struct entry){ 0 };
	if (!der_expect(rest, DER_SEQUENCE, &one, &e) ||
	    !der_expect(&one.body, DER_INTEGER, &serial, &e) ||
	    !der_next(&one.body, &ret->date, &e) ||
	    !der_optional(&one.body, DER_SEQUENCE, &list, &there, &e) ||
	    !der_done(one.body, "entry", &e))
		return false;
	ret->serial = serial.body;
	if (there)
		ret->exts = list.whole;
	return true;
}

static const char *
entries(const struct input *in)
{
	struct bytes rest = in->entries;
	struct entry one;
	struct serial serial;
	struct err e;

	if (in->has_entries && rest.n == 0)
		return "an empty list instead of none";
	while (rest.n > 0) {
		if (!next_entry(&rest, &one))
			return "one that cannot be read";
		if (!serial_from_der(one.serial, &serial, &e))
			return "a serial that is none";
	}
	return NULL;
}

static const char *
dates(const struct input *in)
{
	struct bytes rest = in->entries;
	const char *fault = NULL;
	struct entry one;

	while (fault == NULL && rest.n > 0 && next_entry(&rest, &one))
		fault = lint_time(&one.date);
	return fault;
}

/* A clock that went back: it is no lie, but somebody should know. */
static const char *
future(const struct input *in)
{
	struct bytes rest = in->entries;
	struct entry one;
	int64_t at, made;
	struct err e;

	if (!der_get_time(&in->this_update, &made, &e))
		return NULL;
	while (rest.n > 0 && next_entry(&rest, &one))
		if (der_get_time(&one.date, &at, &e) && at > made)
			return "one that was revoked after the list was made";
	return NULL;
}

/* CRLReason of one entry: 0 should be left out, 8 is for delta CRLs, 7 is not used. */
static const char *
reason_of(struct bytes in, bool delta)
{
	static const uint8_t reason_code[] = { 0x55, 0x1d, 0x15 }; /* 2.5.29.21 */
	struct bytes list;
	struct der value;
	struct crl_ext x;
	struct err e;

	if (in.n == 0)
		return NULL;
	if (!ext_list(in, &list, &e))
		return "extensions that cannot be read";
	while (list.n > 0) {
		if (!next_extension(&list, &x, &e))
			return "extensions that cannot be read";
		if (!bytes_eq(x.oid, bytes_of(reason_code, sizeof(reason_code))))
			continue;
		if (!der_whole(x.value, DER_ENUMERATED, &value, &e))
			return "one that is no number";
		const unsigned r = value.body.n == 1 ? value.body.p[0] : 255;
		if (r == 0)
			return "unspecified, which is to be left out";
		if (r == 7 || r > 10 || (r == 8 && !delta))
			return "a reason that is none here";
	}
	return NULL;
}

static const char *
reasons(const struct input *in)
{
	struct bytes rest = in->entries;
	const char *fault = NULL;
	struct entry one;

	while (fault == NULL && rest.n > 0 && next_entry(&rest, &one))
		fault = reason_of(one.exts, find(in, EXT_DELTA) != NULL);
	return fault;
}

static int
by_serial(const void *a, const void *b)
{
	const struct bytes *x = a, *y = b;
	const size_t n = x->n < y->n ? x->n : y->n;
	const int order = memcmp(x->p, y->p, n);

	return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

static const char *
unique(const struct input *in)
{
	struct bytes rest = in->entries, *all = NULL;
	const char *fault = NULL;
	struct entry one;
	size_t n = 0, room = 0;

	while (rest.n > 0 && next_entry(&rest, &one)) {
		if (n == room) {
			room = room == 0 ? 1024 : room * 2;
			all = mem_grow(all, room, sizeof(*all));
		}
		all[n++] = one.serial;
	}
	if (n > 1)
		qsort(all, n, sizeof(*all), by_serial);
	for (size_t i = 1; fault == NULL && i < n; i++)
		if (bytes_eq(all[i - 1], all[i]))
			fault = "a serial is there twice";
	free(all);
	return fault;
}

/* Every lint of a CRL. */
static const struct {
	const char *id;
	const char *reference;
	enum lint_severity severity;
	const char *(*find)(const struct input *in);
} lints[] = {
	/* clang-format off */
	{ "lint.crl_version",       "RFC 5280 5.1.2.1", LINT_BLOCKS, version },
	{ "lint.crl_algorithm",     "RFC 5280 5.1.1.2", LINT_BLOCKS, algorithm },
	{ "lint.crl_issuer",        "RFC 5280 5.1.2.3", LINT_BLOCKS, issuer },
	{ "lint.crl_next_update",   "RFC 5280 5.1.2.5", LINT_BLOCKS, next_update },
	{ "lint.crl_time_form",     "RFC 5280 5.1.2.4", LINT_BLOCKS, time_form },
	{ "lint.crl_ext_known",     "RFC 5280 5.2",     LINT_BLOCKS, ext_known },
	{ "lint.crl_ext_once",      "RFC 5280 4.2",     LINT_BLOCKS, ext_once },
	{ "lint.crl_ext_critical",  "RFC 5280 5.2",     LINT_BLOCKS, ext_critical },
	{ "lint.crl_authority_key", "RFC 5280 5.2.1",   LINT_BLOCKS, authority_key },
	{ "lint.crl_number",        "RFC 5280 5.2.3",   LINT_BLOCKS, number },
	{ "lint.crl_scope",         "RFC 5280 5.2.5",   LINT_BLOCKS, scope },
	{ "lint.crl_delta",         "RFC 5280 5.2.4",   LINT_BLOCKS, delta },
	{ "lint.crl_freshest",      "RFC 5280 5.2.6",   LINT_BLOCKS, freshest },
	{ "lint.crl_entries",       "RFC 5280 5.1.2.6", LINT_BLOCKS, entries },
	{ "lint.crl_unique",        "RFC 5280 5.1.2.6", LINT_BLOCKS, unique },
	{ "lint.crl_dates",         "RFC 5280 5.1.2.6", LINT_BLOCKS, dates },
	{ "lint.crl_future",        "RFC 5280 5.1.2.6", LINT_WARNS,  future },
	{ "lint.crl_reasons",       "RFC 5280 5.3.1",   LINT_BLOCKS, reasons },
	/* clang-format on */
};

bool
lint_crl(struct bytes der, struct verdict *v)
{
	struct input in;
	struct err why;
	bool pass = true;

	if (!read_crl(der, &in, &why))
		return verdict_add(v, false, ERR_MALFORMED, "lint.read", "crl",
		    why.detail, "a CRL that the lints can read");
	for (size_t i = 0; i < NITEMS(lints); i++) {
		const char *fault = lints[i].find(&in);
		const bool row = fault == NULL || lints[i].severity == LINT_WARNS;

		verdict_add(v, row, ERR_POLICY, lints[i].id, "crl",
		    fault != NULL ? fault : "", lints[i].reference);
		pass = pass && row;
	}
	return pass;
}
