/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "policy/verdict.h"

Test(verdict, all_that_pass_let_the_request_pass)
{
	struct verdict v = { 0 };
	struct err e = { 0 };

	cr_expect(verdict_ok(&v, &e), "no rule, no refusal");
	cr_expect(verdict_add(&v, true, ERR_POLICY, "a", "f", "v", "w"));
	cr_expect(verdict_ok(&v, &e));
	cr_expect_eq(v.n, 1);
	cr_expect_eq(v.refused, 0);
	verdict_free(&v);
	cr_expect_eq(v.n, 0);
}

Test(verdict, the_first_refusal_is_told_with_the_number_of_the_others)
{
	struct verdict v = { 0 };
	struct err e = { 0 };

	verdict_add(&v, true, ERR_INTERNAL, "first", "f", "v", "w");
	cr_expect_not(verdict_add(&v, false, ERR_POLICY, "profile.names.dns",
	    "names[2]", "evil.example", "*.internal"));
	cr_expect_not(verdict_ok(&v, &e));
	cr_expect_eq(e.code, ERR_POLICY);
	cr_expect_str_eq(e.detail, "profile.names.dns: names[2] \"evil.example\" is "
				   "refused; allowed: *.internal");
	verdict_add(&v, false, ERR_FORBIDDEN, "grant", "f", "v", "w");
	verdict_add(&v, false, ERR_FORBIDDEN, "grant", "f", "v", "w");
	cr_expect_not(verdict_ok(&v, &e));
	cr_expect_eq(e.code, ERR_POLICY, "the code is the first's");
	cr_expect_str_eq(e.detail + strlen(e.detail) - 23, "; and 2 more violations");
	verdict_free(&v);
}

Test(verdict, a_terse_one_keeps_what_fails_alone_and_says_the_same_of_it)
{
	struct verdict all = { 0 }, terse = { .terse = true };
	struct err of_all = { 0 }, of_terse = { 0 };

	cr_expect(verdict_keeps(&all, true));
	cr_expect(verdict_keeps(&terse, false));
	cr_expect_not(verdict_keeps(&terse, true));
	for (int i = 0; i < 4; i++) {
		cr_expect_eq(verdict_add(&all, i % 2 == 0, ERR_POLICY, "a", "f", "v",
				 "w"),
		    verdict_add(&terse, i % 2 == 0, ERR_POLICY, "a", "f", "v", "w"));
	}
	cr_expect_eq(all.n, 4);
	cr_expect_eq(terse.n, 2);
	cr_expect_eq(terse.refused, all.refused);
	cr_expect_not(verdict_ok(&all, &of_all));
	cr_expect_not(verdict_ok(&terse, &of_terse));
	cr_expect_str_eq(of_terse.detail, of_all.detail);
	verdict_free(&terse);
	cr_expect(terse.terse, "it stays so");
	verdict_free(&all);
}

/* P10 */
Test(verdict, what_was_cut_passes_and_is_told_in_words_however_terse)
{
	struct verdict v = { .terse = true };
	struct strings notes = { 0 };
	struct err e = { 0 };

	cr_expect(verdict_add(&v, true, ERR_POLICY, "a", "f", "v", "w"));
	verdict_cut(&v, "profile.validity", "validity", "60d", "at most 30d");
	cr_expect(verdict_ok(&v, &e), "%s", e.detail);
	cr_expect_not(verdict_add(&v, false, ERR_POLICY, "a", "f", "v", "w"));
	verdict_notes(&v, &notes);
	cr_assert_eq(notes.n, 1);
	cr_expect_str_eq(notes.v[0], "profile.validity: validity \"60d\" is too much; "
				     "allowed: at most 30d");
	cr_expect_not(verdict_ok(&v, &e));
	strings_free(&notes);
	verdict_free(&v);
}
