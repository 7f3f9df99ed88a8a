/* SPDX-License-Identifier: Apache-2.0 */
/* Calls into GnuTLS, for faulty.h: of which the n-th says that there is no memory. */
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "faulty.h"

#define CALL(name, params, ...)                                                        \
	FAULTY_CALL(int, GNUTLS_E_MEMORY_ERROR, name, params, __VA_ARGS__)

/* clang-format off */
CALL(gnutls_rnd, (gnutls_rnd_level_t level, void *p, size_t n), level, p, n)
CALL(gnutls_hash_init, (gnutls_hash_hd_t *ret, gnutls_digest_algorithm_t alg), ret, alg)
CALL(gnutls_hash, (gnutls_hash_hd_t h, const void *p, size_t n), h, p, n)
CALL(gnutls_hmac_fast, (gnutls_mac_algorithm_t alg, const void *key, size_t key_n, const void *p, size_t n, void *ret),
    alg, key, key_n, p, n, ret)
CALL(gnutls_hmac_init, (gnutls_hmac_hd_t *ret, gnutls_mac_algorithm_t alg, const void *key, size_t n), ret, alg, key, n)
CALL(gnutls_hmac, (gnutls_hmac_hd_t h, const void *p, size_t n), h, p, n)
CALL(gnutls_encode_rs_value, (gnutls_datum_t *ret, const gnutls_datum_t *r, const gnutls_datum_t *s), ret, r, s)
CALL(gnutls_privkey_init, (gnutls_privkey_t *ret), ret)
CALL(gnutls_pubkey_init, (gnutls_pubkey_t *ret), ret)
CALL(gnutls_x509_privkey_init, (gnutls_x509_privkey_t *ret), ret)
CALL(gnutls_privkey_generate, (gnutls_privkey_t k, gnutls_pk_algorithm_t alg, unsigned bits, unsigned flags),
    k, alg, bits, flags)
CALL(gnutls_privkey_import_x509, (gnutls_privkey_t k, gnutls_x509_privkey_t x, unsigned flags), k, x, flags)
CALL(gnutls_privkey_export_x509, (gnutls_privkey_t k, gnutls_x509_privkey_t *ret), k, ret)
CALL(gnutls_privkey_export_ecc_raw2, (gnutls_privkey_t k, gnutls_ecc_curve_t *curve, gnutls_datum_t *x,
    gnutls_datum_t *y, gnutls_datum_t *d, unsigned flags), k, curve, x, y, d, flags)
CALL(gnutls_privkey_sign_data2, (gnutls_privkey_t k, gnutls_sign_algorithm_t alg, unsigned flags,
    const gnutls_datum_t *in, gnutls_datum_t *ret), k, alg, flags, in, ret)
CALL(gnutls_privkey_sign_hash2, (gnutls_privkey_t k, gnutls_sign_algorithm_t alg, unsigned flags,
    const gnutls_datum_t *in, gnutls_datum_t *ret), k, alg, flags, in, ret)
CALL(gnutls_pubkey_import, (gnutls_pubkey_t k, const gnutls_datum_t *in, gnutls_x509_crt_fmt_t format), k, in, format)
CALL(gnutls_pubkey_import_ecc_raw, (gnutls_pubkey_t k, gnutls_ecc_curve_t curve, const gnutls_datum_t *x,
    const gnutls_datum_t *y), k, curve, x, y)
CALL(gnutls_pubkey_import_privkey, (gnutls_pubkey_t k, gnutls_privkey_t from, unsigned usage, unsigned flags),
    k, from, usage, flags)
CALL(gnutls_pubkey_export2, (gnutls_pubkey_t k, gnutls_x509_crt_fmt_t format, gnutls_datum_t *ret), k, format, ret)
CALL(gnutls_pubkey_verify_data2, (gnutls_pubkey_t k, gnutls_sign_algorithm_t alg, unsigned flags,
    const gnutls_datum_t *in, const gnutls_datum_t *sig), k, alg, flags, in, sig)
CALL(gnutls_pubkey_verify_hash2, (gnutls_pubkey_t k, gnutls_sign_algorithm_t alg, unsigned flags,
    const gnutls_datum_t *in, const gnutls_datum_t *sig), k, alg, flags, in, sig)
CALL(gnutls_pubkey_verify_params, (gnutls_pubkey_t k), k)
CALL(gnutls_x509_privkey_import2, (gnutls_x509_privkey_t k, const gnutls_datum_t *in, gnutls_x509_crt_fmt_t format,
    const char *pass, unsigned flags), k, in, format, pass, flags)
CALL(gnutls_x509_privkey_export2_pkcs8, (gnutls_x509_privkey_t k, gnutls_x509_crt_fmt_t format, const char *pass,
    unsigned flags, gnutls_datum_t *ret), k, format, pass, flags, ret)
/* clang-format on */
