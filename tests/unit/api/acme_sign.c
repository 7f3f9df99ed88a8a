/* SPDX-License-Identifier: Apache-2.0 */
#include "acme_sign.h"

#include <criterion/criterion.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "codec/base64.h"

#define P256_LEN 32

static gnutls_privkey_t key;

static struct bytes
last_octets(const gnutls_datum_t *d)
{
	return bytes_skip(bytes_of(d->data, d->size), d->size - P256_LEN);
}

/*
 * As GnuTLS has an integer, with a zero octet in front where it would else be negative and
 * without those that it begins with, in as many octets as the curve's.
 */
static void
put_integer(struct buf *b, const gnutls_datum_t *d)
{
	for (size_t n = d->size; n < P256_LEN; n++)
		buf_putc(b, '\0');
	buf_put(b, d->size > P256_LEN ? last_octets(d) : bytes_of(d->data, d->size));
}

static void
put_coordinate(struct buf *b, const gnutls_datum_t *d)
{
	struct buf raw;

	buf_init(&raw, P256_LEN);
	put_integer(&raw, d);
	base64url_put(b, buf_bytes(&raw));
	buf_free(&raw);
}

static void
put_jwk(struct buf *b)
{
	gnutls_ecc_curve_t curve;
	gnutls_datum_t x, y;

	cr_assert_eq(gnutls_privkey_export_ecc_raw(key, &curve, &x, &y, NULL), 0);
	buf_puts(b, "\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"");
	put_coordinate(b, &x);
	buf_puts(b, "\",\"y\":\"");
	put_coordinate(b, &y);
	buf_puts(b, "\"}");
	gnutls_free(x.data);
	gnutls_free(y.data);
}

static void
put_signature(struct buf *ret, struct bytes input)
{
	const gnutls_datum_t in = { (unsigned char *)(uintptr_t)input.p,
		(unsigned)input.n };
	gnutls_datum_t der, r, s;
	struct buf raw;

	cr_assert_eq(gnutls_privkey_sign_data(key, GNUTLS_DIG_SHA256, 0, &in, &der), 0);
	cr_assert_eq(gnutls_decode_rs_value(&der, &r, &s), 0);
	buf_init(&raw, 2 * P256_LEN);
	put_integer(&raw, &r);
	put_integer(&raw, &s);
	base64url_put(ret, buf_bytes(&raw));
	buf_free(&raw);
	gnutls_free(der.data);
	gnutls_free(r.data);
	gnutls_free(s.data);
}

void
acme_sign(struct buf *ret, const char *kid, const char *url, const char *nonce,
    const char *payload)
{
	struct buf header, input;

	if (key == NULL) {
		cr_assert_eq(gnutls_privkey_init(&key), 0);
		cr_assert_eq(gnutls_privkey_generate(key, GNUTLS_PK_ECDSA,
				 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
		    0);
	}
	buf_init(&header, KIB(4));
	buf_init(&input, KIB(8));
	buf_printf(&header, "{\"alg\":\"ES256\",\"nonce\":\"%s\",\"url\":\"%s\",",
	    nonce, url);
	if (kid != NULL)
		buf_printf(&header, "\"kid\":\"%s\"", kid);
	else
		put_jwk(&header);
	buf_putc(&header, '}');
	base64url_put(&input, buf_bytes(&header));
	const size_t n = input.n;
	buf_putc(&input, '.');
	base64url_put(&input, bytes_str(payload));
	buf_printf(ret, "{\"protected\":\"%.*s\",\"payload\":\"%s\",\"signature\":\"",
	    (int)n, (const char *)input.p, buf_str(&input) + n + 1);
	put_signature(ret, buf_bytes(&input));
	buf_puts(ret, "\"}");
	buf_free(&header);
	buf_free(&input);
}

void
acme_sign_end(void)
{
	gnutls_privkey_deinit(key);
	key = NULL;
}
