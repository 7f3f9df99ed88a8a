/* SPDX-License-Identifier: Apache-2.0 */
/* Requests (RFC 6960 4.1).  All octets here come from anybody. */
#include "x509/ocsp.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "codec/der.h"
#include "x509/ext.h"

/* The content octets of the identifiers, so that nothing is turned into text. */
#define OID(...)                                                                       \
	(const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static const struct {
	const uint8_t *oid;
	size_t oid_n;
	gnutls_digest_algorithm_t digest;
	size_t octets;
} hashes[] = {
	/* clang-format off */
	[OCSP_SHA1]   = { OID(0x2b, 0x0e, 0x03, 0x02, 0x1a), GNUTLS_DIG_SHA1, 20 },
	[OCSP_SHA256] = { OID(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01), GNUTLS_DIG_SHA256, 32 },
	[OCSP_SHA384] = { OID(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02), GNUTLS_DIG_SHA384, 48 },
	[OCSP_SHA512] = { OID(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03), GNUTLS_DIG_SHA512, 64 },
	/* clang-format on */
};

/* Extensions of a request that are understood, or may be passed over even when critical. */
enum {
	EXT_NONCE,
	EXT_RESPONSE,
	EXT_PREFERRED,
	EXT_OTHER
};

static const struct {
	const uint8_t *oid;
	size_t oid_n;
} extensions[] = {
	/* clang-format off */
	[EXT_NONCE]     = { OID(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02) },
	[EXT_RESPONSE]  = { OID(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x04) },
	[EXT_PREFERRED] = { OID(0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x08) },
	/* clang-format on */
};

static unsigned
extension_of(struct bytes oid)
{
	unsigned i = 0;

	while (i < EXT_OTHER &&
	       !bytes_eq(oid, bytes_of(extensions[i].oid, extensions[i].oid_n)))
		i++;
	return i;
}

/* AlgorithmIdentifier: parameters are NULL or absent (P82). */
static bool
parse_hash(struct bytes alg, enum ocsp_hash *ret, struct err *e)
{
	struct der oid, null;
	bool there;
	unsigned i = 0;

	if (!der_expect(&alg, DER_OID, &oid, e) ||
	    !der_optional(&alg, DER_NULL, &null, &there, e) ||
	    !der_done(alg, "OCSP: hashAlgorithm", e))
		return false;
	if (there && null.body.n > 0)
		return err_set(e, ERR_MALFORMED, "OCSP: a NULL that is not empty");
	while (i < OCSP_HASH_OTHER &&
	       !bytes_eq(oid.body, bytes_of(hashes[i].oid, hashes[i].oid_n)))
		i++;
	if (i == OCSP_HASH_OTHER && !der_is_oid(oid.body))
		return err_set(e, ERR_MALFORMED, "OCSP: a hash without identifier");
	*ret = (enum ocsp_hash)i;
	return true;
}

/* X.690 8.3.2.  Another CA's serial may be negative: it is "unknown", not malformed. */
static bool
integer_is_der(struct bytes v)
{
	return v.n == 1 || (v.n > 1 && !(v.p[0] == 0x00 && (v.p[1] & 0x80) == 0) &&
			       !(v.p[0] == 0xff && (v.p[1] & 0x80) != 0));
}

bool
ocsp_cert_id_parse(struct bytes der, struct ocsp_cert_id *ret, struct err *e)
{
	struct ocsp_cert_id id = { 0 };
	struct der all, alg, name, key, serial;

	if (!der_whole(der, DER_SEQUENCE, &all, e))
		return false;
	struct bytes rest = all.body;
	if (!der_expect(&rest, DER_SEQUENCE, &alg, e) ||
	    !parse_hash(alg.body, &id.hash, e) ||
	    !der_expect(&rest, DER_OCTET_STRING, &name, e) ||
	    !der_expect(&rest, DER_OCTET_STRING, &key, e) ||
	    !der_expect(&rest, DER_INTEGER, &serial, e) ||
	    !der_done(rest, "OCSP: CertID", e))
		return false;
	if (!integer_is_der(serial.body))
		return err_set(e, ERR_MALFORMED, "OCSP: a serial that is not DER");
	id.whole = all.whole;
	id.name_hash = name.body;
	id.key_hash = key.body;
	id.serial = serial.body;
	*ret = id;
	return true;
}

/* RFC 9654 2.1: an OCTET STRING of 1 to 128 octets; once. */
static bool
take_nonce(struct bytes value, struct bytes *ret, struct err *e)
{
	struct der nonce;

	if (ret->n > 0)
		return err_set(e, ERR_MALFORMED, "OCSP: two nonces");
	if (!der_whole(value, DER_OCTET_STRING, &nonce, e))
		return false;
	if (nonce.body.n == 0 || nonce.body.n > OCSP_NONCE_MAX)
		return err_set(e, ERR_MALFORMED, "OCSP: a nonce of %zu octets",
		    nonce.body.n);
	*ret = nonce.body;
	return true;
}

/* [n] EXPLICIT Extensions, which may be absent.  'nonce' is NULL where a nonce means nothing. */
static bool
parse_extensions(struct bytes *rest, unsigned n, struct bytes *nonce, struct err *e)
{
	struct bytes list;
	struct ext x;

	if (!ext_optional_list(rest, n, &list, e))
		return err_prefix(e, "OCSP");
	while (list.n > 0) {
		if (!ext_next(&list, &x, e))
			return err_prefix(e, "OCSP");
		const unsigned kind = extension_of(x.oid);
		if (kind == EXT_NONCE && nonce != NULL) {
			if (!take_nonce(x.value, nonce, e))
				return false;
		} else if (x.critical && (kind == EXT_OTHER || nonce == NULL)) {
			return err_set(e, ERR_MALFORMED,
			    "OCSP: a critical extension that is not known");
		}
	}
	return true;
}

static bool
parse_list(struct bytes list, struct ocsp_request *r, struct err *e)
{
	struct der one, id;

	while (list.n > 0) {
		if (r->n == OCSP_SINGLES_MAX)
			return err_set(e, ERR_MALFORMED,
			    "OCSP: over %d certificates in one request",
			    OCSP_SINGLES_MAX);
		if (!der_expect(&list, DER_SEQUENCE, &one, e) ||
		    !der_expect(&one.body, DER_SEQUENCE, &id, e) ||
		    !ocsp_cert_id_parse(id.whole, &r->v[r->n], e) ||
		    !parse_extensions(&one.body, 0, NULL, e) ||
		    !der_done(one.body, "OCSP: Request", e))
			return false;
		r->n++;
	}
	if (r->n == 0)
		return err_set(e, ERR_MALFORMED, "OCSP: asks for no certificate");
	return true;
}

/* version: v1 only, and tolerated where it is written in spite of DEFAULT. */
static bool
parse_version(struct bytes *rest, struct err *e)
{
	struct der outer, version;
	uint64_t v = 0;
	bool there;

	if (!der_optional(rest, DER_CONTEXT_CONSTRUCTED(0), &outer, &there, e))
		return false;
	if (!there)
		return true;
	if (!der_whole(outer.body, DER_INTEGER, &version, e) ||
	    !der_get_uint(version.body, &v, e))
		return false;
	if (v != 0)
		return err_set(e, ERR_MALFORMED, "OCSP: not version 1");
	return true;
}

bool
ocsp_request_parse(struct bytes der, struct ocsp_request *ret, struct err *e)
{
	struct ocsp_request r = { 0 };
	struct der all, tbs, name, list, signature;
	bool there;

	if (!der_whole(der, DER_SEQUENCE, &all, e) ||
	    !der_expect(&all.body, DER_SEQUENCE, &tbs, e))
		return false;
	/* Who asks, and their signature, change nothing (P90). */
	if (!der_optional(&all.body, DER_CONTEXT_CONSTRUCTED(0), &signature, &there,
		e) ||
	    !der_done(all.body, "OCSP: OCSPRequest", e) ||
	    !parse_version(&tbs.body, e) ||
	    !der_optional(&tbs.body, DER_CONTEXT_CONSTRUCTED(1), &name, &there, e) ||
	    !der_expect(&tbs.body, DER_SEQUENCE, &list, e) ||
	    !parse_list(list.body, &r, e) ||
	    !parse_extensions(&tbs.body, 2, &r.nonce, e) ||
	    !der_done(tbs.body, "OCSP: TBSRequest", e))
		return false;
	*ret = r;
	return true;
}

/* Octets of a SEQUENCE around 'n' octets; lengths in DER have one form each. */
static size_t
wrapped(size_t n)
{
	size_t header = 2;

	for (size_t rest = n; n >= 0x80 && rest > 0; rest >>= 8)
		header++;
	return header + n;
}

/* Anything more would make it longer: OCSPRequest, TBSRequest, requestList, Request. */
bool
ocsp_request_plain(struct bytes der, const struct ocsp_request *q)
{
	return q->n == 1 &&
	       der.n == wrapped(wrapped(wrapped(wrapped(q->v[0].whole.n))));
}

void
ocsp_issuer_init(struct ocsp_issuer *i, struct bytes subject_dn, struct bytes key_bits)
{
	*i = (struct ocsp_issuer){ 0 };
	for (size_t h = 0; h < NITEMS(hashes); h++) {
		/* Fails only where SHA-1 is forbidden: its row then stays unmatched. */
		i->known[h] = gnutls_hash_fast(hashes[h].digest, subject_dn.p,
				  subject_dn.n, i->name[h]) == 0 &&
			      gnutls_hash_fast(hashes[h].digest, key_bits.p, key_bits.n,
				  i->key[h]) == 0;
	}
}

bool
ocsp_issuer_is(const struct ocsp_issuer *i, const struct ocsp_cert_id *id)
{
	if (id->hash >= OCSP_HASH_OTHER || !i->known[id->hash])
		return false;
	const size_t n = hashes[id->hash].octets;
	return bytes_eq(id->name_hash, bytes_of(i->name[id->hash], n)) &&
	       bytes_eq(id->key_hash, bytes_of(i->key[id->hash], n));
}
