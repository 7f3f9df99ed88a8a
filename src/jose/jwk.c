/* SPDX-License-Identifier: Apache-2.0 */
#include "jwk_part.h"

#include <assert.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"

#define RSA_BITS_MIN     2048
#define RSA_BITS_MAX     8192
#define RSA_EXPONENT_MAX 8 /* octets */
#define MEMBER_MAX       (RSA_BITS_MAX / 8 + 1)
#define TEXT_MAX         KIB(4)

/* RFC 7518 6.2 and 6.3, RFC 8037 2; the orders: FIPS 186-5, SP 800-186 3.2. */
static const struct jwk_kind kinds[] = {
	{ KEY_ALG_ECDSA_P256, "EC", "P-256", 32, "x", "y", "1.2.840.10045.2.1",
	    "1.2.840.10045.3.1.7",
	    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551" },
	{ KEY_ALG_ECDSA_P384, "EC", "P-384", 48, "x", "y", "1.2.840.10045.2.1",
	    "1.3.132.0.34",
	    "ffffffffffffffffffffffffffffffffffffffffffffffff"
	    "c7634d81f4372ddf581a0db248b0a77aecec196accc52973" },
	{ KEY_ALG_ECDSA_P521, "EC", "P-521", 66, "x", "y", "1.2.840.10045.2.1",
	    "1.3.132.0.35",
	    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
	    "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409" },
	{ KEY_ALG_ED25519, "OKP", "Ed25519", 32, "x", NULL, "1.3.101.112", NULL,
	    "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed" },
	{ KEY_ALG_RSA, "RSA", NULL, 0, "n", "e", "1.2.840.113549.1.1.1", NULL, NULL },
};

/* RFC 7518 6.2.2, 6.3.2, 6.4.1; RFC 8037 2. */
static const char *const private_members[] = { "d", "p", "q", "dp", "dq", "qi", "oth",
	"k" };

/* ---- members ---- */

static bool
text_member(const json_t *object, const char *name, const char **ret, struct err *e)
{
	const json_t *v = json_object_get(object, name);

	if (v == NULL)
		return err_set(e, ERR_MALFORMED, "\"%s\" is missing", name);
	if (!json_is_string(v))
		return err_set(e, ERR_MALFORMED, "\"%s\" must be a string", name);
	*ret = json_string_value(v);
	return true;
}

static bool
find_kind(const json_t *object, const struct jwk_kind **ret, struct err *e)
{
	const char *kty, *crv = NULL;
	bool is_type = false;

	if (!text_member(object, "kty", &kty, e))
		return false;
	for (size_t i = 0; i < NITEMS(kinds); i++) {
		if (strcmp(kinds[i].kty, kty) != 0)
			continue;
		is_type = true;
		if (kinds[i].crv != NULL && crv == NULL &&
		    !text_member(object, "crv", &crv, e))
			return false;
		if (kinds[i].crv == NULL || strcmp(kinds[i].crv, crv) == 0) {
			*ret = &kinds[i];
			return true;
		}
	}
	if (!is_type)
		return err_set(e, ERR_BAD_KEY,
		    "a key of type \"%.32s\"; EC, OKP and RSA are accepted", kty);
	return err_set(e, ERR_BAD_KEY,
	    "curve \"%.32s\"; P-256, P-384, P-521 and Ed25519 are accepted", crv);
}

static bool
octets_member(const json_t *object, const char *name, struct buf *ret, struct err *e)
{
	const char *text;

	if (!text_member(object, name, &text, e))
		return false;
	if (!base64url_read(bytes_str(text), ret, e)) {
		if (e->code == ERR_TOO_LARGE) /* of no key that is accepted */
			return err_set(e, ERR_BAD_KEY, "\"%s\" has over %zu octets",
			    name, ret->max);
		return err_prefix(e, name);
	}
	return true;
}

/* ---- is it fit? ---- */

static unsigned
bits_of(const struct buf *b)
{
	unsigned bits = (unsigned)b->n * 8;

	for (unsigned top = b->n > 0 ? b->p[0] : 0; bits > 0 && (top & 0x80) == 0;
	     top <<= 1)
		bits--;
	return bits;
}

static bool
check_rsa(const struct jwk *k, struct err *e)
{
	const struct buf *n = &k->first, *x = &k->second;

	/* RFC 7518 2, Base64urlUInt: so that a key has one thumbprint. */
	if (n->n == 0 || x->n == 0 || n->p[0] == 0 || x->p[0] == 0)
		return err_set(e, ERR_BAD_KEY,
		    "RSA number that is zero, empty or begins with a zero octet");
	const unsigned bits = bits_of(n);
	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX || bits % 8 != 0)
		return err_set(e, ERR_BAD_KEY,
		    "RSA key of %u bits; %d to %d by 8 are accepted", bits,
		    RSA_BITS_MIN, RSA_BITS_MAX);
	if ((n->p[n->n - 1] & 1) == 0)
		return err_set(e, ERR_BAD_KEY, "RSA modulus is even");
	if (x->n > RSA_EXPONENT_MAX)
		return err_set(e, ERR_BAD_KEY, "RSA exponent of over %d bits",
		    RSA_EXPONENT_MAX * 8);
	if ((x->p[x->n - 1] & 1) == 0)
		return err_set(e, ERR_BAD_KEY, "RSA exponent is even");
	if (bits_of(x) < 17)
		return err_set(e, ERR_BAD_KEY, "RSA exponent under 65537");
	return true;
}

static bool
check(const struct jwk *k, struct err *e)
{
	const struct jwk_kind *d = k->kind;

	if (d->alg == KEY_ALG_RSA)
		return check_rsa(k, e);
	/* RFC 7518 6.2.1.2: as long as the field, leading zero octets and all. */
	if (k->first.n != d->octets || (d->second != NULL && k->second.n != d->octets))
		return err_set(e, ERR_BAD_KEY,
		    "%s coordinate that is not of %zu octets", d->crv, d->octets);
	if (d->alg == KEY_ALG_ED25519)
		return jwk_point_ed25519(buf_bytes(&k->first), e);
	return true; /* GnuTLS says whether it is on the curve, in import() */
}

/* ---- what it is known by ---- */

static bool
import(struct jwk *k, struct err *e)
{
	const gnutls_datum_t der = { k->spki.p, (unsigned)k->spki.n };

	if (gnutls_pubkey_init(&k->pub) < 0)
		return err_set(e, ERR_INTERNAL, "GnuTLS gave no handle");
	if (gnutls_pubkey_import(k->pub, &der, GNUTLS_X509_FMT_DER) < 0)
		return err_set(e, ERR_BAD_KEY, "GnuTLS cannot read it");
	if (k->kind->alg == KEY_ALG_RSA || k->kind->alg == KEY_ALG_ED25519)
		return true; /* checked already */
	if (gnutls_pubkey_verify_params(k->pub) < 0)
		return err_set(e, ERR_BAD_KEY, "%s point is not on its curve",
		    k->kind->crv);
	return true;
}

static void
put_member(struct buf *b, const char *name, const struct buf *octets)
{
	buf_printf(b, "\"%s\":\"", name);
	base64url_put(b, buf_bytes(octets));
	buf_putc(b, '"');
}

/* RFC 7638 3.2, RFC 8037 2: required members, sorted; "e" comes before "kty" before "n". */
static void
put_text(const struct jwk *k, struct buf *b)
{
	buf_putc(b, '{');
	if (k->kind->crv != NULL)
		buf_printf(b, "\"crv\":\"%s\",\"kty\":\"%s\",", k->kind->crv,
		    k->kind->kty);
	else {
		put_member(b, k->kind->second, &k->second);
		buf_printf(b, ",\"kty\":\"%s\",", k->kind->kty);
	}
	put_member(b, k->kind->first, &k->first);
	if (k->kind->crv != NULL && k->kind->second != NULL) {
		buf_putc(b, ',');
		put_member(b, k->kind->second, &k->second);
	}
	buf_putc(b, '}');
}

static void
sha256(const struct buf *b, uint8_t ret[static 32])
{
	const int rc = gnutls_hash_fast(GNUTLS_DIG_SHA256, b->p, b->n, ret);

	assert(rc == 0); /* SHA-256 is always there */
}

static void
name_it(struct jwk *k)
{
	struct buf b;

	put_text(k, &k->text);
	assert(!k->text.full);
	(void)buf_str(&k->text);
	sha256(&k->text, k->thumbprint);
	sha256(&k->spki, k->key_hash);
	buf_init(&b, JWK_THUMBPRINT_LEN);
	base64url_put(&b, jwk_thumbprint(k));
	assert(b.n == JWK_THUMBPRINT_LEN);
	memcpy(k->thumbprint_text, b.p, b.n);
	buf_free(&b);
}

/* ---- reading ---- */

static bool
read_members(const json_t *object, struct jwk *k, struct err *e)
{
	if (!json_is_object(object))
		return err_set(e, ERR_MALFORMED, "not an object");
	for (size_t i = 0; i < NITEMS(private_members); i++)
		if (json_object_get(object, private_members[i]) != NULL)
			return err_set(e, ERR_MALFORMED,
			    "it holds the private member \"%s\": that key is known now",
			    private_members[i]);
	return find_kind(object, &k->kind, e) &&
	       octets_member(object, k->kind->first, &k->first, e) &&
	       (k->kind->second == NULL ||
		   octets_member(object, k->kind->second, &k->second, e));
}

bool
jwk_read(const json_t *object, struct jwk **ret, struct err *e)
{
	struct jwk *k = mem_zalloc(sizeof(*k));

	buf_init(&k->first, MEMBER_MAX);
	buf_init(&k->second, MEMBER_MAX);
	buf_init(&k->text, TEXT_MAX);
	buf_init(&k->spki, TEXT_MAX);
	if (!read_members(object, k, e) || !check(k, e) || !jwk_spki_make(k, e) ||
	    !import(k, e)) {
		jwk_free(k);
		return err_prefix(e, "JWK");
	}
	name_it(k);
	*ret = k;
	return true;
}

bool
jwk_read_text(struct bytes text, struct jwk **ret, struct err *e)
{
	json_t *v = NULL;

	if (!json_read(text, &v, e))
		return err_prefix(e, "JWK");
	const bool ok = jwk_read(v, ret, e);
	json_decref(v);
	return ok;
}

struct jwk *
jwk_ref(struct jwk *k)
{
	k->refs++;
	return k;
}

void
jwk_free(struct jwk *k)
{
	if (k == NULL)
		return;
	if (k->refs > 0) {
		k->refs--;
		return;
	}
	gnutls_pubkey_deinit(k->pub);
	buf_free(&k->first);
	buf_free(&k->second);
	buf_free(&k->text);
	buf_free(&k->spki);
	free(k);
}

/* ---- asking ---- */

enum key_alg
jwk_alg(const struct jwk *k)
{
	return k->kind->alg;
}

bool
jwk_same(const struct jwk *a, const struct jwk *b)
{
	return bytes_eq(jwk_spki(a), jwk_spki(b));
}

const char *
jwk_text(const struct jwk *k)
{
	return (const char *)k->text.p; /* name_it() put a NUL behind */
}

void
jwk_write(struct buf *b, const struct jwk *k)
{
	buf_put(b, buf_bytes(&k->text));
}

struct bytes
jwk_thumbprint(const struct jwk *k)
{
	return bytes_of(k->thumbprint, sizeof(k->thumbprint));
}

const char *
jwk_thumbprint_text(const struct jwk *k)
{
	return k->thumbprint_text;
}

struct bytes
jwk_spki(const struct jwk *k)
{
	return buf_bytes(&k->spki);
}

struct bytes
jwk_key_hash(const struct jwk *k)
{
	return bytes_of(k->key_hash, sizeof(k->key_hash));
}
