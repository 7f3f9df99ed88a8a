/* SPDX-License-Identifier: Apache-2.0 */
#include "key/key.h"

#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "key_impl.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define SPKI_MAX     KIB(4)

/*
 * Every kind of key that we hold.  ECDSA draws its nonce from key and message
 * (RFC 6979): a bad random source cannot give the key away.
 */
static const struct key_kind kinds[] = {
	{ KEY_ALG_ECDSA_P256, GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_DIG_SHA256,
	    GNUTLS_PRIVKEY_FLAG_REPRODUCIBLE,
	    { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2 }, 12 },
	{ KEY_ALG_ECDSA_P384, GNUTLS_SIGN_ECDSA_SHA384, GNUTLS_DIG_SHA384,
	    GNUTLS_PRIVKEY_FLAG_REPRODUCIBLE,
	    { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3 }, 12 },
	{ KEY_ALG_ECDSA_P521, GNUTLS_SIGN_ECDSA_SHA512, GNUTLS_DIG_SHA512,
	    GNUTLS_PRIVKEY_FLAG_REPRODUCIBLE,
	    { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4 }, 12 },
	{ KEY_ALG_ED25519, GNUTLS_SIGN_EDDSA_ED25519, GNUTLS_DIG_UNKNOWN, 0,
	    { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70 }, 7 },
	{ KEY_ALG_ED448, GNUTLS_SIGN_EDDSA_ED448, GNUTLS_DIG_UNKNOWN, 0,
	    { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71 }, 7 },
	{ KEY_ALG_RSA, GNUTLS_SIGN_RSA_SHA256, GNUTLS_DIG_SHA256, 0,
	    { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5,
		0 },
	    15 },
};

static const struct key_kind *
kind_of(enum key_alg alg)
{
	for (size_t i = 0; i < NITEMS(kinds); i++)
		if (kinds[i].alg == alg)
			return &kinds[i];
	return NULL;
}

/* How each kind is drawn and known again; the bits of RSA are the caller's. */
static const struct {
	enum key_alg alg;
	gnutls_pk_algorithm_t pk;
	gnutls_ecc_curve_t curve; /* GNUTLS_ECC_CURVE_INVALID for RSA */
	unsigned bits;            /* 0: from the key */
} makes[] = {
	{ KEY_ALG_ECDSA_P256, GNUTLS_PK_ECDSA, GNUTLS_ECC_CURVE_SECP256R1, 256 },
	{ KEY_ALG_ECDSA_P384, GNUTLS_PK_ECDSA, GNUTLS_ECC_CURVE_SECP384R1, 384 },
	{ KEY_ALG_ECDSA_P521, GNUTLS_PK_ECDSA, GNUTLS_ECC_CURVE_SECP521R1, 521 },
	{ KEY_ALG_ED25519, GNUTLS_PK_EDDSA_ED25519, GNUTLS_ECC_CURVE_ED25519, 256 },
	{ KEY_ALG_ED448, GNUTLS_PK_EDDSA_ED448, GNUTLS_ECC_CURVE_ED448, 456 },
	{ KEY_ALG_RSA, GNUTLS_PK_RSA, GNUTLS_ECC_CURVE_INVALID, 0 },
};

/* Which kind is this public key?  ERR_BAD_KEY for one that we do not use. */
static bool
find_kind(gnutls_pubkey_t pub, const struct key_kind **ret, unsigned *ret_bits,
    struct err *e)
{
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
	unsigned bits = 0;
	const int pk = gnutls_pubkey_get_pk_algorithm(pub, &bits);

	if (pk != GNUTLS_PK_RSA &&
	    gnutls_pubkey_export_ecc_raw2(pub, &curve, NULL, NULL, 0) < 0)
		return err_set(e, ERR_BAD_KEY, "a key of a kind that is not used here");
	for (size_t i = 0; i < NITEMS(makes); i++)
		if ((int)makes[i].pk == pk && makes[i].curve == curve) {
			if (pk == GNUTLS_PK_RSA &&
			    (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX))
				return err_set(e, ERR_BAD_KEY,
				    "an RSA key of %u bits; %d to %d would do", bits,
				    RSA_BITS_MIN, RSA_BITS_MAX);
			*ret = kind_of(makes[i].alg);
			*ret_bits = makes[i].bits > 0 ? makes[i].bits : bits;
			return true;
		}
	return err_set(e, ERR_BAD_KEY, "a key of a kind that is not used here");
}

/* Makes the key's other half: public key, SubjectPublicKeyInfo, kind. */
static bool
complete(struct key *k, struct err *e)
{
	gnutls_datum_t der = { 0 };

	if (gnutls_pubkey_import_privkey(k->pub, k->priv, 0, 0) < 0)
		return err_set(e, ERR_MALFORMED, "key: no public half can be made");
	if (!find_kind(k->pub, &k->kind, &k->bits, e))
		return false;
	if (gnutls_pubkey_export2(k->pub, GNUTLS_X509_FMT_DER, &der) < 0)
		return err_set(e, ERR_INTERNAL,
		    "key: its public half cannot be written");
	buf_put(&k->spki, bytes_of(der.data, der.size));
	gnutls_free(der.data);
	return buf_ok(&k->spki, "a public key", e);
}

static struct key *
key_empty(void)
{
	struct key *k = mem_zalloc(sizeof(*k));

	buf_init(&k->spki, SPKI_MAX);
	k->signs = mem_zalloc(sizeof(*k->signs));
	if (gnutls_privkey_init(&k->priv) < 0 || gnutls_pubkey_init(&k->pub) < 0) {
		key_free(k);
		return NULL;
	}
	return k;
}

bool
key_generate(enum key_alg alg, unsigned bits, struct key **ret, struct err *e)
{
	struct key *k = key_empty();
	unsigned param = bits;
	bool ok = false;
	size_t i = 0;

	while (i < NITEMS(makes) && makes[i].alg != alg)
		i++;
	if (k == NULL || i == NITEMS(makes)) {
		err_set(e, ERR_INTERNAL, "key: GnuTLS gave no handle");
		goto out;
	}
	if (makes[i].curve != GNUTLS_ECC_CURVE_INVALID)
		param = GNUTLS_CURVE_TO_BITS(makes[i].curve);
	if (gnutls_privkey_generate(k->priv, makes[i].pk, param, 0) < 0) {
		err_set(e, ERR_INTERNAL, "key: GnuTLS could not draw one");
		goto out;
	}
	if (!complete(k, e))
		goto out;
	*ret = k;
	k = NULL;
	ok = true;
out:
	key_free(k);
	return ok;
}

void
key_free(struct key *k)
{
	if (k == NULL)
		return;
	gnutls_privkey_deinit(k->priv);
	gnutls_pubkey_deinit(k->pub);
	buf_free(&k->spki);
	free(k->signs);
	free(k);
}

static bool
says(struct bytes text, const char *words)
{
	return text.n > 0 && memmem(text.p, text.n, words, strlen(words)) != NULL;
}

bool
key_is_encrypted(struct bytes pem)
{
	return says(pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----") ||
	       says(pem, "Proc-Type: 4,ENCRYPTED");
}

/* Reads the PEM of a private key in any of its forms. */
static bool
read_pem(struct bytes pem, const char *passphrase, gnutls_x509_privkey_t x,
    struct err *e)
{
	const bool locked = key_is_encrypted(pem);
	const gnutls_datum_t in = { (unsigned char *)(uintptr_t)pem.p,
		(unsigned)pem.n };

	if (!says(pem, "PRIVATE KEY-----"))
		return err_set(e, ERR_MALFORMED, "not a private key in PEM");
	if (locked && passphrase == NULL)
		return err_set(e, ERR_MALFORMED,
		    "the key is encrypted and no passphrase was given");
	const int r = gnutls_x509_privkey_import2(x, &in, GNUTLS_X509_FMT_PEM,
	    locked ? passphrase : NULL, locked ? 0 : GNUTLS_PKCS_PLAIN);
	if (r < 0 && locked)
		return err_set(e, ERR_MALFORMED,
		    "the passphrase is wrong, or the encrypted key is damaged");
	if (r < 0)
		return err_set(e, ERR_MALFORMED, "the private key is damaged: %s",
		    gnutls_strerror(r));
	return true;
}

bool
key_load(struct bytes pem, const char *passphrase, struct key **ret, struct err *e)
{
	struct key *k = key_empty();
	gnutls_x509_privkey_t x = NULL;
	bool ok = false;

	if (k == NULL || gnutls_x509_privkey_init(&x) < 0) {
		err_set(e, ERR_INTERNAL, "key: GnuTLS gave no handle");
		goto out;
	}
	if (!read_pem(pem, passphrase, x, e))
		goto out;
	if (gnutls_privkey_import_x509(k->priv, x, GNUTLS_PRIVKEY_IMPORT_COPY) < 0) {
		err_set(e, ERR_MALFORMED, "the private key is of no use");
		goto out;
	}
	if (!complete(k, e))
		goto out;
	*ret = k;
	k = NULL;
	ok = true;
out:
	if (x != NULL)
		gnutls_x509_privkey_deinit(x);
	key_free(k);
	return ok;
}

static bool
is_ecdsa(enum key_alg alg)
{
	return alg == KEY_ALG_ECDSA_P256 || alg == KEY_ALG_ECDSA_P384 ||
	       alg == KEY_ALG_ECDSA_P521;
}

bool
key_save(const struct key *k, const char *passphrase, struct buf *ret, struct err *e)
{
	gnutls_x509_privkey_t x = NULL;
	gnutls_datum_t pem = { 0 };
	bool ok = false;

	if (passphrase == NULL && is_ecdsa(k->kind->alg))
		return key_pkcs8_ec(k, ret, e);
	if (gnutls_privkey_export_x509(k->priv, &x) < 0) {
		err_set(e, ERR_INTERNAL, "key: cannot be exported");
		goto out;
	}
	if (gnutls_x509_privkey_export2_pkcs8(x, GNUTLS_X509_FMT_PEM, passphrase,
		passphrase != NULL ? GNUTLS_PKCS_PBES2_AES_256 : GNUTLS_PKCS_PLAIN,
		&pem) < 0) {
		err_set(e, ERR_INTERNAL, "key: cannot be written");
		goto out;
	}
	buf_put(ret, bytes_of(pem.data, pem.size));
	ok = buf_ok(ret, "a private key", e);
out:
	if (pem.data != NULL) {
		mem_wipe(pem.data, pem.size);
		gnutls_free(pem.data);
	}
	if (x != NULL)
		gnutls_x509_privkey_deinit(x);
	return ok;
}

enum key_alg
key_alg(const struct key *k)
{
	return k->kind->alg;
}

unsigned
key_bits(const struct key *k)
{
	return k->bits;
}

struct bytes
key_spki(const struct key *k)
{
	return buf_bytes(&k->spki);
}

struct bytes
key_sig_alg(const struct key *k)
{
	return bytes_of(k->kind->sig_alg, k->kind->sig_alg_n);
}

static const struct {
	const char *word;
	enum key_alg alg;
	unsigned bits;
} types[] = {
	{ "p256", KEY_ALG_ECDSA_P256, 256 },
	{ "p384", KEY_ALG_ECDSA_P384, 384 },
	{ "p521", KEY_ALG_ECDSA_P521, 521 },
	{ "ecdsa-p256", KEY_ALG_ECDSA_P256, 256 },
	{ "ecdsa-p384", KEY_ALG_ECDSA_P384, 384 },
	{ "ecdsa-p521", KEY_ALG_ECDSA_P521, 521 },
	{ "ed25519", KEY_ALG_ED25519, 256 },
	{ "ed448", KEY_ALG_ED448, 456 },
	{ "rsa-2048", KEY_ALG_RSA, 2048 },
	{ "rsa-3072", KEY_ALG_RSA, 3072 },
	{ "rsa-4096", KEY_ALG_RSA, 4096 },
	{ "rsa-8192", KEY_ALG_RSA, 8192 },
};

bool
key_type_from(struct bytes word, enum key_alg *ret_alg, unsigned *ret_bits,
    struct err *e)
{
	for (size_t i = 0; i < NITEMS(types); i++)
		if (bytes_eq_str(word, types[i].word)) {
			*ret_alg = types[i].alg;
			*ret_bits = types[i].bits;
			return true;
		}
	return err_set(e, ERR_MALFORMED,
	    "no such kind of key: \"%.*s\"; there are ecdsa-p256, ecdsa-p384, "
	    "ecdsa-p521, ed25519, ed448, rsa-2048, rsa-3072, rsa-4096 and rsa-8192",
	    (int)(word.n < 40 ? word.n : 40), word.n > 0 ? (const char *)word.p : "");
}
