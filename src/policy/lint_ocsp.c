/* SPDX-License-Identifier: Apache-2.0 */
/* Lints of OCSP answers (RFC 6960; RFC 9919 for what is served to many). */
#include <string.h>

#include "lint_impl.h"
#include "x509/dn.h"
#include "x509/ocsp.h"

#define KEY_HASH_LEN 20 /* SHA-1 (RFC 6960 4.2.1) */

#define OID_BASIC     "1.3.6.1.5.5.7.48.1.1"
#define OID_NONCE     "\x2b\x06\x01\x05\x05\x07\x30\x01\x02" /* id-pkix-ocsp-nonce */
#define OID_NONCE_LEN 9

struct input {
	uint64_t status;
	struct bytes type, alg, responses, nonce; /* nonce: its extension's value */
	bool has_nonce;
	struct der responder, produced;
	struct bytes certs;  /* content of SEQUENCE OF Certificate */
	struct cert *signer; /* the first of them; NULL: none, or not to be read */
};

struct single {
	struct bytes id;
	unsigned status_tag;
	struct bytes revoked; /* content, where it is revoked */
	struct der from, to;
	bool has_to;
};

/* ---- reading ---- */

/* [1] EXPLICIT Extensions, at the end of an answer or of one of its parts; 'in' may be NULL. */
static bool
read_extensions(struct bytes *rest, struct input *in, struct err *e)
{
	struct bytes list;
	struct ext x;

	if (!ext_optional_list(rest, 1, &list, e))
		return false;
	while (list.n > 0) {
		if (!ext_next(&list, &x, e))
			return false;
		if (in == NULL || !bytes_eq(x.oid, bytes_of(OID_NONCE, OID_NONCE_LEN)))
			continue;
		if (in->has_nonce)
			return err_set(e, ERR_MALFORMED, "two nonces");
		in->has_nonce = true;
		in->nonce = x.value;
	}
	return true;
}

/* No version is written: there is but 1, and it is the default (X.690 11.5). */
static bool
read_data(struct bytes body, struct input *in, struct err *e)
{
	struct der d;

	if (!der_next(&body, &in->responder, e) ||
	    !der_expect(&body, DER_GENERALIZED_TIME, &in->produced, e) ||
	    !der_expect(&body, DER_SEQUENCE, &d, e))
		return false;
	in->responses = d.body;
	return read_extensions(&body, in, e) && der_done(body, "ResponseData", e);
}

static bool
read_certs(struct bytes body, struct input *in, struct err *e)
{
	struct der list, first;
	struct bytes rest;
	struct err unread;

	if (!der_whole(body, DER_SEQUENCE, &list, e))
		return false;
	in->certs = rest = list.body;
	if (rest.n > 0 && (!der_expect(&rest, DER_SEQUENCE, &first, e) ||
			      !cert_parse(first.whole, &in->signer, &unread)))
		in->signer = NULL;
	return true;
}

static bool
read_basic(struct bytes octets, struct input *in, struct err *e)
{
	struct der all, data, alg, sig, certs;
	struct bytes signature;
	bool there;

	if (!der_whole(octets, DER_SEQUENCE, &all, e) ||
	    !der_expect(&all.body, DER_SEQUENCE, &data, e) ||
	    !der_expect(&all.body, DER_SEQUENCE, &alg, e) ||
	    !der_expect(&all.body, DER_BIT_STRING, &sig, e) ||
	    !der_get_bits(sig.body, &signature, e) ||
	    !der_optional(&all.body, DER_CONTEXT_CONSTRUCTED(0), &certs, &there, e) ||
	    !der_done(all.body, "BasicOCSPResponse", e))
		return false;
	in->alg = alg.whole;
	return read_data(data.body, in, e) && (!there || read_certs(certs.body, in, e));
}

static bool
read_response(struct bytes der, struct input *in, struct err *e)
{
	struct der all, status, outer, inner, type, octets;
	bool there;

	if (!der_whole(der, DER_SEQUENCE, &all, e) ||
	    !der_expect(&all.body, DER_ENUMERATED, &status, e) ||
	    !der_get_uint(status.body, &in->status, e) ||
	    !der_optional(&all.body, DER_CONTEXT_CONSTRUCTED(0), &outer, &there, e) ||
	    !der_done(all.body, "OCSPResponse", e))
		return false;
	if (!there)
		return in->status != 0 ||
		       err_set(e, ERR_MALFORMED, "successful, and without an answer");
	if (!der_whole(outer.body, DER_SEQUENCE, &inner, e) ||
	    !der_expect(&inner.body, DER_OID, &type, e) ||
	    !der_expect(&inner.body, DER_OCTET_STRING, &octets, e) ||
	    !der_done(inner.body, "ResponseBytes", e))
		return false;
	in->type = type.body;
	return read_basic(octets.body, in, e);
}

static bool
next_single(struct bytes *rest, struct single *ret)
{
	struct der one, id, status, d;
	struct err e;

	*ret = (struct single){ 0 };
	if (!der_expect(rest, DER_SEQUENCE, &one, &e) ||
	    !der_expect(&one.body, DER_SEQUENCE, &id, &e) ||
	    !der_next(&one.body, &status, &e) ||
	    !der_expect(&one.body, DER_GENERALIZED_TIME, &ret->from, &e) ||
	    !der_optional(&one.body, DER_CONTEXT_CONSTRUCTED(0), &d, &ret->has_to, &e))
		return false;
	ret->id = id.whole;
	ret->status_tag = status.tag;
	ret->revoked = status.body;
	if (ret->has_to && !der_whole(d.body, DER_GENERALIZED_TIME, &ret->to, &e))
		return false;
	return read_extensions(&one.body, NULL, &e) &&
	       der_done(one.body, "SingleResponse", &e);
}

/* ---- the lints ---- */

static const char *
status(const struct input *in)
{
	return in->status == 0 ? NULL : "the responder gave no answer";
}

static const char *
type(const struct input *in)
{
	char text[64];
	struct err e;

	return der_get_oid(in->type, text, sizeof(text), &e) &&
		       strcmp(text, OID_BASIC) == 0
		   ? NULL
		   : "not id-pkix-ocsp-basic";
}

static const char *
algorithm(const struct input *in)
{
	return lint_algorithm(in->alg);
}

static const char *
responder(const struct input *in)
{
	struct der d;
	struct err e;

	if (in->responder.tag == DER_CONTEXT_CONSTRUCTED(1))
		return dn_check(in->responder.body, &e) ? NULL : "a name that is none";
	if (in->responder.tag != DER_CONTEXT_CONSTRUCTED(2))
		return "neither by name nor by key";
	return der_whole(in->responder.body, DER_OCTET_STRING, &d, &e) &&
		       d.body.n == KEY_HASH_LEN
		   ? NULL
		   : "a key's hash that is not of 20 octets";
}

static const char *
singles(const struct input *in)
{
	struct bytes rest = in->responses;
	struct ocsp_cert_id id;
	struct single s;
	struct err e;

	if (rest.n == 0)
		return "about no certificate";
	while (rest.n > 0) {
		if (!next_single(&rest, &s))
			return "one that cannot be read";
		if (!ocsp_cert_id_parse(s.id, &id, &e))
			return "one whose certificate cannot be told";
		if (s.status_tag != DER_CONTEXT(0) &&
		    s.status_tag != DER_CONTEXT_CONSTRUCTED(1) &&
		    s.status_tag != DER_CONTEXT(2))
			return "neither good, revoked nor unknown";
		if (s.status_tag != DER_CONTEXT_CONSTRUCTED(1) && s.revoked.n > 0)
			return "good or unknown, with more than that";
	}
	return NULL;
}

static const char *
lone(const struct input *in)
{
	struct bytes rest = in->responses;
	struct single s;

	return next_single(&rest, &s) && rest.n > 0
		   ? "about more than one certificate: caches serve one"
		   : NULL;
}

static const char *
times(const struct input *in)
{
	struct bytes rest = in->responses;
	int64_t produced, from, to;
	struct single s;
	struct err e;

	if (!der_get_time(&in->produced, &produced, &e))
		return "producedAt cannot be read";
	while (rest.n > 0 && next_single(&rest, &s)) {
		if (!der_get_time(&s.from, &from, &e) ||
		    (s.has_to && !der_get_time(&s.to, &to, &e)))
			return "one that cannot be read";
		if (from > produced)
			return "thisUpdate lies behind producedAt";
		if (s.has_to && to <= from)
			return "nextUpdate is not behind thisUpdate";
	}
	return NULL;
}

static const char *
next_update(const struct input *in)
{
	struct bytes rest = in->responses;
	struct single s;

	while (rest.n > 0 && next_single(&rest, &s))
		if (!s.has_to)
			return "absent: it can be neither kept nor stapled";
	return NULL;
}

static const char *
revoked(const struct input *in)
{
	struct bytes rest = in->responses;
	int64_t at, made;
	struct single s;
	struct der date, wrapped, reason;
	struct err e;
	bool there;

	while (rest.n > 0 && next_single(&rest, &s)) {
		if (s.status_tag != DER_CONTEXT_CONSTRUCTED(1))
			continue;
		if (!der_expect(&s.revoked, DER_GENERALIZED_TIME, &date, &e) ||
		    !der_get_time(&date, &at, &e) ||
		    !der_optional(&s.revoked, DER_CONTEXT_CONSTRUCTED(0), &wrapped,
			&there, &e) ||
		    !der_done(s.revoked, "RevokedInfo", &e))
			return "a revocation that cannot be read";
		if (der_get_time(&in->produced, &made, &e) && at > made)
			return "a revocation that lies behind producedAt";
		if (there && (!der_whole(wrapped.body, DER_ENUMERATED, &reason, &e) ||
				 reason.body.n != 1 || reason.body.p[0] == 7 ||
				 reason.body.p[0] > 10))
			return "a reason that is none";
	}
	return NULL;
}

static const char *
nonce(const struct input *in)
{
	struct der octets;
	struct err e;

	if (!in->has_nonce)
		return NULL;
	return der_whole(in->nonce, DER_OCTET_STRING, &octets, &e) &&
		       octets.body.n > 0 && octets.body.n <= OCSP_NONCE_MAX
		   ? NULL
		   : "not of 1 to 128 octets";
}

static const char *
signer(const struct input *in)
{
	if (in->certs.n == 0)
		return NULL; /* the issuer itself */
	if (in->signer == NULL)
		return "its certificate cannot be read";
	return in->signer->ca || (in->signer->usages & USAGE_OCSP_SIGNING) != 0
		   ? NULL
		   : "its certificate is not for OCSP signing";
}

static const char *
others(const struct input *in)
{
	struct bytes rest = in->certs;
	struct der one;
	struct err e;

	for (bool first = true; rest.n > 0; first = false) {
		struct cert *c = NULL;

		if (!der_expect(&rest, DER_SEQUENCE, &one, &e) ||
		    (!first && !cert_parse(one.whole, &c, &e)))
			return "a further certificate that cannot be read";
		cert_free(c);
	}
	return NULL;
}

static const char *
chain(const struct input *in)
{
	struct bytes rest = in->certs;
	struct der first;
	struct err e;

	return rest.n > 0 && der_next(&rest, &first, &e) && rest.n > 0
		   ? "more certificates than the responder's"
		   : NULL;
}

/* Every lint of an OCSP answer. */
static const struct {
	const char *id;
	const char *reference;
	enum lint_severity severity;
	const char *(*find)(const struct input *in);
} lints[] = {
	/* clang-format off */
	{ "lint.ocsp_type",        "RFC 6960 4.2.1",   LINT_BLOCKS, type },
	{ "lint.ocsp_algorithm",   "RFC 6960 4.3",     LINT_BLOCKS, algorithm },
	{ "lint.ocsp_responder",   "RFC 6960 4.2.1",   LINT_BLOCKS, responder },
	{ "lint.ocsp_singles",     "RFC 6960 4.2.1",   LINT_BLOCKS, singles },
	{ "lint.ocsp_lone",        "RFC 9919 3.2.1",   LINT_WARNS,  lone },
	{ "lint.ocsp_times",       "RFC 6960 4.2.2.1", LINT_BLOCKS, times },
	{ "lint.ocsp_next_update", "RFC 9919 3.2.4",   LINT_WARNS,  next_update },
	{ "lint.ocsp_revoked",     "RFC 6960 4.2.1",   LINT_BLOCKS, revoked },
	{ "lint.ocsp_nonce",       "RFC 9654 2.1",     LINT_BLOCKS, nonce },
	{ "lint.ocsp_signer",      "RFC 6960 4.2.2.2", LINT_BLOCKS, signer },
	{ "lint.ocsp_others",      "RFC 6960 4.2.1",   LINT_BLOCKS, others },
	{ "lint.ocsp_chain",       "RFC 9919 3.2.2",   LINT_WARNS,  chain },
	/* clang-format on */
};

static bool
run(const struct input *in, struct verdict *v)
{
	bool pass = verdict_add(v, status(in) == NULL, ERR_POLICY, "lint.ocsp_status",
	    "ocsp", status(in) != NULL ? status(in) : "", "RFC 6960 4.2.1");

	if (!pass)
		return false; /* then there is nothing else */
	for (size_t i = 0; i < NITEMS(lints); i++) {
		const char *fault = lints[i].find(in);
		const bool row = fault == NULL || lints[i].severity == LINT_WARNS;

		verdict_add(v, row, ERR_POLICY, lints[i].id, "ocsp",
		    fault != NULL ? fault : "", lints[i].reference);
		pass = pass && row;
	}
	return in->signer == NULL || in->signer->ca
		   ? pass
		   : lint_certificate(in->signer, LINT_NORMAL, v) && pass;
}

bool
lint_ocsp(struct bytes der, struct verdict *v)
{
	struct input in = { 0 };
	struct err why;

	const bool pass =
	    read_response(der, &in, &why)
		? run(&in, v)
		: verdict_add(v, false, ERR_MALFORMED, "lint.read", "ocsp", why.detail,
		      "an OCSP answer that the lints can read");
	cert_free(in.signer);
	return pass;
}
