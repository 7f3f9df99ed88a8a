/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls_client.h"

static struct tls_trust_chain
chain_of(gnutls_session_t s)
{
	unsigned n = 0;
	const gnutls_datum_t *v = gnutls_certificate_get_peers(s, &n);

	return (struct tls_trust_chain){ v, v == NULL ? 0 : n };
}

int
tls_client_check(gnutls_session_t s, struct tls_trust *t)
{
	return tls_trust_fits(t, chain_of(s)) ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
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
take(const gnutls_datum_t *der, const struct tls_trust_verdict *v, struct client *p)
{
	struct err too_large = { 0 };

	if (v->is_ca) {
		refuse(p, "is a CA's own"); /* R44 */
		return;
	}
	p->cert_ends_at = v->ends_at;
	buf_put(&p->cert, bytes_of(der->data, der->size));
	if (!buf_ok(&p->cert, "certificate", &too_large)) {
		buf_clear(&p->cert);
		refuse(p, "is too large");
	}
}

void
tls_client_read(gnutls_session_t s, struct tls_trust *t, struct client *p)
{
	const struct tls_trust_chain chain = chain_of(s);
	struct tls_trust_verdict v;

	if (chain.n == 0)
		return;
	if (!tls_trust_judge(t, chain, &v)) {
		refuse(p, "does not verify");
		return;
	}
	p->servers_only = v.servers_only;
	for (size_t i = 0; i < NITEMS(reasons); i++)
		if ((v.status & reasons[i].status) != 0) {
			refuse(p, reasons[i].why);
			return;
		}
	take(&chain.v[0], &v, p);
}
