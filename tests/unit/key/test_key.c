/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <gnutls/abstract.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "codec/der.h"
#include "codec/pem.h"
#include "key/key.h"

#define TEXT "what is signed"

static void
read_file(const char *name, struct buf *ret)
{
	char path[512], octets[8192];

	snprintf(path, sizeof(path), "%s/key/%s", HNP_TESTDATA, name);
	FILE *f = fopen(path, "rb");
	cr_assert_not_null(f, "%s", path);
	const size_t n = fread(octets, 1, sizeof(octets), f);
	fclose(f);
	buf_init(ret, sizeof(octets));
	buf_put(ret, bytes_of(octets, n));
}

/* Does the signature verify under the key's own SubjectPublicKeyInfo? */
static bool
verifies(const struct key *k, struct bytes sig)
{
	static const gnutls_sign_algorithm_t algorithms[] = {
		[KEY_ALG_ECDSA_P256] = GNUTLS_SIGN_ECDSA_SHA256,
		[KEY_ALG_ECDSA_P384] = GNUTLS_SIGN_ECDSA_SHA384,
		[KEY_ALG_ECDSA_P521] = GNUTLS_SIGN_ECDSA_SHA512,
		[KEY_ALG_ED25519] = GNUTLS_SIGN_EDDSA_ED25519,
		[KEY_ALG_ED448] = GNUTLS_SIGN_EDDSA_ED448,
		[KEY_ALG_RSA] = GNUTLS_SIGN_RSA_SHA256,
	};
	const struct bytes der = key_spki(k);
	const gnutls_datum_t spki = { (unsigned char *)(uintptr_t)der.p,
		(unsigned)der.n };
	const gnutls_datum_t s = { (unsigned char *)(uintptr_t)sig.p, (unsigned)sig.n };
	const gnutls_datum_t text = { (unsigned char *)(uintptr_t)TEXT, strlen(TEXT) };
	gnutls_pubkey_t pub;

	cr_assert_eq(gnutls_pubkey_init(&pub), 0);
	cr_assert_eq(gnutls_pubkey_import(pub, &spki, GNUTLS_X509_FMT_DER), 0);
	const int r =
	    gnutls_pubkey_verify_data2(pub, algorithms[key_alg(k)], 0, &text, &s);
	gnutls_pubkey_deinit(pub);
	return r >= 0;
}

static const struct {
	const char *word;
	enum key_alg alg;
	unsigned bits;
} all_types[] = {
	{ "ecdsa-p256", KEY_ALG_ECDSA_P256, 256 },
	{ "p384", KEY_ALG_ECDSA_P384, 384 },
	{ "ecdsa-p521", KEY_ALG_ECDSA_P521, 521 },
	{ "ed25519", KEY_ALG_ED25519, 256 },
	{ "ed448", KEY_ALG_ED448, 456 },
	{ "rsa-2048", KEY_ALG_RSA, 2048 },
};

/* How long is the scalar in PKCS #8 PEM?  RFC 5958 2, RFC 5915 3. */
static size_t
scalar_len(struct bytes pem)
{
	struct bytes label, rest;
	struct buf der;
	struct der t;
	struct err e;
	size_t n;

	buf_init(&der, KIB(1));
	cr_assert(
	    pem_next(&pem, &label, &der, &e) && bytes_eq_str(label, "PRIVATE KEY"));
	cr_assert(der_whole(buf_bytes(&der), DER_SEQUENCE, &t, &e), "%s", e.detail);
	rest = t.body;
	cr_assert(der_expect(&rest, DER_INTEGER, &t, &e) &&
		  der_expect(&rest, DER_SEQUENCE, &t, &e) &&
		  der_expect(&rest, DER_OCTET_STRING, &t, &e) && rest.n == 0);
	cr_assert(der_whole(t.body, DER_SEQUENCE, &t, &e), "%s", e.detail);
	rest = t.body;
	cr_assert(der_expect(&rest, DER_INTEGER, &t, &e) &&
		  der_expect(&rest, DER_OCTET_STRING, &t, &e));
	n = t.body.n;
	cr_assert(der_expect(&rest, DER_CONTEXT_CONSTRUCTED(1), &t, &e) && rest.n == 0);
	buf_free(&der);
	return n;
}

/* GnuTLS alone writes 33 octets for half of all P-256 keys, fewer for some. */
Test(key, the_scalar_of_an_ec_key_is_as_long_as_its_field)
{
	static const struct {
		enum key_alg alg;
		size_t len;
	} curves[] = {
		{ KEY_ALG_ECDSA_P256, 32 },
		{ KEY_ALG_ECDSA_P384, 48 },
		{ KEY_ALG_ECDSA_P521, 66 },
	};

	for (size_t i = 0; i < 300; i++) {
		struct key *k = NULL, *again = NULL;
		const size_t c = i % NITEMS(curves);
		struct buf pem;
		struct err e;

		buf_init(&pem, KIB(2));
		cr_assert(key_generate(curves[c].alg, 0, &k, &e), "%s", e.detail);
		cr_assert(key_save(k, NULL, &pem, &e), "%s", e.detail);
		cr_assert_eq(scalar_len(buf_bytes(&pem)), curves[c].len);
		cr_assert(key_load(buf_bytes(&pem), NULL, &again, &e), "%s", e.detail);
		cr_assert(bytes_eq(key_spki(again), key_spki(k)));
		key_free(again);
		key_free(k);
		buf_free(&pem);
	}
}

/* P5, R26 */
Test(key, each_kind_is_made_saved_loaded_and_signs_both_ways)
{
	for (size_t i = 0; i < NITEMS(all_types); i++) {
		struct key *k = NULL, *again = NULL;
		struct key_stream *s = NULL;
		struct err e = { 0 };
		enum key_alg alg;
		unsigned bits;
		struct buf pem, sig;

		buf_init(&pem, KIB(16));
		buf_init(&sig, KIB(2));
		cr_assert(key_type_from(bytes_str(all_types[i].word), &alg, &bits, &e));
		cr_assert_eq(alg, all_types[i].alg);
		cr_assert_eq(bits, all_types[i].bits);
		cr_assert(key_generate(alg, bits, &k, &e), "%s", e.detail);
		cr_expect_eq(key_alg(k), alg);
		cr_expect_eq(key_bits(k), bits, "%s %u", all_types[i].word,
		    key_bits(k));
		cr_assert(key_save(k, NULL, &pem, &e), "%s", e.detail);
		cr_assert(key_load(buf_bytes(&pem), NULL, &again, &e), "%s", e.detail);
		cr_expect(bytes_eq(key_spki(k), key_spki(again)));

		cr_assert(key_sign(again, bytes_str(TEXT), &sig, &e), "%s", e.detail);
		cr_expect(verifies(k, buf_bytes(&sig)), "%s", all_types[i].word);
		buf_clear(&sig);
		cr_assert(key_stream_begin(k, &s, &e));
		for (const char *c = TEXT; *c != '\0'; c++)
			key_stream_add(s, bytes_of(c, 1));
		cr_assert(key_stream_end(s, &sig, &e), "%s", e.detail);
		cr_expect(verifies(again, buf_bytes(&sig)), "%s", all_types[i].word);
		cr_expect_eq(key_sig_alg(k).p[1] + 2u, key_sig_alg(k).n);

		buf_wipe(&pem);
		buf_free(&sig);
		key_free(again);
		key_free(k);
	}
}

/* S85 */
Test(key, an_encrypted_key_opens_by_its_passphrase_and_by_no_other)
{
	static const struct {
		const char *passphrase;
		const char *says;
	} wrong[] = {
		{ NULL, "no passphrase" },
		{ "", "wrong" },
		{ "open-sesam", "wrong" },
	};
	struct key *k = NULL, *none = NULL;
	struct err e = { 0 };
	struct buf pem;

	read_file("p256-encrypted.pem", &pem);
	for (size_t i = 0; i < NITEMS(wrong); i++) {
		cr_expect_not(
		    key_load(buf_bytes(&pem), wrong[i].passphrase, &none, &e));
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_not_null(strstr(e.detail, wrong[i].says), "%s", e.detail);
		cr_expect_null(none);
	}
	cr_assert(key_load(buf_bytes(&pem), "open-sesame", &k, &e), "%s", e.detail);
	buf_clear(&pem);
	cr_assert(key_save(k, "another", &pem, &e), "%s", e.detail);
	cr_expect_not_null(strstr(buf_str(&pem), "BEGIN ENCRYPTED PRIVATE KEY"));
	key_free(k);
	cr_expect_not(key_load(buf_bytes(&pem), "open-sesame", &none, &e));
	cr_assert(key_load(buf_bytes(&pem), "another", &k, &e), "%s", e.detail);
	key_free(k);
	buf_wipe(&pem);
}

Test(key, the_forms_of_other_programs_are_read_and_unfit_keys_refused)
{
	static const struct {
		const char *file;
		enum key_alg alg;
		unsigned bits; /* 0: refused */
	} files[] = {
		{ "p256-sec1.pem", KEY_ALG_ECDSA_P256, 256 },
		{ "ed25519.pem", KEY_ALG_ED25519, 256 },
		{ "rsa2048-pkcs1.pem", KEY_ALG_RSA, 2048 },
		{ "rsa1024.pem", KEY_ALG_RSA, 0 },
		{ "secp224r1.pem", KEY_ALG_ECDSA_P256, 0 },
	};

	for (size_t i = 0; i < NITEMS(files); i++) {
		struct key *k = NULL;
		struct err e = { 0 };
		struct buf pem;

		read_file(files[i].file, &pem);
		const bool ok = key_load(buf_bytes(&pem), NULL, &k, &e);
		cr_expect_eq(ok, files[i].bits != 0, "%s: %s", files[i].file, e.detail);
		if (ok) {
			cr_expect_eq(key_alg(k), files[i].alg);
			cr_expect_eq(key_bits(k), files[i].bits);
			/* a passphrase that is not needed does no harm */
			key_free(k);
			cr_assert(key_load(buf_bytes(&pem), "needless", &k, &e));
		}
		key_free(k);
		buf_wipe(&pem);
	}
}

Test(key, every_cut_off_key_is_refused)
{
	struct key *k = NULL;
	struct err e = { 0 };
	struct buf pem;

	read_file("ed25519.pem", &pem);
	const char *end = strstr(buf_str(&pem), "\n-----END");
	for (size_t n = 0; n < (size_t)(end - buf_str(&pem)); n++)
		cr_expect_not(key_load(bytes_of(pem.p, n), NULL, &k, &e), "%zu", n);
	cr_expect_null(k);
	buf_wipe(&pem);
}

Test(key, a_kind_that_does_not_exist_is_refused_with_those_that_do)
{
	static const char *const words[] = { "", "rsa", "rsa-1024", "p224", "P256",
		"ed25519 " };

	for (size_t i = 0; i < NITEMS(words); i++) {
		enum key_alg alg = KEY_ALG_ED448;
		unsigned bits = 7;
		struct err e = { 0 };

		cr_expect_not(key_type_from(bytes_str(words[i]), &alg, &bits, &e));
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_not_null(strstr(e.detail, "rsa-3072"));
		cr_expect_eq(alg, KEY_ALG_ED448, "ret is untouched on failure");
		cr_expect_eq(bits, 7);
	}
}

#define SIGNERS 4

struct signer {
	const struct key *key;
	pthread_t thread;
	int wrong;
};

static void *
sign_often(void *arg)
{
	struct signer *s = arg;
	struct err e = { 0 };

	for (int i = 0; i < 100; i++) {
		struct buf sig;

		buf_init(&sig, KIB(2));
		if (!key_sign(s->key, bytes_str(TEXT), &sig, &e) ||
		    !verifies(s->key, buf_bytes(&sig)))
			s->wrong++;
		buf_free(&sig);
	}
	return NULL;
}

/* R26: what leaves is right, whoever signs beside. */
Test(key, one_key_signs_on_several_threads_at_once)
{
	static const enum key_alg algs[] = { KEY_ALG_ECDSA_P256, KEY_ALG_ED25519,
		KEY_ALG_RSA };

	for (size_t i = 0; i < NITEMS(algs); i++) {
		struct signer s[SIGNERS] = { 0 };
		struct err e = { 0 };
		struct key *k = NULL;

		cr_assert(key_generate(algs[i], 2048, &k, &e), "%s", e.detail);
		for (int n = 0; n < SIGNERS; n++) {
			s[n].key = k;
			cr_assert_eq(pthread_create(&s[n].thread, NULL, sign_often,
					 &s[n]),
			    0);
		}
		for (int n = 0; n < SIGNERS; n++) {
			pthread_join(s[n].thread, NULL);
			cr_expect_eq(s[n].wrong, 0);
		}
		key_free(k);
	}
}
