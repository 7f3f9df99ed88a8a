/* SPDX-License-Identifier: Apache-2.0 */
/* An intermediate is taken back, where the test is core's signer. */
#include "../store/fail_step.h"
#include "base/clock.h"
#include "ca/revoke.h"
#include "paper.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

static struct told { /* by 'done' */
	unsigned times;
	struct err e; /* ERR_NONE: revoked */
	struct revoke_result r;
} told;

static void
on_done(void *arg, const struct revoke_result *r, const struct err *e)
{
	(void)arg;
	told.times++;
	if (e != NULL)
		told.e = *e;
	else
		told.r = *r;
}

static bool
start(const char *issuer, enum reason reason, struct err *e)
{
	const struct revoke_issuer_request q = { .who = &paper_admin,
		.issuer = issuer,
		.reason = reason,
		.request_id = "r-1" };

	told = (struct told){ 0 };
	return revoke_issuer_start(paper.ca, &q, on_done, NULL, e);
}

/* What is refused asks the signer for nothing and calls nobody. */
static void
expect_refused(const char *issuer, enum reason reason, enum err_code code)
{
	struct err e = { 0 };

	cr_expect_not(start(issuer, reason, &e));
	cr_expect_eq(e.code, code, "%d: %s", e.code, e.detail);
	cr_expect_eq(told.times, 0);
	cr_expect_not(paper_asked());
}

static void
revoke_main(enum reason reason)
{
	struct err e = { 0 };

	MUST(start("main", reason, &e));
	paper_sign(MSG_REVOKE);
	cr_assert_eq(told.times, 1);
	cr_assert_eq(told.e.code, ERR_NONE, "%s", told.e.detail);
}

static struct ca_issuer *
main_issuer(void)
{
	cr_assert_str_eq(paper.ca->issuers[1].name, "main");
	return &paper.ca->issuers[1];
}

TestSuite(revoke_issuer, .init = paper_begin, .fini = paper_end);

/* A page of its table is bad: it is revoked by what is known (ADR 0006). */
Test(revoke_issuer, what_has_lost_its_certificate_is_revoked_all_the_same)
{
	const struct serial s = paper_add_dns("server", "web.internal", NULL);
	const struct revoke_request q = { .who = &paper_admin,
		.serial = s,
		.reason = REASON_SUPERSEDED,
		.request_id = "r-1" };
	struct verdict v = { 0 };
	struct err e = { 0 };

	MUST(db_exec(store_db(paper.store), "DROP TABLE certificate_der", &e));
	told = (struct told){ 0 };
	MUST(revoke_start(paper.ca, &q, on_done, NULL, &v, &e));
	paper_sign(MSG_REVOKE);
	cr_expect_eq(told.times, 1);
	cr_expect_eq(told.e.code, ERR_NONE, "%s", told.e.detail);
	verdict_free(&v);
}

/* P70 */
Test(revoke_issuer, it_is_asked_of_the_issuers_own_issuer_and_counts_when_it_is_told)
{
	const struct ca_issuer *i = main_issuer();
	struct msg_revoke m;
	struct err e = { 0 };

	MUST(start("main", REASON_SUPERSEDED, &e));
	const struct frame f = paper_question();
	cr_assert_eq(f.type, MSG_REVOKE);
	MUST(msg_revoke_get(f.body, &m, &e));
	cr_expect(bytes_eq_str(m.issuer, "root"));
	cr_expect(bytes_eq(m.serial, serial_bytes(&i->cert->serial)));
	cr_expect(bytes_eq(m.certificate, buf_bytes(&i->cert->der)));
	cr_expect_eq(m.reason, REASON_SUPERSEDED);
	paper_refuse(m.id, ERR_UNAVAILABLE, "the disk is full");
	cr_expect_eq(told.e.code, ERR_UNAVAILABLE);
	cr_expect_null(ca_issuer_revoked(paper.ca, i), "nothing was revoked");
	revoke_main(REASON_SUPERSEDED);
	cr_expect_eq(told.r.reason, REASON_SUPERSEDED);
	cr_expect_eq(ca_issuer_revoked(paper.ca, i), i);
	cr_expect_null(ca_issuer_revoked(paper.ca, ca_issuer_find(paper.ca, "root")));
	cr_expect_null(ca_issuer_revoked(paper.ca, NULL));
}

/* S43 */
Test(revoke_issuer, a_reason_is_raised_and_never_lowered_and_the_time_stays)
{
	const struct ca_issuer *i = main_issuer();

	revoke_main(REASON_SUPERSEDED);
	const int64_t first = i->revoked_at;
	expect_refused("main", REASON_SUPERSEDED, ERR_ALREADY_REVOKED);
	expect_refused("main", REASON_UNSPECIFIED, ERR_ALREADY_REVOKED);
	revoke_main(REASON_CA_COMPROMISE);
	cr_expect_eq(i->reason, REASON_CA_COMPROMISE);
	cr_expect_eq(i->revoked_at, first);
	expect_refused("main", REASON_CA_COMPROMISE, ERR_ALREADY_REVOKED);
	expect_refused("main", REASON_SUPERSEDED, ERR_ALREADY_REVOKED);
}

/* R90, P70 */
Test(revoke_issuer, who_cannot_be_revoked_here_is_refused)
{
	struct err e = { 0 };

	expect_refused("root", REASON_CA_COMPROMISE, ERR_CONFLICT);
	expect_refused("none", REASON_CA_COMPROMISE, ERR_NOT_FOUND);
	main_issuer()->cert->issuer_dn = bytes_str("another CA's");
	expect_refused("main", REASON_CA_COMPROMISE, ERR_CONFLICT);
	MUST(revoke_issuers_read(paper.ca, &e));
	revoke_issuers_heard(paper.ca,
	    &(struct record_revocation){ .issuer = bytes_str("root"),
		.serial = serial_bytes(&main_issuer()->cert->serial) });
	cr_expect_null(ca_issuer_revoked(paper.ca, main_issuer()));
	paper.ca->phase = CA_BEHIND;
	expect_refused("main", REASON_CA_COMPROMISE, ERR_UNAVAILABLE);
}

/* P70: one that is not configured has its serial alone. */
Test(revoke_issuer, by_its_serial)
{
	struct names names = { 0 };
	char hex[SERIAL_HEX_LEN], leaf[SERIAL_HEX_LEN];
	struct err e = { 0 };

	MUST(names_add(&names, NAME_TYPE_DNS, bytes_str("a.internal"), &e));
	const struct serial s = paper_add(&(struct paper_leaf){ .issuer = "root",
					      .profile = "intermediate",
					      .names = &names },
	    NULL);
	const struct serial l =
	    paper_add(&(struct paper_leaf){ .issuer = "root", .names = &names }, NULL);
	serial_to_hex(&s, hex);
	serial_to_hex(&l, leaf);
	expect_refused(leaf, REASON_SUPERSEDED, ERR_NOT_FOUND);
	expect_refused("7701", REASON_SUPERSEDED, ERR_NOT_FOUND);
	MUST(start(hex, REASON_SUPERSEDED, &e));
	paper_sign(MSG_REVOKE);
	cr_assert_eq(told.e.code, ERR_NONE, "%s", told.e.detail);
	expect_refused(hex, REASON_SUPERSEDED, ERR_ALREADY_REVOKED);
	MUST(start(hex, REASON_CA_COMPROMISE, &e));
	paper_sign(MSG_REVOKE);
	cr_expect_eq(told.r.reason, REASON_CA_COMPROMISE);
	fail_step = 1;
	cr_expect_not(start(hex, REASON_KEY_COMPROMISE, &e));
	fail_step = 0;
	cr_expect_neq(e.code, ERR_NOT_FOUND);
	names_free(&names);
}

/* P70: of the right issuer and the right serial. */
Test(revoke_issuer, other_revocations_are_not_taken_for_it)
{
	const struct serial other = { 2, { 0x77, 0x01 } };
	const struct cert *main = main_issuer()->cert;
	struct record_revocation rr = { .issuer = bytes_str("main"),
		.serial = serial_bytes(&main->serial) };

	revoke_issuers_heard(paper.ca, &rr);
	rr.issuer = bytes_str("root");
	rr.serial = serial_bytes(&other);
	revoke_issuers_heard(paper.ca, &rr);
	cr_expect_null(ca_issuer_revoked(paper.ca, main_issuer()));
}

/* P70: after a start it is known from the database, or the start fails. */
Test(revoke_issuer, a_start_reads_it)
{
	struct ca_issuer *i = main_issuer();
	struct err e = { 0 };

	MUST(revoke_issuers_read(paper.ca, &e));
	cr_expect_not(i->revoked);
	revoke_main(REASON_CA_COMPROMISE);
	const int64_t at = i->revoked_at;
	i->revoked = false;
	i->revoked_at = 0;
	MUST(revoke_issuers_read(paper.ca, &e));
	cr_expect(i->revoked);
	cr_expect_eq(i->revoked_at, at);
	cr_expect_eq(i->reason, REASON_CA_COMPROMISE);
	fail_step = 1;
	cr_expect_not(revoke_issuers_read(paper.ca, &e));
	fail_step = 0;
}
