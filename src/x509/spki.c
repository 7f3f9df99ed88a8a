/* SPDX-License-Identifier: Apache-2.0 */
#include "x509/spki.h"

#include <assert.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "codec/der.h"
#include "spki_part.h"

typedef bool point_check(enum key_alg curve, struct bytes point, struct err *e);

/* Every kind of key that is accepted, by its whole AlgorithmIdentifier (P15, P53). */
static const struct {
	enum key_alg alg;
	unsigned bits;
	size_t key_octets; /* 0: any */
	point_check *check;
	uint8_t n, alg_id[21];
} kinds[] = {
	/* clang-format off */
	{ KEY_ALG_ECDSA_P256, 256, 65, spki_ec_check, 21,
	  { 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1,
	    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 } },
	{ KEY_ALG_ECDSA_P384, 384, 97, spki_ec_check, 18,
	  { 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1,
	    0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 } },
	{ KEY_ALG_ECDSA_P521, 521, 133, spki_ec_check, 18,
	  { 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1,
	    0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23 } },
	{ KEY_ALG_ED25519, 256, 32, spki_ed_check, 7,
	  { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70 } },
	{ KEY_ALG_ED448, 456, 57, spki_ed_check, 7,
	  { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71 } },
	{ KEY_ALG_RSA, 0, 0, NULL, 15,
	  { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1,
	    0x05, 0x00 } },
	/* clang-format on */
};

/* Others that are met in the wild, so that the refusal names them. */
static const struct {
	const char *oid, *why;
} refusals[] = {
	/* clang-format off */
	{ "1.2.840.113549.1.1.1",  "RSA key whose parameters are not NULL" },
	{ "1.2.840.113549.1.1.10", "RSASSA-PSS key: use a plain RSA key" },
	{ "1.2.840.10040.4.1",     "DSA key" },
	{ "1.2.840.10046.2.1",     "Diffie-Hellman key: it cannot sign" },
	{ "1.3.101.110",           "X25519 key: it cannot sign" },
	{ "1.3.101.111",           "X448 key: it cannot sign" },
	{ "1.3.101.112",           "Ed25519 key with parameters" },
	{ "1.3.101.113",           "Ed448 key with parameters" },
	/* clang-format on */
};

/* RFC 5480 2.1.1: only a named curve, and only three of them. */
static bool
refuse_ec(struct bytes params, struct err *e)
{
	struct der d;
	char curve[64];

	if (params.n == 0)
		return err_set(e, ERR_BAD_KEY, "EC key without parameters");
	if (!der_next(&params, &d, e))
		return false;
	if (d.tag == DER_SEQUENCE)
		return err_set(e, ERR_BAD_KEY,
		    "EC key with explicit parameters: only named curves are accepted");
	if (d.tag != DER_OID || !der_get_oid(d.body, curve, sizeof(curve), e))
		return err_set(e, ERR_BAD_KEY, "EC key without a named curve");
	return err_set(e, ERR_BAD_KEY,
	    "EC key on curve %s: only P-256, P-384 and P-521 are accepted", curve);
}

/* Says why an AlgorithmIdentifier is none of ours; always false. */
static bool
refuse(struct bytes alg_id, struct err *e)
{
	struct der seq, d;
	char oid[64];

	if (!der_whole(alg_id, DER_SEQUENCE, &seq, e) ||
	    !der_expect(&seq.body, DER_OID, &d, e) ||
	    !der_get_oid(d.body, oid, sizeof(oid), e))
		return false;
	if (strcmp(oid, "1.2.840.10045.2.1") == 0)
		return refuse_ec(seq.body, e);
	for (size_t i = 0; i < NITEMS(refusals); i++)
		if (strcmp(oid, refusals[i].oid) == 0)
			return err_set(e, ERR_BAD_KEY, "%s", refusals[i].why);
	return err_set(e, ERR_BAD_KEY, "key of an unknown algorithm %s", oid);
}

static bool
check_point(size_t kind, struct bytes point, struct err *e)
{
	const char *word = sets_key_alg_word(kinds[kind].alg);

	if (kinds[kind].check == spki_ec_check) {
		if (point.n == 1 && point.p[0] == 0)
			return err_set(e, ERR_BAD_KEY, "%s key at infinity", word);
		if (point.n > 0 && (point.p[0] == 2 || point.p[0] == 3))
			return err_set(e, ERR_BAD_KEY,
			    "%s key as a compressed point: uncompressed is wanted",
			    word);
		if (point.n == 0 || point.p[0] != 4)
			return err_set(e, ERR_BAD_KEY, "%s key is no point", word);
	}
	if (point.n != kinds[kind].key_octets)
		return err_set(e, ERR_BAD_KEY, "%s key of %zu octets, not %zu", word,
		    point.n, kinds[kind].key_octets);
	return kinds[kind].check(kinds[kind].alg, point, e);
}

static bool
parse(struct bytes der, struct spki *k, struct err *e)
{
	struct der seq, alg, bits;
	size_t i = 0;

	if (!der_whole(der, DER_SEQUENCE, &seq, e) ||
	    !der_expect(&seq.body, DER_SEQUENCE, &alg, e) ||
	    !der_expect(&seq.body, DER_BIT_STRING, &bits, e) ||
	    !der_done(seq.body, "SubjectPublicKeyInfo", e) ||
	    !der_get_bits(bits.body, &k->key_bits, e))
		return false;
	while (i < NITEMS(kinds) &&
	       !bytes_eq(alg.whole, bytes_of(kinds[i].alg_id, kinds[i].n)))
		i++;
	if (i == NITEMS(kinds))
		return refuse(alg.whole, e);
	k->alg = kinds[i].alg;
	k->bits = kinds[i].bits;
	k->der = der;
	if (k->alg == KEY_ALG_RSA)
		return spki_rsa_check(k->key_bits, &k->bits, e);
	return check_point(i, k->key_bits, e);
}

bool
spki_parse(struct bytes der, struct spki *ret, struct err *e)
{
	struct spki k = { 0 };

	if (!parse(der, &k, e)) {
		e->code = ERR_BAD_KEY;
		return err_prefix(e, "public key");
	}
	*ret = k;
	return true;
}

void
spki_hash(struct bytes der, uint8_t ret[static 32])
{
	const int rc = gnutls_hash_fast(GNUTLS_DIG_SHA256, der.p, der.n, ret);

	assert(rc == 0); /* SHA-256 is always there */
}

void
spki_key_id(const struct spki *k, uint8_t ret[static 20])
{
	uint8_t h[32];

	spki_hash(k->key_bits, h);
	memcpy(ret, h, 20);
}

bool
spki_key_id_sha1(const struct spki *k, uint8_t ret[static 20])
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA1, k->key_bits.p, k->key_bits.n, ret) ==
	       0;
}
