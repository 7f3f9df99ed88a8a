/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/mem.h"
#include "key_impl.h"

#define SAMPLE    256      /* one signature in so many is verified (R26) */
#define EDDSA_MAX MIB(512) /* what EdDSA must hold whole */
#define ADD_MAX   ((size_t)1 << 30)

struct key_stream {
	const struct key *key;
	gnutls_hash_hd_t hash; /* NULL for EdDSA */
	struct buf data;       /* for EdDSA alone */
	bool bad;
};

/*
 * RSA is always verified before it leaves: one fault in its CRT gives the key
 * away.  The others at their first use and then by sample: a verify costs as
 * much as three signatures.
 */
static bool
wants_verify(const struct key *k)
{
	return atomic_fetch_add(k->signs, 1) % SAMPLE == 0 ||
	       k->kind->alg == KEY_ALG_RSA;
}

static gnutls_datum_t
datum(struct bytes b)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)b.p, (unsigned)b.n };
}

/* What both ways of signing end with: 'r' is GnuTLS's answer, 'sig' is freed. */
static bool
give(int r, gnutls_datum_t *sig, bool verified, struct buf *ret, struct err *e)
{
	bool ok = false;

	if (r < 0)
		err_set(e, ERR_INTERNAL, "key: GnuTLS did not sign: %s",
		    gnutls_strerror(r));
	else if (!verified)
		err_set(e, ERR_INTERNAL, "key: its own signature does not verify");
	else {
		buf_put(ret, bytes_of(sig->data, sig->size));
		ok = buf_ok(ret, "a signature", e);
	}
	gnutls_free(sig->data);
	return ok;
}

bool
key_sign(const struct key *k, struct bytes data, struct buf *ret, struct err *e)
{
	const gnutls_datum_t in = datum(data);
	gnutls_datum_t sig = { 0 };

	if (data.n > ADD_MAX)
		return err_set(e, ERR_TOO_LARGE, "key: too much to sign at once");
	const int r = gnutls_privkey_sign_data2(k->priv, k->kind->sign, k->kind->flags,
	    &in, &sig);
	const bool verified =
	    r >= 0 && (!wants_verify(k) || gnutls_pubkey_verify_data2(k->pub,
					       k->kind->sign, 0, &in, &sig) >= 0);
	return give(r, &sig, verified, ret, e);
}

bool
key_stream_begin(const struct key *k, struct key_stream **ret, struct err *e)
{
	struct key_stream *s = mem_zalloc(sizeof(*s));

	s->key = k;
	buf_init(&s->data, EDDSA_MAX);
	if (k->kind->digest != GNUTLS_DIG_UNKNOWN &&
	    gnutls_hash_init(&s->hash, k->kind->digest) < 0) {
		free(s);
		return err_set(e, ERR_INTERNAL, "key: GnuTLS gave no hash");
	}
	*ret = s;
	return true;
}

void
key_stream_add(struct key_stream *s, struct bytes data)
{
	if (s->hash == NULL)
		buf_put(&s->data, data);
	else if (data.n > 0 && gnutls_hash(s->hash, data.p, data.n) < 0)
		s->bad = true;
}

static bool
sign_digest(struct key_stream *s, struct buf *ret, struct err *e)
{
	const struct key_kind *kind = s->key->kind;
	uint8_t digest[KEY_DIGEST_MAX];
	const gnutls_datum_t in = { digest, gnutls_hash_get_len(kind->digest) };
	gnutls_datum_t sig = { 0 };

	gnutls_hash_output(s->hash, digest);
	const int r =
	    gnutls_privkey_sign_hash2(s->key->priv, kind->sign, kind->flags, &in, &sig);
	const bool verified =
	    r >= 0 && (!wants_verify(s->key) || gnutls_pubkey_verify_hash2(s->key->pub,
						    kind->sign, 0, &in, &sig) >= 0);
	return give(r, &sig, verified, ret, e);
}

bool
key_stream_end(struct key_stream *s, struct buf *ret, struct err *e)
{
	bool ok;

	if (s->bad)
		ok = err_set(e, ERR_INTERNAL, "key: GnuTLS did not hash");
	else if (s->hash != NULL)
		ok = sign_digest(s, ret, e);
	else
		ok = buf_ok(&s->data, "what an EdDSA key signs", e) &&
		     key_sign(s->key, buf_bytes(&s->data), ret, e);
	key_stream_free(s);
	return ok;
}

void
key_stream_free(struct key_stream *s)
{
	if (s == NULL)
		return;
	if (s->hash != NULL)
		gnutls_hash_deinit(s->hash, NULL);
	buf_free(&s->data);
	free(s);
}
