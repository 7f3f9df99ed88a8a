/* SPDX-License-Identifier: Apache-2.0 */
/* The account's key and what it signs (RFC 7515, RFC 7638, RFC 8555 6.2). */
#include <gnutls/crypto.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "load_test.h"

#define HALF 32 /* octets of a coordinate, and of r and s, on P-256 */

bool
load_test_account(struct load_test *t, struct err *e)
{
	uint8_t hash[32];
	struct buf text;

	if (!key_generate(KEY_ALG_ECDSA_P256, 0, &t->account, e))
		return false;
	const struct bytes spki = key_spki(t->account); /* ends with 04 x y */

	buf_init(&t->jwk, KIB(1));
	buf_puts(&t->jwk, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
	base64url_put(&t->jwk, bytes_of(spki.p + spki.n - 2 * HALF, HALF));
	buf_puts(&t->jwk, "\",\"y\":\"");
	base64url_put(&t->jwk, bytes_of(spki.p + spki.n - HALF, HALF));
	buf_puts(&t->jwk, "\"}");
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, t->jwk.p, t->jwk.n, hash) < 0)
		return err_set(e, ERR_INTERNAL, "no SHA-256");
	buf_init(&text, KIB(1));
	base64url_put(&text, bytes_of(hash, sizeof(hash)));
	t->thumbprint = mem_strdup(buf_str(&text));
	buf_free(&text);
	return true;
}

/* DER's r and s side by side (RFC 7518 3.4). */
static bool
sign(const struct load_test *t, struct bytes data, uint8_t ret[static 2 * HALF],
    struct err *e)
{
	gnutls_datum_t v[2] = { { NULL, 0 }, { NULL, 0 } };
	struct buf der;

	buf_init(&der, KIB(1));
	bool ok = key_sign(t->account, data, &der, e);
	const gnutls_datum_t in = { der.p, (unsigned)der.n };

	if (ok && gnutls_decode_rs_value(&in, &v[0], &v[1]) < 0)
		ok = err_set(e, ERR_INTERNAL, "no signature");
	memset(ret, 0, 2 * HALF);
	for (size_t i = 0; i < 2 && ok; i++) {
		const size_t skip = v[i].size > HALF ? v[i].size - HALF : 0;
		const size_t n = v[i].size - skip;

		memcpy(ret + (i + 1) * HALF - n, v[i].data + skip, n);
	}
	gnutls_free(v[0].data);
	gnutls_free(v[1].data);
	buf_free(&der);
	return ok;
}

bool
load_acme_jws(const struct load_test *t, const char *url, const char *nonce,
    const char *kid, const char *payload, struct buf *ret, struct err *e)
{
	uint8_t sig[2 * HALF];
	struct buf head, input;

	buf_init(&head, KIB(4));
	buf_init(&input, KIB(64));
	buf_printf(&head, "{\"alg\":\"ES256\",\"nonce\":\"%s\",\"url\":\"%s\",", nonce,
	    url);
	if (kid != NULL)
		buf_printf(&head, "\"kid\":\"%s\"}", kid);
	else
		buf_printf(&head, "\"jwk\":%.*s}", (int)t->jwk.n,
		    (const char *)t->jwk.p);
	base64url_put(&input, buf_bytes(&head));
	const size_t head_n = input.n;
	buf_putc(&input, '.');
	base64url_put(&input, bytes_str(payload));
	const bool ok = sign(t, buf_bytes(&input), sig, e);

	buf_puts(ret, "{\"protected\":\"");
	buf_put(ret, bytes_of(input.p, head_n));
	buf_puts(ret, "\",\"payload\":\"");
	buf_put(ret, bytes_skip(buf_bytes(&input), head_n + 1));
	buf_puts(ret, "\",\"signature\":\"");
	base64url_put(ret, bytes_of(sig, sizeof(sig)));
	buf_puts(ret, "\"}");
	buf_free(&head);
	buf_free(&input);
	return ok && buf_ok(ret, "the JWS", e);
}
