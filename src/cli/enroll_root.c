/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/enroll_root.h"

#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "cli/client.h"
#include "codec/pem.h"

#define ROOTS_MAX KIB(256)

static bool
has_hash(struct bytes der, const uint8_t hash[static TOKEN_ROOT_LEN])
{
	uint8_t is[TOKEN_ROOT_LEN];

	return gnutls_hash_fast(GNUTLS_DIG_SHA256, der.p, der.n, is) == 0 &&
	       memcmp(is, hash, sizeof(is)) == 0;
}

bool
enroll_root_pick(struct bytes pem, const uint8_t hash[static TOKEN_ROOT_LEN],
    struct buf *ret, struct err *e)
{
	struct bytes label;
	struct buf der;
	struct err ignored;
	bool found = false;

	buf_init(&der, ROOTS_MAX);
	while (!found && pem_next(&pem, &label, &der, &ignored)) {
		found = bytes_eq_str(label, "CERTIFICATE") &&
			has_hash(buf_bytes(&der), hash);
		if (found)
			pem_put(ret, "CERTIFICATE", buf_bytes(&der));
		buf_clear(&der);
	}
	buf_free(&der);
	return found ? buf_ok(ret, "the root certificate", e)
		     : err_set(e, ERR_UNAUTHENTICATED,
			   "the root certificate that was handed out is not the one "
			   "that the token names");
}

bool
enroll_root_fetch(const char *url, const uint8_t hash[static TOKEN_ROOT_LEN],
    struct buf *ret, struct err *e)
{
	struct client *c = NULL;
	struct buf pem;

	buf_init(&pem, ROOTS_MAX);
	const bool got = client_open_stranger(url, NULL, NULL, &c, e) &&
			 client_get(c, "/ca/roots.pem", "*/*", &pem, e);
	bool ok = got && enroll_root_pick(buf_bytes(&pem), hash, ret, e);
	if (got && !ok) {
		err_prefix(e, url);
		err_prefix(e, "the token was not sent");
	}
	client_free(c);
	buf_free(&pem);
	return ok;
}
