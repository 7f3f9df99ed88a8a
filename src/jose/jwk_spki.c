/* SPDX-License-Identifier: Apache-2.0 */
/* SubjectPublicKeyInfo: RFC 5480 2, RFC 3279 2.3.1, RFC 8410 4. */
#include "codec/der.h"
#include "jwk_part.h"

static void
put_key(const struct jwk *k, struct derw *w)
{
	static const uint8_t uncompressed[] = { 4 };

	if (k->kind->alg == KEY_ALG_RSA) {
		der_put_integer(w, buf_bytes(&k->second));
		der_put_integer(w, buf_bytes(&k->first));
		der_wrap(w, DER_SEQUENCE, 0);
		return;
	}
	der_put_raw(w, buf_bytes(&k->second)); /* none of an Ed25519 key */
	der_put_raw(w, buf_bytes(&k->first));
	if (k->kind->curve_oid != NULL)
		der_put_raw(w, bytes_of(uncompressed, sizeof(uncompressed)));
}

bool
jwk_spki_make(struct jwk *k, struct err *e)
{
	struct derw w;

	derw_init(&w, k->spki.max);
	put_key(k, &w);
	der_wrap_bits(&w, 0);
	const size_t mark = der_mark(&w);
	if (k->kind->alg == KEY_ALG_RSA)
		der_put_null(&w);
	else if (k->kind->curve_oid != NULL)
		der_put_oid(&w, k->kind->curve_oid);
	der_put_oid(&w, k->kind->oid);
	der_wrap(&w, DER_SEQUENCE, mark);
	der_wrap(&w, DER_SEQUENCE, 0);
	const bool ok = der_take(&w, "public key", &k->spki, e);
	derw_free(&w);
	return ok;
}
