/* SPDX-License-Identifier: Apache-2.0 */
#include "stranger.h"

#include <criterion/criterion.h>
#include <gnutls/crypto.h>
#include <time.h>

#include "base/mem.h"

#define OK(call) cr_assert_geq((call), 0, "%s", #call)

static const struct {
	gnutls_pk_algorithm_t pk;
	gnutls_sign_algorithm_t sign;
	unsigned bits;
	uint8_t alg[16];
	size_t alg_n;
} kinds[] = {
	{ GNUTLS_PK_ECDSA, GNUTLS_SIGN_ECDSA_SHA256,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
	    { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 },
	    12 },
	{ GNUTLS_PK_RSA, GNUTLS_SIGN_RSA_SHA256, 2048,
	    { 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
		0x0b, 0x05, 0x00 },
	    15 },
	{ GNUTLS_PK_EDDSA_ED25519, GNUTLS_SIGN_EDDSA_ED25519, 256,
	    { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70 }, 7 },
};

static size_t
kind_of(gnutls_pk_algorithm_t pk)
{
	for (size_t i = 0; i < NITEMS(kinds); i++)
		if (kinds[i].pk == pk)
			return i;
	cr_assert_fail("no such kind of key");
	return 0;
}

gnutls_datum_t
stranger_datum(struct bytes b)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)b.p, (unsigned)b.n };
}

static void
take(struct buf *ret, gnutls_datum_t *d)
{
	buf_init(ret, KIB(16));
	buf_put(ret, bytes_of(d->data, d->size));
	gnutls_free(d->data);
}

static void
fill_certificate(struct stranger *s, gnutls_pubkey_t pub)
{
	const uint8_t serial[] = { 0x11, 0x22 };
	size_t n = sizeof(s->key_id);

	OK(gnutls_pubkey_get_key_id(pub, 0, s->key_id, &n));
	for (size_t i = 0; i < sizeof(s->key_id); i++)
		s->key_id_sha1[i] = s->key_id[i];
	OK(gnutls_x509_crt_set_version(s->crt, 3));
	OK(gnutls_x509_crt_set_pubkey(s->crt, pub));
	OK(gnutls_x509_crt_set_dn(s->crt, "CN=Stranger,O=Test", NULL));
	OK(gnutls_x509_crt_set_serial(s->crt, serial, sizeof(serial)));
	OK(gnutls_x509_crt_set_activation_time(s->crt, time(NULL) - 86400));
	OK(gnutls_x509_crt_set_expiration_time(s->crt,
	    time(NULL) + (time_t)86400 * 20000));
	OK(gnutls_x509_crt_set_basic_constraints(s->crt, 1, -1));
	OK(gnutls_x509_crt_set_key_usage(s->crt, GNUTLS_KEY_KEY_CERT_SIGN |
						     GNUTLS_KEY_CRL_SIGN |
						     GNUTLS_KEY_DIGITAL_SIGNATURE));
	OK(gnutls_x509_crt_set_subject_key_id(s->crt, s->key_id, sizeof(s->key_id)));
}

struct stranger *
stranger_new(gnutls_pk_algorithm_t pk)
{
	const size_t k = kind_of(pk);
	struct stranger *s = mem_zalloc(sizeof(*s));
	gnutls_pubkey_t pub;
	gnutls_datum_t d;

	OK(gnutls_privkey_init(&s->key));
	OK(gnutls_privkey_generate(s->key, pk, kinds[k].bits, 0));
	OK(gnutls_pubkey_init(&pub));
	OK(gnutls_pubkey_import_privkey(pub, s->key, 0, 0));
	OK(gnutls_x509_crt_init(&s->crt));
	fill_certificate(s, pub);
	OK(gnutls_x509_crt_privkey_sign(s->crt, s->crt, s->key,
	    pk == GNUTLS_PK_EDDSA_ED25519 ? GNUTLS_DIG_SHA512 : GNUTLS_DIG_SHA256, 0));
	OK(gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &d));
	take(&s->spki, &d);
	OK(gnutls_x509_crt_get_raw_dn(s->crt, &d));
	take(&s->dn, &d);
	OK(gnutls_x509_crt_export2(s->crt, GNUTLS_X509_FMT_DER, &d));
	take(&s->der, &d);
	s->sig_alg = bytes_of(kinds[k].alg, kinds[k].alg_n);
	gnutls_pubkey_deinit(pub);

	/* Only what was read from DER is compared octet for octet. */
	d = stranger_datum(buf_bytes(&s->der));
	gnutls_x509_crt_deinit(s->crt);
	OK(gnutls_x509_crt_init(&s->crt));
	OK(gnutls_x509_crt_import(s->crt, &d, GNUTLS_X509_FMT_DER));
	return s;
}

void
stranger_free(struct stranger *s)
{
	gnutls_privkey_deinit(s->key);
	gnutls_x509_crt_deinit(s->crt);
	buf_free(&s->der);
	buf_free(&s->dn);
	buf_free(&s->spki);
	free(s);
}

void
stranger_sign(const struct stranger *s, struct bytes data, struct buf *ret)
{
	const size_t k = kind_of(
	    (gnutls_pk_algorithm_t)gnutls_privkey_get_pk_algorithm(s->key, NULL));
	const gnutls_datum_t in = stranger_datum(data);
	gnutls_datum_t sig;

	OK(gnutls_privkey_sign_data2(s->key, kinds[k].sign, 0, &in, &sig));
	buf_put(ret, bytes_of(sig.data, sig.size));
	gnutls_free(sig.data);
}
