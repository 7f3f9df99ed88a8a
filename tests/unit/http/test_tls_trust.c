/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom the listeners believe, and what is remembered of it.  GnuTLS judges by its
 * own clock, what is remembered counts by ours: that tells one from the other.
 */
#include <criterion/criterion.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "http/tls_seen.h"
#include "http/tls_trust.h"
#include "paper_ca.h"

static int64_t ahead; /* of GnuTLS's clock */

static time_t
gnutls_clock(time_t *t)
{
	const time_t now = time(NULL) + ahead;

	if (t != NULL)
		*t = now;
	return now;
}

struct scene {
	struct paper_ca root, sub;
	gnutls_x509_privkey_t key;
	gnutls_datum_t der[3]; /* what the client sends */
};

static gnutls_datum_t
der_of(gnutls_x509_crt_t crt)
{
	gnutls_datum_t d;

	cr_assert_eq(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &d), 0);
	gnutls_x509_crt_deinit(crt);
	return d;
}

static const struct paper_leaf web = { "leaf", GNUTLS_KP_TLS_WWW_CLIENT, -60, 3600,
	false, 0, 0 };

static void
open_scene(struct scene *s)
{
	*s = (struct scene){ 0 };
	ahead = 0;
	clock_hold(0);
	gnutls_global_set_time_function(gnutls_clock);
	s->key = paper_key(GNUTLS_PK_ECDSA, PAPER_P256);
	paper_ca_make(&s->root, "root");
	paper_ca_below(&s->sub, &s->root, "sub", PAPER_DAY);
	s->der[0] = der_of(paper_sign(&s->sub, &web, s->key));
	cr_assert_eq(gnutls_x509_crt_export2(s->sub.crt, GNUTLS_X509_FMT_DER,
			 &s->der[1]),
	    0);
}

static void
close_scene(struct scene *s)
{
	for (size_t i = 0; i < NITEMS(s->der); i++)
		gnutls_free(s->der[i].data);
	gnutls_x509_privkey_deinit(s->key);
	paper_ca_free(&s->root);
	paper_ca_free(&s->sub);
	clock_hold(0);
}

static struct tls_trust *
trust_of(const struct paper_ca *a, const struct paper_ca *b)
{
	const struct bytes pem[] = { buf_bytes(&a->pem),
		b == NULL ? bytes_str("") : buf_bytes(&b->pem) };
	struct tls_trust *t;
	struct err e;

	cr_assert(tls_trust_new(pem, b == NULL ? 1 : 2, &t, &e), "%s", e.detail);
	return t;
}

static unsigned
judge(struct tls_trust *t, const gnutls_datum_t *v, unsigned n)
{
	struct tls_trust_verdict r = { .status = ~0u };

	return tls_trust_judge(t, (struct tls_trust_chain){ v, n }, &r) ? r.status
									: ~0u;
}

/* R44, S67 */
Test(tls_trust, what_was_found_good_is_not_verified_again)
{
	struct tls_trust_verdict r = { 0 };
	struct scene s;

	open_scene(&s);
	struct tls_trust *t = trust_of(&s.root, &s.sub);
	cr_expect_eq(judge(t, s.der, 2), 0);
	ahead = 2 * PAPER_DAY; /* now GnuTLS would refuse it */
	cr_expect(tls_trust_judge(t, (struct tls_trust_chain){ s.der, 2 }, &r));
	cr_expect_eq(r.status, 0);
	cr_expect_not(r.servers_only);
	cr_expect_leq(r.ends_at, time(NULL) + web.to);
	cr_expect_geq(r.ends_at, time(NULL) + web.to - 60);
	cr_expect_neq(judge(t, s.der, 1) & GNUTLS_CERT_EXPIRED, 0,
	    "another chain, though the same certificate leads it");
	tls_trust_free(t);
	close_scene(&s);
}

/* R44 */
Test(tls_trust, what_is_remembered_ends_with_its_dates)
{
	struct scene s;

	open_scene(&s);
	struct tls_trust *t = trust_of(&s.root, &s.sub);
	cr_expect_eq(judge(t, s.der, 2), 0);
	ahead = web.to + 1;
	clock_hold(time(NULL) + web.to + 1);
	cr_expect_neq(judge(t, s.der, 2) & GNUTLS_CERT_EXPIRED, 0);
	ahead = -2 * web.to;
	clock_hold(time(NULL) - 2 * web.to);
	cr_expect_neq(judge(t, s.der, 2) & GNUTLS_CERT_NOT_ACTIVATED, 0);
	ahead = 0;
	clock_hold(0);
	cr_expect_eq(judge(t, s.der, 2), 0);
	tls_trust_free(t);
	close_scene(&s);
}

/* R44: the issuer ends before what it issued. */
Test(tls_trust, what_is_remembered_ends_with_its_issuer)
{
	struct scene s;
	struct paper_ca brief;

	open_scene(&s);
	paper_ca_below(&brief, &s.root, "brief", 600);
	gnutls_free(s.der[0].data);
	s.der[0] = der_of(paper_sign(&brief, &web, s.key));
	struct tls_trust *t = trust_of(&s.root, &brief);
	cr_expect_eq(judge(t, s.der, 1), 0);
	ahead = 601;
	clock_hold(time(NULL) + 601);
	cr_expect_neq(judge(t, s.der, 1), 0);
	tls_trust_free(t);
	paper_ca_free(&brief);
	close_scene(&s);
}

/* R44, R46: one octet makes another certificate, and a list of anchors knows its own alone. */
Test(tls_trust, nothing_else_is_taken_for_what_is_remembered)
{
	struct scene s;
	struct paper_ca other;

	open_scene(&s);
	paper_ca_make(&other, "sub"); /* of the same name */
	struct tls_trust *t = trust_of(&s.root, &s.sub);
	cr_expect_eq(judge(t, s.der, 2), 0);
	for (unsigned i = 1; i <= 8; i++) {
		s.der[0].data[s.der[0].size - i] ^= 1;
		cr_expect_neq(judge(t, s.der, 2), 0, "%u octets before the end", i);
		s.der[0].data[s.der[0].size - i] ^= 1;
	}
	gnutls_datum_t copy = s.der[0];
	s.der[0] = der_of(paper_sign(&other, &web, s.key));
	cr_expect_neq(judge(t, s.der, 2), 0, "by another CA of that name");
	gnutls_free(s.der[0].data);
	s.der[0] = copy;
	cr_expect_eq(judge(t, s.der, 2), 0);

	struct tls_trust *u = trust_of(&other, NULL);
	cr_expect_neq(judge(u, s.der, 2), 0, "by those anchors it never was good");
	tls_trust_free(u);
	tls_trust_free(t);
	paper_ca_free(&other);
	close_scene(&s);
}

/* R44: what is refused is judged each time; a CA's own is never kept. */
Test(tls_trust, what_was_refused_is_judged_again)
{
	struct scene s;

	open_scene(&s);
	struct tls_trust *t = trust_of(&s.root, &s.sub);
	ahead = web.to + 1;
	cr_expect_neq(judge(t, s.der, 2) & GNUTLS_CERT_EXPIRED, 0);
	ahead = 0;
	cr_expect_eq(judge(t, s.der, 2), 0);
	struct tls_trust_verdict r = { 0 };
	for (int i = 0; i < 2; i++) {
		cr_expect(
		    tls_trust_judge(t, (struct tls_trust_chain){ &s.der[1], 1 }, &r));
		cr_expect(r.is_ca);
	}
	tls_trust_free(t);
	close_scene(&s);
}

/* R44: an issuer that is no anchor counts by its chain, and costs its verification each time. */
Test(tls_trust, a_chain_up_to_an_anchor_is_good)
{
	struct scene s;
	struct paper_ca old;

	open_scene(&s);
	struct tls_trust *t = trust_of(&s.root, NULL);
	cr_expect_eq(judge(t, s.der, 2), 0);
	cr_expect_neq(judge(t, s.der, 1) & GNUTLS_CERT_SIGNER_NOT_FOUND, 0);
	ahead = 2 * PAPER_DAY;
	cr_expect_neq(judge(t, s.der, 2), 0, "it is not remembered");
	ahead = 0;
	tls_trust_free(t);

	/* The issuer's key of before, under the same name. */
	paper_ca_below(&old, &s.root, "sub", PAPER_DAY);
	t = trust_of(&s.root, &s.sub);
	gnutls_free(s.der[0].data);
	gnutls_free(s.der[1].data);
	s.der[0] = der_of(paper_sign(&old, &web, s.key));
	cr_assert_eq(gnutls_x509_crt_export2(old.crt, GNUTLS_X509_FMT_DER, &s.der[1]),
	    0);
	cr_expect_eq(judge(t, s.der, 2), 0);
	cr_expect_neq(judge(t, s.der, 1), 0);
	tls_trust_free(t);
	paper_ca_free(&old);
	close_scene(&s);
}

/* R44 */
Test(tls_trust, an_anchors_name_constraints_bind)
{
	static const struct {
		const char *dns;
		bool good;
	} cases[] = { { "a.internal", true }, { "a.evil", false },
		{ "A.INTERNAL", true }, { "internal.evil", false } };
	struct scene s;
	struct paper_ca narrow;

	open_scene(&s);
	paper_ca_narrow(&narrow, &s.root, "narrow", "internal");
	struct tls_trust *t = trust_of(&s.root, &narrow);
	for (size_t i = 0; i < NITEMS(cases); i++) {
		gnutls_datum_t d =
		    der_of(paper_sign_dns(&narrow, &web, s.key, cases[i].dns));

		for (int again = 0; again < 2; again++)
			cr_expect_eq(judge(t, &d, 1) == 0, cases[i].good, "%s",
			    cases[i].dns);
		gnutls_free(d.data);
	}
	tls_trust_free(t);
	paper_ca_free(&narrow);
	close_scene(&s);
}

/* S67, R86 */
Test(tls_trust, too_much_is_not_verified)
{
	gnutls_datum_t many[TLS_TRUST_CHAIN_MAX + 1];
	struct tls_trust_verdict r;
	struct scene s;

	open_scene(&s);
	struct tls_trust *t = trust_of(&s.root, &s.sub);
	for (size_t i = 0; i < NITEMS(many); i++)
		many[i] = s.der[0];
	for (unsigned n = TLS_TRUST_CHAIN_MAX; n <= NITEMS(many); n++) {
		const struct tls_trust_chain c = { many, n };

		cr_expect_eq(tls_trust_fits(t, c), n <= TLS_TRUST_CHAIN_MAX);
		cr_expect_eq(tls_trust_judge(t, c, &r), n <= TLS_TRUST_CHAIN_MAX);
	}
	s.der[0].size /= 2;
	cr_expect_not(tls_trust_fits(t, (struct tls_trust_chain){ s.der, 1 }));
	cr_expect_not(tls_trust_judge(t, (struct tls_trust_chain){ s.der, 1 }, &r));
	tls_trust_free(t);
	close_scene(&s);
}

/* Of a key whose modulus nobody has made of primes: it has a length, and costs its reader that. */
static gnutls_datum_t
rsa_of(const struct paper_ca *by, gnutls_x509_privkey_t key, unsigned bits)
{
	static unsigned char modulus[2 * TLS_TRUST_KEY_BITS_MAX / 8];
	unsigned char exponent[] = { 1, 0, 1 };
	const gnutls_datum_t m = { modulus, bits / 8 },
			     x = { exponent, sizeof(exponent) };
	gnutls_x509_crt_t crt = paper_sign(by, &web, key);
	gnutls_pubkey_t pub;

	memset(modulus, 0xc5, sizeof(modulus));
	cr_assert_eq(gnutls_pubkey_init(&pub), 0);
	cr_assert_eq(gnutls_pubkey_import_rsa_raw(pub, &m, &x), 0);
	cr_assert_eq(gnutls_x509_crt_set_pubkey(crt, pub), 0);
	cr_assert_eq(gnutls_x509_crt_sign2(crt, by->crt, by->key, GNUTLS_DIG_SHA256, 0),
	    0);
	gnutls_pubkey_deinit(pub);
	return der_of(crt);
}

/* S67, R86: one of 16384 bits costs us nothing. */
Test(tls_trust, a_key_that_is_too_long_is_not_computed_with)
{
	static const unsigned bits[] = { TLS_TRUST_KEY_BITS_MAX,
		TLS_TRUST_KEY_BITS_MAX + 8, 2 * TLS_TRUST_KEY_BITS_MAX };
	struct tls_trust_verdict r;
	struct scene s;

	open_scene(&s);
	struct tls_trust *t = trust_of(&s.root, &s.sub);
	for (size_t i = 0; i < NITEMS(bits); i++) {
		gnutls_datum_t d = rsa_of(&s.sub, s.key, bits[i]);
		const struct tls_trust_chain c = { &d, 1 };
		const bool fits = bits[i] <= TLS_TRUST_KEY_BITS_MAX;

		cr_expect_eq(tls_trust_fits(t, c), fits, "%u bits", bits[i]);
		cr_expect_eq(tls_trust_judge(t, c, &r), fits, "%u bits", bits[i]);
		gnutls_free(d.data);
	}
	tls_trust_free(t);
	close_scene(&s);
}

static struct tls_seen_key
key_no(unsigned n)
{
	/* All in one bucket: the first two octets are the same. */
	return (struct tls_seen_key){ .b = { 1, 2, (uint8_t)n, (uint8_t)(n >> 8) } };
}

Test(tls_seen, it_is_bounded_and_the_longest_unused_goes)
{
	struct tls_seen *s = tls_seen_new();
	const struct tls_seen_client good = { .from_at = 10,
		.to_at = 20,
		.ends_at = 30 };
	struct tls_seen_client c;

	const struct tls_seen_key first = key_no(0);
	for (unsigned i = 0; i < 1000; i++) {
		const struct tls_seen_key k = key_no(i);

		cr_expect_not(tls_seen_find(s, &k, 15, &c));
		tls_seen_put(s, &k, &good);
		cr_expect(tls_seen_find(s, &k, 15, &c));
		cr_expect(tls_seen_find(s, &first, 15, &c), "used all the time, %u", i);
	}
	const struct tls_seen_key early = key_no(1);
	cr_expect_not(tls_seen_find(s, &early, 15, &c));
	cr_expect_eq(c.ends_at, 30);
	for (int64_t at = 9; at <= 21; at++)
		cr_expect_eq(tls_seen_find(s, &first, at, &c), at >= 10 && at <= 20);
	tls_seen_free(s);
}
