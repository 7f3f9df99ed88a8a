/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRLs and OCSP answers, as "hanaper lint FILE" is given them.  The first octet says
 * which; fuzz_cert has the certificates.  What the lints could read, GnuTLS can.
 */
#include <gnutls/ocsp.h>
#include <gnutls/x509.h>

#include "der_mutate.h"
#include "fuzz.h"
#include "policy/lint.h"
#include "x509/crl.h"

static bool
was_read(const struct verdict *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (!v->v[i].pass && strcmp(v->v[i].rule, "lint.read") == 0)
			return false;
	return true;
}

static void
sound(const struct verdict *v, bool pass)
{
	size_t refused = 0;

	require(v->n > 0);
	for (size_t i = 0; i < v->n; i++) {
		require(strncmp(v->v[i].rule, "lint.", 5) == 0);
		refused += !v->v[i].pass;
	}
	require(refused == v->refused && pass == (refused == 0));
	require(pass || (v->code != ERR_NONE && v->code != ERR_INTERNAL));
}

static void
crl(struct bytes in)
{
	const gnutls_datum_t der = { (unsigned char *)(uintptr_t)in.p, (unsigned)in.n };
	struct verdict v = { 0 };
	gnutls_x509_crl_t c;
	int64_t from, to;
	struct err e;

	const bool timed = crl_times(in, &from, &to, &e);
	const bool pass = lint_crl(in, &v);
	require(timed || !pass);
	sound(&v, pass);
	if (pass && was_read(&v)) {
		require(gnutls_x509_crl_init(&c) >= 0);
		require(gnutls_x509_crl_import(c, &der, GNUTLS_X509_FMT_DER) >= 0);
		gnutls_x509_crl_deinit(c);
	}
	verdict_free(&v);
}

static void
ocsp(struct bytes in)
{
	const gnutls_datum_t der = { (unsigned char *)(uintptr_t)in.p, (unsigned)in.n };
	struct verdict v = { 0 };
	gnutls_ocsp_resp_t r;

	const bool pass = lint_ocsp(in, &v);
	sound(&v, pass);
	if (pass && was_read(&v)) {
		require(gnutls_ocsp_resp_init(&r) >= 0);
		require(gnutls_ocsp_resp_import(r, &der) >= 0);
		gnutls_ocsp_resp_deinit(r);
	}
	verdict_free(&v);
}

FUZZ_DER(1);

FUZZ_TARGET(lint)
{
	if (n == 0)
		return 0;
	if (p[0] % 2 == 0)
		crl(bytes_of(p + 1, n - 1));
	else
		ocsp(bytes_of(p + 1, n - 1));
	return 0;
}
