/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "policy_data.h"

#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

static const struct cert issuer = { .not_before = NOW - 1000 * DAY,
	.not_after = NOW + 1000 * DAY };

static const struct conf_profile plain = { .validity_default_s = 30 * DAY,
	.validity_max_s = 90 * DAY,
	.backdate_s = 300 };

/* P8, P9 */
Test(profile_validity, counts_from_now_and_its_last_second_counts)
{
	struct verdict v = { 0 };
	int64_t from = 0, to = 0;

	cr_expect(profile_validity(&plain, &issuer, NOW, 0, &from, &to, &v));
	cr_expect_eq(from, NOW - 300);
	cr_expect_eq(to, NOW + 30 * DAY - 1);
	cr_expect(profile_validity(&plain, &issuer, NOW, 1, &from, &to, &v));
	cr_expect_eq(to, NOW);
	cr_expect_eq(row_of(&v, "profile.validity"), 1);
	cr_expect_eq(row_of(&v, "issuer.validity"), 1);
	verdict_free(&v);
}

/* P11, S28, R21 */
Test(profile_validity, exactly_the_maximum_passes_and_a_second_more_is_refused)
{
	struct verdict v = { 0 };
	struct err e = { 0 };
	int64_t from = 0, to = 0;

	cr_expect(profile_validity(&plain, &issuer, NOW, 90 * DAY, &from, &to, &v));
	cr_expect_eq(to, NOW + 90 * DAY - 1);
	cr_expect_eq(to - from + 1, 90 * DAY, "the backdate gives way");
	cr_expect(
	    profile_validity(&plain, &issuer, NOW, 90 * DAY - 100, &from, &to, &v));
	cr_expect_eq(to - from + 1, 90 * DAY);
	cr_expect_eq(from, NOW - 100);
	cr_expect(
	    profile_validity(&plain, &issuer, NOW, 90 * DAY - 300, &from, &to, &v));
	cr_expect_eq(from, NOW - 300);
	cr_expect_eq(to - from + 1, 90 * DAY);

	from = to = 77;
	cr_expect_not(
	    profile_validity(&plain, &issuer, NOW, 90 * DAY + 1, &from, &to, &v));
	cr_expect_not(
	    profile_validity(&plain, &issuer, NOW, INT64_MAX, &from, &to, &v));
	cr_expect_eq(from, 77, "ret is untouched on failure");
	cr_expect_eq(to, 77);
	cr_expect_eq(row_of(&v, "profile.validity"), 0);
	cr_expect_not(verdict_ok(&v, &e));
	cr_expect_eq(e.code, ERR_POLICY);
	verdict_free(&v);
}

static bool
exact(int64_t begin, int64_t end, int64_t *from, int64_t *to)
{
	struct verdict v = { 0 };

	const bool ok = profile_validity_exact(&plain, &issuer, NOW, PROFILE_PAST_S,
	    begin, end, from, to, &v);
	verdict_free(&v);
	return ok;
}

/* A144, P11, S28 */
Test(profile_validity, what_is_asked_for_exactly_is_given_exactly_or_not_at_all)
{
	static const struct {
		int64_t begin, end, from, to; /* from 0: refused */
	} cases[] = {
		{ NOW, NOW + DAY, NOW, NOW + DAY },
		{ NOW, NOW, NOW, NOW },
		{ NOW - DAY, NOW, NOW - DAY, NOW },
		{ NOW - DAY - 1, NOW, 0, 0 },
		{ NOW, NOW - 1, 0, 0 },
		{ NOW - 10, NOW - 1, 0, 0 },
		{ NOW + 2, NOW + 1, 0, 0 },
		{ NOW, NOW + 90 * DAY - 1, NOW, NOW + 90 * DAY - 1 },
		{ NOW, NOW + 90 * DAY, 0, 0 },
		{ NOW - DAY, NOW + 89 * DAY - 1, NOW - DAY, NOW + 89 * DAY - 1 },
		{ NOW - DAY, NOW + 89 * DAY, 0, 0 },
		/* It may begin later, but nobody gets further ahead by that. */
		{ NOW + 80 * DAY, NOW + 90 * DAY - 1, NOW + 80 * DAY,
		    NOW + 90 * DAY - 1 },
		{ NOW + 80 * DAY, NOW + 90 * DAY, 0, 0 },
		/* One end only. */
		{ 0, NOW + 4 * DAY, NOW - 300, NOW + 4 * DAY },
		{ 0, NOW + 90 * DAY - 1, NOW, NOW + 90 * DAY - 1 },
		{ 0, NOW + 90 * DAY, 0, 0 },
		{ NOW - DAY, 0, NOW - DAY, NOW + 29 * DAY - 1 },
		{ NOW + 70 * DAY, 0, 0, 0 },
		{ INT64_C(-62135596800), INT64_C(253402300799), 0, 0 },
	};

	for (size_t i = 0; i < NITEMS(cases); i++) {
		int64_t from = 0, to = 0;
		const bool ok = exact(cases[i].begin, cases[i].end, &from, &to);

		cr_expect_eq(ok, cases[i].from != 0, "case %zu", i);
		cr_expect_eq(from, cases[i].from, "case %zu: from", i);
		cr_expect_eq(to, cases[i].to, "case %zu: to", i);
	}
}

/* A144, R23 */
Test(profile_validity, what_is_asked_for_exactly_stays_within_the_issuers_life)
{
	struct conf_profile clamp = plain;
	struct verdict v = { 0 };
	struct cert short_lived = { .not_before = NOW - 100, .not_after = NOW + DAY };
	int64_t from = 0, to = 0;

	clamp.excess = EXCESS_CLAMP;
	cr_expect(profile_validity_exact(&clamp, &short_lived, NOW, PROFILE_PAST_S, 0,
	    NOW + DAY, &from, &to, &v));
	cr_expect_eq(from, NOW - 100);
	cr_expect_not(profile_validity_exact(&clamp, &short_lived, NOW, PROFILE_PAST_S,
	    0, NOW + DAY + 1, &from, &to, &v));
	cr_expect_not(profile_validity_exact(&clamp, &short_lived, NOW, PROFILE_PAST_S,
	    NOW - 101, NOW + DAY, &from, &to, &v));
	cr_expect_eq(row_of(&v, "issuer.validity"), 0);
	verdict_free(&v);
}

/* P10 */
Test(profile_validity, past_the_maximum_is_clamped_where_the_profile_says_so)
{
	struct conf_profile p = plain;
	struct verdict v = { 0 };
	int64_t from = 0, to = 0;

	p.excess = EXCESS_CLAMP;
	cr_expect(profile_validity(&p, &issuer, NOW, 91 * DAY, &from, &to, &v));
	cr_expect_eq(to - from + 1, 90 * DAY);
	cr_expect_not_null(strstr(v.v[0].allowed, "so it is made"), "and says so");
	verdict_free(&v);
}

/* P9, P10, R23, R92 */
Test(profile_validity, never_leaves_the_issuers_life)
{
	struct conf_profile clamp = plain;
	struct cert young = issuer, old = issuer;
	struct verdict v = { 0 };
	int64_t from = 77, to = 77;

	clamp.excess = EXCESS_CLAMP;
	young.not_before = NOW - 10;
	cr_expect(profile_validity(&plain, &young, NOW, 0, &from, &to, &v));
	cr_expect_eq(from, NOW - 10);

	old.not_after = NOW + DAY - 1;
	cr_expect(profile_validity(&plain, &old, NOW, DAY, &from, &to, &v));
	cr_expect_eq(to, NOW + DAY - 1);
	cr_expect_not(profile_validity(&plain, &old, NOW, DAY + 1, &from, &to, &v));
	cr_expect_eq(row_of(&v, "issuer.validity"), 0);
	cr_expect(profile_validity(&clamp, &old, NOW, DAY + 1, &from, &to, &v));
	cr_expect_eq(to, NOW + DAY - 1);

	to = 77;
	verdict_free(&v);
	cr_expect(profile_validity(&plain, &old, NOW, 0, &from, &to, &v));
	cr_expect_eq(to, NOW + DAY - 1, "nobody asked for more");
	cr_expect_not_null(strstr(v.v[1].allowed, "so it is made"));

	from = to = 77;
	for (int i = 0; i < 2; i++) { /* clamping does not raise the dead */
		const struct conf_profile *p = i == 0 ? &plain : &clamp;
		old.not_after = NOW - 1;
		cr_expect_not(profile_validity(p, &old, NOW, DAY, &from, &to, &v));
		old.not_after = NOW;
		young.not_before = NOW + 1;
		cr_expect_not(profile_validity(p, &young, NOW, DAY, &from, &to, &v));
	}
	cr_expect_eq(from, 77);
	cr_expect_eq(to, 77);
	verdict_free(&v);
}

/* R15, P52 */
Test(profile, a_key_passes_by_its_kind_and_size)
{
	static const struct {
		enum key_alg alg;
		unsigned bits;
		bool pass;
	} all[] = {
		{ KEY_ALG_ECDSA_P256, 256, true },
		{ KEY_ALG_ECDSA_P384, 384, false },
		{ KEY_ALG_ED25519, 256, false },
		{ KEY_ALG_RSA, 3071, false },
		{ KEY_ALG_RSA, 3072, true },
		{ KEY_ALG_RSA, 4096, true },
	};
	struct conf_key_rule rules[] = { { KEY_ALG_ECDSA_P256, 0 },
		{ KEY_ALG_RSA, 3072 } };
	const struct conf_profile p = { .keys = rules, .n_keys = NITEMS(rules) };

	for (size_t i = 0; i < NITEMS(all); i++) {
		const struct spki key = { .alg = all[i].alg, .bits = all[i].bits };
		struct verdict v = { 0 };

		cr_expect_eq(profile_check_key(&p, &key, &v), all[i].pass, "%zu", i);
		cr_expect_str_eq(v.v[0].rule, "profile.keys");
		cr_expect_str_eq(v.v[0].allowed, "ecdsa-p256, rsa-3072");
		verdict_free(&v);
	}
}

/* P36 */
Test(profile, names_and_a_cn_are_held_to_the_issuers_constraints)
{
	static const char *const domains[] = { "internal" };
	struct profile_issuer i = { .cert = &issuer };
	struct names names = { 0 };
	struct verdict v = { 0 };
	struct err e = { 0 };
	struct buf der;

	buf_init(&der, KIB(4));
	cr_assert(constraints_build(domains, 1, false, &der, &e), "%s", e.detail);
	cr_assert(constraints_parse(buf_bytes(&der), &i.constraints, &e), "%s",
	    e.detail);

	add_name(&names, NAME_TYPE_DNS, "a.internal");
	cr_expect(profile_check_constraints(&i, &names, "a.internal", &v));
	cr_expect_eq(row_of(&v, "issuer.constraints"), 1);
	cr_expect(profile_check_constraints(&i, &names, "", &v));
	cr_expect_not(profile_check_constraints(&i, &names, "evil.example", &v));
	cr_expect_str_eq(v.v[v.n - 1].field, "subject.cn");
	add_name(&names, NAME_TYPE_DNS, "evil.example");
	add_name(&names, NAME_TYPE_DNS, "b.internal");
	cr_expect_not(profile_check_constraints(&i, &names, "", &v));
	cr_expect_str_eq(v.v[v.n - 1].field, "names[1]");
	cr_expect_not(verdict_ok(&v, &e));
	cr_expect_eq(e.code, ERR_POLICY);

	verdict_free(&v);
	names_free(&names);
	constraints_free(&i.constraints);
	buf_free(&der);
}

/* P12, P13 */
Test(profile, the_cn_is_a_name_of_the_certificate_or_absent)
{
	struct conf_profile p = { .subject = SUBJECT_CN };
	struct names names = { 0 };
	char cn[65], *longest = mem_zalloc(66);

	add_name(&names, NAME_TYPE_URI, "spiffe://d/a");
	profile_cn(&p, &names, cn);
	cr_expect_str_eq(cn, "", "a URI is no CN");
	add_name(&names, NAME_TYPE_IP, "10.0.0.1");
	profile_cn(&p, &names, cn);
	cr_expect_str_eq(cn, "", "an address is no CN");
	add_name(&names, NAME_TYPE_EMAIL, "a@b");
	profile_cn(&p, &names, cn);
	cr_expect_str_eq(cn, "a@b");
	add_name(&names, NAME_TYPE_DNS, "first.internal");
	add_name(&names, NAME_TYPE_DNS, "second.internal");
	profile_cn(&p, &names, cn);
	cr_expect_str_eq(cn, "first.internal");
	p.subject = SUBJECT_EMPTY;
	profile_cn(&p, &names, cn);
	cr_expect_str_eq(cn, "");

	p.subject = SUBJECT_CN;
	memset(longest, 'a', 64);
	free(names.v[3].text);
	names.v[3].text = mem_strdup(longest);
	profile_cn(&p, &names, cn);
	cr_expect_str_eq(cn, longest, "64 characters fit");
	longest[64] = 'a';
	free(names.v[3].text);
	names.v[3].text = mem_strdup(longest);
	profile_cn(&p, &names, cn);
	cr_expect_str_eq(cn, "", "65 are dropped, not cut");
	names_free(&names);
	free(longest);
}

/* P18, P20, P22, P37 */
Test(profile, what_it_fills_in_makes_a_leaf)
{
	struct conf_profile p = { .usages = USAGE_SERVER_AUTH };
	struct cert_spec s = { .ca = true,
		.path_len = 3,
		.constraints = bytes_str("x"),
		.ocsp_no_check = true,
		.crl_url = "http://a/c",
		.ocsp_url = "http://a/o",
		.issuer_url = "http://a/i" };

	profile_fill(&p, KEY_ALG_ECDSA_P256, &s);
	cr_expect_not(s.ca);
	cr_expect_eq(s.path_len, -1);
	cr_expect_eq(s.constraints.n, 0);
	cr_expect_not(s.ocsp_no_check);
	cr_expect_eq(s.usages, USAGE_SERVER_AUTH);
	cr_expect_eq(s.key_usage, CERT_KU_DIGITAL_SIGNATURE);
	cr_expect_not_null(s.crl_url);
	profile_fill(&p, KEY_ALG_RSA, &s);
	cr_expect_eq(s.key_usage, CERT_KU_DIGITAL_SIGNATURE | CERT_KU_KEY_ENCIPHERMENT);

	p.no_rev_avail = true;
	profile_fill(&p, KEY_ALG_ED25519, &s);
	cr_expect(s.no_rev_avail);
	cr_expect_null(s.crl_url);
	cr_expect_null(s.ocsp_url);
	cr_expect_not_null(s.issuer_url);
}
