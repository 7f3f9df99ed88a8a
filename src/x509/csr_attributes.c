/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request asks for besides its key.  Only names are ever taken from it
 * (P39); a wish to be a CA is refused, the rest is ignored and told.
 */
#include <string.h>

#include "codec/der.h"
#include "csr_part.h"
#include "x509/ext.h"

#define DEPTH_MAX       32   /* of an attribute that means nothing here */
#define DER_CONSTRUCTED 0x20 /* X.690 8.1.2.5 */

#define OID_EXTENSION_REQUEST "1.2.840.113549.1.9.14"  /* RFC 2985 5.4.2 */
#define OID_MS_EXTENSIONS     "1.3.6.1.4.1.311.2.1.14" /* szOID_CERT_EXTENSIONS */

#define KU_KEY_CERT_SIGN 0x04 /* bits 5 and 6, of the first octet (RFC 5280 4.2.1.3) */
#define KU_CRL_SIGN      0x02

#define TLS_STATUS_REQUEST 5 /* RFC 7633 4.2.3.1, RFC 6066 8 */

typedef bool read_extension(struct bytes value, struct csr *c, struct err *e);

static bool
read_san(struct bytes value, struct csr *c, struct err *e)
{
	struct der seq;

	/* An empty one is as none: the caller may turn to the CN. */
	if (!der_whole(value, DER_SEQUENCE, &seq, e))
		return err_prefix(e, "subjectAltName");
	if (seq.body.n == 0)
		return true;
	if (!names_from_der(value, c->names_max, &c->names, e))
		return false;
	c->has_san = true;
	return true;
}

static bool
read_basic_constraints(struct bytes value, struct csr *c, struct err *e)
{
	struct der seq, d;
	bool there = false, ca = false;
	uint64_t path_len;

	(void)c;
	if (!der_whole(value, DER_SEQUENCE, &seq, e) ||
	    !der_optional(&seq.body, DER_BOOLEAN, &d, &there, e) ||
	    (there && !der_get_bool(d.body, &ca, e)) ||
	    !der_optional(&seq.body, DER_INTEGER, &d, &there, e) ||
	    (there && !der_get_uint(d.body, &path_len, e)) ||
	    !der_done(seq.body, "basicConstraints", e))
		return err_prefix(e, "basicConstraints");
	if (ca)
		return err_set(e, ERR_BAD_CSR,
		    "it asks to be a CA (basicConstraints CA:TRUE)");
	return true;
}

static bool
read_key_usage(struct bytes value, struct csr *c, struct err *e)
{
	struct der d;

	(void)c;
	if (!der_whole(value, DER_BIT_STRING, &d, e))
		return err_prefix(e, "keyUsage");
	if (d.body.n < 1 || d.body.n > 3 || d.body.p[0] > 7 ||
	    (d.body.n == 1 && d.body.p[0] != 0))
		return err_set(e, ERR_BAD_CSR, "keyUsage: no named bits");
	if (d.body.n > 1 && (d.body.p[1] & KU_KEY_CERT_SIGN) != 0)
		return err_set(e, ERR_BAD_CSR, "it asks for keyUsage keyCertSign");
	if (d.body.n > 1 && (d.body.p[1] & KU_CRL_SIGN) != 0)
		return err_set(e, ERR_BAD_CSR, "it asks for keyUsage cRLSign");
	return true;
}

static bool
read_tls_feature(struct bytes value, struct csr *c, struct err *e)
{
	struct der seq, d;

	if (!der_whole(value, DER_SEQUENCE, &seq, e))
		return err_prefix(e, "TLS feature");
	while (seq.body.n > 0) {
		uint64_t feature;

		if (!der_expect(&seq.body, DER_INTEGER, &d, e) ||
		    !der_get_uint(d.body, &feature, e))
			return err_prefix(e, "TLS feature");
		if (feature == TLS_STATUS_REQUEST)
			c->asks_must_staple = true;
	}
	return true;
}

static const struct {
	const char *oid;
	bool ignored; /* told as such when it was not refused */
	const char *rule;
	read_extension *read;
} extensions[] = {
	/* clang-format off */
	{ "2.5.29.17",          false, CSR_RULE_NAMES, read_san },
	{ "2.5.29.19",          true,  CSR_RULE_EXTENSIONS, read_basic_constraints },
	{ "2.5.29.15",          true,  CSR_RULE_EXTENSIONS, read_key_usage },
	{ "1.3.6.1.5.5.7.1.24", false, CSR_RULE_EXTENSIONS, read_tls_feature },
	/* clang-format on */
};

static void
ignore(struct csr *c, const char *oid)
{
	if (c->n_ignored < NITEMS(c->ignored))
		memcpy(c->ignored[c->n_ignored++].oid, oid, strlen(oid) + 1);
}

static bool
take_extension(const char *oid, struct bytes value, struct csr *c, struct err *e)
{
	size_t i = 0;

	while (i < NITEMS(extensions) && strcmp(extensions[i].oid, oid) != 0)
		i++;
	if (i < NITEMS(extensions)) {
		c->reading = extensions[i].rule;
		if (!extensions[i].read(value, c, e))
			return false;
		c->reading = CSR_RULE_EXTENSIONS;
	}
	if (i == NITEMS(extensions) || extensions[i].ignored)
		ignore(c, oid);
	return true;
}

/* Unlike everywhere else there may be none. */
static bool
read_extensions(struct bytes list, struct csr *c, struct err *e)
{
	struct bytes rest = list;

	for (size_t n = 0; rest.n > 0; n++) {
		char text[sizeof(c->ignored[0].oid)];
		struct ext x;

		if (n == EXT_MAX)
			return err_set(e, ERR_BAD_CSR, "over %d extensions", EXT_MAX);
		if (!ext_next(&rest, &x, e) ||
		    !der_get_oid(x.oid, text, sizeof(text), e))
			return err_prefix(e, "extension");
		if (ext_seen_before(list, x.oid))
			return err_set(e, ERR_BAD_CSR, "extension %s is there twice",
			    text);
		if (!take_extension(text, x.value, c, e))
			return false;
	}
	return true;
}

/* The values of an attribute that asks for extensions: exactly one (R7). */
static bool
read_request(struct bytes values, struct csr *c, struct err *e)
{
	struct der d;

	if (!der_expect(&values, DER_SEQUENCE, &d, e))
		return err_prefix(e, "extensionRequest");
	if (values.n > 0)
		return err_set(e, ERR_BAD_CSR, "extensionRequest: has two values");
	return read_extensions(d.body, c, e);
}

/* R17: what nobody here reads is DER all the same. */
static bool
is_der(struct bytes in, unsigned depth)
{
	struct der d;
	struct err e;

	while (in.n > 0) {
		if (depth == DEPTH_MAX || !der_next(&in, &d, &e) ||
		    ((d.tag & DER_CONSTRUCTED) != 0 && !is_der(d.body, depth + 1)))
			return false;
	}
	return true;
}

bool
csr_read_attributes(struct bytes body, struct csr *c, struct err *e)
{
	bool pkcs9 = false, ms = false;

	c->reading = CSR_RULE_EXTENSIONS;
	while (body.n > 0) {
		struct der attr, oid, values;
		char text[64];

		if (!der_expect(&body, DER_SEQUENCE, &attr, e) ||
		    !der_expect(&attr.body, DER_OID, &oid, e) ||
		    !der_get_oid(oid.body, text, sizeof(text), e) ||
		    !der_expect(&attr.body, DER_SET, &values, e) ||
		    !der_done(attr.body, "attribute", e))
			return err_prefix(e, "attribute");
		const bool is_pkcs9 = strcmp(text, OID_EXTENSION_REQUEST) == 0;
		const bool is_ms = strcmp(text, OID_MS_EXTENSIONS) == 0;
		if (!is_pkcs9 && !is_ms) {
			/* challengePassword and the like: nothing of ours */
			if (!is_der(values.body, 0))
				return err_set(e, ERR_BAD_CSR, "attribute %s: not DER",
				    text);
			continue;
		}
		if ((is_pkcs9 && pkcs9) || (is_ms && ms))
			return err_set(e, ERR_BAD_CSR,
			    "extensionRequest is there twice");
		pkcs9 |= is_pkcs9;
		ms |= is_ms;
		if (pkcs9 && ms)
			return err_set(e, ERR_BAD_CSR,
			    "extensions are asked for twice, by PKCS #9's and by "
			    "Microsoft's attribute");
		if (!read_request(values.body, c, e))
			return false;
	}
	return true;
}
