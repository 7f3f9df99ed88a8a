/* SPDX-License-Identifier: Apache-2.0 */
/* lint_impl - what the parts of lint share; nobody else includes it. */
#ifndef POLICY_LINT_IMPL_H
#define POLICY_LINT_IMPL_H

#include "policy/lint.h"
#include "x509/ext.h"

enum lint_ext_kind { /* places in lint_extensions[] */
	LINT_KEY_ID,
	LINT_KEY_USAGE,
	LINT_SAN,
	LINT_BASIC,
	LINT_CONSTRAINTS,
	LINT_CRL_POINTS,
	LINT_AUTHORITY_KEY,
	LINT_EXT_KEY_USAGE,
	LINT_NO_REV_AVAIL,
	LINT_AIA,
	LINT_NO_CHECK,
	LINT_FRESHEST,
	LINT_UNKNOWN /* of all others; their number */
};

struct lint_ext {
	enum lint_ext_kind kind;
	struct bytes oid; /* content */
	bool critical;
	bool flag_written; /* the BOOLEAN is there */
	struct bytes value;
};

/* A certificate as its octets say, beside what cert_parse() made of them. */
struct lint_input {
	const struct cert *cert;
	struct der from, to;          /* of the validity, with their tags */
	struct lint_ext ext[EXT_MAX]; /* as many as cert_parse() reads */
	size_t n_ext;
	struct bytes crl_url, ocsp_url, issuer_url; /* empty: none */
	struct bytes freshest_url;
	bool crl_form, aia_form; /* in the form that clients expect; true if absent */
	bool responder;          /* OCSP signing alone */
	bool self_issued;
};

/* What is found blocks, or is only told. */
enum lint_severity {
	LINT_BLOCKS,
	LINT_WARNS
};

MUST_CHECK bool lint_read(const struct cert *c, struct lint_input *ret, struct err *e);
/* NULL when the certificate has none. */
const struct lint_ext *lint_ext(const struct lint_input *in, enum lint_ext_kind kind);

/* What is wrong with an AlgorithmIdentifier, an issuer's Name, a Time of RFC 5280; or NULL. */
const char *lint_algorithm(struct bytes sig_alg);
const char *lint_name(struct bytes dn);
const char *lint_time(const struct der *t);

/* What is wrong with the value of an issuingDistributionPoint; or NULL. */
const char *lint_crl_scope(struct bytes value);
/* Of a deltaCRLIndicator, beside the list's own cRLNumber; of a freshestCRL. */
const char *lint_crl_delta(struct bytes value, struct bytes number);
const char *lint_crl_freshest(struct bytes value);

/* Each says what is wrong, or NULL. */
typedef const char *lint_fn(const struct lint_input *in);

lint_fn lint_signature_algorithm, lint_serial, lint_serial_random, lint_validity_order,
    lint_time_form, lint_issuer, lint_cn, lint_names, lint_wildcards, lint_key,
    lint_validity_long;
lint_fn lint_ext_known, lint_ext_once, lint_ext_empty, lint_ext_flag, lint_ext_critical,
    lint_basic_constraints, lint_key_usage, lint_ext_key_usage, lint_san, lint_key_id,
    lint_authority_key, lint_constraints, lint_crl_point, lint_authority_info,
    lint_revocation, lint_no_check, lint_root, lint_path_length;

#endif
