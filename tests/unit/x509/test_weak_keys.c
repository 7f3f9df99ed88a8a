/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "stranger.h"
#include "x509/weak_keys.h"

/* How "openssl rsa -modulus | sha1sum" names it, made with GnuTLS alone. */
static void
line_of_modulus(const struct stranger *s, char ret[static 41])
{
	gnutls_datum_t m, x;
	gnutls_pubkey_t pub;
	struct buf text;
	uint8_t hash[20];

	gnutls_pubkey_init(&pub);
	const gnutls_datum_t der = { s->spki.p, (unsigned)s->spki.n };
	cr_assert_geq(gnutls_pubkey_import(pub, &der, GNUTLS_X509_FMT_DER), 0);
	cr_assert_geq(gnutls_pubkey_export_rsa_raw2(pub, &m, &x,
			  GNUTLS_EXPORT_FLAG_NO_LZ),
	    0);
	buf_init(&text, KIB(4));
	buf_puts(&text, "Modulus=");
	for (unsigned i = 0; i < m.size; i++)
		buf_printf(&text, "%02X", m.data[i]);
	buf_putc(&text, '\n');
	cr_assert_eq(gnutls_hash_fast(GNUTLS_DIG_SHA1, text.p, text.n, hash), 0);
	hex_write(bytes_of(hash, 20), ret);
	buf_free(&text);
	gnutls_free(m.data);
	gnutls_free(x.data);
	gnutls_pubkey_deinit(pub);
}

static bool
is_on(const char *text, const struct stranger *s)
{
	struct weak_keys *w = NULL;
	struct spki k;
	struct err e = { 0 };
	bool on = false;

	cr_assert(weak_keys_read(bytes_str(text), &w, &e), "%s", e.detail);
	cr_assert(spki_parse(buf_bytes(&s->spki), &k, &e), "%s", e.detail);
	cr_assert(weak_keys_has(w, &k, &on, &e), "%s", e.detail);
	weak_keys_free(w);
	return on;
}

/* P52, R15, A52 */
Test(weak_keys, a_key_is_found_by_either_kind_of_line_among_others)
{
	static const gnutls_pk_algorithm_t kinds[] = { GNUTLS_PK_RSA, GNUTLS_PK_ECDSA,
		GNUTLS_PK_EDDSA_ED25519 };
	char modulus[41] = "", spki[65], text[400];
	uint8_t hash[32];

	for (size_t i = 0; i < NITEMS(kinds); i++) {
		struct stranger *s = stranger_new(kinds[i]);

		spki_hash(buf_bytes(&s->spki), hash);
		hex_write(bytes_of(hash, sizeof(hash)), spki);
		cr_expect(is_on(spki, s));
		snprintf(text, sizeof(text), "# ours\r\n\n%s\n00%.62s\nff%.62s", spki,
		    spki, spki);
		cr_expect(is_on(text, s));
		spki[63] = spki[63] == '0' ? '1' : '0';
		cr_expect_not(is_on(spki, s));
		cr_expect_not(is_on("", s));
		if (kinds[i] == GNUTLS_PK_RSA) {
			line_of_modulus(s, modulus);
			snprintf(text, sizeof(text),
			    "ffffffffffffffffffff\n%s\n00000000000000000000\n",
			    modulus + 20);
			cr_expect(is_on(text, s));
			snprintf(text, sizeof(text), "%.20s\n", modulus);
			cr_expect_not(is_on(text, s), "the other half of the hash");
		} else {
			cr_expect_not(is_on(modulus + 20, s));
		}
		stranger_free(s);
	}
}

/* R15 */
Test(weak_keys, a_line_that_is_neither_is_told_by_its_number)
{
	static const char *const bad[] = { "0123456789abcdef0123\nx",
		"#\n0123456789abcdef01234", "\n0123456789abcdef012", "\n ",
		"\n01:23456789abcdef012345", "\n0123456789abcdef012g",
		"\n0123456789abcdef0123 " };
	struct weak_keys *w = NULL;
	struct err e = { 0 };

	for (size_t i = 0; i < NITEMS(bad); i++) {
		cr_expect_not(weak_keys_read(bytes_str(bad[i]), &w, &e), "%s", bad[i]);
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect(strstr(e.detail, "line 2 ") != NULL, "%s", e.detail);
		cr_expect_eq(w, NULL);
	}
	weak_keys_free(NULL);
	cr_expect_eq(weak_keys_count(NULL), 0);
}

/* S30: as many as all of Debian's files have */
Test(weak_keys, a_long_list_costs_little)
{
	struct stranger *s = stranger_new(GNUTLS_PK_RSA);
	struct weak_keys *w = NULL;
	struct spki k;
	struct buf text;
	struct err e = { 0 };
	bool on = true;

	buf_init(&text, MIB(64));
	for (uint64_t i = 0; i < 500000; i++)
		buf_printf(&text, "%020llx\n",
		    (unsigned long long)(i * 6364136223846793005u));
	cr_assert(weak_keys_read(buf_bytes(&text), &w, &e), "%s", e.detail);
	cr_expect_eq(weak_keys_count(w), 500000);
	cr_assert(spki_parse(buf_bytes(&s->spki), &k, &e));
	for (int i = 0; i < 1000; i++)
		cr_assert(weak_keys_has(w, &k, &on, &e) && !on);
	weak_keys_free(w);
	buf_free(&text);
	stranger_free(s);
}
