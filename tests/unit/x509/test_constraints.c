/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "codec/der.h"
#include "make.h"
#include "x509/constraints.h"

#define T MAKE_T

static struct constraints
parse(struct bytes der)
{
	struct constraints c = { 0 };
	struct err e = { 0 };

	cr_assert(constraints_parse(der, &c, &e), "%s", e.detail);
	return c;
}

static void
permits(const struct constraints *c, enum name_type type, const char *text, bool want)
{
	struct err e = { 0 };

	cr_expect_eq(constraints_check(c, type, text, &e), want, "%s: %s", text,
	    e.detail);
	cr_expect_eq(e.code, want ? ERR_NONE : ERR_POLICY);
}

/* P35 */
Test(constraints, are_built_as_der_and_read_back)
{
	static const char *const domains[] = { "Corp.internal", "10.0.0.0/8" };
	struct constraints c;
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, 1000);
	cr_assert(constraints_build(domains, 2, false, &b, &e), "%s", e.detail);
	cr_expect(bytes_eq(buf_bytes(&b), T("\x30\x1f\xa0\x1d\x30\x0f\x82\x0d"
					    "corp.internal"
					    "\x30\x0a\x87\x08\x0a\0\0\0\xff\0\0\0")));
	c = parse(buf_bytes(&b));
	cr_assert_eq(c.n, 2);
	cr_expect_str_eq(c.v[0].text, "corp.internal");
	cr_expect_str_eq(c.v[1].text, "10.0.0.0/8");
	constraints_free(&c);

	buf_clear(&b);
	cr_assert(constraints_build(domains, 1, true, &b, &e), "%s", e.detail);
	c = parse(buf_bytes(&b));
	cr_assert_eq(c.n, 3);
	permits(&c, NAME_TYPE_DNS, "web.corp.internal", true);
	permits(&c, NAME_TYPE_IP, "10.0.0.1", false);
	permits(&c, NAME_TYPE_IP, "::1", false);
	permits(&c, NAME_TYPE_URI, "spiffe://x/y", true);
	constraints_free(&c);
	buf_free(&b);
}

Test(constraints, that_make_no_extension_are_not_built)
{
	static const char *const bad[] = { "", "*.corp.internal", "corp internal",
		"10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "x/8", "10.0.0.0/8x", ".corp",
		"10.0.0.0/ 8" };
	static const char *const cidr[] = { "10.0.0.0/8" };
	struct buf b;
	struct err e;

	buf_init(&b, 1000);
	for (size_t i = 0; i < NITEMS(bad); i++) {
		e = (struct err){ 0 };
		cr_expect_not(constraints_build(&bad[i], 1, false, &b, &e), "%s",
		    bad[i]);
		cr_expect_eq(e.code, ERR_MALFORMED, "%s", bad[i]);
	}
	cr_expect_not(constraints_build(NULL, 0, false, &b, &e));
	cr_expect_not(constraints_build(cidr, 1, true, &b, &e));
	cr_expect_eq(b.n, 0);
	cr_expect(constraints_build(NULL, 0, true, &b, &e),
	    "no address at all is a constraint");
	buf_free(&b);
}

struct tree {
	bool excluded;
	unsigned type;
	struct bytes base;
};

static void
make(const struct tree *v, size_t n, struct buf *ret)
{
	buf_init(ret, 10000);
	for (unsigned k = 0; k < 2; k++) {
		struct buf list, one;

		buf_init(&list, 10000);
		buf_init(&one, 1000);
		for (size_t i = 0; i < n; i++) {
			if (v[i].excluded != (k == 1))
				continue;
			buf_clear(&one);
			make_tlv(&one, DER_CONTEXT(v[i].type), v[i].base);
			make_tlv(&list, DER_SEQUENCE, buf_bytes(&one));
		}
		if (list.n > 0)
			make_tlv(ret, DER_CONTEXT_CONSTRUCTED(k), buf_bytes(&list));
		buf_free(&one);
		buf_free(&list);
	}
	make_wrap(ret, DER_SEQUENCE);
}

static struct constraints
parsed(const struct tree *v, size_t n)
{
	struct buf b;

	make(v, n, &b);
	struct constraints c = parse(buf_bytes(&b));
	buf_free(&b);
	return c;
}

/* P36 */
Test(constraints, of_dns_names_hold_the_domain_and_what_is_below)
{
	static const struct tree trees[] = { { false, 2, T("Internal") },
		{ false, 2, T(".dotted") }, { true, 2, T("bad.InterNal") } };
	struct constraints c = parsed(trees, NITEMS(trees));

	permits(&c, NAME_TYPE_DNS, "internal", true);
	permits(&c, NAME_TYPE_DNS, "web.internal", true);
	permits(&c, NAME_TYPE_DNS, "a.b.internal", true);
	permits(&c, NAME_TYPE_DNS, "notinternal", false);
	permits(&c, NAME_TYPE_DNS, "internal.example", false);
	permits(&c, NAME_TYPE_DNS, "example", false);
	permits(&c, NAME_TYPE_DNS, "dotted", false);
	permits(&c, NAME_TYPE_DNS, "a.dotted", true);
	permits(&c, NAME_TYPE_DNS, "*.dotted", true);
	/* excluded wins, whatever the letter case (R44) */
	permits(&c, NAME_TYPE_DNS, "bad.internal", false);
	permits(&c, NAME_TYPE_DNS, "x.bad.internal", false);
	permits(&c, NAME_TYPE_DNS, "verybad.internal", true);
	/* a wildcard stands for all that it matches */
	permits(&c, NAME_TYPE_DNS, "*.web.internal", true);
	permits(&c, NAME_TYPE_DNS, "*.bad.internal", false);
	permits(&c, NAME_TYPE_DNS, "*.internal", false);
	permits(&c, NAME_TYPE_DNS, "*.example.com", false);
	/* other types are not constrained */
	permits(&c, NAME_TYPE_IP, "10.0.0.1", true);
	permits(&c, NAME_TYPE_URI, "https://example.com/", true);
	permits(&c, NAME_TYPE_EMAIL, "a@example.com", true);
	constraints_free(&c);
}

/* P36 */
Test(constraints, of_addresses_are_by_mask)
{
	static const struct tree trees[] = { { false, 7, T("\x0a\0\0\0\xff\0\0\0") },
		{ false, 7,
		    T("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\0"
		      "\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0") },
		{ true, 7, T("\x0a\x01\0\0\xff\xff\0\0") } };
	struct constraints c = parsed(trees, NITEMS(trees));

	permits(&c, NAME_TYPE_IP, "10.0.0.1", true);
	permits(&c, NAME_TYPE_IP, "10.1.0.1", false);
	permits(&c, NAME_TYPE_IP, "11.0.0.1", false);
	permits(&c, NAME_TYPE_IP, "2001:db8::1", true);
	permits(&c, NAME_TYPE_IP, "2001:db9::1", false);
	permits(&c, NAME_TYPE_IP, "a00::1", false);
	permits(&c, NAME_TYPE_DNS, "10.example", true);
	constraints_free(&c);
}

/* P36 */
Test(constraints, of_uris_and_mailboxes_look_at_the_host)
{
	static const struct tree trees[] = { { false, 6, T("web.internal") },
		{ false, 6, T(".below.internal") }, { false, 1, T("mail.internal") },
		{ false, 1, T(".lists.internal") },
		{ false, 1, T("Root@Other.internal") },
		{ true, 1, T("spam@mail.internal") } };
	struct constraints c = parsed(trees, NITEMS(trees));

	permits(&c, NAME_TYPE_URI, "https://web.internal:1/x", true);
	permits(&c, NAME_TYPE_URI, "https://a.web.internal/", false);
	permits(&c, NAME_TYPE_URI, "https://a.below.internal/", true);
	permits(&c, NAME_TYPE_URI, "https://below.internal/", false);
	permits(&c, NAME_TYPE_URI, "https://web.internal@evil.example/", false);
	permits(&c, NAME_TYPE_URI, "https://evil.example/web.internal", false);
	permits(&c, NAME_TYPE_URI, "urn:x:web.internal", false);
	permits(&c, NAME_TYPE_EMAIL, "a@mail.internal", true);
	permits(&c, NAME_TYPE_EMAIL, "spam@mail.internal", false);
	permits(&c, NAME_TYPE_EMAIL, "a@x.mail.internal", false);
	permits(&c, NAME_TYPE_EMAIL, "a@x.lists.internal", true);
	permits(&c, NAME_TYPE_EMAIL, "a@lists.internal", false);
	permits(&c, NAME_TYPE_EMAIL, "Root@other.internal", true);
	permits(&c, NAME_TYPE_EMAIL, "root@other.internal", false);
	constraints_free(&c);
}

/* P36: RFC 5280 4.2.1.10 */
Test(constraints, of_uris_refuse_those_whose_host_is_no_name)
{
	static const struct tree trees[] = { { true, 6, T("evil.test") },
		{ false, 6, T("") } };
	static const char *const hosts[] = { "10.0.0.1", "10.0.0.1:8443", "u@10.0.0.1",
		"[2001:db8::1]", "[::1]:443", "255.255.255.255" };
	char uri[64];

	for (size_t k = 0; k < NITEMS(trees); k++) {
		struct constraints c = parsed(&trees[k], 1);

		for (size_t i = 0; i < NITEMS(hosts); i++) {
			snprintf(uri, sizeof(uri), "https://%s/x", hosts[i]);
			permits(&c, NAME_TYPE_URI, uri, false);
			permits(&c, NAME_TYPE_DNS, "web.internal", true);
		}
		permits(&c, NAME_TYPE_URI, "urn:uuid:1", false);
		permits(&c, NAME_TYPE_URI, "https://web.internal/", true);
		permits(&c, NAME_TYPE_URI,
		    "https://a-name-longer-than-any-address."
		    "in-any-form.web.internal/",
		    true);
		permits(&c, NAME_TYPE_IP, "10.0.0.1", true);
		constraints_free(&c);
	}
}

/* P36 */
Test(constraints, of_an_ancestor_must_be_met_as_well)
{
	static const struct tree own[] = { { false, 2, T("a.internal") },
		{ false, 2, T("example") } };
	static const struct tree above[] = { { false, 2, T("internal") },
		{ true, 2, T("x.a.internal") } };
	struct constraints c = parsed(own, 2), up = parsed(above, 2),
			   up2 = parsed(above, 1), none = { 0 }, all = { 0 };

	permits(&c, NAME_TYPE_DNS, "web.example", true);
	constraints_join(&c, &up);
	constraints_join(&c, &up2);
	constraints_join(&c, &none);
	cr_expect_eq(up.n, 0);
	cr_expect_eq(c.n, 5);
	permits(&c, NAME_TYPE_DNS, "web.a.internal", true);
	permits(&c, NAME_TYPE_DNS, "web.example", false);
	permits(&c, NAME_TYPE_DNS, "web.internal", false);
	permits(&c, NAME_TYPE_DNS, "x.a.internal", false);
	constraints_join(&all, &c);
	permits(&all, NAME_TYPE_DNS, "web.example", false);
	permits(&none, NAME_TYPE_DNS, "whatever.example", true);
	constraints_free(&all);
}

static void
refused(const char *what, struct bytes der)
{
	struct constraints c = { 0 };
	struct err e = { 0 };

	cr_expect_not(constraints_parse(der, &c, &e), "%s", what);
	cr_expect_eq(e.code, ERR_MALFORMED, "%s", what);
	cr_expect_eq(c.n, 0, "ret is untouched on failure");
}

/* P35 */
Test(constraints, that_are_not_understood_are_refused_whole)
{
	static const struct tree bad[] = { { false, 7, T("\x0a\0\0\0\xff\0\xff\0") },
		{ false, 7, T("\x0a\0\0\0") }, { false, 8, T("\x2a\x03") },
		{ false, 2, T("a b") }, { false, 2, T("*.a.b") },
		{ false, 2, T("a@b") }, { false, 2, T("a\0.b") }, { false, 1, T("@b") },
		{ false, 1, T("a@") }, { false, 6, T("http://a.b/") },
		{ false, 6, T(".") } };
	struct buf b;

	for (size_t i = 0; i < NITEMS(bad); i++) {
		make(&bad[i], 1, &b);
		refused("a bad base", buf_bytes(&b));
		buf_free(&b);
	}
	refused("nothing", T("\x30\x00"));
	refused("an empty list", T("\x30\x02\xa0\x00"));
	refused("directoryName", T("\x30\x08\xa0\x06\x30\x04\xa4\x02\x30\x00"));
	refused("a minimum", T("\x30\x0a\xa0\x08\x30\x06\x82\x01"
			       "a\x80\x01\x01"));
	refused("excluded before permitted", T("\x30\x0e\xa1\x05\x30\x03\x82\x01"
					       "a\xa0\x05\x30\x03\x82\x01"
					       "b"));
	refused("a third part", T("\x30\x09\xa0\x05\x30\x03\x82\x01"
				  "a\xa2\x00"));
}

Test(constraints, cut_short_anywhere_or_too_long_are_refused)
{
	static const struct tree trees[] = { { false, 2, T("internal") },
		{ true, 7, T("\x0a\0\0\0\xff\0\0\0") } };
	struct buf b;

	make(trees, 2, &b);
	for (size_t n = 0; n < b.n; n++)
		refused("cut short", bytes_of(b.p, n));
	buf_putc(&b, 0);
	refused("one octet too many", buf_bytes(&b));
	buf_free(&b);
}

/* R86 */
Test(constraints, by_the_thousand_are_refused)
{
	struct buf list;

	buf_init(&list, 100000);
	for (int i = 0; i < 1500; i++)
		buf_put(&list, T("\x30\x03\x82\x01"
				 "a"));
	make_wrap(&list, DER_CONTEXT_CONSTRUCTED(0));
	make_wrap(&list, DER_SEQUENCE);
	refused("1500 subtrees", buf_bytes(&list));
	buf_free(&list);
}
