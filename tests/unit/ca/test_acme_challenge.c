/* SPDX-License-Identifier: Apache-2.0 */
/* Validations whose database fails: what the prober found is not lost. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../store/fail_step.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ca/acme.h"
#include "ca/acme_caa.h"
#include "ca/acme_challenge.h"
#include "paper.h"
#include "store/store_acme_eab.h"
#include "store/store_acme_order.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

static struct link *prober;
static struct chan *prober_end;
static struct acme_account account;
static int64_t authz_num, order_num;
static unsigned answered;

static void
add_rows(void)
{
	struct acme_challenge c = { .type = CHALLENGE_HTTP_01,
		.token = "token",
		.status = ACME_PENDING,
		.error = (char *)"" };
	const struct acme_authz a = { .id = "a123456789012345678901",
		.account_num = account.num,
		.type = NAME_TYPE_DNS,
		.value = (char *)"a.internal",
		.status = ACME_PENDING,
		.created_at = clock_now(),
		.expires_at = clock_now() + 600,
		.challenges = &c,
		.n_challenges = 1 };
	struct acme_order_name name = { .type = NAME_TYPE_DNS,
		.value = (char *)"a.internal" };
	struct acme_order o = { .id = "o123456789012345678901",
		.account_num = account.num,
		.status = ACME_PENDING,
		.profile = (char *)"acme",
		.created_at = clock_now(),
		.expires_at = clock_now() + 600,
		.names = &name,
		.n_names = 1 };
	struct err e = { 0 };

	MUST(store_acme_authz_add(paper.store, &a, &authz_num, &e));
	name.authz_num = authz_num;
	MUST(store_acme_order_add(paper.store, &o, &order_num, &e));
}

static void
begin(void)
{
	const struct acme_account a = { .id = "0123456789012345678901",
		.directory = (char *)"acme",
		.status = ACME_VALID,
		.key = (char *)"{}",
		.contact = (char *)"[]",
		.created_at = 1,
		.created_from = (char *)"" };
	struct err e = { 0 };
	int fds[2];

	paper_begin_with("- { name: acme, usages: [server auth],"
			 " names: { dns: [\"*.internal\"] },"
			 " acme: { challenges: [http-01], caa: true } }\n"
			 "acme: { caa_identities: [ca.internal] }\n");
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	prober_end = chan_new(fds[1], MIB(1));
	prober = link_new(paper.loop, fds[0], PEER_PROBER, MIB(1), acme_challenge_rules,
	    paper.ca);
	MUST(acme_open(paper.ca, prober, &e));
	MUST(store_acme_account_add(paper.store, &a, &account.num, &e));
	MUST(store_acme_account_by_num(paper.store, account.num, &account, &e));
	add_rows();
	MUST(ca_batch_end(paper.ca, &e));
	answered = 0;
}

static void
end(void)
{
	acme_challenge_stop(paper.ca);
	store_acme_account_free(&account);
	link_free(prober);
	chan_free(prober_end);
	paper_end();
}

TestSuite(acme_challenge, .init = begin, .fini = end, .timeout = 30);

static struct acme_authz
authz(void)
{
	struct acme_authz a;
	struct err e = { 0 };

	MUST(store_acme_authz_by_num(paper.store, authz_num, &a, &e));
	return a;
}

static struct acme_order
order(void)
{
	struct acme_order o;
	struct err e = { 0 };

	MUST(store_acme_order_by_num(paper.store, order_num, &o, &e));
	return o;
}

static void
expect(enum acme_status of_authz, enum acme_status of_challenge)
{
	struct acme_authz a = authz();

	cr_expect_eq(a.status, of_authz, "the authorization is %s",
	    acme_state_word(a.status));
	cr_expect_eq(a.challenges[0].status, of_challenge, "the challenge is %s",
	    acme_state_word(a.challenges[0].status));
	store_acme_authz_free(&a);
}

static void
on_done(void *arg)
{
	(void)arg;
	answered++;
}

/* The client asks, and does not wait. */
static void
ask(void)
{
	struct acme_authz a = authz();
	const struct acme_challenge_ask q = { .account = &account,
		.directory = conf_profile_find(paper.conf, bytes_str("acme")),
		.authz = &a,
		.challenge = &a.challenges[0],
		.request_id = "r-1",
		.wait_ms = 60000 };
	struct err e = { 0 };

	MUST(acme_challenge_begin(paper.ca, &q, on_done, NULL, &e));
	store_acme_authz_free(&a);
}

/* He is told that it is processing; false: he could not be. */
static bool
tell(void)
{
	struct acme_authz a = authz();
	struct err e;

	const bool ok = acme_challenge_tell(paper.ca, &a, &e);
	cr_expect(!ok || a.challenges[0].status == ACME_PROCESSING);
	store_acme_authz_free(&a);
	return ok;
}

/* ERR_NONE: it is proved. */
static bool
probed(uint64_t id, enum err_code code, struct err *e)
{
	const struct msg_probed m = { .id = id,
		.code = code,
		.proved = code == ERR_NONE,
		.retry_s = code == ERR_RATE_LIMITED ? 10 : 0,
		.detail = bytes_str(code == ERR_NONE ? "" : "nobody is there"),
		.transcript = bytes_str("[]") };
	struct buf b;

	buf_init(&b, KIB(4));
	msg_probed_put(&b, &m);
	const bool ok = acme_challenge_rules[0].handler(paper.ca,
	    &(struct frame){ MSG_PROBED, buf_bytes(&b), -1 }, e);
	buf_free(&b);
	return ok;
}

static void
prove(void)
{
	struct err e = { 0 };

	MUST(probed(paper.ca->next_probe, ERR_NONE, &e));
}

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

	ask();
	MUST(ca_batch_end(paper.ca, &e));
	expect(ACME_PENDING, ACME_PENDING);
	cr_expect(tell());
	MUST(ca_batch_end(paper.ca, &e));
	expect(ACME_PENDING, ACME_PROCESSING);
	prove();
	MUST(ca_batch_end(paper.ca, &e));
	expect(ACME_VALID, ACME_VALID);
	cr_expect_eq(answered, 1);
}

/* S83: what waits for its next try has no question open, and no number is that of none. */
Test(acme_challenge, an_answer_without_a_number_is_not_of_what_waits_for_another_try)
{
	struct err e = { 0 };

	ask();
	MUST(probed(paper.ca->next_probe, ERR_PROBE_CONNECTION, &e));
	cr_expect_not(probed(0, ERR_NONE, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	MUST(probed(paper.ca->next_probe, ERR_NONE, &e)); /* it was answered before */
	MUST(ca_batch_end(paper.ca, &e));
	cr_expect_eq(answered, 0);
	expect(ACME_PENDING, ACME_PROCESSING);
}

/* R90: the round in which its row was to become PROCESSING is undone. */
Test(acme_challenge, a_proof_counts_though_the_commit_before_it_failed)
{
	struct err e = { 0 };

	ask();
	MUST(ca_batch_end(paper.ca, &e));
	cr_expect(tell());
	lose_round();
	cr_expect_not(tell(), "what no row says nobody is told");
	come_level();
	expect(ACME_PENDING, ACME_PENDING);
	prove();
	MUST(ca_batch_end(paper.ca, &e));
	expect(ACME_VALID, ACME_VALID);
	cr_expect_eq(answered, 1);
	struct acme_order o = order();
	cr_expect_eq(o.status, ACME_READY);
	store_acme_order_free(&o);
}

/* R90 */
Test(acme_challenge, what_is_told_after_a_failed_commit_is_in_its_row_again)
{
	struct err e = { 0 };

	ask();
	cr_expect(tell());
	lose_round();
	come_level();
	cr_expect(tell());
	MUST(ca_batch_end(paper.ca, &e));
	expect(ACME_PENDING, ACME_PROCESSING);
}

/* Another round than that in which the row was written. */
Test(acme_challenge, a_proof_counts_though_a_later_round_failed)
{
	struct err e = { 0 };

	ask();
	cr_expect(tell());
	MUST(ca_batch_end(paper.ca, &e));
	MUST(store_begin(paper.store, &e));
	lose_round();
	come_level();
	expect(ACME_PENDING, ACME_PROCESSING);
	cr_expect(tell());
	prove();
	MUST(ca_batch_end(paper.ca, &e));
	expect(ACME_VALID, ACME_VALID);
}

static void
on_caa(void *arg, const struct err *e)
{
	if (e != NULL)
		*(struct err *)arg = *e;
	answered++;
}

/* Are CAA records looked at before the certificate?  *ret: what they, or the prober, refuse. */
static bool
looks_at_caa(struct err *ret)
{
	struct acme_order o = order();
	struct err e = { 0 };
	bool asked;

	MUST(acme_caa_check(paper.ca, &account,
	    conf_profile_find(paper.conf, bytes_str("acme")), &o, on_caa, ret, &asked,
	    &e));
	store_acme_order_free(&o);
	return asked;
}

/* A205, S32 */
Test(acme_challenge, whose_records_a_full_prober_did_not_look_at_is_told_when_to_come)
{
	struct err why = { 0 }, e = { 0 };

	ask();
	clock_hold(clock_now() + 1); /* behind the start */
	prove();
	cr_assert_not(looks_at_caa(&why));
	clock_hold(clock_now() + ACME_CAA_FRESH_S);
	cr_assert(looks_at_caa(&why));
	answered = 0;
	MUST(probed(paper.ca->next_probe, ERR_RATE_LIMITED, &e));
	clock_hold(0);
	cr_expect_eq(answered, 1);
	cr_expect_eq(why.code, ERR_RATE_LIMITED);
	cr_expect_eq(why.retry_s, 10);
}

static void
on_issued(void *arg, const struct issue_result *r, const struct err *e)
{
	(void)arg;
	(void)r;
	answered += e == NULL;
}

static void
finalize(struct acme_order *o)
{
	struct csr *csr = paper_csr((const char *const[]){ "a.internal", NULL });
	struct verdict v = { 0 };
	struct err e = { 0 };

	MUST(acme_order_finalize(paper.ca, &account, o, csr, "r-1", on_issued, NULL, &v,
	    &e));
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
	account.eab_num = 1;
	ask();
	prove();
	struct acme_order o = order();
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
	answered = 0;
	paper_sign(MSG_SIGN_CERT);
	MUST(ca_batch_end(paper.ca, &e));
	cr_expect_eq(answered, 1);
	cr_expect_eq(acme_order_unkept_of(paper.ca, 1), 0);
	store_acme_order_free(&o);
}
