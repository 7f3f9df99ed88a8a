/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates of others (R86, R87): a client's, one to be revoked, any file that is
 * linted.  What we read, GnuTLS reads too, and sees the same in it.
 */
#include <gnutls/x509.h>

#include "der_mutate.h"
#include "fuzz.h"
#include "policy/lint.h"
#include "x509/cert.h"
#include "x509/certid.h"
#include "x509/dn.h"

static void
views(const struct cert *c)
{
	const struct bytes all = buf_bytes(&c->der);
	const struct bytes parts[] = { c->tbs, c->sig_alg, c->sig, c->issuer_dn,
		c->subject_dn, c->key.der, c->key.key_bits, c->key_id,
		c->authority_key_id, c->constraints, c->crl_url };

	for (size_t i = 0; i < NITEMS(parts); i++)
		require_within(parts[i], all);
	require(c->serial.n >= 1 && c->serial.n <= SERIAL_LEN);
	require(memchr(c->cn, 0, sizeof(c->cn)) != NULL && c->path_len >= -1);
}

static void
as_gnutls_sees_it(const struct cert *c)
{
	const gnutls_datum_t der = { c->der.p, (unsigned)c->der.n };
	gnutls_x509_crt_t crt;
	uint8_t serial[64];
	size_t n = sizeof(serial);

	require(gnutls_x509_crt_init(&crt) >= 0);
	const int is = gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER);
	/*
	 * It has no room for an extension's identifier of over 127 characters, and reads
	 * an issuerAltName, which to us is one of those that nobody asked for.
	 */
	if (is == GNUTLS_E_SHORT_MEMORY_BUFFER ||
	    (is < 0 && memmem(c->der.p, c->der.n, "\x06\x03\x55\x1d\x12", 5) != NULL)) {
		gnutls_x509_crt_deinit(crt);
		return;
	}
	require(is >= 0);
	require(gnutls_x509_crt_get_serial(crt, serial, &n) >= 0);
	const bool padded = n > 1 && serial[0] == 0;
	require(bytes_eq(bytes_skip(bytes_of(serial, n), padded),
	    serial_bytes(&c->serial)));
	require(gnutls_x509_crt_get_version(crt) == 3);
	/* Its times begin in 1970. */
	require(c->not_after < 0 ||
		gnutls_x509_crt_get_expiration_time(crt) == c->not_after);
	require(c->not_before < 0 ||
		gnutls_x509_crt_get_activation_time(crt) == c->not_before);
	gnutls_x509_crt_deinit(crt);
}

static void
judged(const struct cert *c)
{
	struct verdict v = { 0 };
	struct constraints limits = { 0 };
	char text[256], small[8];
	struct err e = { 0 };

	if (lint_certificate(c, LINT_NORMAL, &v))
		require(v.n > 0 && v.refused == 0);
	else
		require(v.refused > 0 && v.code != ERR_NONE);
	verdict_free(&v);
	if (constraints_parse(c->constraints, &limits, &e))
		constraints_free(&limits);
	dn_text(c->subject_dn, text, sizeof(text));
	dn_text(c->issuer_dn, small, sizeof(small));
	require(strlen(text) < sizeof(text) && strlen(small) < sizeof(small));
}

static void
called(const struct cert *c)
{
	struct certid id;
	struct buf b;
	struct err e = { 0 };

	buf_init(&b, KIB(1));
	if (certid_write(c, &b, &e))
		require(certid_read(buf_bytes(&b), &id, &e) && certid_fits(&id, c));
	buf_free(&b);
}

FUZZ_DER(0);

FUZZ_TARGET(cert)
{
	struct cert *c = NULL;
	struct err e = { 0 };

	if (!cert_parse_any(bytes_of(p, n), &c, &e)) {
		require(c == NULL);
		told(&e);
		return 0;
	}
	views(c);
	as_gnutls_sees_it(c);
	judged(c);
	called(c);
	cert_free(c);
	return 0;
}
