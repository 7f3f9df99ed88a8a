/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/token.h"

#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "base/hex.h"
#include "base/mem.h"
#include "codec/base64.h"

#define TOKEN_PREFIX "hnp1."
#define PREFIX_LEN   (sizeof(TOKEN_PREFIX) - 1)
#define PART_LEN     43 /* 32 octets in base64url */

bool
token_new(const uint8_t root[static TOKEN_ROOT_LEN], struct token *ret, struct err *e)
{
	struct token t;

	memcpy(t.root, root, sizeof(t.root));
	if (gnutls_rnd(GNUTLS_RND_KEY, t.secret, sizeof(t.secret)) < 0)
		return err_set(e, ERR_INTERNAL, "the system gave no random octets");
	*ret = t;
	mem_wipe(&t, sizeof(t));
	return true;
}

void
token_write(const struct token *t, char ret[static TOKEN_TEXT_LEN])
{
	struct buf b;

	buf_init(&b, TOKEN_TEXT_LEN);
	buf_puts(&b, TOKEN_PREFIX);
	base64url_put(&b, bytes_of(t->root, sizeof(t->root)));
	buf_putc(&b, '.');
	base64url_put(&b, bytes_of(t->secret, sizeof(t->secret)));
	buf_putc(&b, '\0');
	memcpy(ret, b.p, TOKEN_TEXT_LEN);
	buf_wipe(&b);
}

static bool
read_part(struct bytes text, uint8_t ret[static 32])
{
	struct buf b;
	struct err ignored; /* it may quote a secret */

	buf_init(&b, 32);
	const bool ok = base64url_read(text, &b, &ignored) && b.n == 32;
	if (ok)
		memcpy(ret, b.p, 32);
	buf_wipe(&b);
	return ok;
}

bool
token_read(struct bytes text, struct token *ret, struct err *e)
{
	struct token t;

	const bool ok =
	    text.n == TOKEN_TEXT_LEN - 1 && bytes_starts(text, TOKEN_PREFIX) &&
	    text.p[PREFIX_LEN + PART_LEN] == '.' &&
	    read_part(bytes_of(text.p + PREFIX_LEN, PART_LEN), t.root) &&
	    read_part(bytes_skip(text, PREFIX_LEN + PART_LEN + 1), t.secret);
	if (ok)
		*ret = t;
	mem_wipe(&t, sizeof(t));
	return ok ||
	       err_set(e, ERR_MALFORMED,
		   "this is no enrolment token: one begins with \"hnp1.\" and has "
		   "%d characters",
		   TOKEN_TEXT_LEN - 1);
}

bool
token_hash(const struct token *t, uint8_t ret[static TOKEN_HASH_LEN], struct err *e)
{
	return gnutls_hash_fast(GNUTLS_DIG_SHA256, t->secret, sizeof(t->secret), ret) ==
		   0 ||
	       err_set(e, ERR_INTERNAL, "SHA-256 failed");
}

void
token_id(const uint8_t hash[static TOKEN_HASH_LEN], char ret[static TOKEN_ID_LEN])
{
	hex_write(bytes_of(hash, TOKEN_KEY_LEN), ret);
}
