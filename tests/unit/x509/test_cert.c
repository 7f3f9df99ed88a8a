/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cert_case.h"
#include "codec/pem.h"

TestSuite(cert, .init = cert_case_begin, .fini = cert_case_end);

/* P1, P6, P7, P8, P12, P15, P17, P18, P20, P22, P23, P30 to P33, P47 */
Test(cert, a_leaf_is_read_back_as_it_was_asked_for)
{
	const struct cert_spec s = cert_case_leaf();
	struct err e = { 0 };
	struct cert *c;

	cert_case_make(&s);
	cr_assert(cert_parse(buf_bytes(&cert_case.der), &c, &e), "%s", e.detail);
	cr_expect(serial_eq(&c->serial, &s.serial));
	cr_expect(bytes_eq(c->sig_alg, s.sig_alg));
	cr_expect(bytes_eq(c->issuer_dn, s.issuer_dn));
	cr_expect(bytes_eq(c->subject_dn, s.subject_dn));
	cr_expect_str_eq(c->cn, "web.internal");
	cr_expect_eq(c->not_before, s.not_before);
	cr_expect_eq(c->not_after, s.not_after);
	cr_expect(bytes_eq(c->key.der, s.spki));
	cr_expect(names_same(&c->names, &cert_case.names));
	cr_expect_not(c->ca);
	cr_expect_eq(c->path_len, -1);
	cr_expect_eq(c->usages, s.usages);
	cr_expect_not(c->any_usage);
	cr_expect_eq(c->key_usage, s.key_usage);
	cr_expect(bytes_eq(c->key_id, s.key_id));
	cr_expect(bytes_eq(c->authority_key_id, s.authority_key_id));
	cr_expect_eq(c->constraints.n, 0);
	cr_expect_not(c->no_rev_avail);
	cert_free(c);
}

Test(cert, a_strangers_certificate_is_read)
{
	struct err e = { 0 };
	struct cert *c;

	cr_assert(cert_parse(buf_bytes(&cert_case.ca->der), &c, &e), "%s", e.detail);
	cr_expect_str_eq(c->cn, "Stranger");
	cr_expect(c->ca);
	cr_expect_eq(c->path_len, -1);
	cr_expect_eq(c->key_usage,
	    CERT_KU_DIGITAL_SIGNATURE | CERT_KU_KEY_CERT_SIGN | CERT_KU_CRL_SIGN);
	cr_expect(c->any_usage);
	cr_expect(bytes_eq(c->subject_dn, buf_bytes(&cert_case.ca->dn)));
	cr_expect(bytes_eq(c->key.der, buf_bytes(&cert_case.ca->spki)));
	cr_expect(bytes_eq(c->key_id, bytes_of(cert_case.ca->key_id, 20)));
	cert_free(c);
}

Test(cert, every_cut_off_every_octet_more_and_every_flip_is_survived)
{
	const struct cert_spec s = cert_case_leaf();
	struct err e = { 0 };
	struct cert *c = NULL;

	cert_case_make(&s);
	for (size_t n = 0; n < cert_case.der.n; n++) {
		uint8_t *exact =
		    malloc(n + 1); /* so that a sanitizer sees a step too far */

		memcpy(exact + 1, cert_case.der.p, n);
		cr_expect_not(cert_parse(bytes_of(exact + 1, n), &c, &e), "%zu", n);
		cr_expect_eq(e.code, ERR_MALFORMED);
		free(exact);
	}
	for (size_t i = 0; i < cert_case.der.n; i++) {
		cert_case.der.p[i] ^= 0x41;
		if (cert_parse(buf_bytes(&cert_case.der), &c, &e))
			cert_free(c);
		cert_case.der.p[i] ^= 0x41;
	}
	c = NULL;
	buf_putc(&cert_case.der, 0);
	cr_expect_not(cert_parse(buf_bytes(&cert_case.der), &c, &e));
	cr_expect_null(c, "ret is untouched on failure");
}

Test(cert, the_first_certificate_of_a_text_is_taken)
{
	struct err e = { 0 };
	struct cert *c;
	struct buf pem;

	buf_init(&pem, KIB(16));
	buf_puts(&pem, "subject=web\n");
	pem_put(&pem, "PRIVATE KEY", bytes_str("not a certificate"));
	pem_put(&pem, "CERTIFICATE", buf_bytes(&cert_case.ca->der));
	pem_put(&pem, "CERTIFICATE", buf_bytes(&cert_case.leaf->der));
	cr_assert(cert_parse_any(buf_bytes(&pem), &c, &e), "%s", e.detail);
	cr_expect(bytes_eq(buf_bytes(&c->der), buf_bytes(&cert_case.ca->der)));
	cert_free(c);
	cr_assert(cert_parse_any(buf_bytes(&cert_case.leaf->der), &c, &e), "%s",
	    e.detail);
	cert_free(c);

	buf_clear(&pem);
	pem_put(&pem, "PRIVATE KEY", bytes_str("not a certificate"));
	cr_expect_not(cert_parse_any(buf_bytes(&pem), &c, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(cert_parse_any(bytes_str("hello"), &c, &e));
	buf_free(&pem);
}

/* A certificate written by hand around one extension's octets (P16, P48). */
static bool
read_hand_made(const char *version, struct bytes unique, struct bytes extensions)
{
	const struct cert_spec s = cert_case_leaf();
	struct err e = { 0 };
	struct cert *c;
	struct derw w;

	derw_init(&w, KIB(8));
	der_put_raw(&w, extensions);
	der_wrap(&w, DER_SEQUENCE, 0);
	der_wrap(&w, DER_CONTEXT_CONSTRUCTED(3), 0);
	der_put_raw(&w, unique);
	der_put_raw(&w, s.spki);
	der_put_raw(&w, s.subject_dn);
	const size_t validity = der_mark(&w);
	der_put_time(&w, s.not_after);
	der_put_time(&w, s.not_before);
	der_wrap(&w, DER_SEQUENCE, validity);
	der_put_raw(&w, s.issuer_dn);
	der_put_raw(&w, s.sig_alg);
	der_put_uint(&w, 5);
	der_put_raw(&w, bytes_str(version));
	der_wrap(&w, DER_SEQUENCE, 0);
	cert_case_sign(der_bytes(&w));
	derw_free(&w);
	if (!cert_parse(buf_bytes(&cert_case.der), &c, &e)) {
		cr_expect_eq(e.code, ERR_MALFORMED);
		return false;
	}
	cert_free(c);
	return true;
}

#define V3        "\xa0\x03\x02\x01\x02"
#define BYTES(s)  bytes_of((s), sizeof(s) - 1)
#define EXT(a, b) "\x30" a "\x06\x03\x55\x1d" b

Test(cert, extensions_that_are_wrong_are_refused)
{
	static const struct {
		const char *why;
		struct bytes ext;
		bool good;
	} rows[] = {
		/* clang-format off */
		{ "an unknown one", { (const uint8_t *)EXT("\x09", "\x63\x04\x02\x05\x00"), 11 }, true },
		{ "critical and unknown", { (const uint8_t *)EXT("\x0c", "\x63\x01\x01\xff\x04\x02\x05\x00"), 14 }, false },
		{ "whose identifier does not end", { (const uint8_t *)EXT("\x09", "\xe3\x04\x02\x05\x00"), 11 }, false },
		{ "twice", { (const uint8_t *)EXT("\x09", "\x63\x04\x02\x05\x00") EXT("\x09", "\x63\x04\x02\x05\x00"), 22 }, false },
		{ "none at all", { NULL, 0 }, false },
		{ "keyUsage", { (const uint8_t *)EXT("\x0b", "\x0f\x04\x04\x03\x02\x07\x80"), 13 }, true },
		{ "keyUsage of nothing", { (const uint8_t *)EXT("\x0b", "\x0f\x04\x04\x03\x02\x00\x00"), 13 }, false },
		{ "keyUsage without octets", { (const uint8_t *)EXT("\x0a", "\x0f\x04\x03\x03\x01\x00"), 12 }, false },
		{ "keyUsage with an unused bit set", { (const uint8_t *)EXT("\x0b", "\x0f\x04\x04\x03\x02\x01\x81"), 13 }, false },
		{ "keyUsage with 8 unused bits", { (const uint8_t *)EXT("\x0b", "\x0f\x04\x04\x03\x02\x08\x80"), 13 }, false },
		{ "keyUsage, decipherOnly", { (const uint8_t *)EXT("\x0c", "\x0f\x04\x05\x03\x03\x07\x00\x80"), 14 }, true },
		{ "keyUsage, octets behind", { (const uint8_t *)EXT("\x0c", "\x0f\x04\x05\x03\x02\x07\x80\x00"), 14 }, false },
		{ "empty extKeyUsage", { (const uint8_t *)EXT("\x09", "\x25\x04\x02\x30\x00"), 11 }, false },
		{ "basicConstraints", { (const uint8_t *)EXT("\x09", "\x13\x04\x02\x30\x00"), 11 }, true },
		{ "path length of a leaf", { (const uint8_t *)EXT("\x0c", "\x13\x04\x05\x30\x03\x02\x01\x00"), 14 }, false },
		{ "nameConstraints of a leaf", { (const uint8_t *)EXT("\x0b", "\x1e\x04\x04\x30\x02\xa0\x00"), 13 }, false },
		{ "empty nameConstraints", { (const uint8_t *)EXT("\x09", "\x1e\x04\x02\x30\x00"), 11 }, false },
		{ "empty key id", { (const uint8_t *)EXT("\x09", "\x0e\x04\x02\x04\x00"), 11 }, false },
		{ "empty SAN", { (const uint8_t *)EXT("\x09", "\x11\x04\x02\x30\x00"), 11 }, false },
		{ "noRevAvail", { (const uint8_t *)EXT("\x09", "\x38\x04\x02\x05\x00"), 11 }, true },
		{ "noRevAvail that is no NULL", { (const uint8_t *)EXT("\x09", "\x38\x04\x02\x30\x00"), 11 }, false },
		{ "an empty value", { (const uint8_t *)EXT("\x07", "\x13\x04\x00"), 9 }, false },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(rows); i++)
		cr_expect_eq(read_hand_made(V3, bytes_of(NULL, 0), rows[i].ext),
		    rows[i].good, "%s", rows[i].why);
}

/* P1, P16 */
Test(cert, other_versions_and_unique_identifiers_are_refused)
{
	static const uint8_t ext[] = EXT("\x09", "\x13\x04\x02\x30\x00");
	const struct bytes good = bytes_of(ext, sizeof(ext) - 1);

	cr_expect(read_hand_made(V3, bytes_of(NULL, 0), good));
	cr_expect_not(read_hand_made("\xa0\x03\x02\x01\x01", bytes_of(NULL, 0), good));
	cr_expect_not(read_hand_made("", bytes_of(NULL, 0), good), "version 1");
	cr_expect_not(read_hand_made(V3, BYTES("\x81\x02\x00\x01"), good));
	cr_expect_not(read_hand_made(V3, BYTES("\x82\x02\x00\x01"), good));
}

/* P4 */
Test(cert, the_two_signature_algorithms_must_be_one)
{
	struct cert_spec s = cert_case_leaf();
	struct err e = { 0 };
	struct cert *c;
	struct buf tbs;

	s.sig_alg = BYTES("\x30\x05\x06\x03\x2b\x65\x70");
	buf_init(&tbs, KIB(8));
	cr_assert(cert_build_tbs(&s, &tbs, &e));
	cert_case_sign(buf_bytes(&tbs));
	cr_expect_not(cert_parse(buf_bytes(&cert_case.der), &c, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	buf_free(&tbs);
}

static bool
read_with(struct bytes issuer_dn, struct bytes sig_alg)
{
	struct cert_spec s = cert_case_leaf();
	struct cert *c = NULL;
	struct buf tbs, der;
	struct err e = { 0 };

	s.issuer_dn = issuer_dn.n > 0 ? issuer_dn : s.issuer_dn;
	s.sig_alg = sig_alg.n > 0 ? sig_alg : s.sig_alg;
	buf_init(&tbs, KIB(8));
	buf_init(&der, KIB(8));
	cr_assert(cert_build_tbs(&s, &tbs, &e), "%s", e.detail);
	cr_assert(
	    cert_assemble(buf_bytes(&tbs), s.sig_alg, bytes_str("sig"), &der, &e));
	const bool ok = cert_parse(buf_bytes(&der), &c, &e);
	cr_expect(ok || e.code == ERR_MALFORMED);
	cert_free(c);
	buf_free(&der);
	buf_free(&tbs);
	return ok;
}

/* R87 */
Test(cert, an_issuer_is_a_name_and_an_algorithm_has_an_identifier)
{
	const struct bytes none = bytes_of(NULL, 0);

	cr_expect(read_with(none, none));
	cr_expect(read_with(none, BYTES("\x30\x04\x06\x02\x2b\x01")));
	cr_expect(read_with(none, BYTES("\x30\x06\x06\x02\x2b\x01\x05\x00")));
	cr_expect_not(read_with(none, BYTES("\x30\x00")));
	cr_expect_not(read_with(none, BYTES("\x30\x04\x06\x02\x2b\x81")));
	cr_expect_not(read_with(none, BYTES("\x30\x04\x06\x02\x2b\x01\x05")));
	cr_expect_not(
	    read_with(none, BYTES("\x30\x08\x06\x02\x2b\x01\x05\x00\x05\x00")));
	cr_expect_not(read_with(BYTES("\x30\x02\x05\x00"), none));
	cr_expect_not(read_with(BYTES("\x30\x04\x31\x02\x30\x00"), none));
}
