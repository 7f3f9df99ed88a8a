/* SPDX-License-Identifier: Apache-2.0 */
/* key_impl - what the files of this folder share; nobody else includes it. */
#ifndef KEY_KEY_IMPL_H
#define KEY_KEY_IMPL_H

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdatomic.h>

#include "key/key.h"

#define KEY_SCALAR_MAX 66 /* octets of an EC private key: P-521 */

/* How keys of one kind sign (P5). */
struct key_kind {
	enum key_alg alg;
	gnutls_sign_algorithm_t sign;
	gnutls_digest_algorithm_t
	    digest;          /* GNUTLS_DIG_UNKNOWN: signs the data itself */
	unsigned flags;      /* of gnutls_privkey_sign_*() */
	uint8_t sig_alg[16]; /* AlgorithmIdentifier */
	size_t sig_alg_n;
};

struct key {
	const struct key_kind *kind;
	gnutls_privkey_t priv;
	gnutls_pubkey_t pub;
	unsigned bits;
	struct buf spki;
	atomic_uint
	    *signs; /* how often it has signed, by any thread: the sample of R26 */
};

/* An EC key as PKCS #8 PEM, not encrypted; appended to 'ret'. */
MUST_CHECK bool key_pkcs8_ec(const struct key *k, struct buf *ret, struct err *e);

#endif
