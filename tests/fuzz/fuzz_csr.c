/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as a client sends them, DER or PEM; what parses is also verified. */
#include <gnutls/x509.h>

#include "codec/der.h"
#include "der_mutate.h"
#include "fuzz.h"
#include "key/key.h"
#include "x509/cert.h"
#include "x509/csr.h"

/* Of seeds/csr/ours*.der, and of nothing else. */
static const char our_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIMHqbV97VvroMb9rgtF/2WabRXJd84FVNB1InOAaA6nR\n"
    "-----END PRIVATE KEY-----\n";

/* Many leave out the attributes that RFC 2986 4.1 has there, if only empty; not for GnuTLS. */
static bool
has_attributes(const struct csr *c)
{
	struct bytes in = c->info;
	struct der d;
	struct err e;

	require(der_next(&in, &d, &e));
	for (in = d.body; in.n > 0;)
		require(der_next(&in, &d, &e));
	return d.tag == DER_CONTEXT_CONSTRUCTED(0);
}

/* A request whose signature holds for us is one for GnuTLS, and holds for it. */
static void
as_gnutls_sees_it(const struct csr *c)
{
	const gnutls_datum_t der = { c->der.p, (unsigned)c->der.n };
	gnutls_datum_t again = { NULL, 0 };
	gnutls_x509_crq_t crq;

	if (!has_attributes(c))
		return;
	require(gnutls_x509_crq_init(&crq) >= 0);
	require(gnutls_x509_crq_import(crq, &der, GNUTLS_X509_FMT_DER) >= 0);
	/* It verifies what it would write: a SET in another order is not that. */
	require(gnutls_x509_crq_export2(crq, GNUTLS_X509_FMT_DER, &again) >= 0);
	if (bytes_eq(bytes_of(again.data, again.size), buf_bytes(&c->der)))
		require(gnutls_x509_crq_verify(crq, 0) >= 0);
	gnutls_free(again.data);
	gnutls_x509_crq_deinit(crq);
}

/* No mutation finds a signature: what is for our key gets one. */
static void
signed_anew(const struct csr *c)
{
	static struct key *key;
	struct csr *again = NULL;
	struct buf sig, der;
	struct err e = { 0 };

	if (key == NULL)
		require(key_load(bytes_str(our_key), NULL, &key, &e));
	if (!bytes_eq(c->key.der, key_spki(key)))
		return;
	buf_init(&sig, KIB(1));
	buf_init(&der, MIB(1));
	require(key_sign(key, c->info, &sig, &e) &&
		cert_assemble(c->info, key_sig_alg(key), buf_bytes(&sig), &der, &e));
	if (csr_parse(buf_bytes(&der), NAMES_READ_MAX, &again, &e)) {
		require(csr_verify(again, &e));
		as_gnutls_sees_it(again);
		csr_free(again);
	} else {
		/* It has become too long, no more. */
		require(der.n > CSR_MAX);
	}
	buf_free(&sig);
	buf_free(&der);
}

FUZZ_DER(0);

FUZZ_TARGET(csr)
{
	struct csr *c = NULL;
	struct err e = { 0 };

	if (!csr_parse_any(bytes_of(p, n), &c, &e)) {
		if (c != NULL || e.code == ERR_NONE || e.detail[0] == '\0')
			abort();
		return 0;
	}
	/* What was read lies inside our own copy. */
	if (c->info.p < c->der.p || c->info.p + c->info.n > c->der.p + c->der.n ||
	    c->key.der.p < c->info.p ||
	    c->key.der.p + c->key.der.n > c->info.p + c->info.n)
		abort();
	if (c->has_san != (c->names.n > 0) || c->names.n > NAMES_READ_MAX)
		abort();
	if (csr_verify(c, &e))
		as_gnutls_sees_it(c);
	else if (e.code != ERR_BAD_CSR)
		abort();
	signed_anew(c);
	csr_free(c);
	return 0;
}
