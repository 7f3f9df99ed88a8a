/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of others: P51, RFC 5758, 4055, 8410. */
#include <gnutls/abstract.h>
#include <string.h>

#include "codec/der.h"
#include "spki_part.h"

enum family {
	EC,
	RSA,
	ED25519,
	ED448
};

/* What the parameters may be. */
enum sig_params {
	ABSENT,
	NULL_OR_ABSENT /* RFC 4055 5: NULL is right, absent is accepted */
};

static const struct {
	const char *oid;
	enum family family;
	enum sig_params params;
	gnutls_sign_algorithm_t sign; /* GNUTLS_SIGN_UNKNOWN: refused by 'word' */
	const char *word;
} algs[] = {
	/* clang-format off */
	{ "1.2.840.10045.4.3.2",   EC,  ABSENT, GNUTLS_SIGN_ECDSA_SHA256, "ecdsa-with-SHA256" },
	{ "1.2.840.10045.4.3.3",   EC,  ABSENT, GNUTLS_SIGN_ECDSA_SHA384, "ecdsa-with-SHA384" },
	{ "1.2.840.10045.4.3.4",   EC,  ABSENT, GNUTLS_SIGN_ECDSA_SHA512, "ecdsa-with-SHA512" },
	{ "1.2.840.113549.1.1.11", RSA, NULL_OR_ABSENT, GNUTLS_SIGN_RSA_SHA256,
	  "sha256WithRSAEncryption" },
	{ "1.2.840.113549.1.1.12", RSA, NULL_OR_ABSENT, GNUTLS_SIGN_RSA_SHA384,
	  "sha384WithRSAEncryption" },
	{ "1.2.840.113549.1.1.13", RSA, NULL_OR_ABSENT, GNUTLS_SIGN_RSA_SHA512,
	  "sha512WithRSAEncryption" },
	{ "1.3.101.112", ED25519, ABSENT, GNUTLS_SIGN_EDDSA_ED25519, "Ed25519" },
	{ "1.3.101.113", ED448,   ABSENT, GNUTLS_SIGN_EDDSA_ED448,   "Ed448" },
	{ "1.2.840.113549.1.1.4",  RSA, ABSENT, GNUTLS_SIGN_UNKNOWN, "MD5 with RSA" },
	{ "1.2.840.113549.1.1.5",  RSA, ABSENT, GNUTLS_SIGN_UNKNOWN, "SHA-1 with RSA" },
	{ "1.2.840.113549.1.1.14", RSA, ABSENT, GNUTLS_SIGN_UNKNOWN, "SHA-224 with RSA" },
	{ "1.2.840.113549.1.1.10", RSA, ABSENT, GNUTLS_SIGN_UNKNOWN, "RSASSA-PSS" },
	{ "1.2.840.10045.4.1",     EC,  ABSENT, GNUTLS_SIGN_UNKNOWN, "SHA-1 with ECDSA" },
	{ "1.2.840.10045.4.3.1",   EC,  ABSENT, GNUTLS_SIGN_UNKNOWN, "SHA-224 with ECDSA" },
	/* clang-format on */
};

static const struct {
	enum key_alg alg;
	gnutls_ecc_curve_t curve;
	bool two; /* coordinates: a point of Edwards' curves is one string */
} curves[] = {
	{ KEY_ALG_ECDSA_P256, GNUTLS_ECC_CURVE_SECP256R1, true },
	{ KEY_ALG_ECDSA_P384, GNUTLS_ECC_CURVE_SECP384R1, true },
	{ KEY_ALG_ECDSA_P521, GNUTLS_ECC_CURVE_SECP521R1, true },
	{ KEY_ALG_ED25519, GNUTLS_ECC_CURVE_ED25519, false },
	{ KEY_ALG_ED448, GNUTLS_ECC_CURVE_ED448, false },
};

static enum family
family_of(enum key_alg alg)
{
	if (alg == KEY_ALG_RSA)
		return RSA;
	if (alg == KEY_ALG_ED25519)
		return ED25519;
	return alg == KEY_ALG_ED448 ? ED448 : EC;
}

static bool
find(const struct spki *k, struct bytes sig_alg, gnutls_sign_algorithm_t *ret,
    struct err *e)
{
	static const uint8_t null[] = { DER_NULL, 0 };
	struct der seq, d;
	char oid[64];
	size_t i = 0;

	if (!der_whole(sig_alg, DER_SEQUENCE, &seq, e) ||
	    !der_expect(&seq.body, DER_OID, &d, e) ||
	    !der_get_oid(d.body, oid, sizeof(oid), e))
		return err_prefix(e, "signature algorithm");
	while (i < NITEMS(algs) && strcmp(algs[i].oid, oid) != 0)
		i++;
	if (i == NITEMS(algs))
		return err_set(e, ERR_BAD_CSR, "signature of an unknown algorithm %s",
		    oid);
	if (algs[i].sign == GNUTLS_SIGN_UNKNOWN)
		return err_set(e, ERR_BAD_CSR,
		    "signature by %s is not accepted: sign with SHA-256 or more%s",
		    algs[i].word, algs[i].family == RSA ? ", PKCS #1 v1.5" : "");
	if (algs[i].family != family_of(k->alg))
		return err_set(e, ERR_BAD_CSR,
		    "signature algorithm %s does not fit %s key", algs[i].word,
		    sets_key_alg_word(k->alg));
	if (seq.body.n > 0 && (algs[i].params == ABSENT ||
				  !bytes_eq(seq.body, bytes_of(null, sizeof(null)))))
		return err_set(e, ERR_BAD_CSR,
		    "signature algorithm %s has parameters that it must not have",
		    algs[i].word);
	*ret = algs[i].sign;
	return true;
}

static gnutls_datum_t
datum(struct bytes b)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)b.p, (unsigned)b.n };
}

/*
 * spki_parse() has looked at a curve's point already, so it is handed over as it is:
 * GnuTLS would take the SubjectPublicKeyInfo apart by its ASN.1 tables once more.
 */
static int
import(gnutls_pubkey_t pub, const struct spki *k)
{
	const gnutls_datum_t whole = datum(k->der);
	const struct bytes b = k->key_bits;

	for (size_t i = 0; i < NITEMS(curves); i++) {
		if (curves[i].alg != k->alg)
			continue;
		if (!curves[i].two) {
			const gnutls_datum_t y = datum(b);

			return gnutls_pubkey_import_ecc_raw(pub, curves[i].curve, &y,
			    NULL);
		}
		const size_t half = b.n / 2; /* behind the 04 */
		const gnutls_datum_t x = datum(bytes_of(b.p + 1, half));
		const gnutls_datum_t y = datum(bytes_of(b.p + 1 + half, half));

		return gnutls_pubkey_import_ecc_raw(pub, curves[i].curve, &x, &y);
	}
	return gnutls_pubkey_import(pub, &whole, GNUTLS_X509_FMT_DER);
}

bool
spki_verify(const struct spki *k, struct bytes sig_alg, struct bytes data,
    struct bytes sig, struct err *e)
{
	const gnutls_datum_t d = datum(data), s = datum(sig);
	gnutls_sign_algorithm_t sign = GNUTLS_SIGN_UNKNOWN;
	gnutls_pubkey_t pub = NULL;
	bool ok = false;

	if (!find(k, sig_alg, &sign, e)) {
		e->code = ERR_BAD_CSR;
		return false;
	}
	if (gnutls_pubkey_init(&pub) < 0)
		return err_set(e, ERR_INTERNAL, "signature: GnuTLS gave no handle");
	int rc = import(pub, k);
	if (rc < 0)
		err_set(e, ERR_BAD_CSR, "public key: %s", gnutls_strerror(rc));
	else if ((rc = gnutls_pubkey_verify_data2(pub, sign, 0, &d, &s)) < 0)
		err_set(e, ERR_BAD_CSR, "the signature does not verify (%s)",
		    gnutls_strerror(rc));
	else
		ok = true;
	gnutls_pubkey_deinit(pub);
	return ok;
}
