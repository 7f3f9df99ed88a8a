/* SPDX-License-Identifier: Apache-2.0 */
/* Lints of the extensions. */
#include <string.h>

#include "lint_impl.h"

#define KEY_ID_LEN 20

const char *
lint_ext_known(const struct lint_input *in)
{
	return lint_ext(in, LINT_UNKNOWN) != NULL ? "one that nobody asked for" : NULL;
}

const char *
lint_ext_once(const struct lint_input *in)
{
	for (size_t i = 0; i < in->n_ext; i++)
		for (size_t k = 0; k < i; k++)
			if (bytes_eq(in->ext[i].oid, in->ext[k].oid))
				return "one is there twice";
	return NULL;
}

/* An empty SEQUENCE is basicConstraints of a leaf and of nothing else. */
const char *
lint_ext_empty(const struct lint_input *in)
{
	static const uint8_t nothing[] = { DER_SEQUENCE, 0 };

	for (size_t i = 0; i < in->n_ext; i++) {
		const struct bytes v = in->ext[i].value;

		if (v.n == 0 || (in->ext[i].kind != LINT_BASIC &&
				    bytes_eq(v, bytes_of(nothing, sizeof(nothing)))))
			return "one without content";
	}
	return NULL;
}

const char *
lint_ext_flag(const struct lint_input *in)
{
	for (size_t i = 0; i < in->n_ext; i++)
		if (in->ext[i].flag_written && !in->ext[i].critical)
			return "critical FALSE is written";
	return NULL;
}

const char *
lint_ext_critical(const struct lint_input *in)
{
	for (size_t i = 0; i < in->n_ext; i++) {
		const enum lint_ext_kind k = in->ext[i].kind;
		const bool due = k == LINT_BASIC || k == LINT_KEY_USAGE ||
				 k == LINT_CONSTRAINTS ||
				 (k == LINT_SAN && in->cert->subject_dn.n <= 2);

		if (in->ext[i].critical != due)
			return due ? "one that must be critical is not"
				   : "one that must not be critical is";
	}
	return NULL;
}

const char *
lint_basic_constraints(const struct lint_input *in)
{
	const struct lint_ext *x = lint_ext(in, LINT_BASIC);

	if (x == NULL)
		return "absent";
	if (in->cert->ca)
		return NULL;
	return x->value.n == 2 ? NULL : "a leaf's is not empty";
}

/* Does the last octet end with a bit that is set?  (X.690 11.2.2, of what the reader has taken) */
static bool
is_cut(struct bytes bits)
{
	const unsigned unused = bits.n > 3 ? bits.p[2] : 8;

	return unused < 8 && (bits.p[bits.n - 1] >> unused & 1) != 0;
}

const char *
lint_key_usage(const struct lint_input *in)
{
	const struct lint_ext *x = lint_ext(in, LINT_KEY_USAGE);
	const struct cert *c = in->cert;
	const unsigned ca_bits = CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN;
	unsigned leaf_bits = CERT_KU_DIGITAL_SIGNATURE;

	if (x == NULL)
		return "absent";
	if (!is_cut(x->value))
		return "its trailing zero bits are not cut";
	if (c->ca)
		return (c->key_usage & ca_bits) == ca_bits &&
			       (c->key_usage & ~(ca_bits | leaf_bits)) == 0
			   ? NULL
			   : "of a CA: keyCertSign and cRLSign, nothing but "
			     "digitalSignature beside them";
	if (c->key.alg == KEY_ALG_RSA)
		leaf_bits |= CERT_KU_KEY_ENCIPHERMENT;
	if ((c->key_usage & CERT_KU_DIGITAL_SIGNATURE) == 0)
		return "lacks digitalSignature";
	return (c->key_usage & ~leaf_bits) == 0
		   ? NULL
		   : "a bit that is not a leaf's, or not of this kind of key";
}

const char *
lint_ext_key_usage(const struct lint_input *in)
{
	const struct cert *c = in->cert;

	if (c->ca)
		return NULL; /* the root's: lint_root */
	if (lint_ext(in, LINT_EXT_KEY_USAGE) == NULL || c->usages == 0)
		return "absent";
	if (c->any_usage)
		return "anyExtendedKeyUsage";
	return (c->usages & USAGE_OCSP_SIGNING) != 0 && !in->responder
		   ? "OCSPSigning beside others"
		   : NULL;
}

/* A responder and a CA have a subject instead. */
const char *
lint_san(const struct lint_input *in)
{
	if (lint_ext(in, LINT_SAN) != NULL)
		return in->cert->names.n > 0 ? NULL : "without a name";
	if (in->cert->subject_dn.n <= 2)
		return "absent, and the subject is empty";
	return in->cert->ca || in->responder ? NULL : "absent";
}

const char *
lint_key_id(const struct lint_input *in)
{
	uint8_t ours[KEY_ID_LEN], others[KEY_ID_LEN];

	if (in->cert->key_id.n == 0)
		return "absent";
	spki_key_id(&in->cert->key, ours);
	if (bytes_eq(in->cert->key_id, bytes_of(ours, sizeof(ours))))
		return NULL;
	return spki_key_id_sha1(&in->cert->key, others) &&
		       bytes_eq(in->cert->key_id, bytes_of(others, sizeof(others)))
		   ? NULL
		   : "not of this key, by RFC 7093 or RFC 5280 method 1";
}

const char *
lint_authority_key(const struct lint_input *in)
{
	const struct lint_ext *x = lint_ext(in, LINT_AUTHORITY_KEY);
	const struct bytes id = in->cert->authority_key_id;
	struct der all, only;
	struct err e;

	if (x == NULL)
		return in->self_issued && in->cert->ca ? NULL : "absent";
	if (!der_whole(x->value, DER_SEQUENCE, &all, &e) ||
	    !der_whole(all.body, DER_CONTEXT(0), &only, &e) || id.n == 0)
		return "more than a key identifier";
	return in->self_issued && in->cert->ca && !bytes_eq(id, in->cert->key_id)
		   ? "a root's is not its own"
		   : NULL;
}

const char *
lint_constraints(const struct lint_input *in)
{
	return !in->cert->ca && lint_ext(in, LINT_CONSTRAINTS) != NULL
		   ? "nameConstraints in a leaf"
		   : NULL;
}

static bool
is_http(struct bytes url)
{
	return url.n > 7 && bytes_starts(url, "http://") && !bytes_has_nul(url);
}

const char *
lint_crl_point(const struct lint_input *in)
{
	if (!in->crl_form)
		return "not one point with one URL";
	if (in->crl_url.n == 0 && in->freshest_url.n > 0)
		return "where the delta of a CRL is, and not where the CRL";
	return (in->crl_url.n == 0 || is_http(in->crl_url)) &&
		       (in->freshest_url.n == 0 || is_http(in->freshest_url))
		   ? NULL
		   : "a URL not of http";
}

const char *
lint_authority_info(const struct lint_input *in)
{
	if (!in->aia_form)
		return "not at most one URL each of ocsp and caIssuers";
	return (in->ocsp_url.n == 0 || is_http(in->ocsp_url)) &&
		       (in->issuer_url.n == 0 || is_http(in->issuer_url))
		   ? NULL
		   : "a URL not of http";
}

const char *
lint_revocation(const struct lint_input *in)
{
	const bool told = in->crl_url.n > 0 || in->ocsp_url.n > 0;

	if (in->cert->no_rev_avail)
		return told ? "noRevAvail beside a CRL or OCSP URL" : NULL;
	if (in->cert->ca || in->responder)
		return NULL;
	return told ? NULL : "neither CRL nor OCSP URL, nor noRevAvail";
}

const char *
lint_no_check(const struct lint_input *in)
{
	const struct lint_ext *x = lint_ext(in, LINT_NO_CHECK);
	struct der null;
	struct err e;

	if (x == NULL)
		return in->responder ? "absent from an OCSP responder's" : NULL;
	if (!in->responder)
		return "id-pkix-ocsp-nocheck outside an OCSP responder's";
	return der_whole(x->value, DER_NULL, &null, &e) && null.body.n == 0
		   ? NULL
		   : "id-pkix-ocsp-nocheck is not NULL";
}

const char *
lint_root(const struct lint_input *in)
{
	if (!in->self_issued)
		return NULL;
	if (!in->cert->ca)
		return "a leaf with its issuer's name";
	return lint_ext(in, LINT_AIA) != NULL ||
		       lint_ext(in, LINT_CRL_POINTS) != NULL ||
		       lint_ext(in, LINT_EXT_KEY_USAGE) != NULL
		   ? "a root with URLs or extKeyUsage"
		   : NULL;
}

const char *
lint_path_length(const struct lint_input *in)
{
	return in->cert->ca && !in->self_issued && in->cert->path_len < 0
		   ? "an intermediate without path length"
		   : NULL;
}
