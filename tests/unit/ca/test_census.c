/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/census.h"
#include "paper.h"

TestSuite(census, .init = paper_begin, .fini = paper_end, .timeout = 30);

static uint64_t
issued_by(const char *issuer)
{
	const struct prom_set *set = &census_counts(paper.ca)->issued;
	uint64_t n = 0;

	for (size_t i = 0; i < set->n; i++)
		if (strcmp(set->v[i].b, issuer) == 0)
			n += set->v[i].n;
	return n;
}

static uint64_t
revoked_by(const char *issuer)
{
	const struct census_counts *c = census_counts(paper.ca);

	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].issuer, issuer) == 0)
			return c->v[i].revoked;
	return 0;
}

/* As at the first start after a rotation: a count is under way, and knows of no such issuer. */
Test(census, what_a_new_issuer_signs_during_a_count_is_its_own_in_the_next)
{
	struct names names = { 0 };
	struct err e = { 0 };

	census_start(paper.ca); /* its first slice */
	cr_assert(names_add(&names, NAME_TYPE_DNS, bytes_str("a.internal"), &e));
	const struct serial s = paper_add(&(struct paper_leaf){ .issuer = "late",
					      .by = "main",
					      .names = &names },
	    NULL);
	paper_add_revoked(&s, REASON_SUPERSEDED, 1);
	for (int i = 0; i < 100 && census_counts(paper.ca)->at == 0; i++)
		paper_run_for(100);
	cr_expect_neq(census_counts(paper.ca)->at, 0, "the count has come to its end");
	cr_expect_eq(issued_by("other"), 0);
	cr_expect_eq(issued_by("late"), 0);
	census_start(paper.ca);
	for (int i = 0; i < 100 && issued_by("late") == 0; i++)
		paper_run_for(100);
	cr_expect_eq(issued_by("other"), 0);
	cr_expect_eq(issued_by("late"), 1);
	cr_expect_eq(revoked_by("late"), 1);
	names_free(&names);
}
