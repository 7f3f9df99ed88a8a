/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/der.h"
#include "codec/pem.h"
#include "make.h"
#include "x509/csr.h"

#define T MAKE_T

#define PKCS9 "1.2.840.113549.1.9.14"
#define MS    "1.3.6.1.4.1.311.2.1.14"
#define SAN   "2.5.29.17"
#define BC    "2.5.29.19"
#define KU    "2.5.29.15"
#define EKU   "2.5.29.37"
#define TLSF  "1.3.6.1.5.5.7.1.24"

#define SAN_AB                                                                         \
	T("\x30\x0b\x82\x03"                                                           \
	  "a.b\x87\x04\x0a\0\0\1")

static void
refused(const char *what, struct bytes in, enum err_code code, const char *part)
{
	struct csr *c = NULL;
	struct err e = { 0 };

	cr_expect_not(csr_parse_any(in, &c, &e), "%s let through", what);
	cr_expect_eq(c, NULL, "ret is untouched on failure");
	cr_expect_eq(e.code, code, "%s: %s", what, e.detail);
	cr_expect(strstr(e.detail, part) != NULL, "%s: \"%s\" lacks \"%s\"", what,
	    e.detail, part);
}

static struct csr *
parsed(struct bytes in)
{
	struct csr *c = NULL;
	struct err e = { 0 };

	cr_assert(csr_parse_any(in, &c, &e), "%s", e.detail);
	cr_expect(csr_verify(c, &e), "%s", e.detail);
	return c;
}

/* P15, P50, P51 */
Test(csr, gives_key_and_names_and_proves_possession)
{
	static const gnutls_pk_algorithm_t kinds[] = { GNUTLS_PK_ECDSA, GNUTLS_PK_RSA,
		GNUTLS_PK_EDDSA_ED25519 };
	struct buf b;

	buf_init(&b, 10000);
	for (size_t i = 0; i < NITEMS(kinds); i++) {
		struct stranger *s = stranger_new(kinds[i]);

		make_csr_with_extension(s, SAN, SAN_AB, &b);
		struct csr *c = parsed(buf_bytes(&b));
		cr_expect_str_eq(c->cn, "a.b");
		cr_expect(c->has_san);
		cr_assert_eq(c->names.n, 2);
		cr_expect_str_eq(c->names.v[0].text, "a.b");
		cr_expect_str_eq(c->names.v[1].text, "10.0.0.1");
		cr_expect(bytes_eq(c->key.der, buf_bytes(&s->spki)));
		cr_expect(bytes_eq(c->sig_alg, s->sig_alg));
		cr_expect_eq(c->n_ignored, 0);
		cr_expect_not(c->asks_must_staple);
		csr_free(c);
		stranger_free(s);
	}
	csr_free(NULL);
	buf_free(&b);
}

/* P50, R17 */
Test(csr, is_taken_as_der_or_as_pem_of_either_label_once)
{
	struct stranger *s = stranger_new(GNUTLS_PK_ECDSA);
	struct buf der, pem;

	buf_init(&der, 10000);
	buf_init(&pem, 100000);
	make_csr_with_extension(s, SAN, SAN_AB, &der);
	csr_free(parsed(buf_bytes(&der)));
	buf_puts(&pem, "Certificate request of web:\n");
	pem_put(&pem, "CERTIFICATE REQUEST", buf_bytes(&der));
	csr_free(parsed(buf_bytes(&pem)));
	buf_clear(&pem);
	pem_put(&pem, "NEW CERTIFICATE REQUEST", buf_bytes(&der));
	csr_free(parsed(buf_bytes(&pem)));

	pem_put(&pem, "CERTIFICATE REQUEST", buf_bytes(&der));
	refused("two blocks", buf_bytes(&pem), ERR_BAD_CSR, "second PEM block");
	buf_clear(&pem);
	pem_put(&pem, "CERTIFICATE REQUEST", buf_bytes(&der));
	buf_puts(&pem, "-----BEGIN PRIVATE KEY-----\nbroken");
	refused("a key behind it", buf_bytes(&pem), ERR_BAD_CSR, "second PEM block");
	buf_clear(&pem);
	pem_put(&pem, "CERTIFICATE", buf_bytes(&der));
	refused("a wrong label", buf_bytes(&pem), ERR_BAD_CSR, "\"CERTIFICATE\", not");
	buf_clear(&pem);
	pem_put(&pem, "CERTIFICATE REQUEST", buf_bytes(&der));
	pem.n -= 10;
	refused("a PEM cut short", buf_bytes(&pem), ERR_BAD_CSR, "END");
	buf_clear(&pem);
	buf_putc(&der, 0);
	pem_put(&pem, "CERTIFICATE REQUEST", buf_bytes(&der));
	refused("trailing octets in PEM", buf_bytes(&pem), ERR_BAD_CSR, "CSR: ");
	refused("trailing octets", buf_bytes(&der), ERR_BAD_CSR, "CSR: ");
	refused("nothing", T(""), ERR_BAD_CSR, "empty");
	refused("text", T("hello"), ERR_BAD_CSR, "neither DER nor PEM");
	refused("JSON", T("{\"csr\": 1}"), ERR_BAD_CSR, "neither DER nor PEM");
	buf_free(&pem);
	buf_free(&der);
	stranger_free(s);
}

/* R17 */
Test(csr, cut_short_anywhere_is_refused)
{
	struct stranger *s = stranger_new(GNUTLS_PK_ECDSA);
	struct buf b;

	buf_init(&b, 10000);
	make_csr_with_extension(s, SAN, SAN_AB, &b);
	for (size_t n = 0; n < b.n; n++)
		refused("cut short", bytes_of(b.p, n), ERR_BAD_CSR, "CSR: ");
	buf_free(&b);
	stranger_free(s);
}

/* R17: each octet changed is refused, or at least not proven */
Test(csr, changed_in_any_octet_is_refused_or_does_not_verify)
{
	static const uint8_t flips[] = { 0x01, 0x20, 0x80, 0xff };
	struct stranger *s = stranger_new(GNUTLS_PK_EDDSA_ED25519);
	struct buf b;

	buf_init(&b, 10000);
	make_csr_with_extension(s, SAN, SAN_AB, &b);
	for (size_t i = 0; i < b.n; i++)
		for (size_t f = 0; f < NITEMS(flips); f++) {
			struct csr *c = NULL;
			struct err e = { 0 };

			b.p[i] ^= flips[f];
			cr_expect_not(csr_parse(buf_bytes(&b), NAMES_READ_MAX, &c,
					  &e) &&
					  csr_verify(c, &e),
			    "octet %zu", i);
			cr_expect(e.code == ERR_BAD_CSR || e.code == ERR_BAD_KEY);
			cr_expect_neq(e.detail[0], '\0');
			csr_free(c);
			b.p[i] ^= flips[f];
		}
	buf_free(&b);
	stranger_free(s);
}

/* R17, R87 */
Test(csr, that_is_strange_der_is_refused_without_harm)
{
	struct buf b;

	buf_init(&b, MIB(4));
	for (int i = 0; i < 8000; i++)
		buf_put(&b, T("\x30\x80"));
	refused("indefinite lengths", buf_bytes(&b), ERR_BAD_CSR, "CSR: ");
	buf_clear(&b);
	for (int i = 0; i < 120; i++)
		make_wrap(&b, DER_SEQUENCE);
	refused("deep nesting", buf_bytes(&b), ERR_BAD_CSR, "CSR: ");
	refused("4 GiB", T("\x30\x84\xff\xff\xff\xff\x30\x00"), ERR_BAD_CSR, "CSR: ");
	refused("an empty SEQUENCE", T("\x30\x00"), ERR_BAD_CSR, "CSR: ");
	refused("empty parts", T("\x30\x07\x30\x00\x30\x00\x03\x01\x00"), ERR_BAD_CSR,
	    "CSR: ");
	refused("no length", T("\x30"), ERR_BAD_CSR, "CSR: ");
	buf_free(&b);
}

/* P50, A198 */
Test(csr, version_is_0_or_that_of_old_clients)
{
	struct stranger *s = stranger_new(GNUTLS_PK_ECDSA);
	struct buf b;

	buf_init(&b, 10000);
	make_csr(s, &(struct make_csr){ .version = 2, .cn = "x" }, &b);
	csr_free(parsed(buf_bytes(&b)));
	make_csr(s, &(struct make_csr){ .version = 1, .cn = "x" }, &b);
	csr_free(parsed(buf_bytes(&b)));
	make_csr(s, &(struct make_csr){ .version = 3, .cn = "x" }, &b);
	refused("version 3", buf_bytes(&b), ERR_BAD_CSR, "version 3");
	buf_free(&b);
	stranger_free(s);
}

/* R1, R2, P39 */
Test(csr, that_asks_to_be_a_ca_is_refused)
{
	struct stranger *s = stranger_new(GNUTLS_PK_ECDSA);
	struct buf b;

	buf_init(&b, 10000);
	make_csr_with_extension(s, BC, T("\x30\x03\x01\x01\xff"), &b);
	refused("CA:TRUE", buf_bytes(&b), ERR_BAD_CSR, "CA:TRUE");
	make_csr_with_extension(s, BC, T("\x30\x06\x01\x01\xff\x02\x01\x00"), &b);
	refused("CA:TRUE, pathlen:0", buf_bytes(&b), ERR_BAD_CSR, "CA:TRUE");
	make_csr_with_extension(s, BC, T("\x30\x03\x01\x01\x01"), &b);
	refused("a BER TRUE", buf_bytes(&b), ERR_BAD_CSR, "basicConstraints");
	make_csr_with_extension(s, BC, T(""), &b);
	refused("empty basicConstraints", buf_bytes(&b), ERR_BAD_CSR,
	    "basicConstraints");
	make_csr_with_extension(s, KU, T("\x03\x02\x02\x04"), &b);
	refused("keyCertSign", buf_bytes(&b), ERR_BAD_CSR, "keyCertSign");
	make_csr_with_extension(s, KU, T("\x03\x02\x01\x82"), &b);
	refused("cRLSign", buf_bytes(&b), ERR_BAD_CSR, "cRLSign");
	make_csr_with_extension(s, KU, T("\x03\x01\x01"), &b);
	refused("bits of nothing", buf_bytes(&b), ERR_BAD_CSR, "keyUsage");
	make_csr_with_extension(s, KU, T("\x03\x00"), &b);
	refused("empty keyUsage", buf_bytes(&b), ERR_BAD_CSR, "keyUsage");
	buf_free(&b);
	stranger_free(s);
}

/* P38, P39, R3, R4 */
Test(csr, other_wishes_are_ignored_and_told)
{
	static const struct {
		const char *oid;
		struct bytes value;
	} wishes[] = {
		{ BC, T("\x30\x00") },
		{ KU, T("\x03\x02\x05\xa0") },
		{ EKU, T("\x30\x06\x06\x04\x55\x1d\x25\x00") },
		{ "2.5.29.14", T("\x04\x01\x00") },
		{ "2.5.29.30", T("\x30\x00") },
		{ "1.3.6.1.4.1.11129.2.4.3", T("\x05\x00") },
		{ "1.2.3.4.5", T("") },
		{ TLSF, T("\x30\x03\x02\x01\x05") },
		{ SAN, SAN_AB },
	};
	struct stranger *s = stranger_new(GNUTLS_PK_ECDSA);
	struct buf b, ext;

	buf_init(&b, 10000);
	buf_init(&ext, 10000);
	for (size_t i = 0; i < NITEMS(wishes); i++)
		make_extension(&ext, wishes[i].oid, wishes[i].value);
	make_csr_with_extensions(s, buf_bytes(&ext), &b);
	struct csr *c = parsed(buf_bytes(&b));
	cr_assert_eq(c->n_ignored, 7);
	for (size_t i = 0; i < 7; i++)
		cr_expect_str_eq(c->ignored[i].oid, wishes[i].oid);
	cr_expect(c->asks_must_staple);
	cr_expect_eq(c->names.n, 2);
	csr_free(c);

	/* more of them than are kept */
	buf_clear(&ext);
	for (int i = 0; i < 64; i++) {
		char oid[20];
		snprintf(oid, sizeof(oid), "1.2.3.%d", i);
		make_extension(&ext, oid, T(""));
	}
	make_csr_with_extensions(s, buf_bytes(&ext), &b);
	c = parsed(buf_bytes(&b));
	cr_expect_eq(c->n_ignored, NITEMS(c->ignored));
	csr_free(c);
	make_extension(&ext, "1.2.3.64", T(""));
	make_csr_with_extensions(s, buf_bytes(&ext), &b);
	refused("65 extensions", buf_bytes(&b), ERR_BAD_CSR, "over 64 extensions");
	make_csr_with_extension(s, TLSF, T("\x30\x03\x02\x01\x11"), &b);
	c = parsed(buf_bytes(&b));
	cr_expect_not(c->asks_must_staple, "status_request_v2 is not must-staple");
	csr_free(c);
	buf_free(&ext);
	buf_free(&b);
	stranger_free(s);
}

/* R7 */
Test(csr, that_asks_twice_is_refused)
{
	struct stranger *s = stranger_new(GNUTLS_PK_ECDSA);
	struct buf b, ext, two, at;

	buf_init(&b, 10000);
	buf_init(&ext, 10000);
	buf_init(&two, 10000);
	buf_init(&at, 10000);
	make_extension(&ext, SAN, SAN_AB);
	make_extension(&two, SAN, SAN_AB);
	make_extension(&two, SAN,
	    T("\x30\x05\x82\x03"
	      "c.d"));
	make_csr_with_extensions(s, buf_bytes(&two), &b);
	refused("two SANs", buf_bytes(&b), ERR_BAD_CSR,
	    "extension 2.5.29.17 is there twice");

	make_attribute(&at, PKCS9, buf_bytes(&ext));
	make_attribute(&at, PKCS9, buf_bytes(&ext));
	make_csr_with_attributes(s, buf_bytes(&at), &b);
	refused("two extensionRequests", buf_bytes(&b), ERR_BAD_CSR,
	    "extensionRequest is there twice");

	static const char *const orders[][2] = { { PKCS9, MS }, { MS, PKCS9 } };
	for (size_t i = 0; i < 2; i++) {
		buf_clear(&at);
		make_attribute(&at, orders[i][0], buf_bytes(&ext));
		make_attribute(&at, orders[i][1], buf_bytes(&ext));
		make_csr_with_attributes(s, buf_bytes(&at), &b);
		refused("both attributes", buf_bytes(&b), ERR_BAD_CSR, "Microsoft");
	}
	/* alone it is read as what it is */
	buf_clear(&at);
	make_attribute(&at, MS, buf_bytes(&ext));
	make_csr_with_attributes(s, buf_bytes(&at), &b);
	struct csr *c = parsed(buf_bytes(&b));
	cr_expect_eq(c->names.n, 2);
	csr_free(c);

	/* one attribute, two values; and none */
	buf_clear(&at);
	make_oid(&at, PKCS9);
	buf_put(&at, T("\x31\x04\x30\x00\x30\x00"));
	make_wrap(&at, DER_SEQUENCE);
	make_csr_with_attributes(s, buf_bytes(&at), &b);
	refused("two values", buf_bytes(&b), ERR_BAD_CSR, "two values");
	buf_clear(&at);
	make_oid(&at, PKCS9);
	buf_put(&at, T("\x31\x00"));
	make_wrap(&at, DER_SEQUENCE);
	make_csr_with_attributes(s, buf_bytes(&at), &b);
	refused("no value", buf_bytes(&b), ERR_BAD_CSR, "extensionRequest");
	buf_free(&at);
	buf_free(&two);
	buf_free(&ext);
	buf_free(&b);
	stranger_free(s);
}

/* R17 */
Test(csr, an_attribute_that_means_nothing_here_is_der_all_the_same)
{
	struct stranger *s = stranger_new(GNUTLS_PK_ECDSA);
	static const struct {
		struct bytes values;
		bool good;
	} rows[] = {
		{ MAKE_T("\x31\x03\x0c\x01x"), true },
		{ MAKE_T("\x31\x05\x30\x03\x02\x01\x05"), true },
		{ MAKE_T("\x31\x03\x0c\x02x"), false }, /* longer than the SET */
		{ MAKE_T("\x31\x05\x30\x03\x02\x02\x05"), false },
		{ MAKE_T("\x31\x05\x30\x80\x00\x00\x00"), false }, /* BER */
	};
	struct buf b, at;

	buf_init(&b, 10000);
	buf_init(&at, 10000);
	for (size_t i = 0; i < NITEMS(rows); i++) {
		buf_clear(&at);
		make_oid(&at, "1.2.3.4");
		buf_put(&at, rows[i].values);
		make_wrap(&at, DER_SEQUENCE);
		make_csr_with_attributes(s, buf_bytes(&at), &b);
		if (rows[i].good)
			csr_free(parsed(buf_bytes(&b)));
		else
			refused("an attribute", buf_bytes(&b), ERR_BAD_CSR, "not DER");
	}
	/* nested without end */
	buf_clear(&at);
	for (int i = 0; i < 60; i++)
		make_wrap(&at, DER_SEQUENCE);
	make_wrap(&at, DER_SET);
	struct buf whole;
	buf_init(&whole, 10000);
	make_oid(&whole, "1.2.3.4");
	buf_put(&whole, buf_bytes(&at));
	make_wrap(&whole, DER_SEQUENCE);
	make_csr_with_attributes(s, buf_bytes(&whole), &b);
	refused("sixty deep", buf_bytes(&b), ERR_BAD_CSR, "not DER");
	buf_free(&whole);
	buf_free(&at);
	buf_free(&b);
	stranger_free(s);
}

Test(csr, the_rule_that_was_broken_is_told)
{
	static const struct {
		const char *oid;
		struct bytes value;
		const char *rule;
	} rows[] = {
		{ SAN,
		    T("\x30\x05\x82\x03"
		      "a b"),
		    "csr.names" },
		{ BC, T("\x30\x03\x01\x01\xff"), "csr.extensions" },
		{ KU, T("\x03\x02\x01\x06"), "csr.extensions" },
	};
	struct stranger *s = stranger_new(GNUTLS_PK_ECDSA);
	const char *rule = NULL;
	struct csr *c = NULL;
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, 10000);
	for (size_t i = 0; i < NITEMS(rows); i++) {
		buf_clear(&b);
		make_csr_with_extension(s, rows[i].oid, rows[i].value, &b);
		cr_expect_not(
		    csr_parse_told(buf_bytes(&b), NAMES_READ_MAX, &c, &rule, &e));
		cr_expect_str_eq(rule, rows[i].rule, "%s: %s", rows[i].oid, rule);
	}
	buf_clear(&b);
	make_csr(s, &(struct make_csr){ .spki = T("\x30\x00") }, &b);
	cr_expect_not(csr_parse_told(buf_bytes(&b), NAMES_READ_MAX, &c, &rule, &e));
	cr_expect_str_eq(rule, "csr.key");
	cr_expect_not(
	    csr_parse_told(bytes_str("hello"), NAMES_READ_MAX, &c, &rule, &e));
	cr_expect_str_eq(rule, "csr.syntax");
	cr_expect_null(c);
	buf_free(&b);
	stranger_free(s);
}
