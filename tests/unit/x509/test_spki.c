/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "codec/der.h"
#include "make.h"
#include "spki_moduli.h"
#include "x509/spki.h"

#define T MAKE_T

static void
refused(const char *what, struct bytes der, const char *part)
{
	struct spki k = { 0 };
	struct err e = { 0 };

	cr_expect_not(spki_parse(der, &k, &e), "%s let through", what);
	cr_expect_eq(e.code, ERR_BAD_KEY, "%s", what);
	cr_expect(strstr(e.detail, part) != NULL, "%s: \"%s\" lacks \"%s\"", what,
	    e.detail, part);
	cr_expect_eq(k.der.p, NULL, "ret is untouched on failure");
}

static void
unhex(const char *hex, struct buf *ret)
{
	size_t n;
	uint8_t *p = buf_reserve(ret, strlen(hex) / 2);

	cr_assert(hex_read(bytes_str(hex), p, strlen(hex) / 2, &n));
}

static void
refused_hex(const char *what, const char *hex, const char *part)
{
	struct buf b;

	buf_init(&b, 10000);
	unhex(hex, &b);
	refused(what, buf_bytes(&b), part);
	buf_free(&b);
}

/* SubjectPublicKeyInfo of an RSA key from the content of its two INTEGERs. */
static void
rsa(struct bytes n, struct bytes exponent, struct buf *ret)
{
	struct derw w;
	struct err e = { 0 };

	derw_init(&w, MIB(1));
	der_put_tlv(&w, DER_INTEGER, exponent);
	der_put_tlv(&w, DER_INTEGER, n);
	der_wrap(&w, DER_SEQUENCE, 0);
	der_wrap_bits(&w, 0);
	der_put_raw(&w,
	    T("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"));
	der_wrap(&w, DER_SEQUENCE, 0);
	buf_init(ret, MIB(1));
	cr_assert(der_take(&w, "key", ret, &e));
	derw_free(&w);
}

static void
refused_rsa(const char *what, struct bytes n, struct bytes exponent, const char *part)
{
	struct buf b;

	rsa(n, exponent, &b);
	const int64_t from = clock_mono_ms();
	refused(what, buf_bytes(&b), part);
	cr_expect_lt(clock_mono_ms() - from, 50, "%s took long", what);
	buf_free(&b);
}

/* The content of the INTEGER of a modulus, changed: cut, shifted right by 'shift' bits, last octet. */
static void
modulus(const char *hex, unsigned shift, struct buf *ret)
{
	buf_init(ret, 10000);
	buf_putc(ret, 0);
	unhex(hex, ret);
	for (size_t i = ret->n; shift > 0 && i-- > 1;)
		ret->p[i] =
		    (uint8_t)(ret->p[i] >> shift | ret->p[i - 1] << (8 - shift));
	if (shift > 0)
		buf_drop(ret, 1);
	ret->p[ret->n - 1] |= 1;
}

#define F4 T("\x01\x00\x01")

static void
refused_in_another_length(struct bytes d)
{
	struct buf longer;

	for (size_t cut = 0; cut < d.n; cut++)
		refused("cut short", bytes_of(d.p, cut), "public key");
	buf_init(&longer, 10000);
	buf_put(&longer, d);
	buf_putc(&longer, 0);
	refused("one octet too many", buf_bytes(&longer), "public key");
	buf_free(&longer);
}

/* P15, P31, P52, P53 */
Test(spki, each_kind_of_key_is_known_and_named_by_its_hash)
{
	static const struct {
		gnutls_pk_algorithm_t pk;
		unsigned bits, want_bits;
		enum key_alg alg;
	} kinds[] = {
		/* clang-format off */
		{ GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 256, KEY_ALG_ECDSA_P256 },
		{ GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1), 384, KEY_ALG_ECDSA_P384 },
		{ GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP521R1), 521, KEY_ALG_ECDSA_P521 },
		{ GNUTLS_PK_EDDSA_ED25519, 0, 256, KEY_ALG_ED25519 },
		{ GNUTLS_PK_EDDSA_ED448,   0, 456, KEY_ALG_ED448 },
		{ GNUTLS_PK_RSA, 2048, 2048, KEY_ALG_RSA },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(kinds); i++) {
		gnutls_privkey_t priv;
		gnutls_pubkey_t pub;
		gnutls_datum_t der;
		struct spki k;
		struct err e = { 0 };
		uint8_t id[20], want[64], hash[32];
		size_t n = sizeof(want);

		gnutls_privkey_init(&priv);
		gnutls_pubkey_init(&pub);
		cr_assert_geq(gnutls_privkey_generate(priv, kinds[i].pk, kinds[i].bits,
				  0),
		    0);
		cr_assert_geq(gnutls_pubkey_import_privkey(pub, priv, 0, 0), 0);
		cr_assert_geq(gnutls_pubkey_export2(pub, GNUTLS_X509_FMT_DER, &der), 0);
		const struct bytes d = bytes_of(der.data, der.size);
		cr_assert(spki_parse(d, &k, &e), "%s", e.detail);
		cr_expect_eq(k.alg, kinds[i].alg);
		cr_expect_eq(k.bits, kinds[i].want_bits);
		cr_expect(bytes_eq(k.der, d));

		/* RFC 7093 method 1: over the BIT STRING, not over the whole */
		cr_assert_geq(gnutls_hash_fast(GNUTLS_DIG_SHA256, k.key_bits.p,
				  k.key_bits.n, want),
		    0);
		spki_key_id(&k, id);
		cr_expect_eq(memcmp(id, want, sizeof(id)), 0);
		cr_assert_geq(gnutls_pubkey_get_key_id(pub, GNUTLS_KEYID_USE_SHA256,
				  want, &n),
		    0);
		spki_hash(d, hash);
		cr_expect_eq(memcmp(hash, want, sizeof(hash)), 0);

		refused_in_another_length(d);
		gnutls_free(der.data);
		gnutls_pubkey_deinit(pub);
		gnutls_privkey_deinit(priv);
	}
}

#define P256 "3059301306072a8648ce3d020106082a8648ce3d030107034200"
#define GX   "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define GY   "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"

/* P53, R15 */
Test(spki, ec_points_must_lie_on_their_named_curve)
{
	struct buf b;
	struct spki k;
	struct err e = { 0 };

	buf_init(&b, 1000);
	unhex(P256 "04" GX GY, &b);
	cr_expect(spki_parse(buf_bytes(&b), &k, &e), "%s", e.detail);
	for (size_t i = b.n - 64; i < b.n; i++) {
		b.p[i] ^= 1;
		refused("off the curve", buf_bytes(&b), "not on its curve");
		b.p[i] ^= 1;
	}
	buf_free(&b);
	refused_hex("zero",
	    P256 "04"
		 "0000000000000000000000000000000000000000000000000000000000000000"
		 "0000000000000000000000000000000000000000000000000000000000000000",
	    "not on its curve");
	/* x = 5 is a point; x = 5 + p is the same point, written wrongly */
	refused_hex("over the prime",
	    P256 "04"
		 "ffffffff00000001000000000000000000000001000000000000000000000004"
		 "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc",
	    "not on its curve");
	refused_hex("infinity",
	    "3019301306072a8648ce3d020106082a8648ce3d03010703020000", "infinity");
	refused_hex("compressed",
	    "3039301306072a8648ce3d020106082a8648ce3d030107032200"
	    "03" GX,
	    "compressed");
	refused_hex("hybrid", P256 "07" GX GY, "no point");
	refused_hex("empty",
	    "3018301306072a8648ce3d020106082a8648ce3d0301070301"
	    "00",
	    "no point");
	refused_hex("too long",
	    "305a301306072a8648ce3d020106082a8648ce3d030107034300"
	    "04" GX GY "00",
	    "66 octets");
	refused_hex("a point of P-256 said to be of P-384",
	    "3056301006072a8648ce3d020106052b81040022034200"
	    "04" GX GY,
	    "65 octets, not 97");
	refused_hex("unused bits",
	    "3059301306072a8648ce3d020106082a8648ce3d030107034201"
	    "04" GX GY,
	    "public key");
}

/* P15, P53, R15: only the one right AlgorithmIdentifier of each */
Test(spki, other_algorithms_and_parameters_are_refused_by_name)
{
	static const char *const bad[][3] = {
		{ "secp224r1", "301006072a8648ce3d020106052b81040021",
		    "curve 1.3.132.0.33" },
		{ "secp256k1", "301006072a8648ce3d020106052b8104000a",
		    "curve 1.3.132.0.10" },
		{ "no curve", "300906072a8648ce3d0201", "without parameters" },
		{ "implicit curve", "300b06072a8648ce3d02010500",
		    "without a named curve" },
		{ "explicit curve", "300e06072a8648ce3d02013003020101",
		    "explicit parameters" },
		{ "RSA without NULL", "300b06092a864886f70d010101", "not NULL" },
		{ "RSASSA-PSS", "300b06092a864886f70d01010a", "RSASSA-PSS" },
		{ "DSA", "300906072a8648ce380401", "DSA" },
		{ "X25519", "300506032b656e", "X25519" },
		{ "X448", "300506032b656f", "X448" },
		{ "Ed25519 with NULL", "300706032b65700500",
		    "Ed25519 key with parameters" },
		{ "nothing known", "300506032a0304", "unknown algorithm 1.2.3.4" },
	};

	for (size_t i = 0; i < NITEMS(bad); i++) {
		struct buf b;

		buf_init(&b, 1000);
		unhex(bad[i][1], &b);
		buf_put(&b, T("\x03\x03\x00\x04\x01"));
		make_wrap(&b, DER_SEQUENCE);
		refused(bad[i][0], buf_bytes(&b), bad[i][2]);
		buf_free(&b);
	}
}

/* P53, R15 */
Test(spki, edwards_points_must_lie_on_their_curve_and_not_be_small)
{
#define ED25519 "302a300506032b6570032100"
	static const char *const bad[][2] = {
		/* RFC 8032 5.1: y of 0, 1, -1 and the two of order 8 */
		{ "0000000000000000000000000000000000000000000000000000000000000000",
		    "small" },
		{ "0000000000000000000000000000000000000000000000000000000000000080",
		    "small" },
		{ "0100000000000000000000000000000000000000000000000000000000000000",
		    "small" },
		{ "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		    "small" },
		{ "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		    "small" },
		{ "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		    "small" },
		{ "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		    "small" },
		/* x = 0 with a sign; y = 2 has no x; y of p and more */
		{ "0100000000000000000000000000000000000000000000000000000000000080",
		    "curve" },
		{ "0200000000000000000000000000000000000000000000000000000000000000",
		    "curve" },
		{ "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		    "curve" },
		{ "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		    "curve" },
	};
	char hex[200];

	for (size_t i = 0; i < NITEMS(bad); i++) {
		snprintf(hex, sizeof(hex), ED25519 "%s", bad[i][0]);
		refused_hex(bad[i][0], hex, bad[i][1]);
	}
	refused_hex("a short key", "3029300506032b6570032000" GX, "public key");
	/* RFC 8032 7.1, test 1 */
	struct buf b;
	struct spki k;
	struct err e = { 0 };
	buf_init(&b, 100);
	unhex(ED25519
	    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
	    &b);
	cr_expect(spki_parse(buf_bytes(&b), &k, &e), "%s", e.detail);
	buf_free(&b);
}

/* P52, R15 */
Test(spki, rsa_keys_that_can_be_factored_are_refused)
{
	static const struct {
		const char *what, *n, *part;
	} keys[] = {
		{ "twin primes", twin_n, "primes are close" },
		{ "close primes", close_n, "primes are close" },
		{ "ROCA", roca_n, "ROCA" },
		{ "a factor of 751", small_n, "small factor" },
	};
	struct buf n, good;
	struct spki k;
	struct err e = { 0 };

	for (size_t i = 0; i < NITEMS(keys); i++) {
		modulus(keys[i].n, 0, &n);
		refused_rsa(keys[i].what, buf_bytes(&n), F4, keys[i].part);
		buf_free(&n);
	}
	modulus(good_n, 0, &n);
	rsa(buf_bytes(&n), F4, &good);
	cr_expect(spki_parse(buf_bytes(&good), &k, &e), "%s", e.detail);
	buf_free(&good);
	buf_free(&n);
}

/* P52, R15, R16, S30 */
Test(spki, rsa_sizes_and_exponents_are_judged_before_any_arithmetic)
{
	struct buf n, b;
	struct spki k;
	struct err e = { 0 };

	modulus(good_n, 0, &n);
	const struct bytes good = buf_bytes(&n);
	refused_rsa("e = 3", good, T("\x03"), "under 65537");
	refused_rsa("e = 65535", good, T("\x00\xff\xff"), "under 65537");
	refused_rsa("e = 65536", good, T("\x01\x00\x00"), "exponent is even");
	refused_rsa("e = 0", good, T("\x00"), "even");
	refused_rsa("e < 0", good, T("\xff\x00\x01"), "public key");
	refused_rsa("e not minimal", good, T("\x00\x01\x00\x01"), "public key");
	refused_rsa("e = 2^64 + 1", good, T("\x01\0\0\0\0\0\0\0\x01"), "over 64 bits");
	refused_rsa("n = 0", T("\x00"), F4, "of 0 bits");
	refused_rsa("n < 0", bytes_skip(good, 1), F4, "public key");
	rsa(good, T("\x00\xff\xff\xff\xff\xff\xff\xff\xff"), &b);
	cr_expect(spki_parse(buf_bytes(&b), &k, &e), "an exponent of 64 bits: %s",
	    e.detail);
	buf_free(&b);
	n.p[n.n - 1] &= 0xfe;
	refused_rsa("even", good, F4, "modulus is even");
	buf_free(&n);

	modulus(good_n, 1, &n);
	refused_rsa("2047 bits", buf_bytes(&n), F4, "2047 bits");
	buf_free(&n);
	buf_init(&n, MIB(1));
	buf_put(&n, T("\x01"));
	for (int i = 0; i < 256; i++)
		buf_putc(&n, 1);
	refused_rsa("2049 bits", buf_bytes(&n), F4, "multiple of 8");
	n.p[0] = 0x7f;
	refused_rsa("2055 bits", buf_bytes(&n), F4, "multiple of 8");
	while (n.n < 1025)
		buf_putc(&n, 1);
	refused_rsa("8199 bits", buf_bytes(&n), F4, "8199 bits");
	while (n.n < 65536 / 8)
		buf_putc(&n, 1);
	refused_rsa("65535 bits", buf_bytes(&n), F4, "over 8192 bits");
	while (n.n < KIB(512))
		buf_putc(&n, 1);
	refused_rsa("half a million octets", buf_bytes(&n), F4, "over 8192 bits");
	struct buf fit;
	modulus(good_n, 0, &fit);
	refused_rsa("a huge exponent", buf_bytes(&fit), buf_bytes(&n), "over 64 bits");
	buf_free(&fit);
	buf_free(&n);
}

/* S30 */
Test(spki, the_dearest_key_that_is_accepted_costs_little)
{
	struct buf n, b;
	struct spki k;
	struct err e = { 0 };
	uint32_t x = 1;
	bool found = false;

	buf_init(&n, 2000);
	for (int tries = 0; !found && tries < 500; tries++) {
		buf_clear(&n);
		buf_put(&n, T("\x00\xff"));
		while (n.n < 1025) {
			x = x * 1664525u + 1013904223u;
			buf_putc(&n, (uint8_t)(x >> 24 | (n.n == 1024)));
		}
		rsa(buf_bytes(&n), T("\x00\xff\xff\xff\xff\xff\xff\xff\xff"), &b);
		found = spki_parse(buf_bytes(&b), &k, &e);
		if (!found)
			buf_free(&b);
	}
	cr_assert(found, "%s", e.detail);
	cr_expect_eq(k.bits, 8192);
	const int64_t from = clock_mono_ms();
	cr_expect(spki_parse(buf_bytes(&b), &k, &e));
	cr_expect_not(spki_verify(&k,
	    T("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"),
	    T("data"), bytes_of(n.p + 1, 1024), &e));
	cr_expect_lt(clock_mono_ms() - from, 50);
	buf_free(&b);
	buf_free(&n);
}

static const gnutls_pk_algorithm_t signers[] = { GNUTLS_PK_ECDSA, GNUTLS_PK_RSA,
	GNUTLS_PK_EDDSA_ED25519 };

/* P51 */
Test(spki, a_signature_verifies_with_its_own_data_and_algorithm_alone)
{
	static const struct bytes algs[] = {
		T("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"), /* ECDSA, SHA-256 */
		T("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"),
		T("\x30\x05\x06\x03\x2b\x65\x70"),
		T("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"), /* SHA-384 */
		T("\x30\x05\x06\x03\x2b\x65\x71"),
		T("\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"), /* SHA-1 */
		T("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00"),
		T("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04\x05\x00"), /* MD5 */
		T("\x30\x0c\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02\x05\x00"), /* NULL */
		T("\x30\x0e\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x02\x01\x00"),
		T("\x30\x05\x06\x03\x2a\x03\x04"),
		T("\x30\x00"),
		T(""),
	};

	for (size_t i = 0; i < NITEMS(signers); i++) {
		struct stranger *s = stranger_new(signers[i]);
		struct buf sig;
		struct spki k;
		struct err e = { 0 };

		buf_init(&sig, 1000);
		cr_assert(spki_parse(buf_bytes(&s->spki), &k, &e), "%s", e.detail);
		stranger_sign(s, T("data"), &sig);
		for (size_t a = 0; a < NITEMS(algs); a++) {
			e = (struct err){ 0 };
			cr_expect_eq(spki_verify(&k, algs[a], T("data"),
					 buf_bytes(&sig), &e),
			    a == i, "key %zu, algorithm %zu: %s", i, a, e.detail);
			cr_expect_eq(e.code, a == i ? ERR_NONE : ERR_BAD_CSR);
		}
		cr_expect_not(
		    spki_verify(&k, s->sig_alg, T("dataa"), buf_bytes(&sig), &e));
		cr_expect_not(spki_verify(&k, s->sig_alg, T("data"), T(""), &e));
		for (size_t at = 0; at < sig.n; at += 7) {
			sig.p[at] ^= 0x10;
			cr_expect_not(spki_verify(&k, s->sig_alg, T("data"),
			    buf_bytes(&sig), &e));
			cr_expect_not(spki_verify(&k, s->sig_alg, T("data"),
			    bytes_of(sig.p, at), &e));
			sig.p[at] ^= 0x10;
		}
		cr_expect(spki_verify(&k, s->sig_alg, T("data"), buf_bytes(&sig), &e));
		buf_free(&sig);
		stranger_free(s);
	}
}

/* R60: r or s of 0, or both as large as can be, are no signature */
Test(spki, ecdsa_numbers_out_of_range_are_refused)
{
	static const struct bytes bad[] = {
		T("\x30\x06\x02\x01\x00\x02\x01\x00"),
		T("\x30\x06\x02\x01\x01\x02\x01\x00"),
		T("\x30\x06\x02\x01\x00\x02\x01\x01"),
		T("\x30\x06\x02\x01\xff\x02\x01\xff"),
		T("\x30\x08\x02\x02\x00\x01\x02\x02\x00\x01"),
	};
	struct stranger *s = stranger_new(GNUTLS_PK_ECDSA);
	struct spki k;
	struct err e = { 0 };

	cr_assert(spki_parse(buf_bytes(&s->spki), &k, &e), "%s", e.detail);
	for (size_t i = 0; i < NITEMS(bad); i++) {
		cr_expect_not(spki_verify(&k, s->sig_alg, T("data"), bad[i], &e), "%zu",
		    i);
		cr_expect_eq(e.code, ERR_BAD_CSR);
	}
	stranger_free(s);
}
