/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "cli/enroll_root.h"
#include "codec/pem.h"

static const char one[] = "some octets", two[] = "some others";

static void
hash_of(const char *text, uint8_t ret[static TOKEN_ROOT_LEN])
{
	cr_assert_eq(gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), ret), 0);
}

/* R55 */
Test(enroll_root, only_the_certificate_of_the_hash_is_taken)
{
	uint8_t hash[TOKEN_ROOT_LEN];
	struct buf text, got, expected;
	struct err e = { 0 };

	buf_init(&text, KIB(4));
	buf_init(&got, KIB(4));
	buf_init(&expected, KIB(4));
	pem_put(&text, "CERTIFICATE", bytes_str(one));
	pem_put(&text, "CERTIFICATE", bytes_str(two));
	pem_put(&expected, "CERTIFICATE", bytes_str(two));
	hash_of(two, hash);
	cr_assert(enroll_root_pick(buf_bytes(&text), hash, &got, &e), "%s", e.detail);
	cr_expect(bytes_eq(buf_bytes(&got), buf_bytes(&expected)));

	hash[31] ^= 1;
	buf_clear(&got);
	cr_expect_not(enroll_root_pick(buf_bytes(&text), hash, &got, &e));
	cr_expect_eq(e.code, ERR_UNAUTHENTICATED);
	cr_expect_eq(got.n, 0);
	buf_free(&text);
	buf_free(&got);
	buf_free(&expected);
}

Test(enroll_root, what_is_no_certificate_is_never_taken)
{
	uint8_t hash[TOKEN_ROOT_LEN];
	struct buf text, got;
	struct err e = { 0 };

	buf_init(&text, KIB(4));
	buf_init(&got, KIB(4));
	hash_of(one, hash);
	pem_put(&text, "PRIVATE KEY", bytes_str(one));
	cr_expect_not(enroll_root_pick(buf_bytes(&text), hash, &got, &e));
	buf_clear(&text);
	pem_put(&text, "CERTIFICATE", bytes_str(one));
	for (size_t n = 0; n + 1 < text.n; n++) /* the last octet is the line's end */
		cr_expect_not(enroll_root_pick(bytes_of(text.p, n), hash, &got, &e),
		    "%zu octets", n);
	cr_expect_eq(got.n, 0);
	cr_expect(enroll_root_pick(buf_bytes(&text), hash, &got, &e));
	buf_free(&text);
	buf_free(&got);
}
