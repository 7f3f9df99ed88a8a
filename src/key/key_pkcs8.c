/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS #8 of EC keys, as strict readers want it (RFC 5915 3): the scalar is as
 * long as the curve's field.  GnuTLS writes it as an INTEGER's content, one octet
 * longer for half of all keys, and programs such as those of rustls refuse that.
 */
#include <assert.h>

#include "base/mem.h"
#include "codec/der.h"
#include "codec/pem.h"
#include "key_impl.h"

#define PKCS8_MAX KIB(1)

/* The two halves of a SubjectPublicKeyInfo. */
static bool
split_spki(struct bytes spki, struct der *ret_algorithm, struct der *ret_point,
    struct err *e)
{
	struct der whole;
	struct bytes rest;

	if (!der_whole(spki, DER_SEQUENCE, &whole, e))
		return false;
	rest = whole.body;
	return der_expect(&rest, DER_SEQUENCE, ret_algorithm, e) &&
	       der_expect(&rest, DER_BIT_STRING, ret_point, e);
}

/* OneAsymmetricKey, version 0 (RFC 5958 2), around ECPrivateKey (RFC 5915 3). */
static void
put_key(struct derw *w, struct bytes scalar, size_t len, const struct der *algorithm,
    const struct der *point)
{
	static const uint8_t zeros[KEY_SCALAR_MAX];
	const size_t end = der_mark(w);
	size_t mark;

	der_put_raw(w, point->whole);
	der_wrap(w, DER_CONTEXT_CONSTRUCTED(1), end);
	mark = der_mark(w);
	der_put_raw(w, scalar);
	der_put_raw(w, bytes_of(zeros, len - scalar.n));
	der_wrap(w, DER_OCTET_STRING, mark);
	der_put_uint(w, 1);
	der_wrap(w, DER_SEQUENCE, end);
	der_wrap(w, DER_OCTET_STRING, end);
	der_put_raw(w, algorithm->whole);
	der_put_uint(w, 0);
	der_wrap(w, DER_SEQUENCE, end);
}

bool
key_pkcs8_ec(const struct key *k, struct buf *ret, struct err *e)
{
	const size_t len = (k->bits + 7) / 8;
	gnutls_datum_t scalar = { 0 };
	struct der algorithm, point;
	struct derw w;
	bool ok = false;

	derw_init(&w, PKCS8_MAX);
	if (gnutls_privkey_export_ecc_raw2(k->priv, NULL, NULL, NULL, &scalar,
		GNUTLS_EXPORT_FLAG_NO_LZ) < 0 ||
	    scalar.size > len || len > KEY_SCALAR_MAX) {
		err_set(e, ERR_INTERNAL, "key: cannot be exported");
		goto out;
	}
	if (!split_spki(buf_bytes(&k->spki), &algorithm, &point, e))
		goto out;
	put_key(&w, bytes_of(scalar.data, scalar.size), len, &algorithm, &point);
	assert(!w.full && !w.bad);
	pem_put(ret, "PRIVATE KEY", der_bytes(&w));
	ok = buf_ok(ret, "a private key", e);
out:
	if (scalar.data != NULL) {
		mem_wipe(scalar.data, scalar.size);
		gnutls_free(scalar.data);
	}
	derw_free(&w);
	return ok;
}
