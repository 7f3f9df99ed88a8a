/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "policy_data.h"

struct match {
	enum name_type type;
	const char *pattern, *name;
	bool wildcards, underscores, allowed;
};

static bool
allowed(const struct match *m)
{
	struct conf_names n = { .wildcards = m->wildcards,
		.underscores = m->underscores };
	struct strings *lists[] = {
		[NAME_TYPE_DNS] = &n.dns,
		[NAME_TYPE_IP] = &n.ip,
		[NAME_TYPE_URI] = &n.uri,
		[NAME_TYPE_EMAIL] = &n.email,
	};
	struct name name = one_name(m->type, m->name);

	if (m->pattern != NULL)
		strings_add(lists[m->type], m->pattern);
	const bool is = profile_name_allowed(&n, &name);
	strings_free(lists[m->type]);
	free(name.text);
	return is;
}

static void
walk(const struct match *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cr_expect_eq(allowed(&m[i]), m[i].allowed, "\"%s\" by \"%s\"",
		    m[i].name, m[i].pattern != NULL ? m[i].pattern : "nothing");
}

/* P24, P25, R12, R13 */
Test(profile_names, dns_names_pass_by_their_patterns_alone)
{
	static const struct match all[] = {
		/* clang-format off */
		{ NAME_TYPE_DNS, "*.internal",   "a.internal",       0, 0, true },
		{ NAME_TYPE_DNS, "*.internal",   "a.b.internal",     0, 0, true },
		{ NAME_TYPE_DNS, "*.internal",   "internal",         0, 0, false },
		{ NAME_TYPE_DNS, "*.internal",   ".internal",        0, 0, false },
		{ NAME_TYPE_DNS, "*.internal",   "xinternal",        0, 0, false },
		{ NAME_TYPE_DNS, "*.internal",   "a.internal.evil",  0, 0, false },
		{ NAME_TYPE_DNS, "localhost",    "localhost",        0, 0, true },
		{ NAME_TYPE_DNS, "localhost",    "a.localhost",      0, 0, false },
		{ NAME_TYPE_DNS, "localhost",    "localhost2",       0, 0, false },
		{ NAME_TYPE_DNS, "*",            "any.example",      0, 0, true },
		{ NAME_TYPE_DNS, "*",            "host",             0, 0, true },
		{ NAME_TYPE_DNS, NULL,           "a.internal",       1, 1, false },
		{ NAME_TYPE_DNS, "*.a.internal", "*.a.internal",     0, 0, false },
		{ NAME_TYPE_DNS, "*.a.internal", "*.a.internal",     1, 0, true },
		{ NAME_TYPE_DNS, "*.internal",   "*.a.internal",     1, 0, true },
		{ NAME_TYPE_DNS, "*",            "*.a.internal",     1, 0, true },
		{ NAME_TYPE_DNS, "a.internal",   "*.a.internal",     1, 0, false },
		{ NAME_TYPE_DNS, "*.internal",   "*.internal",       1, 0, false },
		{ NAME_TYPE_DNS, "*",            "*.internal",       1, 0, false },
		{ NAME_TYPE_DNS, "*",            "*",                1, 0, false },
		{ NAME_TYPE_DNS, "*",            "a.*.internal",     1, 0, false },
		{ NAME_TYPE_DNS, "*",            "*.*.internal",     1, 0, false },
		{ NAME_TYPE_DNS, "*",            "a*.b.internal",    1, 0, false },
		{ NAME_TYPE_DNS, "*.internal",   "_a.internal",      0, 0, false },
		{ NAME_TYPE_DNS, "*.internal",   "_a.internal",      0, 1, true },
		{ NAME_TYPE_DNS, "a,b",          "a",                0, 0, false },
		{ NAME_TYPE_DNS, "*.a.b",        "%s.a.b",           0, 0, true },
		{ NAME_TYPE_DNS, "${x}",         "x",                0, 0, false },
		/* clang-format on */
	};

	walk(all, NITEMS(all));
}

/* R6, P27 */
Test(profile_names, addresses_pass_by_their_ranges_alone)
{
	static const struct match all[] = {
		/* clang-format off */
		{ NAME_TYPE_IP, "10.0.0.0/8",   "10.255.0.1",   0, 0, true },
		{ NAME_TYPE_IP, "10.0.0.0/8",   "11.0.0.0",     0, 0, false },
		{ NAME_TYPE_IP, "10.0.0.0/9",   "10.127.1.1",   0, 0, true },
		{ NAME_TYPE_IP, "10.0.0.0/9",   "10.128.0.0",   0, 0, false },
		{ NAME_TYPE_IP, "127.0.0.1",    "127.0.0.1",    0, 0, true },
		{ NAME_TYPE_IP, "127.0.0.1/32", "127.0.0.2",    0, 0, false },
		{ NAME_TYPE_IP, "::1/128",      "::1",          0, 0, true },
		{ NAME_TYPE_IP, "fd00::/8",     "fd12:3::4",    0, 0, true },
		{ NAME_TYPE_IP, "fd00::/8",     "fe80::1",      0, 0, false },
		{ NAME_TYPE_IP, "::/0",         "10.0.0.1",     0, 0, false },
		{ NAME_TYPE_IP, "0.0.0.0/0",    "::1",          0, 0, false },
		{ NAME_TYPE_IP, "0.0.0.0/0",    "host",         0, 0, false },
		{ NAME_TYPE_IP, "nonsense",     "10.0.0.1",     0, 0, false },
		/* clang-format on */
	};

	walk(all, NITEMS(all));
}

/* P28, P29, R13 */
Test(profile_names, uris_and_mail_addresses_pass_by_their_patterns_alone)
{
	static const struct match all[] = {
		/* clang-format off */
		{ NAME_TYPE_URI, "spiffe://d/",     "spiffe://d/a/b",        0, 0, true },
		{ NAME_TYPE_URI, "spiffe://d/",     "spiffe://d.evil/a",     0, 0, false },
		{ NAME_TYPE_URI, "spiffe://d/",     "spiffe://d",            0, 0, false },
		{ NAME_TYPE_URI, "spiffe://d/a",    "spiffe://d/a",          0, 0, true },
		{ NAME_TYPE_URI, "spiffe://d/a",    "spiffe://d/a/b",        0, 0, false },
		{ NAME_TYPE_URI, "spiffe://d/a",    "spiffe://d/ab",         0, 0, false },
		{ NAME_TYPE_URI, "spiffe://d/a/",   "spiffe://d/a/../b",     0, 0, false },
		{ NAME_TYPE_URI, "spiffe://d/a/",   "spiffe://d/a/..",       0, 0, false },
		{ NAME_TYPE_URI, "spiffe://d/a/",   "spiffe://d/a/./b",      0, 0, false },
		{ NAME_TYPE_URI, "spiffe://d/a/",   "spiffe://d/a/%2E%2e/b", 0, 0, false },
		{ NAME_TYPE_URI, "spiffe://d/a/",   "spiffe://d/a/..b",      0, 0, true },
		{ NAME_TYPE_URI, "*",               "https://x/",            0, 0, true },
		{ NAME_TYPE_URI, NULL,              "https://x/",            0, 0, false },
		{ NAME_TYPE_EMAIL, "*@a.b",         "x@a.b",                 0, 0, true },
		{ NAME_TYPE_EMAIL, "*@a.b",         "x@c.a.b",               0, 0, false },
		{ NAME_TYPE_EMAIL, "*@a.b",         "@a.b",                  0, 0, false },
		{ NAME_TYPE_EMAIL, "x@a.b",         "x@a.b",                 0, 0, true },
		{ NAME_TYPE_EMAIL, "x@a.b",         "X@a.b",                 0, 0, false },
		{ NAME_TYPE_EMAIL, "*",             "x@a.b",                 0, 0, true },
		{ NAME_TYPE_EMAIL, NULL,            "x@a.b",                 0, 0, false },
		/* clang-format on */
	};

	walk(all, NITEMS(all));
}

/* R5 */
Test(profile_names, a_pattern_of_one_kind_lets_no_other_kind_in)
{
	struct conf_names n = { .wildcards = true, .underscores = true };
	struct name mail = one_name(NAME_TYPE_EMAIL, "a.internal");
	struct name other = one_name((enum name_type)0, "a.internal");

	strings_add(&n.dns, "*");
	cr_expect_not(profile_name_allowed(&n, &mail));
	cr_expect_not(profile_name_allowed(&n, &other));
	strings_free(&n.dns);
	free(mail.text);
	free(other.text);
}

/* P23, P57 */
Test(profile_names, one_name_at_least_and_no_more_than_the_limit)
{
	struct conf_profile p = { 0 };
	struct names names = { 0 };

	strings_add(&p.names.dns, "*");
	for (size_t n = 0; n <= 4; n++) {
		struct verdict v = { 0 };
		struct err e = { 0 };
		const bool pass = n >= 1 && n <= 3;

		cr_expect_eq(profile_check_names(&p, &names, 3, &v), pass, "%zu", n);
		cr_expect_eq(verdict_ok(&v, &e), pass);
		cr_expect_eq(row_of(&v, "profile.names.count"), pass);
		verdict_free(&v);
		add_name(&names, NAME_TYPE_DNS, "a");
	}
	names_free(&names);
	strings_free(&p.names.dns);
}

/* R5, R6 */
Test(profile_names, each_name_that_fails_is_told_with_its_place)
{
	struct conf_profile p = { 0 };
	struct names names = { 0 };
	struct verdict v = { 0 };
	struct err e = { 0 };

	strings_add(&p.names.dns, "*.internal");
	add_name(&names, NAME_TYPE_DNS, "a.internal");
	add_name(&names, NAME_TYPE_DNS, "evil.example");
	add_name(&names, NAME_TYPE_EMAIL, "x@y");
	cr_expect_not(profile_check_names(&p, &names, 100, &v));
	cr_expect_eq(v.n, 4);
	cr_expect_eq(v.refused, 2);
	cr_expect_str_eq(v.v[2].rule, "profile.names.dns");
	cr_expect_str_eq(v.v[2].field, "names[1]");
	cr_expect_str_eq(v.v[2].value, "evil.example");
	cr_expect_str_eq(v.v[2].allowed, "*.internal (wildcards: no, underscores: no)");
	cr_expect_str_eq(v.v[3].rule, "profile.names.email");
	cr_expect_str_eq(v.v[3].allowed, "no names of this kind");
	cr_expect_not(verdict_ok(&v, &e));
	cr_expect_eq(e.code, ERR_POLICY);
	verdict_free(&v);
	names_free(&names);
	strings_free(&p.names.dns);
}

/* P28 */
Test(profile_names, a_spiffe_id_keeps_its_rules_and_stands_alone)
{
	static const struct {
		const char *id, *other;
		bool pass;
	} all[] = {
		{ "spiffe://d/a", NULL, true },
		{ "spiffe://d.e-f_g/a/B.c_d-1/...", NULL, true },
		{ "spiffe://d/a", "spiffe://d/b", false },
		{ "spiffe://d/a", "https://d/b", false },
		{ "spiffe://d", NULL, false },
		{ "spiffe://d/", NULL, false },
		{ "spiffe:///a", NULL, false },
		{ "spiffe://D/a", NULL, false },
		{ "spiffe://d:1/a", NULL, false },
		{ "spiffe://u@d/a", NULL, false },
		{ "spiffe://d/a?q", NULL, false },
		{ "spiffe://d/a#f", NULL, false },
		{ "spiffe://d/%61", NULL, false },
		{ "spiffe://d/a//b", NULL, false },
		{ "spiffe://d/a/", NULL, false },
		{ "spiffe://d/./a", NULL, false },
		{ "spiffe://d/a/..", NULL, false },
	};
	struct conf_profile p = { 0 };

	strings_add(&p.names.uri, "*");
	for (size_t i = 0; i < NITEMS(all); i++) {
		struct names names = { 0 };
		struct verdict v = { 0 };

		add_name(&names, NAME_TYPE_URI, all[i].id);
		if (all[i].other != NULL)
			add_name(&names, NAME_TYPE_URI, all[i].other);
		cr_expect_eq(profile_check_names(&p, &names, 100, &v), all[i].pass,
		    "%s", all[i].id);
		cr_expect_eq(row_of(&v, "profile.names.spiffe"), all[i].pass);
		verdict_free(&v);
		names_free(&names);
	}
	strings_free(&p.names.uri);
}
