/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/hex.h"
#include "x509/dn.h"

static struct buf b;

static void
begin(void)
{
	buf_init(&b, KIB(4));
}

static void
end(void)
{
	buf_free(&b);
}

TestSuite(dn, .init = begin, .fini = end);

static struct bytes
from_hex(const char *hex)
{
	static uint8_t octets[512];
	size_t n = 0;

	cr_assert(hex_read(bytes_str(hex), octets, sizeof(octets), &n));
	return bytes_of(octets, n);
}

/* P12, P14, P40 */
Test(dn, one_name_is_built_read_and_shown)
{
	struct err e = { 0 };
	char cn[65], text[100];

	cr_assert(dn_build("Example", "web", &b, &e));
	cr_assert(dn_cn(buf_bytes(&b), cn, sizeof(cn), &e));
	cr_expect_str_eq(cn, "web");
	dn_text(buf_bytes(&b), text, sizeof(text));
	cr_expect_str_eq(text, "CN=web, O=Example");
	cr_expect(
	    bytes_eq(buf_bytes(&b), from_hex("3020"
					     "3110300e060355040a0c074578616d706c65"
					     "310c300a06035504030c03776562")));
}

/* GnuTLS reads the same name. */
Test(dn, a_stranger_reads_what_we_build)
{
	struct err e = { 0 };
	gnutls_x509_dn_t dn;
	gnutls_datum_t text;

	cr_assert(dn_build("Größe, \"A\"", "ca.example", &b, &e));
	const gnutls_datum_t in = { b.p, (unsigned)b.n };
	cr_assert_geq(gnutls_x509_dn_init(&dn), 0);
	cr_assert_geq(gnutls_x509_dn_import(dn, &in), 0);
	cr_assert_geq(gnutls_x509_dn_get_str2(dn, &text, 0), 0);
	cr_expect_str_eq((char *)text.data, "CN=ca.example,O=Größe\\, \\\"A\\\"");
	gnutls_free(text.data);
	gnutls_x509_dn_deinit(dn);
}

/* P12: an empty subject is a subject. */
Test(dn, the_empty_name_is_an_empty_sequence)
{
	struct err e = { 0 };
	char cn[65] = "x", text[10] = "x";

	cr_assert(dn_build(NULL, NULL, &b, &e));
	cr_expect_eq(b.n, 2);
	cr_assert(dn_cn(buf_bytes(&b), cn, sizeof(cn), &e));
	cr_expect_str_eq(cn, "");
	dn_text(buf_bytes(&b), text, sizeof(text));
	cr_expect_str_eq(text, "");
}

/* P13, P14, P56 */
Test(dn, what_may_not_stand_in_a_name_is_refused)
{
	static const char *const bad[] = { "", " a", "a ", "a\nb", "a\x7f", "\xc2\x85",
		"\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"12345678901234567890123456789012345678901234567890123456789012345" };

	for (size_t i = 0; i < NITEMS(bad); i++) {
		struct err e = { 0 };

		cr_expect_not(dn_build(NULL, bad[i], &b, &e), "row %zu", i);
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_not(dn_build(bad[i], "web", &b, &e), "row %zu", i);
		cr_expect_eq(b.n, 0);
	}
}

Test(dn, sixty_four_characters_of_any_width_fit)
{
	struct err e = { 0 };
	char long_cn[257] = "", cn[257];

	for (size_t i = 0; i < 64; i++)
		strcat(long_cn, "\xf0\x9f\x8c\xb3");
	cr_assert(dn_build(NULL, long_cn, &b, &e), "%s", e.detail);
	cr_assert(dn_cn(buf_bytes(&b), cn, sizeof(cn), &e));
	cr_expect_str_eq(cn, long_cn);
	cr_expect_not(dn_cn(buf_bytes(&b), cn, sizeof(cn) - 1, &e));
}

/* P56 */
Test(dn, a_common_name_that_is_no_text_is_an_error)
{
	static const struct {
		const char *hex, *why;
	} bad[] = {
		{ "300e310c300a06035504030c03610062", "NUL" },
		{ "300e310c300a06035504030c03610a62", "control character" },
		{ "300e310c300a06035504030c0361ff62", "not UTF-8" },
		{ "300e310c300a06035504031303614062", "'@' in a PrintableString" },
		{ "300e310c300a060355040316036180ff", "not ASCII" },
		{ "300e310c300a06035504031403616263", "T61String" },
		{ "300f310d300b06035504031e0400610062", "BMPString" },
		{ "300f310d300b06035504030c0377656200", "octets behind" },
		{ "30023100", "empty part" },
		{ "3004310230 00", "empty pair" },
		{ "30020500", "no SET" },
		{ "3100", "no SEQUENCE" },
	};

	for (size_t i = 0; i < NITEMS(bad); i++) {
		char cn[65] = "same", hex[64];
		struct err e = { 0 };
		size_t n = 0;

		for (const char *p = bad[i].hex; *p != '\0'; p++)
			if (*p != ' ')
				hex[n++] = *p;
		hex[n] = '\0';
		cr_expect_not(dn_cn(from_hex(hex), cn, sizeof(cn), &e), "%s",
		    bad[i].why);
		cr_expect_eq(e.code, ERR_MALFORMED);
		cr_expect_str_eq(cn, "same");
	}
}

Test(dn, every_cut_off_and_every_octet_more_is_refused)
{
	char cn[65], text[100];
	struct err e = { 0 };

	cr_assert(dn_build("Example", "web", &b, &e));
	for (size_t n = 0; n < b.n; n++) {
		cr_expect_not(dn_cn(bytes_of(b.p, n), cn, sizeof(cn), &e), "%zu", n);
		dn_text(bytes_of(b.p, n), text, sizeof(text));
		cr_expect_str_eq(text, "?");
	}
	buf_putc(&b, 0);
	cr_expect_not(dn_cn(buf_bytes(&b), cn, sizeof(cn), &e));
}

Test(dn, text_is_escaped_cut_at_a_character_and_says_what_it_cannot_read)
{
	struct err e = { 0 };
	char text[100];

	cr_assert(dn_build("a,b", "x\xc3\xa4", &b, &e));
	dn_text(buf_bytes(&b), text, sizeof(text));
	cr_expect_str_eq(text, "CN=x\xc3\xa4, O=a\\,b");
	dn_text(buf_bytes(&b), text, 6);
	cr_expect_str_eq(text, "CN=x", "no half character");
	dn_text(buf_bytes(&b), text, 1);
	cr_expect_str_eq(text, "");
	dn_text(from_hex("300e310c300a06035504031403616263"), text, sizeof(text));
	cr_expect_str_eq(text, "CN=?");
	dn_text(from_hex("300b310930070603550403"
			 "0500"),
	    text, sizeof(text));
	cr_expect_str_eq(text, "CN=?");
	dn_text(from_hex("300f310d300b0604551d0f010c03776562"), text, sizeof(text));
	cr_expect_str_eq(text, "2.5.29.15.1=web");
}

/* P12, P14, P40 */
Test(dn, another_common_name_leaves_the_rest_octet_for_octet)
{
	/* C=DE (PrintableString), CN=old, CN=older */
	const char *was = "302d310b3009060355040613024445"
			  "310c300a06035504030c036f6c64"
			  "3110300e06035504030c076f6c646572737a";
	const char *now = "302f310b3009060355040613024445"
			  "310e300c06035504030c0542c3b67365"
			  "3110300e06035504030c076f6c646572737a";
	struct err e = { 0 };
	char cn[66];

	struct bytes in = from_hex(was);
	cr_assert(dn_with_cn(in, "B\xc3\xb6se", &b, &e), "%s", e.detail);
	cr_expect(bytes_eq(buf_bytes(&b), from_hex(now)));
	buf_clear(&b);

	cr_assert(dn_with_cn(from_hex("300d310b3009060355040613024445"), "x", &b, &e));
	cr_assert(dn_cn(buf_bytes(&b), cn, sizeof(cn), &e));
	cr_expect_str_eq(cn, "x", "one without any gets it");
	buf_clear(&b);

	memset(cn, 'a', 65);
	cn[65] = '\0';
	cr_expect_not(dn_with_cn(from_hex("3000"), cn, &b, &e));
	/* CN=a + C=DE in one part */
	in = from_hex("30173115300806035504030c0161300906035504061302"
		      "4445");
	cr_expect_not(dn_with_cn(in, "x", &b, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	for (size_t n = 0; n < in.n; n++)
		cr_expect_not(dn_with_cn(bytes_of(in.p, n), "x", &b, &e));
	cr_expect_eq(b.n, 0, "ret is untouched on failure");
}
