/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate, read. */
#include "x509/cert.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/pem.h"
#include "x509/dn.h"
#include "x509/ext.h"

#define PATH_LEN_MAX 255
#define LABEL        "CERTIFICATE"

static bool
ext_key_id(struct cert *c, struct bytes v, struct err *e)
{
	struct der id;

	if (!der_whole(v, DER_OCTET_STRING, &id, e))
		return false;
	if (id.body.n == 0)
		return err_set(e, ERR_MALFORMED, "an empty key id");
	c->key_id = id.body;
	return true;
}

/* RFC 5280 4.2.1.3: a BIT STRING of up to 9 bits, at least one of them set. */
static bool
ext_key_usage(struct cert *c, struct bytes v, struct err *e)
{
	struct der bits;

	if (!der_whole(v, DER_BIT_STRING, &bits, e))
		return false;
	const struct bytes b = bits.body;
	if (b.n < 2 || b.n > 3 || b.p[0] > 7)
		return err_set(e, ERR_MALFORMED, "not a KeyUsage");
	const unsigned usage = (unsigned)b.p[1] << 8 | (b.n == 3 ? b.p[2] : 0u);
	const unsigned unused = (b.n == 2 ? 0x100u : 1u) << b.p[0];
	if (usage == 0 || (usage & (unused - 1)) != 0)
		return err_set(e, ERR_MALFORMED, "a KeyUsage of no use");
	c->key_usage = (uint16_t)usage;
	return true;
}

static bool
ext_names(struct cert *c, struct bytes v, struct err *e)
{
	return names_from_der(v, NAMES_READ_MAX, &c->names, e);
}

static bool
ext_basic(struct cert *c, struct bytes v, struct err *e)
{
	struct der all, ca, len;
	bool has_ca, has_len;
	uint64_t n = 0;

	if (!der_whole(v, DER_SEQUENCE, &all, e) ||
	    !der_optional(&all.body, DER_BOOLEAN, &ca, &has_ca, e) ||
	    (has_ca && !der_get_bool(ca.body, &c->ca, e)) ||
	    !der_optional(&all.body, DER_INTEGER, &len, &has_len, e) ||
	    (has_len && !der_get_uint(len.body, &n, e)) ||
	    !der_done(all.body, "BasicConstraints", e))
		return false;
	if (has_len && (!c->ca || n > PATH_LEN_MAX))
		return err_set(e, ERR_MALFORMED, "a path length that cannot be");
	c->path_len = has_len ? (int)n : -1;
	return true;
}

static bool
ext_constraints(struct cert *c, struct bytes v, struct err *e)
{
	struct der all;

	if (!der_whole(v, DER_SEQUENCE, &all, e))
		return false;
	if (all.body.n == 0)
		return err_set(e, ERR_MALFORMED, "NameConstraints of nothing");
	c->constraints = v;
	return true;
}

/* Of the other ways to name an issuer's key, name and serial, none is used. */
static bool
ext_authority(struct cert *c, struct bytes v, struct err *e)
{
	struct der all, id;
	bool there;

	if (!der_whole(v, DER_SEQUENCE, &all, e) ||
	    !der_optional(&all.body, DER_CONTEXT(0), &id, &there, e))
		return false;
	if (there)
		c->authority_key_id = id.body;
	while (all.body.n > 0)
		if (!der_next(&all.body, &id, e))
			return false;
	return true;
}

static void
add_usage(struct cert *c, const char *oid)
{
	if (strcmp(oid, "2.5.29.37.0") == 0)
		c->any_usage = true;
	for (unsigned bit = 1; sets_usage_oid(bit) != NULL; bit <<= 1)
		if (strcmp(oid, sets_usage_oid(bit)) == 0)
			c->usages |= bit;
}

static bool
ext_purposes(struct cert *c, struct bytes v, struct err *e)
{
	struct der all, purpose;
	char oid[128];

	if (!der_whole(v, DER_SEQUENCE, &all, e))
		return false;
	if (all.body.n == 0)
		return err_set(e, ERR_MALFORMED, "an extKeyUsage of nothing");
	c->any_usage = false;
	while (all.body.n > 0) {
		if (!der_expect(&all.body, DER_OID, &purpose, e) ||
		    !der_get_oid(purpose.body, oid, sizeof(oid), e))
			return false;
		add_usage(c, oid);
	}
	return true;
}

static bool
ext_no_rev_avail(struct cert *c, struct bytes v, struct err *e)
{
	struct der null;

	if (!der_whole(v, DER_NULL, &null, e))
		return false;
	if (null.body.n > 0)
		return err_set(e, ERR_MALFORMED, "a NULL that is not empty");
	c->no_rev_avail = true;
	return true;
}

/* A view of the one URL of cRLDistributionPoints; empty where it is said otherwise. */
static struct bytes
crl_point(struct bytes v)
{
	struct der all, point, name, full, url;
	struct err e;

	if (!der_whole(v, DER_SEQUENCE, &all, &e) ||
	    !der_whole(all.body, DER_SEQUENCE, &point, &e) ||
	    !der_whole(point.body, DER_CONTEXT_CONSTRUCTED(0), &name, &e) ||
	    !der_whole(name.body, DER_CONTEXT_CONSTRUCTED(0), &full, &e) ||
	    !der_whole(full.body, DER_CONTEXT(NAME_TYPE_URI), &url, &e))
		return bytes_of(NULL, 0);
	return url.body;
}

static bool
is_crl_points(struct bytes oid)
{
	return oid.n == 3 && oid.p[0] == 0x55 && oid.p[1] == 0x1d && oid.p[2] == 31;
}

/* Every extension that means something to us; the last octets of their identifiers under 2.5.29. */
static const struct {
	uint8_t arc;
	bool (*read)(struct cert *c, struct bytes v, struct err *e);
	const char *name;
} known[] = {
	/* clang-format off */
	{ 14, ext_key_id,       "subjectKeyIdentifier" },
	{ 15, ext_key_usage,    "keyUsage" },
	{ 17, ext_names,        "subjectAltName" },
	{ 19, ext_basic,        "basicConstraints" },
	{ 30, ext_constraints,  "nameConstraints" },
	{ 35, ext_authority,    "authorityKeyIdentifier" },
	{ 37, ext_purposes,     "extKeyUsage" },
	{ 56, ext_no_rev_avail, "noRevAvail" },
	/* clang-format on */
};

static size_t
known_index(struct bytes oid)
{
	size_t i = 0;

	while (i < NITEMS(known) && !(oid.n == 3 && oid.p[0] == 0x55 &&
					oid.p[1] == 0x1d && oid.p[2] == known[i].arc))
		i++;
	return i;
}

static bool
parse_extension(struct cert *c, const struct ext *x, struct err *e)
{
	const size_t i = known_index(x->oid);

	if (i < NITEMS(known)) {
		if (known[i].read(c, x->value, e))
			return true;
		e->code = ERR_MALFORMED; /* names.h speaks of requests */
		return err_prefix(e, known[i].name);
	}
	if (x->critical)
		return err_set(e, ERR_MALFORMED,
		    "a critical extension that is not known here");
	if (is_crl_points(x->oid))
		c->crl_url = crl_point(x->value);
	return true;
}

static bool
parse_extensions(struct cert *c, struct bytes in, struct err *e)
{
	struct bytes list;
	struct ext x;
	size_t n = 0;

	if (!ext_list(in, &list, e))
		return false;
	for (struct bytes rest = list; rest.n > 0;) {
		if (++n > EXT_MAX)
			return err_set(e, ERR_MALFORMED, "over %d extensions", EXT_MAX);
		if (!ext_next(&rest, &x, e))
			return false;
		if (ext_seen_before(list, x.oid))
			return err_set(e, ERR_MALFORMED, "an extension twice");
		if (!parse_extension(c, &x, e))
			return false;
	}
	if (!c->ca && c->constraints.n > 0)
		return err_set(e, ERR_MALFORMED, "nameConstraints of a leaf");
	return true;
}

static bool
parse_validity(struct cert *c, struct bytes in, struct err *e)
{
	struct der from, to;

	if (!der_next(&in, &from, e) || !der_get_time(&from, &c->not_before, e) ||
	    !der_next(&in, &to, e) || !der_get_time(&to, &c->not_after, e) ||
	    !der_done(in, "Validity", e))
		return false;
	if (c->not_after < c->not_before)
		return err_set(e, ERR_MALFORMED, "ends before it begins");
	return true;
}

static bool
parse_version(struct bytes *rest, struct err *e)
{
	struct der outer, version;
	uint64_t v;

	if (!der_expect(rest, DER_CONTEXT_CONSTRUCTED(0), &outer, e) ||
	    !der_whole(outer.body, DER_INTEGER, &version, e) ||
	    !der_get_uint(version.body, &v, e))
		return err_prefix(e, "version");
	if (v != 2)
		return err_set(e, ERR_MALFORMED, "not of version 3");
	return true;
}

/* AlgorithmIdentifier (RFC 5280 4.1.1.2): which it is, and any one parameter. */
static bool
parse_algorithm(struct bytes in, struct err *e)
{
	struct der oid, parameters;

	if (!der_expect(&in, DER_OID, &oid, e))
		return false;
	if (!der_is_oid(oid.body))
		return err_set(e, ERR_MALFORMED,
		    "a signature algorithm without identifier");
	return in.n == 0 || (der_next(&in, &parameters, e) &&
				der_done(in, "AlgorithmIdentifier", e));
}

static bool
parse_tbs(struct cert *c, struct bytes rest, struct err *e)
{
	struct der serial, alg, issuer, validity, subject, key, exts;

	if (!parse_version(&rest, e) || !der_expect(&rest, DER_INTEGER, &serial, e) ||
	    !serial_from_der(serial.body, &c->serial, e) ||
	    !der_expect(&rest, DER_SEQUENCE, &alg, e) ||
	    !parse_algorithm(alg.body, e) ||
	    !der_expect(&rest, DER_SEQUENCE, &issuer, e) ||
	    !dn_check(issuer.whole, e) ||
	    !der_expect(&rest, DER_SEQUENCE, &validity, e) ||
	    !parse_validity(c, validity.body, e) ||
	    !der_expect(&rest, DER_SEQUENCE, &subject, e) ||
	    !dn_cn(subject.whole, c->cn, sizeof(c->cn), e) ||
	    !der_expect(&rest, DER_SEQUENCE, &key, e) ||
	    !spki_parse(key.whole, &c->key, e) ||
	    !der_expect(&rest, DER_CONTEXT_CONSTRUCTED(3), &exts, e) ||
	    !der_done(rest, "TBSCertificate", e))
		return false;
	if (!bytes_eq(alg.whole, c->sig_alg)) /* RFC 5280 4.1.1.2 */
		return err_set(e, ERR_MALFORMED, "two signature algorithms");
	c->issuer_dn = issuer.whole;
	c->subject_dn = subject.whole;
	return parse_extensions(c, exts.body, e);
}

static bool
parse_whole(struct cert *c, struct err *e)
{
	struct der all, tbs, alg, sig;

	if (!der_whole(buf_bytes(&c->der), DER_SEQUENCE, &all, e) ||
	    !der_expect(&all.body, DER_SEQUENCE, &tbs, e) ||
	    !der_expect(&all.body, DER_SEQUENCE, &alg, e) ||
	    !der_expect(&all.body, DER_BIT_STRING, &sig, e) ||
	    !der_get_bits(sig.body, &c->sig, e) ||
	    !der_done(all.body, "Certificate", e))
		return false;
	c->tbs = tbs.whole;
	c->sig_alg = alg.whole;
	return parse_tbs(c, tbs.body, e);
}

bool
cert_parse(struct bytes der, struct cert **ret, struct err *e)
{
	struct cert *c = mem_zalloc(sizeof(*c));

	c->path_len = -1;
	c->any_usage = true;
	buf_init(&c->der, CERT_MAX);
	buf_put(&c->der, der);
	if (!buf_ok(&c->der, "certificate", e) || !parse_whole(c, e)) {
		cert_free(c);
		return err_prefix(e, "certificate");
	}
	*ret = c;
	return true;
}

bool
cert_is_by(const struct cert *c, const struct cert *by)
{
	struct err why;

	return bytes_eq(c->issuer_dn, by->subject_dn) &&
	       spki_verify(&by->key, c->sig_alg, c->tbs, c->sig, &why);
}

bool
cert_parse_any(struct bytes in, struct cert **ret, struct err *e)
{
	struct bytes label = { 0 };
	struct buf der;
	bool ok = false;

	if (!pem_looks_like(in))
		return cert_parse(in, ret, e);
	buf_init(&der, CERT_MAX);
	do {
		buf_wipe(&der); /* it may have been a key */
		if (!pem_next(&in, &label, &der, e))
			goto out;
	} while (!bytes_eq_str(label, LABEL));
	ok = cert_parse(buf_bytes(&der), ret, e);
out:
	buf_wipe(&der);
	return ok;
}

void
cert_free(struct cert *c)
{
	if (c == NULL)
		return;
	names_free(&c->names);
	buf_free(&c->der);
	free(c);
}
