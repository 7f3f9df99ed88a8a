/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and nonces of ACME, when the system or GnuTLS fails at any call. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../faulty.h"
#include "case.h"
#include "jose/jwk.h"
#include "jose/nonce.h"
#include "rfc.h"

static char dir[64], path[100];
static struct nonces *nonces;

static void
make_dir(void)
{
	strcpy(dir, "/tmp/hnp-nonce-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/nonces", dir);
	nonces = NULL;
}

static bool
open_nonces(struct err *e)
{
	static const uint8_t key[NONCE_KEY_LEN] = "thirty-two octets, known to all";

	return nonce_open(path, bytes_of(key, sizeof(key)), &nonces, e);
}

static void
serves_or_can_be_opened_again(bool ok, const struct err *e)
{
	char text[NONCE_TEXT];
	struct err why = { 0 };

	cr_expect_eq(ok, nonces != NULL);
	cr_expect(ok || e->code == ERR_IO || e->code == ERR_INTERNAL ||
		      e->code == ERR_CONFLICT,
	    "%s: %s", faulty_which(), e->detail);
	if (!ok)
		cr_assert(open_nonces(&why), "%s: %s", faulty_which(), why.detail);
	nonce_new(nonces, text);
	cr_expect(nonce_use(nonces, bytes_str(text), &why), "%s", why.detail);
	cr_expect_not(nonce_use(nonces, bytes_str(text), &why), "once");
	nonce_close(nonces);
	unlink(path);
	rmdir(dir);
}

static void
leave_file(void)
{
	struct err e = { 0 };

	make_dir();
	cr_assert(open_nonces(&e), "%s", e.detail);
	nonce_close(nonces);
	nonces = NULL;
}

/* R62 */
Test(jose_faulty, nonces_are_kept_or_it_is_told_why_not)
{
	cr_expect_geq(faulty_sweep(EIO, make_dir, open_nonces,
			  serves_or_can_be_opened_again),
	    5);
	cr_expect_geq(faulty_sweep(ENOSPC, leave_file, open_nonces,
			  serves_or_can_be_opened_again),
	    4);
}

static const char *alg, *input, *signature, *text;
static struct jwk *key;

static bool
read_key(struct err *e)
{
	key = NULL;
	return jwk_read_text(bytes_str(text), &key, e);
}

static void
is_read_or_untouched(bool ok, const struct err *e)
{
	cr_expect_eq(ok, key != NULL, "%s", faulty_which());
	cr_expect(ok || e->code == ERR_INTERNAL || e->code == ERR_BAD_KEY, "%s: %s",
	    faulty_which(), e->detail);
	jwk_free(key);
}

static bool
verify(struct err *e)
{
	struct case_signed c;

	case_signed(&c, alg, input, signature);
	const bool ok = jws_verify(&c.s, key, e);
	case_signed_free(&c);
	return ok;
}

/* R59, R60: what cannot be verified is not verified. */
Test(jose_faulty, no_key_is_read_and_no_signature_good_when_a_step_fails)
{
	for (size_t i = 0; i < NITEMS(rfc_signatures); i++) {
		text = rfc_signatures[i].jwk;
		cr_expect_geq(faulty_sweep(1, NULL, read_key, is_read_or_untouched), 2);
		key = case_jwk(text);
		alg = rfc_signatures[i].alg;
		input = rfc_signatures[i].input;
		signature = rfc_signatures[i].signature;
		cr_expect_geq(faulty_sweep(1, NULL, verify, NULL), 1);
		jwk_free(key);
	}
}
