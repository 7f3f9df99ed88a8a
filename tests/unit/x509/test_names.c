/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "x509/names.h"
#include "x509/names_text.h"

#define T(s)                                                                           \
	{                                                                              \
		(const uint8_t *)(s), sizeof(s) - 1                                    \
	} /* a NUL inside counts */
#define L(c)   c c c c c c c c c c c c c c c c
#define L63(c) L(c) L(c) L(c) c c c c c c c c c c c c c c c /* a label of 63 */

static void
refused(enum name_type type, struct bytes text, const char *part)
{
	struct err e = { 0 };
	char *out = NULL;
	char quoted[NAMES_QUOTE_LEN];

	names_quote(text, quoted);
	cr_expect_not(name_normal(type, text, &out, &e), "%s let through", quoted);
	cr_expect_eq(out, NULL, "ret is untouched on failure");
	cr_expect_eq(e.code, ERR_POLICY, "%s", quoted);
	cr_expect(strstr(e.detail, part) != NULL, "%s: \"%s\" lacks \"%s\"", quoted,
	    e.detail, part);
}

static void
becomes(enum name_type type, const char *text, const char *want)
{
	struct err e = { 0 };
	char *out = NULL;

	cr_expect(name_normal(type, bytes_str(text), &out, &e), "%s: %s", text,
	    e.detail);
	if (out != NULL)
		cr_expect_str_eq(out, want);
	free(out);
}

/* P24, P25, P26, R11 */
Test(names, good_dns_names_come_out_in_lower_case)
{
	static const char *const good[][2] = {
		{ "localhost", "localhost" },
		{ "Web-1.Example.COM", "web-1.example.com" },
		{ "my_host.internal", "my_host.internal" },
		{ "_acme._tcp.internal", "_acme._tcp.internal" },
		{ "1.example", "1.example" },
		{ "a.b.c.d.e.f", "a.b.c.d.e.f" },
		{ "*.Web.internal", "*.web.internal" },
		{ "xn--mnchen-3ya.example", "xn--mnchen-3ya.example" },
		{ "XN--Bcher-KVA.example", "xn--bcher-kva.example" },
		{ "xn--fa-hia.example", "xn--fa-hia.example" },
		{ "*.xn--fiqs8s.example", "*.xn--fiqs8s.example" },
		{ "a--b.example", "a--b.example" },
		{ L63("a") ".example", L63("a") ".example" },
		{ L63("a") "." L63("b") "." L63("c") "." L("d") L("d")
			L("d") "ddddddddddddd",
		    L63("a") "." L63("b") "." L63("c") "." L("d") L("d")
			L("d") "ddddddddddddd" },
	};

	for (size_t i = 0; i < NITEMS(good); i++)
		becomes(NAME_TYPE_DNS, good[i][0], good[i][1]);
}

/* P24, P25, R8, R10, R12, R13 */
Test(names, bad_dns_names_are_refused_with_the_reason)
{
	static const struct {
		struct bytes text;
		const char *part;
	} bad[] = {
		/* clang-format off */
		{ T(""),                       "is empty" },
		{ T("good.example\0.evil"),    "good.example\\x00.evil\" holds a NUL" },
		{ T("\0"),                     "holds a NUL" },
		{ T("a\nb.example"),           "control" },
		{ T("a\x7f.example"),          "control" },
		{ T("a b.example"),            "blank" },
		{ T(" a.example"),             "blank" },
		{ T("https://a.example"),      "URL" },
		{ T("a.example/x"),            "URL" },
		{ T("a.example:443"),          "port" },
		{ T("me@a.example"),           "e-mail" },
		{ T("a.example."),             "ends in a dot" },
		{ T("."),                      "begins with a dot" },
		{ T(".a.example"),             "begins with a dot" },
		{ T("a..example"),             "empty label" },
		{ T("127.0.0.1"),              "IP address" },
		{ T("10.0.0"),                 "IP address" },
		{ T("1.2.3.4.5"),              "IP address" },
		{ T("2130706433"),             "IP address" },
		{ T("0x7f000001"),             "IP address" },
		{ T("0x7f.1"),                 "IP address" },
		{ T("a.0x"),                   "IP address" },
		{ T("::1"),                    "IP address" },
		{ T("[::1]"),                  "IP address" },
		{ T("10.0.0.0/8"),             "range" },
		{ T("-a.example"),             "hyphen" },
		{ T("a-.example"),             "hyphen" },
		{ T("ab--cd.example"),         "hyphens third and fourth" },
		{ T("a*.example.com"),         "wildcard elsewhere" },
		{ T("*a.example.com"),         "wildcard elsewhere" },
		{ T("a.*.example.com"),        "wildcard elsewhere" },
		{ T("*.*.example.com"),        "wildcard elsewhere" },
		{ T("**.example.com"),         "wildcard elsewhere" },
		{ T("example.*"),              "wildcard elsewhere" },
		{ T("*"),                      "wildcard alone" },
		{ T("*."),                     "dot" },
		{ T("*.internal"),             "directly under a top label" },
		{ T("\"},{\".example"),        "no letter, digit or hyphen" },
		{ T("a,b.example"),            "no letter, digit or hyphen" },
		{ T("${x}.example"),           "no letter, digit or hyphen" },
		{ T("%s.example"),             "no letter, digit or hyphen" },
		{ T("%00.example"),            "no letter, digit or hyphen" },
		{ T("a?.example"),             "no letter, digit or hyphen" },
		{ T("a\\.example"),            "no letter, digit or hyphen" },
		{ T(L63("a") "a.example"),     "63 characters" },
		{ T(L63("a") "." L63("b") "." L63("c") "." L("d") L("d") L("d") "dddddddddddddd"),
		  "253 characters" },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(bad); i++)
		refused(NAME_TYPE_DNS, bad[i].text, bad[i].part);
}

/* P26, R11 */
Test(names, internationalised_names_pass_only_as_valid_a_labels)
{
	static const struct {
		struct bytes text;
		const char *part;
	} bad[] = {
		/* clang-format off */
		{ T("m\xc3\xbcnchen.example"),         "A-label (xn--...)" },
		{ T("\xef\xbd\x97\xef\xbd\x85.example"), "not ASCII" },     /* full width */
		{ T("a\xe2\x80\xae" "b.example"),      "not ASCII" },       /* RTL override */
		{ T("xn--.example"),                   "hyphen" },
		{ T("xn--a.example"),                  "invalid A-label" },
		{ T("xn--0.example"),                  "invalid A-label" },
		{ T("xn--99999999.example"),           "invalid A-label" },
		{ T("xn--ls8h.example"),               "invalid A-label" }, /* emoji */
		{ T("xn--a-ecp.example"),              "invalid A-label" }, /* disallowed */
		{ T("xn--a-tdbc.example"),             "invalid A-label" }, /* not NFC */
		{ T("xn--xn--a--gua.example"),         "invalid A-label" }, /* hyphens */
		{ T("xn--a-0hc.example"),              "invalid A-label" }, /* bidi */
		{ T("xn--a--a.example"),               "invalid A-label" },
		{ T("b.xn--abc-.example"),             "hyphen" },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(bad); i++)
		refused(NAME_TYPE_DNS, bad[i].text, bad[i].part);
}

/* P27 */
Test(names, ip_addresses_have_one_spelling_and_no_mapped_form)
{
	static const struct {
		struct bytes text;
		const char *part;
	} bad[] = {
		/* clang-format off */
		{ T(""),                  "no IPv4 or IPv6" },
		{ T("10.0.0"),            "no IPv4 or IPv6" },
		{ T("10.0.0.01"),         "no IPv4 or IPv6" },
		{ T("10.0.0.256"),        "no IPv4 or IPv6" },
		{ T("10.0.0.1 "),         "no IPv4 or IPv6" },
		{ T("[::1]"),             "no IPv4 or IPv6" },
		{ T("fe80::1%eth0"),      "no IPv4 or IPv6" },
		{ T("host.example"),      "no IPv4 or IPv6" },
		{ T("10.0.0.0/8"),        "range" },
		{ T("::ffff:10.0.0.1"),   "IPv4-mapped" },
		{ T("::FFFF:0a00:0001"),  "IPv4-mapped" },
		{ T("10.0.0.1\0"),        "NUL" },
		/* clang-format on */
	};
	uint8_t ip[16];

	becomes(NAME_TYPE_IP, "10.0.0.1", "10.0.0.1");
	becomes(NAME_TYPE_IP, "2001:DB8:0:0:0:0:0:1", "2001:db8::1");
	becomes(NAME_TYPE_IP, "::1", "::1");
	for (size_t i = 0; i < NITEMS(bad); i++)
		refused(NAME_TYPE_IP, bad[i].text, bad[i].part);
	cr_expect_eq(name_ip_octets("10.0.0.1", ip), 4);
	cr_expect(ip[0] == 10 && ip[3] == 1);
	cr_expect_eq(name_ip_octets("::1", ip), 16);
	cr_expect_eq(ip[15], 1);
	cr_expect_eq(name_ip_octets("localhost", ip), 0);
}

/* P28 */
Test(names, uris_are_absolute_ascii_and_their_host_is_in_lower_case)
{
	static const char *const good[][2] = {
		{ "SPIFFE://Prod.Example/ns/A", "spiffe://prod.example/ns/A" },
		{ "https://u:p@Host.example:8443/P?q#f",
		    "https://u:p@host.example:8443/P?q#f" },
		{ "https://10.0.0.1/", "https://10.0.0.1/" },
		{ "https://[2001:DB8::1]:80/x", "https://[2001:db8::1]:80/x" },
		{ "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
		    "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6" },
		{ "spiffe://my_domain/%20", "spiffe://my_domain/%20" },
	};
	static const struct {
		struct bytes text;
		const char *part;
	} bad[] = {
		/* clang-format off */
		{ T(""),                            "scheme" },
		{ T("/path"),                       "scheme" },
		{ T("host.example"),                "scheme" },
		{ T("1http://a.example"),           "scheme" },
		{ T("ht_tp://a.example"),           "scheme" },
		{ T("http:"),                       "nothing behind" },
		{ T("http:///x"),                   "no host" },
		{ T("http://:80/x"),                "no host" },
		{ T("http://u@/x"),                 "no host" },
		{ T("http://a b.example"),          "character" },
		{ T("http://a.example/\0"),         "NUL" },
		{ T("http://a.example/\n"),         "control" },
		{ T("http://m\xc3\xbcn.example"),   "not ASCII" },
		{ T("http://a.example/%2"),         "hex" },
		{ T("http://a.example/%zz"),        "hex" },
		{ T("http://a.example/\"x"),        "character" },
		{ T("http://a.example/#a#b"),       "two fragments" },
		{ T("http://a@b@c.example/"),       "two '@'" },
		{ T("http://a.example:/"),          "port" },
		{ T("http://a.example:8x/"),        "port" },
		{ T("http://a.example:123456/"),    "port" },
		{ T("http://[::1/"),                "']'" },
		{ T("http://[10.0.0.1]/"),          "IPv6" },
		{ T("http://[::1]x/"),              "port" },
		{ T("http://a.example/[x]"),        "brackets" },
		{ T("http://*.a.example/"),         "wildcard" },
		{ T("http://a%2eb.example/"),       "letter" },
		{ T("http://256.1.1.1/"),           "IP address" },
		{ T("http://a.example./"),          "dot" },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(good); i++)
		becomes(NAME_TYPE_URI, good[i][0], good[i][1]);
	for (size_t i = 0; i < NITEMS(bad); i++)
		refused(NAME_TYPE_URI, bad[i].text, bad[i].part);
}

/* P28 */
Test(names, a_uri_has_2048_characters_at_most)
{
	struct buf b;

	buf_init(&b, 10000);
	buf_puts(&b, "spiffe://a.example/");
	while (b.n < NAMES_URI_MAX)
		buf_putc(&b, 'x');
	becomes(NAME_TYPE_URI, buf_str(&b), buf_str(&b));
	buf_putc(&b, 'x');
	refused(NAME_TYPE_URI, buf_bytes(&b), "2048");
	buf_free(&b);
}

/* P29 */
Test(names, e_mail_addresses_are_ascii_with_a_host_in_lower_case)
{
	static const struct {
		struct bytes text;
		const char *part;
	} bad[] = {
		/* clang-format off */
		{ T(""),                        "no '@'" },
		{ T("web.example"),             "no '@'" },
		{ T("@web.example"),            "local part" },
		{ T("a b@web.example"),         "local part" },
		{ T("a\0b@web.example"),        "local part" },
		{ T(".a@web.example"),          "local part" },
		{ T("a.@web.example"),          "local part" },
		{ T("a..b@web.example"),        "local part" },
		{ T("\"a b\"@web.example"),     "local part" },
		{ T("a@"),                      "empty" },
		{ T("a@b@web.example"),         "e-mail" },
		{ T("a@*.web.example"),         "wildcard" },
		{ T("a@my_web.example"),        "underscore" },
		{ T("a@[10.0.0.1]"),            "address" },
		{ T("a@10.0.0.1"),              "IP address" },
		{ T("\xc3\xbc@web.example"),    "SmtpUTF8Mailbox" },
		{ T("a@m\xc3\xbcnchen.example"), "SmtpUTF8Mailbox" },
		{ T(L63("a") "aa@web.example"), "too long" },
		/* clang-format on */
	};

	becomes(NAME_TYPE_EMAIL, "Jane.Doe+x@Web.Example", "Jane.Doe+x@web.example");
	becomes(NAME_TYPE_EMAIL, "a@xn--mnchen-3ya.example",
	    "a@xn--mnchen-3ya.example");
	for (size_t i = 0; i < NITEMS(bad); i++)
		refused(NAME_TYPE_EMAIL, bad[i].text, bad[i].part);
}

static void
fill(struct names *n)
{
	static const struct {
		enum name_type type;
		const char *text;
	} all[] = { { NAME_TYPE_DNS, "b.example" }, { NAME_TYPE_DNS, "a.example" },
		{ NAME_TYPE_IP, "10.0.0.1" }, { NAME_TYPE_IP, "2001:db8::1" },
		{ NAME_TYPE_URI, "spiffe://a/b" }, { NAME_TYPE_EMAIL, "a@b.example" } };
	struct err e = { 0 };

	for (size_t i = 0; i < NITEMS(all); i++)
		cr_assert(names_add(n, all[i].type, bytes_str(all[i].text), &e), "%s",
		    e.detail);
}

/* P23 */
Test(names, keep_their_order_and_come_back_from_der)
{
	static const uint8_t want[] = { 0x30, 0x50, 0x82, 9, 'b', '.', 'e', 'x', 'a',
		'm', 'p', 'l', 'e', 0x82, 9, 'a', '.', 'e', 'x', 'a', 'm', 'p', 'l',
		'e', 0x87, 4, 10, 0, 0, 1, 0x87, 16, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 1, 0x86, 12, 's', 'p', 'i', 'f', 'f', 'e', ':',
		'/', '/', 'a', '/', 'b', 0x81, 11, 'a', '@', 'b', '.', 'e', 'x', 'a',
		'm', 'p', 'l', 'e' };
	struct names n = { 0 }, back = { 0 };
	struct err e = { 0 };
	struct buf der;

	fill(&n);
	buf_init(&der, 1000);
	cr_assert(names_to_der(&n, &der, &e), "%s", e.detail);
	cr_expect_eq(der.n, sizeof(want), "%zu", der.n);
	cr_expect(bytes_eq(bytes_skip(buf_bytes(&der), 2),
	    bytes_of(want + 2, sizeof(want) - 2)));
	cr_assert(names_from_der(buf_bytes(&der), NAMES_MAX, &back, &e), "%s",
	    e.detail);
	cr_expect_eq(back.n, n.n);
	for (size_t i = 0; i < n.n; i++) {
		cr_expect_eq(back.v[i].type, n.v[i].type);
		cr_expect_str_eq(back.v[i].text, n.v[i].text);
	}
	cr_expect(names_same(&n, &back));
	names_free(&back);
	/* each cut-off length, and an octet too many */
	for (size_t k = 0; k < der.n; k++) {
		e = (struct err){ 0 };
		cr_expect_not(names_from_der(bytes_of(der.p, k), NAMES_MAX, &back, &e));
		cr_expect_eq(e.code, ERR_BAD_CSR);
		cr_expect_eq(back.n, 0);
	}
	buf_putc(&der, 0);
	cr_expect_not(names_from_der(buf_bytes(&der), NAMES_MAX, &back, &e));
	buf_free(&der);
	names_free(&n);
}

/* P23, P24 */
Test(names, no_name_stands_twice_in_whatever_spelling)
{
	struct names n = { 0 }, other = { 0 };
	struct err e = { 0 };

	fill(&n);
	cr_expect_not(names_add(&n, NAME_TYPE_DNS, bytes_str("A.Example"), &e));
	cr_expect_eq(e.code, ERR_POLICY);
	cr_expect(strstr(e.detail, "twice") != NULL);
	cr_expect_not(names_add(&n, NAME_TYPE_IP, bytes_str("2001:db8:0::1"), &e));
	cr_expect_eq(n.n, 6);
	cr_expect(names_have(&n, NAME_TYPE_DNS, "a.example"));
	cr_expect_not(names_have(&n, NAME_TYPE_EMAIL, "a.example"));
	cr_expect_not(names_add(&n, (enum name_type)4, bytes_str("x"), &e));

	cr_assert(names_add(&other, NAME_TYPE_DNS, bytes_str("a.example"), &e));
	cr_expect_not(names_same(&n, &other));
	names_free(&other);
	for (size_t i = n.n; i-- > 0;)
		cr_assert(names_add(&other, n.v[i].type, bytes_str(n.v[i].text), &e));
	cr_expect(names_same(&n, &other), "order does not matter");
	names_free(&other);
	cr_expect_not(names_to_der(&other, &(struct buf){ .max = 100 }, &e));
	names_free(&n);
}

static void
der_refused(const char *what, struct bytes der, const char *part)
{
	struct names n = { 0 };
	struct err e = { 0 };

	cr_expect_not(names_from_der(der, NAMES_MAX, &n, &e), "%s", what);
	cr_expect_eq(e.code, ERR_BAD_CSR, "%s", what);
	cr_expect(strstr(e.detail, part) != NULL, "%s: \"%s\" lacks \"%s\"", what,
	    e.detail, part);
	cr_expect_eq(n.n, 0);
}

/* P27, P55, R5, R14 */
Test(names, other_kinds_and_forms_are_refused_by_their_name)
{
	/* clang-format off */
	der_refused("otherName", (struct bytes)T("\x30\x0b\xa0\x09\x06\x03\x2a\x03\x04\xa0\x02\x0c\x00"),
	    "otherName");
	der_refused("a broken otherName", (struct bytes)T("\x30\x06\xa0\x04\x06\x02\x80\x80"), "otherName");
	der_refused("x400Address", (struct bytes)T("\x30\x02\xa3\x00"), "x400Address");
	der_refused("directoryName", (struct bytes)T("\x30\x04\xa4\x02\x30\x00"), "directoryName");
	der_refused("ediPartyName", (struct bytes)T("\x30\x02\xa5\x00"), "ediPartyName");
	der_refused("registeredID", (struct bytes)T("\x30\x05\x88\x03\x2a\x03\x04"), "registeredID");
	der_refused("[9]", (struct bytes)T("\x30\x02\x89\x00"), "no GeneralName");
	der_refused("UTF8String", (struct bytes)T("\x30\x05\x0c\x03" "a.b"), "no GeneralName");
	der_refused("constructed dNSName", (struct bytes)T("\x30\x05\xa2\x03" "a.b"), "no GeneralName");
	der_refused("a range", (struct bytes)T("\x30\x0a\x87\x08\x0a\0\0\0\xff\0\0\0"), "range");
	der_refused("5 octets", (struct bytes)T("\x30\x07\x87\x05\x0a\0\0\0\0"), "5 octets");
	der_refused("an IP as text", (struct bytes)T("\x30\x0a\x87\x08" "10.0.0.1"), "range");
	der_refused("IPv4-mapped",
	    (struct bytes)T("\x30\x12\x87\x10\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1"), "IPv4-mapped");
	der_refused("doubled", (struct bytes)T("\x30\x0a\x82\x03" "a.b\x82\x03" "A.b"), "twice");
	der_refused("none", (struct bytes)T("\x30\x00"), "no name");
	der_refused("an empty name", (struct bytes)T("\x30\x02\x82\x00"), "is empty");
	der_refused("a NUL", (struct bytes)T("\x30\x06\x82\x04" "a\0.b"), "\\x00");
	der_refused("BER length", (struct bytes)T("\x30\x81\x05\x82\x03" "a.b"), "subjectAltName");
	der_refused("a SET", (struct bytes)T("\x31\x05\x82\x03" "a.b"), "subjectAltName");
	/* clang-format on */
}

/* P57 */
Test(names, more_than_the_limit_are_refused_before_one_is_read)
{
	struct buf der;
	struct names n = { 0 };
	struct err e = { 0 };

	buf_init(&der, 100000);
	buf_put(&der,
	    (struct bytes)T("\x30\x82\x75\x30")); /* 10 000 names of 3 octets */
	for (int i = 0; i < 10000; i++)
		buf_put(&der, (struct bytes)T("\x82\x01?"));
	cr_expect_not(names_from_der(buf_bytes(&der), NAMES_MAX, &n, &e));
	cr_expect(strstr(e.detail, "10000 names; 100 are allowed") != NULL, "%s",
	    e.detail);
	buf_free(&der);
}

/* R8, R84 */
Test(names, quoting_escapes_and_shortens)
{
	char q[NAMES_QUOTE_LEN];
	uint8_t many[1000];

	names_quote((struct bytes)T("a\0\n\xff~"), q);
	cr_expect_str_eq(q, "a\\x00\\x0a\\xff~");
	memset(many, 1, sizeof(many));
	names_quote(bytes_of(many, sizeof(many)), q);
	cr_expect_lt(strlen(q), sizeof(q));
	cr_expect_str_eq(q + strlen(q) - 3, "...");
	names_quote(bytes_of(NULL, 0), q);
	cr_expect_str_eq(q, "");
}
