/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/acme_pattern.h"

#include <criterion/criterion.h>
#include <string.h>

#include "policy_data.h"

static struct err e;

static void
expect_normal(const char *text, const char *wanted)
{
	struct conf_names n = { 0 };

	cr_expect(acme_pattern_add(&n, bytes_str(text), &e), "%s: %s", text, e.detail);
	json_t *list = acme_pattern_json(&n);
	cr_expect_eq(json_array_size(list), 1u);
	cr_expect_eq(acme_pattern_count(&n), 1u);
	cr_expect_str_eq(json_string_value(json_array_get(list, 0)), wanted);
	json_decref(list);
	acme_pattern_free(&n);
}

static void
expect_refused(struct bytes text)
{
	struct conf_names n = { 0 };

	cr_expect_not(acme_pattern_add(&n, text, &e), "%.*s", (int)text.n,
	    (const char *)text.p);
	cr_expect_eq(e.code, ERR_MALFORMED);
	cr_expect_neq(e.detail[0], '\0');
	acme_pattern_free(&n);
}

Test(acme_pattern, a_pattern_is_what_it_looks_like_unless_it_says)
{
	static const char *const pairs[][2] = {
		/* clang-format off */
		{ "*.Lab.Internal",      "dns:*.lab.internal" },
		{ "dns:Web.Internal",    "dns:web.internal" },
		{ "localhost",           "dns:localhost" },
		{ "*",                   "dns:*" },
		{ "dns:*.internal",      "dns:*.internal" },
		{ "10.0.0.0/8",          "ip:10.0.0.0/8" },
		{ "10.1.2.3",            "ip:10.1.2.3" },
		{ "fd00::/8",            "ip:fd00::/8" },
		{ "ip:::1",              "ip:::1" },
		/* clang-format on */
	};

	for (size_t i = 0; i < NITEMS(pairs); i++)
		expect_normal(pairs[i][0], pairs[i][1]);
}

Test(acme_pattern, what_is_no_pattern_is_refused_with_a_reason)
{
	static const char *const bad[] = { "", "dns:", "ip:", "ip:web", "10.0.0.1/8",
		"10.0.0.0/33", "a.*.internal", "*.*.internal", "*x", "a b",
		"uri:spiffe://x/", "-a.internal", "a..b", "dns:10.0.0.1" };

	for (size_t i = 0; i < NITEMS(bad); i++)
		expect_refused(bytes_str(bad[i]));
	expect_refused(bytes_of("a\0b", 3));
}

Test(acme_pattern, a_list_is_read_and_names_pass_as_by_a_profile)
{
	struct conf_names n = { 0 };
	json_t *list = json_pack("[s,s]", "*.lab.internal", "ip:10.0.0.0/8");
	static const struct {
		enum name_type type;
		const char *text;
		bool pass;
	} asked[] = {
		{ NAME_TYPE_DNS, "web.lab.internal", true },
		{ NAME_TYPE_DNS, "*.lab.internal", true },
		{ NAME_TYPE_DNS, "_x.a.lab.internal", true },
		{ NAME_TYPE_DNS, "lab.internal", false },
		{ NAME_TYPE_DNS, "web.internal", false },
		{ NAME_TYPE_IP, "10.2.3.4", true },
		{ NAME_TYPE_IP, "11.0.0.1", false },
	};

	cr_assert(acme_pattern_read(list, &n, &e), "%s", e.detail);
	for (size_t i = 0; i < NITEMS(asked); i++) {
		struct name name = one_name(asked[i].type, asked[i].text);

		cr_expect_eq(profile_name_allowed(&n, &name), asked[i].pass, "%s",
		    asked[i].text);
		free(name.text);
	}
	acme_pattern_free(&n);
	json_decref(list);
}

static void
expect_list_refused(json_t *list)
{
	struct conf_names n = { 0 };

	cr_expect_not(acme_pattern_read(list, &n, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	acme_pattern_free(&n);
	json_decref(list);
}

Test(acme_pattern, a_list_of_something_else_is_refused)
{
	json_t *many = json_array();

	for (int i = 0; i <= ACME_PATTERNS_MAX; i++)
		json_array_append_new(many, json_string("a.internal"));
	expect_list_refused(many);
	expect_list_refused(json_pack("{}"));
	expect_list_refused(json_pack("[s,i]", "a.internal", 1));
	expect_list_refused(json_pack("[s,s]", "a.internal", "a b"));
	cr_expect_not_null(strstr(e.detail, "names[1]"), "%s", e.detail);
}

Test(acme_pattern, two_lists_meet_where_a_name_passes_both)
{
	static const struct {
		const char *a, *b;
		bool meet;
	} pairs[] = {
		{ "*", "a.internal", true },
		{ "*.internal", "a.internal", true },
		{ "*.internal", "internal", false },
		{ "*.internal", "*.lab.internal", true },
		{ "*.internal", "*.internal", true },
		{ "*.internal", "*.xinternal", false },
		{ "a.internal", "b.internal", false },
		{ "10.0.0.0/8", "10.1.0.0/16", true },
		{ "10.0.0.0/8", "11.0.0.1", false },
		{ "10.0.0.0/8", "::/0", false },
		{ "10.0.0.0/8", "*", false },
	};

	for (size_t i = 0; i < NITEMS(pairs); i++) {
		struct conf_names a = { 0 }, b = { 0 };

		cr_assert(acme_pattern_add(&a, bytes_str(pairs[i].a), &e));
		cr_assert(acme_pattern_add(&b, bytes_str(pairs[i].b), &e));
		cr_expect_eq(acme_pattern_meets(&a, &b), pairs[i].meet, "%s and %s",
		    pairs[i].a, pairs[i].b);
		cr_expect_eq(acme_pattern_meets(&b, &a), pairs[i].meet, "%s and %s",
		    pairs[i].b, pairs[i].a);
		acme_pattern_free(&a);
		acme_pattern_free(&b);
	}
}
