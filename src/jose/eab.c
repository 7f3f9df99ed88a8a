/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/eab.h"

#include <assert.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "base/mem.h"
#include "codec/base64.h"

static void
add(gnutls_hmac_hd_t h, const char *text)
{
	const int rc = gnutls_hmac(h, text, strlen(text));

	assert(rc == 0);
}

void
eab_key_derive(struct bytes master, const char *kid, uint8_t ret[static EAB_KEY_LEN])
{
	gnutls_hmac_hd_t h = NULL;
	const int rc = gnutls_hmac_init(&h, GNUTLS_MAC_SHA256, master.p, master.n);

	assert(rc == 0); /* SHA-256 is always there */
	add(h, "eab");
	add(h, kid);
	gnutls_hmac_deinit(h, ret);
}

void
eab_key_text(const uint8_t key[static EAB_KEY_LEN], char ret[static EAB_KEY_TEXT])
{
	struct buf b;

	buf_init(&b, EAB_KEY_TEXT);
	base64url_put(&b, bytes_of(key, EAB_KEY_LEN));
	assert(b.n == EAB_KEY_TEXT - 1);
	memcpy(ret, b.p, b.n);
	ret[b.n] = '\0';
	buf_wipe(&b);
}
