/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/alpn_certificate.h"

#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>

#include "codec/der.h"

#define OID_SAN             "2.5.29.17"
#define OID_ACME_IDENTIFIER "1.3.6.1.5.5.7.1.31"
#define OID_RSA_PSS         "1.2.840.113549.1.1.10"
#define NAME_MAX_OCTETS     256
#define SIGNATURE_MAX       1024 /* octets: RSA's 8192 bits (probe/tls_limit.h) */
/* Whoever has the key may sign by what he likes: it proves nothing but that he has it. */
#define BY_ANY_HASH         (GNUTLS_VERIFY_ALLOW_BROKEN | GNUTLS_VERIFY_ALLOW_SIGN_WITH_SHA1)

static bool
refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_PROBE_PROOF, "the certificate of the challenge %s", why);
}

static bool
is_self_issued(gnutls_x509_crt_t crt)
{
	gnutls_datum_t subject = { 0 }, issuer = { 0 };

	const bool same = gnutls_x509_crt_get_raw_dn(crt, &subject) >= 0 &&
			  gnutls_x509_crt_get_raw_issuer_dn(crt, &issuer) >= 0 &&
			  bytes_eq(bytes_of(subject.data, subject.size),
			      bytes_of(issuer.data, issuer.size));
	gnutls_free(subject.data);
	gnutls_free(issuer.data);
	return same;
}

/* What the signature is over. */
static bool
find_tbs(struct bytes der, struct bytes *ret)
{
	struct der crt, tbs;
	struct err e;

	if (!der_whole(der, DER_SEQUENCE, &crt, &e) ||
	    !der_expect(&crt.body, DER_SEQUENCE, &tbs, &e))
		return false;
	*ret = tbs.whole;
	return true;
}

/*
 * GnuTLS verifies RSA-PSS as TLS has it (RFC 8446 4.2.3) and says of any other salt, which
 * is openssl's default too, that the signature is wrong: it cannot be asked.
 */
static bool
is_pss(gnutls_x509_crt_t crt, gnutls_pubkey_t key)
{
	const int kind = gnutls_pubkey_get_pk_algorithm(key, NULL);
	char oid[128];
	size_t n = sizeof(oid);

	return (kind == GNUTLS_PK_RSA || kind == GNUTLS_PK_RSA_PSS) &&
	       gnutls_x509_crt_get_signature_oid(crt, oid, &n) >= 0 &&
	       strcmp(oid, OID_RSA_PSS) == 0;
}

static bool
verifies(gnutls_x509_crt_t crt, struct bytes der, gnutls_pubkey_t key)
{
	char octets[SIGNATURE_MAX];
	size_t n = sizeof(octets);
	struct bytes tbs;

	const int alg = gnutls_x509_crt_get_signature_algorithm(crt);
	if (alg < 0 || gnutls_x509_crt_get_signature(crt, octets, &n) < 0 ||
	    !find_tbs(der, &tbs))
		return false;
	const gnutls_datum_t in = { (unsigned char *)(uintptr_t)tbs.p,
		(unsigned)tbs.n };
	const gnutls_datum_t sig = { (unsigned char *)octets, (unsigned)n };
	return gnutls_pubkey_verify_data2(key, (gnutls_sign_algorithm_t)alg,
		   BY_ANY_HASH, &in, &sig) >= 0;
}

/* Of RSA-PSS by an RSA key the names alone are known; the handshake has proved the key. */
static bool
is_signed_by_itself(gnutls_x509_crt_t crt, struct bytes der)
{
	gnutls_pubkey_t key;

	if (gnutls_pubkey_init(&key) < 0)
		return false;
	const bool ok = gnutls_pubkey_import_x509(key, crt, 0) >= 0 &&
			(is_pss(crt, key) || verifies(crt, der, key));
	gnutls_pubkey_deinit(key);
	return ok;
}

/* How many extensions of this OID; *ret_critical, *ret_index: of the last. */
static unsigned
count(gnutls_x509_crt_t crt, const char *oid, unsigned *ret_index, bool *ret_critical)
{
	unsigned found = 0;

	for (unsigned i = 0;; i++) {
		char this[128];
		size_t n = sizeof(this);
		unsigned critical = 0;
		const int rc =
		    gnutls_x509_crt_get_extension_info(crt, i, this, &n, &critical);

		if (rc == GNUTLS_E_SHORT_MEMORY_BUFFER)
			continue; /* longer than any of ours */
		if (rc < 0)
			return found;
		if (strcmp(this, oid) == 0) {
			found++;
			*ret_index = i;
			*ret_critical = critical != 0;
		}
	}
}

static bool
is_this_name(enum name_type type, const char *name, unsigned san_type,
    struct bytes value)
{
	uint8_t ip[16];

	if (type == NAME_TYPE_DNS)
		return san_type == GNUTLS_SAN_DNSNAME && bytes_eq_nocase(value, name);
	if (san_type != GNUTLS_SAN_IPADDRESS)
		return false;
	const bool v6 = strchr(name, ':') != NULL;
	return inet_pton(v6 ? AF_INET6 : AF_INET, name, ip) == 1 &&
	       bytes_eq(value, bytes_of(ip, v6 ? 16 : 4));
}

static bool
check_names(gnutls_x509_crt_t crt, enum name_type type, const char *name, struct err *e)
{
	uint8_t value[NAME_MAX_OCTETS];
	size_t n = sizeof(value);
	unsigned index, san_type;
	bool critical;

	if (count(crt, OID_SAN, &index, &critical) != 1)
		return refuse(e, "must have one subjectAltName extension");
	int rc =
	    gnutls_x509_crt_get_subject_alt_name2(crt, 0, value, &n, &san_type, NULL);
	if (rc < 0 || !is_this_name(type, name, san_type, bytes_of(value, n)))
		return refuse(e, "is not for the name that is validated");
	n = sizeof(value);
	rc = gnutls_x509_crt_get_subject_alt_name2(crt, 1, value, &n, &san_type, NULL);
	if (rc != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return refuse(e, "must be for one name alone");
	return true;
}

static bool
check_digest(gnutls_x509_crt_t crt, const uint8_t *digest, struct err *e)
{
	uint8_t value[2 + ALPN_CERTIFICATE_DIGEST + 1];
	size_t n = sizeof(value);
	unsigned index = 0;
	bool critical = false;

	if (count(crt, OID_ACME_IDENTIFIER, &index, &critical) != 1)
		return refuse(e, "must have one acmeIdentifier extension");
	if (!critical)
		return refuse(e, "has an acmeIdentifier that is not critical");
	if (gnutls_x509_crt_get_extension_data(crt, index, value, &n) < 0 ||
	    n != 2 + ALPN_CERTIFICATE_DIGEST || value[0] != 0x04 ||
	    value[1] != ALPN_CERTIFICATE_DIGEST)
		return refuse(e, "has an acmeIdentifier that is no SHA-256");
	if (gnutls_memcmp(value + 2, digest, ALPN_CERTIFICATE_DIGEST) != 0)
		return refuse(e, "is for another key authorization");
	return true;
}

bool
alpn_certificate_proves(struct bytes der, enum name_type type, const char *name,
    const uint8_t digest[static ALPN_CERTIFICATE_DIGEST], struct err *e)
{
	const gnutls_datum_t in = { (unsigned char *)(uintptr_t)der.p,
		(unsigned)der.n };
	gnutls_x509_crt_t crt;
	bool ok;

	if (gnutls_x509_crt_init(&crt) < 0)
		return err_set(e, ERR_INTERNAL, "GnuTLS gave no certificate");
	if (gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_DER) < 0)
		ok = refuse(e, "cannot be read");
	else
		ok = (is_self_issued(crt) || refuse(e, "is not self-signed")) &&
		     check_names(crt, type, name, e) && check_digest(crt, digest, e) &&
		     (is_signed_by_itself(crt, der) ||
			 refuse(e, "is not signed by its own key"));
	gnutls_x509_crt_deinit(crt);
	return ok;
}
