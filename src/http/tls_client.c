/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls_client.h"

#include <gnutls/x509.h>

#define EXPONENT_MAX 9 /* octets of an RSA key's public exponent: 64 bits and a sign */

/* A public exponent as long as the modulus makes verifying as dear as signing. */
static bool
exponent_fits(gnutls_x509_crt_t leaf)
{
	gnutls_datum_t m = { NULL, 0 }, x = { NULL, 0 };

	if (gnutls_x509_crt_get_pk_rsa_raw(leaf, &m, &x) < 0)
		return false;
	const bool fits = x.size <= EXPONENT_MAX;
	gnutls_free(m.data);
	gnutls_free(x.data);
	return fits;
}

/* Small enough that its signature is verified in a moment? */
static bool
key_fits(gnutls_x509_crt_t leaf)
{
	unsigned bits = 0;
	const int alg = gnutls_x509_crt_get_pk_algorithm(leaf, &bits);
	const bool rsa = alg == GNUTLS_PK_RSA || alg == GNUTLS_PK_RSA_PSS;

	return alg >= 0 && bits <= TLS_CLIENT_KEY_BITS_MAX &&
	       (!rsa || exponent_fits(leaf));
}

int
tls_client_check(gnutls_session_t s)
{
	unsigned n = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(s, &n);
	gnutls_x509_crt_t leaf = NULL;
	bool fits = false;

	if (chain == NULL || n == 0)
		return 0;
	if (n <= TLS_CLIENT_CHAIN_MAX && gnutls_x509_crt_init(&leaf) >= 0 &&
	    gnutls_x509_crt_import(leaf, &chain[0], GNUTLS_X509_FMT_DER) >= 0)
		fits = key_fits(leaf);
	if (leaf != NULL)
		gnutls_x509_crt_deinit(leaf);
	return fits ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

/* The first that fits is told: the most helpful ones stand first. */
static const struct {
	unsigned status;
	const char *why;
} reasons[] = {
	/* clang-format off */
	{ GNUTLS_CERT_SIGNER_NOT_FOUND,           "was not issued by this CA" },
	{ GNUTLS_CERT_EXPIRED,                    "has expired; get a new one" },
	{ GNUTLS_CERT_NOT_ACTIVATED,              "is not valid yet; compare the clocks" },
	{ GNUTLS_CERT_PURPOSE_MISMATCH,           "is not for client authentication; its profile needs the usage \"client auth\"" },
	{ GNUTLS_CERT_SIGNER_NOT_CA,              "was issued by something that is no CA" },
	{ GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, "breaks a constraint of its issuer" },
	{ GNUTLS_CERT_INSECURE_ALGORITHM,         "uses an algorithm or key that is too weak" },
	{ GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS,    "has a critical extension that is not understood" },
	{ GNUTLS_CERT_SIGNATURE_FAILURE,          "names this CA as its issuer but was not signed by it" },
	{ GNUTLS_CERT_REVOKED,                    "is revoked" },
	{ ~0u,                                    "does not verify" },
	/* clang-format on */
};

static void
refuse(struct client *p, const char *why)
{
	err_set(&p->refused, ERR_UNAUTHENTICATED, "the client certificate %s", why);
}

static void
take_leaf(const gnutls_datum_t *der, struct client *p)
{
	struct err too_large = { 0 };
	gnutls_x509_crt_t leaf = NULL;

	if (gnutls_x509_crt_init(&leaf) < 0 ||
	    gnutls_x509_crt_import(leaf, der, GNUTLS_X509_FMT_DER) < 0) {
		refuse(p, "cannot be read");
	} else if (gnutls_x509_crt_get_ca_status(leaf, NULL) > 0) {
		refuse(p, "is a CA's own"); /* R44 */
	} else {
		p->cert_ends_at = gnutls_x509_crt_get_expiration_time(leaf);
		buf_put(&p->cert, bytes_of(der->data, der->size));
		if (!buf_ok(&p->cert, "certificate", &too_large)) {
			buf_clear(&p->cert);
			refuse(p, "is too large");
		}
	}
	if (leaf != NULL)
		gnutls_x509_crt_deinit(leaf);
}

static bool
verify(gnutls_session_t s, const char *oid, unsigned *ret_status)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)oid,
	};

	return gnutls_certificate_verify_peers(s, &purpose, 1, ret_status) >= 0;
}

void
tls_client_read(gnutls_session_t s, struct client *p)
{
	unsigned n = 0, status = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(s, &n);

	if (chain == NULL || n == 0)
		return;
	/* verify_peers2() would take any certificate for a client's (R44). */
	bool ok = verify(s, GNUTLS_KP_TLS_WWW_CLIENT, &status);
	if (ok && (status & GNUTLS_CERT_PURPOSE_MISMATCH) != 0) {
		ok = verify(s, GNUTLS_KP_TLS_WWW_SERVER, &status);
		p->servers_only = true;
	}
	if (!ok) {
		refuse(p, "does not verify");
		return;
	}
	for (size_t i = 0; i < NITEMS(reasons); i++)
		if ((status & reasons[i].status) != 0) {
			refuse(p, reasons[i].why);
			return;
		}
	take_leaf(&chain[0], p);
}
