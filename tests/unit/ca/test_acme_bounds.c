/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of the prober for an account, and for how long. */
#include <inttypes.h>
#include <stdlib.h>

#include "../../../src/ca/acme_challenge_impl.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ca/acme_caa.h"
#include "paper_acme.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

TestSuite(acme_bounds, .init = paper_acme_begin, .fini = paper_acme_end, .timeout = 30);

/* Its wait for another try is over. */
static void
try_again(void)
{
	struct acme_authz a = paper_acme_authz();

	acme_challenge_find(paper.ca, a.challenges[0].num)->id = ++paper.ca->next_probe;
	store_acme_authz_free(&a);
}

/* S32: who fills the prober does not keep his place in core, too. */
Test(acme_bounds, a_prober_that_stays_full_is_asked_ten_times)
{
	struct err e = { 0 };

	paper_acme_ask();
	for (unsigned i = 1; i < 10; i++) {
		MUST(paper_acme_probed(paper.ca->next_probe, ERR_RATE_LIMITED, &e));
		paper_acme_expect(ACME_PENDING, ACME_PROCESSING);
		try_again();
	}
	MUST(paper_acme_probed(paper.ca->next_probe, ERR_RATE_LIMITED, &e));
	MUST(ca_batch_end(paper.ca, &e));
	paper_acme_expect(ACME_INVALID, ACME_INVALID);
	cr_expect_eq(paper_acme.answered, 1);
	cr_expect_eq(paper.ca->validations, NULL);
}

/* S32, S83: nor does who makes it silent. */
Test(acme_bounds, a_prober_that_does_not_answer_is_asked_three_times)
{
	struct err e = { 0 };

	paper_acme_ask();
	for (unsigned i = 1; i < 3; i++) {
		MUST(paper_acme_probed(paper.ca->next_probe, ERR_UNAVAILABLE, &e));
		paper_acme_expect(ACME_PENDING, ACME_PROCESSING);
		try_again();
	}
	MUST(paper_acme_probed(paper.ca->next_probe, ERR_UNAVAILABLE, &e));
	MUST(ca_batch_end(paper.ca, &e));
	paper_acme_expect(ACME_INVALID, ACME_INVALID);
	cr_expect_eq(paper_acme.answered, 1);
	cr_expect_eq(paper.ca->validations, NULL);
}

static void
end_account(void)
{
	struct err e = { 0 };

	MUST(acme_order_account_ended(paper.ca, paper_acme.account.num, &e));
	MUST(ca_batch_end(paper.ca, &e));
	cr_expect_eq(paper_acme.answered, 0);
}

/* The time of its next try comes; it is not asked for again. */
static void
expect_given_up(int64_t ms)
{
	const uint64_t asked = paper.ca->next_probe;
	struct err e = { 0 };

	cr_expect_neq(paper.ca->validations, NULL);
	paper_run_for(ms);
	MUST(ca_batch_end(paper.ca, &e));
	cr_expect_eq(paper.ca->next_probe, asked);
	cr_expect_eq(paper.ca->validations, NULL);
	paper_acme_expect(ACME_DEACTIVATED, ACME_INVALID);
}

/* S32, A110 */
Test(acme_bounds, an_account_that_was_ended_holds_no_place)
{
	struct err e = { 0 };

	paper_acme_ask();
	MUST(paper_acme_probed(paper.ca->next_probe, ERR_PROBE_CONNECTION, &e));
	end_account();
	expect_given_up(2050);
	cr_expect_eq(paper_acme.answered, 1);
}

/* S32, A110, A244 */
Test(acme_bounds, an_account_that_was_ended_holds_no_place_after_a_stop)
{
	paper_acme_ask();
	cr_expect(paper_acme_tell());
	end_account();
	acme_challenge_stop(paper.ca);
	acme_challenge_resume(paper.ca);
	expect_given_up(50);
}

/* One more of an account that has no rows; false: there is no room for it. */
static bool
another(int64_t account_num, int64_t num)
{
	char *name = mem_printf("n%" PRId64 ".internal", num);
	struct acme_account a = paper_acme.account;
	struct acme_challenge c = { .num = num,
		.type = CHALLENGE_HTTP_01,
		.status = ACME_PENDING };
	const struct acme_authz z = { .num = num,
		.type = NAME_TYPE_DNS,
		.value = name,
		.status = ACME_PENDING };
	const struct acme_challenge_ask q = { .account = &a,
		.directory = conf_profile_find(paper.conf, bytes_str("acme")),
		.authz = &z,
		.challenge = &c };
	struct err e = { 0 };

	a.num = account_num;
	const bool ok = acme_challenge_begin(paper.ca, &q, paper_acme_done, NULL, &e);
	cr_expect(ok || (e.code == ERR_RATE_LIMITED && e.retry_s > 0), "%s", e.detail);
	free(name);
	return ok;
}

/* S32: accounts are many, and each may have many validations. */
Test(acme_bounds, above_half_full_there_is_room_for_who_has_few_under_way)
{
	int64_t num = 1000;

	for (unsigned i = 0; i < 8; i++) {
		for (unsigned k = 0; k < 256; k++)
			cr_assert(another(100 + i, ++num));
		cr_expect_not(another(100 + i, num + 1));
	}
	for (unsigned k = 0; k < 4; k++)
		cr_expect(another(200, ++num));
	cr_expect_not(another(200, num + 1));
	cr_expect(another(201, ++num));
}

static void
on_caa(void *arg, const struct err *e, const struct verdict *v, const struct names *of)
{
	(void)v;
	(void)of;
	if (e != NULL)
		*(struct err *)arg = *e;
	paper_acme.answered++;
}

/* Are CAA records looked at before the certificate?  *ret: what they, or the prober, refuse. */
static bool
looks_at_caa(struct err *ret)
{
	struct acme_order o = paper_acme_order();
	struct err e = { 0 };
	bool asked;

	MUST(acme_caa_check(paper.ca, &paper_acme.account,
	    conf_profile_find(paper.conf, bytes_str("acme")), &o, on_caa, ret, &asked,
	    &e));
	store_acme_order_free(&o);
	return asked;
}

/* A205, S32 */
Test(acme_bounds, whose_records_a_full_prober_did_not_look_at_is_told_when_to_come)
{
	struct err why = { 0 }, e = { 0 };

	paper_acme_ask();
	clock_hold(clock_now() + 1); /* behind the start */
	paper_acme_prove();
	cr_assert_not(looks_at_caa(&why));
	clock_hold(clock_now() + ACME_CAA_FRESH_S);
	cr_assert(looks_at_caa(&why));
	paper_acme.answered = 0;
	MUST(paper_acme_probed(paper.ca->next_probe, ERR_RATE_LIMITED, &e));
	clock_hold(0);
	cr_expect_eq(paper_acme.answered, 1);
	cr_expect_eq(why.code, ERR_RATE_LIMITED);
	cr_expect_eq(why.retry_s, 10);
}
