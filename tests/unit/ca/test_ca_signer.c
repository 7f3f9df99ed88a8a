/* SPDX-License-Identifier: Apache-2.0 */
/* Database and journal at the start, after a failed write, and beside a signer that lies. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../store/fail_step.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ca/acme.h"
#include "ca/acme_order.h"
#include "ca/audit.h"
#include "ca/issue.h"
#include "paper.h"
#include "store/store_token.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

static void
begin(void)
{
	static const char *const dirs[] = { "pub", "pub/ca", "pub/crl" };
	struct err e = { 0 };

	paper_begin();
	for (size_t i = 0; i < NITEMS(dirs); i++) {
		char *path = mem_printf("%s/%s", paper.dir, dirs[i]);
		cr_assert_eq(mkdir(path, 0755), 0);
		free(path);
	}
	MUST(acme_open(paper.ca, NULL, &e));
	(void)paper_add_dns("server", "web.internal", NULL);
	MUST(ca_batch_end(paper.ca, &e));
}

TestSuite(ca_signer, .init = begin, .fini = paper_end, .timeout = 30);

static void
tell_end(uint64_t last, uint64_t stored)
{
	struct buf b;
	struct err e = { 0 };

	buf_init(&b, 64);
	msg_journal_end_put(&b, &(struct msg_journal_end){ last, stored, true });
	MUST(paper_tell(MSG_JOURNAL_END, buf_bytes(&b), &e));
	buf_free(&b);
}

static uint64_t
asked_from(void)
{
	const struct frame f = paper_question();
	struct msg_journal_read m;
	struct err e = { 0 };

	cr_assert_eq(f.type, MSG_JOURNAL_READ, "core asked for %s", msg_name(f.type));
	MUST(msg_journal_read_get(f.body, &m, &e));
	return m.from_seq;
}

static void
start(bool recover)
{
	paper.failures = 0;
	ca_start(paper.ca, paper.ca->signer, recover);
	if (paper.failures == 0)
		cr_expect_eq(asked_from(), UINT64_MAX, "it only probes");
}

static void
expect_ended(const char *why)
{
	cr_expect_eq(paper.failures, 1);
	cr_expect_not_null(strstr(paper.failure.detail, why), "%s",
	    paper.failure.detail);
}

/* ---- the start ---- */

/* R91: neither half may be older than the other remembers. */
Test(ca_signer, a_journal_that_was_cut_ends_the_start)
{
	start(false);
	tell_end(paper.seq - 1, 0);
	expect_ended("the journal was cut or replaced");
}

Test(ca_signer, an_old_copy_of_the_database_ends_the_start_unless_it_is_recovered)
{
	start(false);
	tell_end(paper.seq + 2, paper.seq + 1);
	expect_ended("an old copy was put back");
	start(true);
	tell_end(paper.seq + 1, paper.seq + 1);
	cr_expect_eq(paper.failures, 0, "%s", paper.failure.detail);
	cr_expect_eq(asked_from(), paper.seq + 1);
	(void)paper_add_dns("server", "late.internal", NULL);
	tell_end(paper.seq, paper.seq);
	cr_expect_eq(paper.failures, 0, "%s", paper.failure.detail);
	cr_expect_eq(paper.ca->phase, CA_RUNNING);
	cr_expect_gt(paper.published, 0, "the CA's certificates are announced");
	ca_stop(paper.ca);
}

Test(ca_signer, records_that_do_not_arrive_end_the_start)
{
	start(false);
	tell_end(paper.seq + 2, paper.seq);
	cr_expect_eq(asked_from(), paper.seq + 1);
	(void)paper_add_dns("server", "late.internal", NULL);
	tell_end(paper.seq + 1, paper.seq);
	expect_ended("did not all arrive");
	ca_stop(paper.ca); /* it never ran: nothing to say */
}

Test(ca_signer, a_record_that_cannot_be_stored_ends_the_start)
{
	start(false);
	tell_end(paper.seq + 1, paper.seq);
	cr_expect_eq(asked_from(), paper.seq + 1);
	fail_step = 3;
	(void)paper_add_dns("server", "late.internal", NULL);
	cr_expect(failed_step);
	cr_expect_eq(paper.failures, 1);
}

/* S88: each step of the start that the database refuses ends it, and is told. */
static void
start_failing(unsigned n)
{
	failed_step = false;
	fail_step = n;
	start(true);
	for (int i = 0; i < 2 && paper.failures == 0; i++) {
		tell_end(paper.seq, paper.seq);
		if (i == 0 && paper.failures == 0)
			cr_expect_eq(asked_from(), paper.seq + 1);
	}
	fail_step = 0;
}

Test(ca_signer, a_start_whose_database_fails_is_told)
{
	for (unsigned n = 1; n < 100; n++) {
		start_failing(n);
		if (!failed_step)
			break;
		cr_expect(paper.failures > 0 || paper.ca->phase == CA_RUNNING,
		    "step %u: it neither ended nor runs", n);
		paper_end();
		begin();
	}
	cr_expect_not(failed_step);
	cr_expect_eq(paper.failures, 0, "%s", paper.failure.detail);
}

Test(ca_signer, without_a_place_for_the_lists_it_does_not_start)
{
	char *pub = mem_printf("%s/pub", paper.dir),
	     *to = mem_printf("%s/x", paper.dir);

	cr_assert_eq(rename(pub, to), 0);
	start(false);
	tell_end(paper.seq, paper.seq);
	cr_expect_eq(asked_from(), paper.seq + 1);
	tell_end(paper.seq, paper.seq);
	expect_ended("pub");
	free(pub);
	free(to);
}

/* ---- a failed write ---- */

static struct err told;
static unsigned times;

static void
on_done(void *arg, const struct issue_result *r, const struct err *e)
{
	(void)arg;
	(void)r;
	times++;
	told = e != NULL ? *e : (struct err){ 0 };
}

static void
issue(void)
{
	static const struct identity admin = { .kind = IDENTITY_ADMIN,
		.text = (char *)"uid:0" };
	struct csr *csr = paper_csr((const char *const[]){ "new.internal", NULL });
	const struct issue_request q = { .who = &admin,
		.profile = "server",
		.csr = csr,
		.request_id = "r-1" };
	struct verdict v = { 0 };
	struct err e = { 0 };

	MUST(issue_start(paper.ca, &q, on_done, NULL, &v, &e));
	verdict_free(&v);
	csr_free(csr);
}

/* R90, S88: nobody of the round is told that it was done; the journal brings it back. */
Test(ca_signer, after_a_failed_write_the_journal_brings_the_database_level)
{
	struct err e = { 0 };
	struct buf none;

	issue();
	issue();
	fail_step = 4;
	paper_sign(MSG_SIGN_CERT);
	cr_expect_eq(times, 1);
	cr_expect_eq(told.code, ERR_IO, "%d %s", told.code, told.detail);
	cr_expect_eq(paper.ca->phase, CA_BEHIND);
	paper_sign(MSG_SIGN_CERT); /* of the same round: refused with it */
	cr_expect_eq(times, 2);
	cr_expect_eq(told.code, ERR_IO);
	(void)paper_add_dns("server", "unasked.internal", NULL); /* it comes again */
	cr_expect_not(ca_batch_end(paper.ca, &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_not(ca_healthy(paper.ca, &e));
	buf_init(&none, 8);
	paper_run_for(1200); /* resync */
	uint64_t seq;
	MUST(store_seq(paper.store, &seq, &e));
	cr_expect_eq(asked_from(), seq + 1);
	tell_end(paper.seq, paper.seq); /* not all of it came */
	cr_expect_eq(paper.ca->phase, CA_BEHIND);
	cr_expect_eq(paper.failures, 0, "that is no end: it asks again");
	paper.seq = seq;
	(void)paper_add_dns("server", "again.internal", NULL);
	tell_end(paper.seq, paper.seq);
	cr_expect_eq(paper.ca->phase, CA_RUNNING);
	issue();
	paper_sign(MSG_SIGN_CERT);
	cr_expect_eq(told.code, ERR_NONE, "%s", told.detail);
	buf_free(&none);
}

Test(ca_signer, a_commit_that_fails_is_told_to_all_that_waited)
{
	struct err e = { 0 };

	issue();
	paper_sign(MSG_SIGN_CERT);
	cr_expect_eq(told.code, ERR_NONE);
	audit_add(paper.ca,
	    &(struct audit_event){ .kind = AUDIT_TOKEN_MADE, .identity = "uid:0" });
	fail_step = 1; /* its row comes in with the commit */
	cr_expect_not(ca_batch_end(paper.ca, &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_eq(paper.ca->phase, CA_BEHIND);
	cr_expect_eq(paper.ca->tally.commits_failed, 1);
	MUST(ca_batch_end(paper.ca, &e)); /* there is nothing to commit */
}

/* R90, S88: a search wrote into the transaction that waited, or ended it (ADR 0030). */
Test(ca_signer, what_others_do_with_a_parked_round_is_heard_at_the_end_of_theirs)
{
	struct err e = { 0 };
	uint64_t before;

	issue();
	paper_sign(MSG_SIGN_CERT);
	MUST(ca_batch_end(paper.ca, &e));
	cr_assert(store_parked(paper.store));
	before = paper.ca->committed_seq;
	MUST(store_search_catch_up(paper.store, 10, &e));
	cr_expect_not(store_parked(paper.store), "it has committed it");
	MUST(ca_batch_end(paper.ca, &e));
	cr_expect_eq(paper.ca->committed_seq, before + 1);
	cr_expect_eq(paper.ca->parked_records, 0);

	issue();
	paper_sign(MSG_SIGN_CERT);
	MUST(ca_batch_end(paper.ca, &e));
	cr_assert(store_parked(paper.store));
	fail_step = 3; /* begun, moved, taken off the list */
	cr_expect_not(store_search_catch_up(paper.store, 10, &e));
	cr_expect_not(ca_batch_end(paper.ca, &e));
	cr_expect_eq(e.code, ERR_IO);
	cr_expect_eq(paper.ca->phase, CA_BEHIND);
	cr_expect_eq(paper.ca->tally.commits_failed, 1);
	err_set(&e, ERR_NOT_FOUND, "there is none");
	cr_expect_not(ca_not_found(paper.ca, &e));
	cr_expect_eq(e.code, ERR_UNAVAILABLE, "it was answered for");
	paper_run_for(1200); /* resync */
	cr_expect_eq(asked_from(), before + 2);
}

/* R90: whoever's commit it was that met it. */
Test(ca_signer, a_flush_that_failed_ends_the_role)
{
	struct err e = { 0 };

	MUST(ca_batch_end(paper.ca, &e));
	store_flush_end(paper.store, false);
	cr_expect_not(ca_batch_end(paper.ca, &e));
	expect_ended("flush of the database");
}

/* ---- others who write in a round ---- */

static void
add_token(void)
{
	const struct store_token t = {
		.hash = { 7 },
		.profile = (char *)"server",
		.uses = 1,
		.expires_at = clock_now() + 60,
		.created_at = clock_now(),
		.created_by = (char *)"uid:0",
		.request_id = (char *)"r-1",
		.metadata = (char *)"",
	};
	struct err e = { 0 };

	MUST(store_begin(paper.store, &e));
	MUST(store_token_add(paper.store, &t, &e));
}

static bool
has_token(void)
{
	struct store_token t;
	struct err e = { 0 };

	if (!store_token_get(paper.store, (const uint8_t[TOKEN_KEY_LEN]){ 7 }, &t, &e))
		return false;
	store_token_free(&t);
	return true;
}

/* R90: the sweep of ACME shares the transaction with whoever is answered in its round. */
Test(ca_signer, a_sweep_that_fails_takes_the_answers_of_its_round_with_it)
{
	struct err e = { 0 };

	for (unsigned n = 1; n < 20; n++) {
		add_token();
		failed_step = false;
		fail_step = n;
		acme_order_sweep(paper.ca);
		fail_step = 0;
		const bool told_done = ca_batch_end(paper.ca, &e);
		cr_expect_eq(has_token(), told_done, "step %u", n);
		if (!failed_step)
			break;
		cr_expect_not(told_done, "step %u", n);
		cr_expect_eq(paper.ca->phase, CA_BEHIND);
		MUST(ca_batch_end(paper.ca, &e)); /* only that round is lost */
		paper.ca->phase = CA_RUNNING;
	}
	cr_expect_not(failed_step);
}

/* R90: what another one's failure spoilt, the sweep does not make good. */
Test(ca_signer, a_sweep_does_not_hide_what_failed_before_it)
{
	struct err e = { 0 };

	add_token();
	fail_step = 1;
	cr_expect_not(store_token_withdraw(paper.store,
	    (const uint8_t[TOKEN_KEY_LEN]){ 7 }, clock_now(), "uid:0", &e));
	acme_order_sweep(paper.ca);
	cr_expect_not(ca_batch_end(paper.ca, &e));
	cr_expect_not(has_token());
}

/* R90: so it is with the last round, which the stop joins. */
Test(ca_signer, a_stop_that_cannot_write_leaves_no_answer_of_its_round_true)
{
	struct err e = { 0 };

	add_token();
	fail_step = 1;
	cr_expect_not(store_token_withdraw(paper.store,
	    (const uint8_t[TOKEN_KEY_LEN]){ 7 }, clock_now(), "uid:0", &e));
	ca_stop(paper.ca);
	cr_expect_not(ca_batch_end(paper.ca, &e));
	cr_expect_not(has_token());
}

/* A record of the journal that is there already, as after a resync, is no fault. */
Test(ca_signer, what_is_stored_already_is_let_be)
{
	struct buf body;
	struct names names = { 0 };
	struct err e = { 0 };

	MUST(names_add(&names, NAME_TYPE_DNS, bytes_str("a.internal"), &e));
	buf_init(&body, RECORD_MAX);
	(void)paper_leaf(&(struct paper_leaf){ .names = &names }, &body);
	paper.seq--;
	paper_record(MSG_JOURNAL_RECORD, 0, RECORD_CERTIFICATE, buf_bytes(&body));
	cr_expect_not(paper.ca->round_failed);
	MUST(ca_batch_end(paper.ca, &e));
	buf_free(&body);
	names_free(&names);
}

/* P92, S45: what front keeps goes with the responder, and with what is revoked. */
Test(ca_signer, front_forgets_what_a_record_makes_untrue)
{
	const struct serial s = paper_add_dns("server", "a.internal", NULL);
	const unsigned before = paper.forgotten;

	(void)paper_add_dns("ocsp-responder", "b.internal", NULL);
	cr_expect_eq(paper.forgotten, before + 1);
	paper_add_revoked(&s, REASON_SUPERSEDED, clock_now());
	cr_expect_eq(paper.forgotten, before + 2);
	paper.ca->phase =
	    CA_BEHIND; /* whoever asked was refused: the CRL still comes */
	const struct serial t = paper_add_dns("server", "c.internal", NULL);
	paper_add_revoked(&t, REASON_SUPERSEDED, clock_now());
	cr_expect_eq(paper.forgotten, before + 3);
	paper.ca->phase = CA_REPLAYING; /* front keeps nothing yet */
	paper_add_revoked(&t, REASON_KEY_COMPROMISE, clock_now());
	cr_expect_eq(paper.forgotten, before + 3);
}

/* ---- a signer that lies ---- */

/* S83: what cannot be read, and answers to what nobody asked, end core. */
Test(ca_signer, what_nobody_asked_and_what_cannot_be_read_ends_core)
{
	static const unsigned types[] = { MSG_CERT_SIGNED, MSG_REVOKED, MSG_CRL_SIGNED,
		MSG_CRL_PART, MSG_OCSP_SIGNED, MSG_REFUSED, MSG_JOURNAL_RECORD,
		MSG_JOURNAL_END };
	struct buf b;
	struct err e;

	for (size_t i = 0; i < NITEMS(types); i++) {
		e = (struct err){ 0 };
		cr_expect_not(paper_tell(types[i], bytes_str("?"), &e), "%s",
		    msg_name(types[i]));
		cr_expect_eq(e.code, ERR_MALFORMED, "%s", msg_name(types[i]));
	}
	buf_init(&b, KIB(4));
	msg_recorded_put(&b, &(struct msg_recorded){ 1, bytes_str("no record") });
	for (size_t i = 0; i < NITEMS(types); i++)
		if (types[i] != MSG_JOURNAL_END && types[i] != MSG_CRL_PART)
			cr_expect_not(paper_tell(types[i], buf_bytes(&b), &e), "%s",
			    msg_name(types[i]));
	buf_clear(&b);
	msg_refused_put(&b, &(struct msg_refused){ 77, ERR_POLICY, bytes_str("no") });
	cr_expect_not(paper_tell(MSG_REFUSED, buf_bytes(&b), &e));
	cr_expect_not_null(strstr(e.detail, "nobody asked"));
	buf_clear(&b);
	msg_ocsp_signed_put(&b, &(struct msg_ocsp_signed){ 77, bytes_str("r"), 1, 2 });
	cr_expect_not(paper_tell(MSG_OCSP_SIGNED, buf_bytes(&b), &e));
	cr_expect_not_null(strstr(e.detail, "nobody asked"));
	buf_free(&b);
}
