/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/lint.h"

#include <stdlib.h>

#include "base/mem.h"
#include "lint_impl.h"

/*
 * Every lint there is.  BR are the CA/Browser Forum's baseline requirements for
 * TLS servers (2.2), where they make sense for a private CA.
 */
static const struct lint {
	const char *id;
	const char *reference;
	enum lint_severity severity;
	lint_fn *find;
} lints[] = {
	/* clang-format off */
	{ "lint.signature_algorithm", "RFC 5280 4.1.1.2, BR 7.1.3.2",    LINT_BLOCKS, lint_signature_algorithm },
	{ "lint.serial",              "RFC 5280 4.1.2.2",                LINT_BLOCKS, lint_serial },
	{ "lint.serial_random",       "BR 7.1.2",                        LINT_BLOCKS, lint_serial_random },
	{ "lint.issuer",              "RFC 5280 4.1.2.4",                LINT_BLOCKS, lint_issuer },
	{ "lint.validity_order",      "RFC 5280 4.1.2.5",                LINT_BLOCKS, lint_validity_order },
	{ "lint.time_form",           "RFC 5280 4.1.2.5",                LINT_BLOCKS, lint_time_form },
	{ "lint.validity_long",       "BR 6.3.2",                        LINT_WARNS,  lint_validity_long },
	{ "lint.cn",                  "BR 7.1.4.3",                      LINT_BLOCKS, lint_cn },
	{ "lint.key",                 "BR 6.1.5",                        LINT_BLOCKS, lint_key },
	{ "lint.ext_known",           "RFC 5280 4.2",                    LINT_BLOCKS, lint_ext_known },
	{ "lint.ext_once",            "RFC 5280 4.2",                    LINT_BLOCKS, lint_ext_once },
	{ "lint.ext_empty",           "RFC 5280 4.2",                    LINT_BLOCKS, lint_ext_empty },
	{ "lint.ext_flag",            "X.690 11.5",                      LINT_BLOCKS, lint_ext_flag },
	{ "lint.ext_critical",        "RFC 5280 4.2.1",                  LINT_BLOCKS, lint_ext_critical },
	{ "lint.authority_key",       "RFC 5280 4.2.1.1",                LINT_BLOCKS, lint_authority_key },
	{ "lint.key_id",              "RFC 5280 4.2.1.2",                LINT_BLOCKS, lint_key_id },
	{ "lint.key_usage",           "RFC 5280 4.2.1.3",                LINT_BLOCKS, lint_key_usage },
	{ "lint.san",                 "RFC 5280 4.2.1.6, BR 7.1.2.7.12", LINT_BLOCKS, lint_san },
	{ "lint.names",               "RFC 5280 4.2.1.6",                LINT_BLOCKS, lint_names },
	{ "lint.wildcards",           "RFC 9525 6.3",                    LINT_BLOCKS, lint_wildcards },
	{ "lint.basic_constraints",   "RFC 5280 4.2.1.9",                LINT_BLOCKS, lint_basic_constraints },
	{ "lint.path_length",         "RFC 5280 4.2.1.9",                LINT_WARNS,  lint_path_length },
	{ "lint.constraints",         "RFC 5280 4.2.1.10",               LINT_BLOCKS, lint_constraints },
	{ "lint.ext_key_usage",       "RFC 5280 4.2.1.12",               LINT_BLOCKS, lint_ext_key_usage },
	{ "lint.crl_point",           "RFC 5280 4.2.1.13",               LINT_BLOCKS, lint_crl_point },
	{ "lint.authority_info",      "RFC 5280 4.2.2.1",                LINT_BLOCKS, lint_authority_info },
	{ "lint.revocation",          "RFC 9608 3, BR 7.1.2.11.2",       LINT_BLOCKS, lint_revocation },
	{ "lint.no_check",            "RFC 6960 4.2.2.2",                LINT_BLOCKS, lint_no_check },
	{ "lint.root",                "RFC 5280 3.2, BR 7.1.2.1.2",      LINT_BLOCKS, lint_root },
	/* clang-format on */
};

static bool
refuse_unread(const struct err *why, struct verdict *v)
{
	return verdict_add(v, false, ERR_INTERNAL, "lint.read", "certificate",
	    why->detail, "a certificate that the lints can read");
}

static bool
run_all(const struct lint_input *in, enum lint_mode mode, struct verdict *v)
{
	bool pass = true;

	for (size_t i = 0; i < NITEMS(lints); i++) {
		const char *fault = lints[i].find(in);
		const bool row = fault == NULL || (lints[i].severity == LINT_WARNS &&
						      mode != LINT_STRICT);

		const bool strict = !row && lints[i].severity == LINT_WARNS;
		char *allowed =
		    strict ? mem_printf("%s, to which strict_lint holds this profile",
				 lints[i].reference)
			   : NULL;

		verdict_add(v, row, ERR_POLICY, lints[i].id, "certificate",
		    fault != NULL ? fault : "", strict ? allowed : lints[i].reference);
		free(allowed);
		pass = pass && row;
	}
	return pass;
}

bool
lint_certificate(const struct cert *c, enum lint_mode mode, struct verdict *v)
{
	struct lint_input in;
	struct err why;

	return lint_read(c, &in, &why) ? run_all(&in, mode, v) : refuse_unread(&why, v);
}

/* By the octets: the reader takes capitals, and gives names in their normal form. */
static bool
same_names(const struct lint_input *in, const struct names *asked)
{
	const struct lint_ext *x = lint_ext(in, LINT_SAN);
	struct der all, one;
	uint8_t ip[16];
	struct err e;

	if (asked == NULL || x == NULL)
		return asked == NULL && x == NULL;
	if (!der_whole(x->value, DER_SEQUENCE, &all, &e))
		return false;
	for (size_t i = 0; i < asked->n; i++) { /* in the order asked for (P23) */
		const struct name *n = &asked->v[i];
		const struct bytes due = n->type == NAME_TYPE_IP
					     ? bytes_of(ip, name_ip_octets(n->text, ip))
					     : bytes_str(n->text);

		if (!der_next(&all.body, &one, &e) ||
		    one.tag != DER_CONTEXT((unsigned)n->type) ||
		    !bytes_eq(one.body, due))
			return false;
	}
	return all.body.n == 0;
}

/* No purpose twice, and none beside them that the reader does not know. */
static bool
same_usages(const struct lint_input *in, unsigned asked)
{
	const struct lint_ext *x = lint_ext(in, LINT_EXT_KEY_USAGE);
	struct der all, one;
	int n = 0;
	struct err e;

	if (x == NULL)
		return asked == 0;
	if (!der_whole(x->value, DER_SEQUENCE, &all, &e))
		return false;
	for (; all.body.n > 0; n++)
		if (!der_expect(&all.body, DER_OID, &one, &e))
			return false;
	return in->cert->usages == asked && n == __builtin_popcount(asked);
}

static bool
same_url(struct bytes got, const char *asked)
{
	return bytes_eq(got, bytes_str(asked));
}

static bool
compare(const struct lint_input *in, const struct cert_spec *s, struct verdict *v)
{
	const struct cert *c = in->cert;
	bool pass = true;

	const struct {
		const char *field;
		bool same;
	} fields[] = {
		/* clang-format off */
		{ "serial",             serial_eq(&c->serial, &s->serial) },
		{ "signature",          bytes_eq(c->sig_alg, s->sig_alg) },
		{ "issuer",             bytes_eq(c->issuer_dn, s->issuer_dn) },
		{ "subject",            bytes_eq(c->subject_dn, s->subject_dn) },
		{ "not_before",         c->not_before == s->not_before },
		{ "not_after",          c->not_after == s->not_after },
		{ "key",                bytes_eq(c->key.der, s->spki) },
		{ "key_id",             bytes_eq(c->key_id, s->key_id) },
		{ "authority_key_id",   bytes_eq(c->authority_key_id, s->authority_key_id) },
		{ "names",              same_names(in, s->names) },
		{ "key_usage",          c->key_usage == s->key_usage },
		{ "usages",             same_usages(in, s->usages) && c->any_usage == (s->usages == 0) },
		{ "ca",                 c->ca == s->ca },
		{ "path_len",           c->path_len == s->path_len },
		{ "constraints",        bytes_eq(c->constraints, s->constraints) },
		{ "crl_url",            same_url(in->crl_url, s->crl_url) },
		{ "freshest_url",       same_url(in->freshest_url, s->freshest_url) },
		{ "ocsp_url",           same_url(in->ocsp_url, s->ocsp_url) },
		{ "issuer_url",         same_url(in->issuer_url, s->issuer_url) },
		{ "ocsp_no_check",      (lint_ext(in, LINT_NO_CHECK) != NULL) == s->ocsp_no_check },
		{ "no_rev_avail",       c->no_rev_avail == s->no_rev_avail },
		/* clang-format on */
	};
	for (size_t i = 0; i < NITEMS(fields); i++)
		if (!fields[i].same)
			pass = verdict_add(v, false, ERR_INTERNAL, "lint.same",
			    fields[i].field, "differs", "what was asked for");
	if (pass)
		verdict_add(v, true, ERR_NONE, "lint.same", "certificate", "", "");
	return pass;
}

bool
lint_built(const struct cert *c, const struct cert_spec *asked, enum lint_mode mode,
    struct verdict *v)
{
	struct lint_input in;
	struct err why;

	if (!lint_read(c, &in, &why))
		return refuse_unread(&why, v);
	const bool fit = run_all(&in, mode, v);
	return compare(&in, asked, v) && fit;
}
