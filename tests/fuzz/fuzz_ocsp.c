/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OCSP requests (R87), by POST as DER and by GET as base64: where the first octet is a
 * '/' the rest is a path.  Each certificate that is asked about is a CertID that can
 * be read again, and GnuTLS counts as many.
 */
#include <gnutls/ocsp.h>

#include "codec/base64.h"
#include "codec/der.h"
#include "codec/uri.h"
#include "der_mutate.h"
#include "fuzz.h"
#include "x509/ocsp.h"

static const uint8_t name[] = { 0x30, 0 };

static void
question(const struct ocsp_issuer *issuer, const struct ocsp_cert_id *id)
{
	struct ocsp_cert_id again;
	struct err e = { 0 };

	require(ocsp_cert_id_parse(id->whole, &again, &e));
	require(again.hash == id->hash && bytes_eq(again.serial, id->serial) &&
		bytes_eq(again.name_hash, id->name_hash) &&
		bytes_eq(again.key_hash, id->key_hash));
	/* The fuzzer sees what is compared, and finds our hashes. */
	if (ocsp_issuer_is(issuer, id))
		require(id->hash != OCSP_HASH_OTHER && id->name_hash.n > 0);
}

/* Who asks, and their signature, are passed over (P90): GnuTLS reads them. */
static bool
says_who(struct bytes in)
{
	struct der all, tbs, part;
	struct err e;

	require(der_whole(in, DER_SEQUENCE, &all, &e) &&
		der_expect(&all.body, DER_SEQUENCE, &tbs, &e));
	while (all.body.n == 0 && tbs.body.n > 0) {
		require(der_next(&tbs.body, &part, &e));
		if (part.tag == DER_CONTEXT_CONSTRUCTED(1))
			return true;
	}
	return all.body.n > 0;
}

static void
as_gnutls_sees_it(struct bytes in, const struct ocsp_request *q)
{
	const gnutls_datum_t der = { (unsigned char *)(uintptr_t)in.p, (unsigned)in.n };
	gnutls_ocsp_req_t req;

	require(gnutls_ocsp_req_init(&req) >= 0);
	size_t n = 0;

	if (gnutls_ocsp_req_import(req, &der) < 0) {
		require(says_who(in));
		gnutls_ocsp_req_deinit(req);
		return;
	}
	/* One by a hash that it does not know is one, too. */
	while (n <= q->n && gnutls_ocsp_req_get_cert_id(req, (unsigned)n, NULL, NULL,
				NULL, NULL) != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		n++;
	require(n == q->n);
	gnutls_ocsp_req_deinit(req);
}

static void
request(struct bytes in)
{
	static struct ocsp_issuer issuer;
	static bool made;
	struct ocsp_request q;
	struct err e = { 0 };

	if (!made)
		ocsp_issuer_init(&issuer, bytes_of(name, sizeof(name)),
		    bytes_str("a key"));
	made = true;
	if (!ocsp_request_parse(in, &q, &e)) {
		told(&e);
		return;
	}
	require(q.n >= 1 && q.n <= OCSP_SINGLES_MAX && q.nonce.n <= OCSP_NONCE_MAX);
	require_within(q.nonce, in);
	for (size_t i = 0; i < q.n; i++) {
		require_within(q.v[i].whole, in);
		question(&issuer, &q.v[i]);
	}
	if (ocsp_request_plain(in, &q))
		require(q.n == 1 && q.nonce.n == 0);
	as_gnutls_sees_it(in, &q);
}

static void
path(struct bytes in)
{
	struct buf text, der;
	struct err e = { 0 };

	buf_init(&text, KIB(16));
	buf_init(&der, KIB(16));
	if (uri_decode(in, &text, &e) && base64_read_lax(buf_bytes(&text), &der, &e))
		request(buf_bytes(&der));
	else
		told(&e);
	buf_free(&text);
	buf_free(&der);
}

FUZZ_DER(0);

FUZZ_TARGET(ocsp)
{
	if (n > 0 && p[0] == '/')
		path(bytes_of(p + 1, n - 1));
	else
		request(bytes_of(p, n));
	return 0;
}
