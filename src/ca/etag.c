/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/etag.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/hex.h"

bool
etag_of(struct bytes content, char ret[static ETAG_LEN], struct err *e)
{
	uint8_t hash[32];

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, content.p, content.n, hash) < 0)
		return err_set(e, ERR_INTERNAL, "SHA-256 failed");
	hex_write(bytes_of(hash, ETAG_LEN / 2), ret);
	return true;
}
