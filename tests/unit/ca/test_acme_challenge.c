/* SPDX-License-Identifier: Apache-2.0 */
/* Validations whose database fails: what the prober found is not lost. */
#include "../store/fail_step.h"
#include "paper_acme.h"
#include "store/store_acme_eab.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

TestSuite(acme_challenge, .init = paper_acme_begin, .fini = paper_acme_end,
    .timeout = 30);

/* The commit of this round fails; and the database comes level again. */
static void
lose_round(void)
{
	struct err e = { 0 };

	failed_step = false;
	fail_step = 1;
	cr_expect_not(ca_batch_end(paper.ca, &e));
	cr_expect(failed_step);
	cr_expect_eq(paper.ca->phase, CA_BEHIND);
}

static void
come_level(void)
{
	struct buf b;
	struct err e = { 0 };

	buf_init(&b, 64);
	msg_journal_end_put(&b, &(struct msg_journal_end){ .last_seq = paper.seq,
				    .stored_seq = paper.seq });
	MUST(paper_tell(MSG_JOURNAL_END, buf_bytes(&b), &e));
	MUST(ca_batch_end(paper.ca, &e));
	cr_expect_eq(paper.ca->phase, CA_RUNNING);
	buf_free(&b);
}

Test(acme_challenge, a_proof_settles_whether_it_was_told_before_or_not)
{
	struct err e = { 0 };

	paper_acme_ask();
	MUST(ca_batch_end(paper.ca, &e));
	paper_acme_expect(ACME_PENDING, ACME_PENDING);
	cr_expect(paper_acme_tell());
	MUST(ca_batch_end(paper.ca, &e));
	paper_acme_expect(ACME_PENDING, ACME_PROCESSING);
	paper_acme_prove();
	MUST(ca_batch_end(paper.ca, &e));
	paper_acme_expect(ACME_VALID, ACME_VALID);
	cr_expect_eq(paper_acme.answered, 1);
}

/* S83: what waits for its next try has no question open, and no number is that of none. */
Test(acme_challenge, an_answer_without_a_number_is_not_of_what_waits_for_another_try)
{
	struct err e = { 0 };

	paper_acme_ask();
	MUST(paper_acme_probed(paper.ca->next_probe, ERR_PROBE_CONNECTION, &e));
	cr_expect_not(paper_acme_probed(0, ERR_NONE, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	MUST(paper_acme_probed(paper.ca->next_probe, ERR_NONE,
	    &e)); /* it was paper_acme.answered before */
	MUST(ca_batch_end(paper.ca, &e));
	cr_expect_eq(paper_acme.answered, 0);
	paper_acme_expect(ACME_PENDING, ACME_PROCESSING);
}

/* R69: nothing speaks against it, and nobody says that it was proved. */
Test(acme_challenge, what_is_good_and_not_proved_is_a_lie_of_the_probers)
{
	struct err e = { 0 };

	paper_acme_ask();
	cr_expect_not(paper_acme_told(paper.ca->next_probe, ERR_NONE, false, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	MUST(ca_batch_end(paper.ca, &e));
	paper_acme_expect(ACME_PENDING, ACME_PENDING);
	/* To no question of ours it may say what it likes. */
	MUST(paper_acme_told(paper.ca->next_probe + 1, ERR_NONE, false, &e));
	MUST(paper_acme_told(paper.ca->next_probe, ERR_CAA, true, &e));
}

/* R90: the round in which its row was to become PROCESSING is undone. */
Test(acme_challenge, a_proof_counts_though_the_commit_before_it_failed)
{
	struct err e = { 0 };

	paper_acme_ask();
	MUST(ca_batch_end(paper.ca, &e));
	cr_expect(paper_acme_tell());
	lose_round();
	cr_expect_not(paper_acme_tell(), "what no row says nobody is told");
	come_level();
	paper_acme_expect(ACME_PENDING, ACME_PENDING);
	paper_acme_prove();
	MUST(ca_batch_end(paper.ca, &e));
	paper_acme_expect(ACME_VALID, ACME_VALID);
	cr_expect_eq(paper_acme.answered, 1);
	struct acme_order o = paper_acme_order();
	cr_expect_eq(o.status, ACME_READY);
	store_acme_order_free(&o);
}

/* R90 */
Test(acme_challenge, what_is_told_after_a_failed_commit_is_in_its_row_again)
{
	struct err e = { 0 };

	paper_acme_ask();
	cr_expect(paper_acme_tell());
	lose_round();
	come_level();
	cr_expect(paper_acme_tell());
	MUST(ca_batch_end(paper.ca, &e));
	paper_acme_expect(ACME_PENDING, ACME_PROCESSING);
}

/* Another round than that in which the row was written. */
Test(acme_challenge, a_proof_counts_though_a_later_round_failed)
{
	struct err e = { 0 };

	paper_acme_ask();
	cr_expect(paper_acme_tell());
	MUST(ca_batch_end(paper.ca, &e));
	MUST(store_begin(paper.store, &e));
	lose_round();
	come_level();
	paper_acme_expect(ACME_PENDING, ACME_PROCESSING);
	cr_expect(paper_acme_tell());
	paper_acme_prove();
	MUST(ca_batch_end(paper.ca, &e));
	paper_acme_expect(ACME_VALID, ACME_VALID);
}

static void
on_issued(void *arg, const struct issue_result *r, const struct err *e)
{
	(void)arg;
	(void)r;
	paper_acme.answered += e == NULL;
}

static void
finalize(struct acme_order *o)
{
	struct csr *csr = paper_csr((const char *const[]){ "a.internal", NULL });
	struct verdict v = { 0 };
	struct err e = { 0 };

	MUST(acme_order_finalize(paper.ca, &paper_acme.account, o, csr, "r-1",
	    on_issued, NULL, &v, &e));
	verdict_free(&v);
	csr_free(csr);
}

/* The certificate that is to come counts against the key's number, by its row or without. */
Test(acme_challenge, an_order_under_way_counts_once_though_a_round_failed)
{
	const struct acme_eab k = { .kid = (char *)"k",
		.directory = (char *)"acme",
		.accounts_max = 1,
		.certificates_max = 2,
		.created_by = (char *)"uid:0",
		.request_id = (char *)"r" };
	struct err e = { 0 };
	int64_t rows;

	MUST(store_acme_eab_add(paper.store, &k, &e));
	paper_acme.account.eab_num = 1;
	paper_acme_ask();
	paper_acme_prove();
	struct acme_order o = paper_acme_order();
	finalize(&o);
	MUST(ca_batch_end(paper.ca, &e));
	cr_expect_eq(acme_order_unkept_of(paper.ca, 1), 1);
	MUST(acme_order_keep(paper.ca, &e));
	cr_expect_eq(acme_order_unkept_of(paper.ca, 1), 0, "its row is counted");
	lose_round();
	come_level();
	MUST(store_acme_eab_under_way(paper.store, 1, &rows, &e));
	cr_expect_eq(rows, 0);
	cr_expect_eq(acme_order_unkept_of(paper.ca, 1), 1, "no row is");
	MUST(acme_order_keep(paper.ca, &e));
	MUST(ca_batch_end(paper.ca, &e));
	paper_acme.answered = 0;
	paper_sign(MSG_SIGN_CERT);
	MUST(ca_batch_end(paper.ca, &e));
	cr_expect_eq(paper_acme.answered, 1);
	cr_expect_eq(acme_order_unkept_of(paper.ca, 1), 0);
	store_acme_order_free(&o);
}
