/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/der.h"
#include "make.h"
#include "x509/csr.h"

#define T MAKE_T

#define SAN "2.5.29.17"

#define RSA_OF_4_BITS                                                                  \
	T("\x30\x1a\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03"   \
	  "\x09"                                                                       \
	  "\x00\x30\x06\x02\x01\x0f\x02\x01\x03")

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

/* P56, R5, R8, R10, R11, R12 */
Test(csr, bad_names_are_refused_for_what_they_are)
{
	static const struct {
		struct bytes san;
		const char *part;
	} bad[] = {
		/* clang-format off */
		{ T("\x30\x07\x82\x05" "a\0.b"    "c"),        "a\\x00.bc\" holds a NUL" },
		{ T("\x30\x09\x82\x07" "m\xc3\xbcn.b" "c"),    "A-label" },
		{ T("\x30\x08\x82\x06" "a.*.bc"),              "wildcard" },
		{ T("\x30\x0a\x82\x08" "10.0.0.1"),            "IP address" },
		{ T("\x30\x06\x82\x04" "a.b."),                "ends in a dot" },
		{ T("\x30\x0b\xa0\x09\x06\x03\x2a\x03\x04\xa0\x02\x0c\x00"), "otherName" },
		{ T("\x30\x04\xa4\x02\x30\x00"),               "directoryName" },
		{ T("\x30\x05\x88\x03\x2a\x03\x04"),           "registeredID" },
		{ T("\x30\x05\x0c\x03" "a.b"),                 "no GeneralName" },
		{ T("\x30\x0a\x82\x03" "a.b\x82\x03" "A.B"),   "twice" },
		{ T("\x82\x03" "a.b"),                         "subjectAltName" },
		{ T(""),                                       "subjectAltName" },
		/* clang-format on */
	};
	struct stranger *s = stranger_new(GNUTLS_PK_ECDSA);
	struct buf b;

	buf_init(&b, 10000);
	for (size_t i = 0; i < NITEMS(bad); i++) {
		make_csr_with_extension(s, SAN, bad[i].san, &b);
		refused(bad[i].part, buf_bytes(&b), ERR_BAD_CSR, bad[i].part);
	}
	/* the profile decides on this one */
	make_csr_with_extension(s, SAN,
	    T("\x30\x05\x82\x03"
	      "a_b"),
	    &b);
	csr_free(parsed(buf_bytes(&b)));
	buf_free(&b);
	stranger_free(s);
}

/* P12, P13, P56, R8 */
Test(csr, the_common_name_is_kept_apart_from_the_names)
{
	struct stranger *s = stranger_new(GNUTLS_PK_ECDSA);
	struct buf b, long_cn;
	struct csr *c;

	buf_init(&b, 10000);
	make_csr_with_extension(s, SAN, T("\x30\x00"), &b);
	c = parsed(buf_bytes(&b));
	cr_expect_not(c->has_san, "an empty SAN is none");
	cr_expect_eq(c->names.n, 0);
	cr_expect_str_eq(c->cn, "a.b");
	csr_free(c);
	make_csr(s, &(struct make_csr){ .cn = NULL }, &b);
	c = parsed(buf_bytes(&b));
	cr_expect_str_eq(c->cn, "");
	cr_expect_not(c->has_san);
	csr_free(c);

	make_csr(s,
	    &(struct make_csr){
		.subject = T("\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03"
			     "\x0c\x04"
			     "a\0.b") },
	    &b);
	refused("a NUL in the CN", buf_bytes(&b), ERR_BAD_CSR, "subject");
	make_csr(s,
	    &(struct make_csr){
		.subject = T("\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03"
			     "\x1e\x04"
			     "\0a\0b") },
	    &b);
	refused("a BMPString CN", buf_bytes(&b), ERR_BAD_CSR, "subject");

	buf_init(&long_cn, 1000);
	buf_put(&long_cn, T("\x30\x4c\x31\x4a\x30\x48\x06\x03\x55\x04\x03\x0c\x41"));
	for (int i = 0; i < 65; i++)
		buf_putc(&long_cn, 'x');
	make_csr(s, &(struct make_csr){ .subject = buf_bytes(&long_cn) }, &b);
	c = parsed(buf_bytes(&b));
	cr_expect_str_eq(c->cn, "", "a CN of 65 characters is dropped, not cut");
	csr_free(c);
	buf_free(&long_cn);
	buf_free(&b);
	stranger_free(s);
}

/* P57, R17, S30 */
Test(csr, too_many_names_or_octets_are_refused)
{
	struct stranger *s = stranger_new(GNUTLS_PK_ECDSA);
	struct buf b, san;

	buf_init(&b, MIB(4));
	buf_init(&san, MIB(4));
	for (int i = 0; i < 1001; i++) {
		char name[32];
		snprintf(name, sizeof(name), "h%d.lab", i);
		if (i == 1000) {
			struct buf whole;
			buf_init(&whole, MIB(4));
			make_tlv(&whole, DER_SEQUENCE, buf_bytes(&san));
			make_csr_with_extension(s, SAN, buf_bytes(&whole), &b);
			struct csr *c = parsed(buf_bytes(&b));
			cr_expect_eq(c->names.n, 1000, "as many as may be configured");
			csr_free(c);
			buf_free(&whole);
		}
		make_tlv(&san, DER_CONTEXT(2), bytes_str(name));
	}
	make_wrap(&san, DER_SEQUENCE);
	buf_clear(&s->spki);
	buf_put(&s->spki, RSA_OF_4_BITS); /* which is not looked at any more */
	make_csr_with_extension(s, SAN, buf_bytes(&san), &b);
	refused("1001 names", buf_bytes(&b), ERR_BAD_CSR,
	    "1001 names; 1000 are allowed");

	buf_clear(&san);
	for (int i = 0; i < 10000; i++)
		buf_put(&san, T("\x82\x03"
				"a.b"));
	make_wrap(&san, DER_SEQUENCE);
	make_csr_with_extension(s, SAN, buf_bytes(&san), &b);
	refused("10 000 names", buf_bytes(&b), ERR_BAD_CSR, "at most 16384");
	buf_free(&san);
	buf_free(&b);
	stranger_free(s);
}

/* P51, P52, R15 */
Test(csr, weak_keys_and_wrong_signatures_are_refused)
{
	struct stranger *s = stranger_new(GNUTLS_PK_ECDSA);
	struct stranger *other = stranger_new(GNUTLS_PK_ECDSA);
	struct buf b;
	struct csr *c = NULL;
	struct err e = { 0 };

	buf_init(&b, 10000);
	make_csr(s, &(struct make_csr){ .cn = "x", .spki = RSA_OF_4_BITS }, &b);
	refused("RSA of 4 bits", buf_bytes(&b), ERR_BAD_KEY, "4 bits");

	/* somebody else's key, and our signature */
	make_csr(s, &(struct make_csr){ .cn = "x", .spki = buf_bytes(&other->spki) },
	    &b);
	cr_assert(csr_parse(buf_bytes(&b), NAMES_READ_MAX, &c, &e), "%s", e.detail);
	cr_expect_not(csr_verify(c, &e));
	cr_expect_eq(e.code, ERR_BAD_CSR);
	cr_expect(strstr(e.detail, "does not verify") != NULL, "%s", e.detail);
	csr_free(c);
	make_csr(s,
	    &(struct make_csr){ .cn = "x",
		.sig_alg = T("\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01") },
	    &b);
	cr_assert(csr_parse(buf_bytes(&b), NAMES_READ_MAX, &c, &e), "%s", e.detail);
	cr_expect_not(csr_verify(c, &e));
	cr_expect(strstr(e.detail, "SHA-1 with ECDSA is not accepted") != NULL, "%s",
	    e.detail);
	csr_free(c);
	buf_free(&b);
	stranger_free(other);
	stranger_free(s);
}
