/* SPDX-License-Identifier: Apache-2.0 */
/* Every way that a revocation can end, where the test is core's signer. */
#include "ca/revoke.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/issue.h"
#include "paper.h"
#include "store/store_lineage.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

struct told { /* by 'done' */
	unsigned times;
	struct err e; /* ERR_NONE: revoked */
	struct revoke_result r;
	struct serial serials[8]; /* the first of r.serials */
};

static void
on_done(void *arg, const struct revoke_result *r, const struct err *e)
{
	struct told *t = arg;

	t->times++;
	cr_assert_eq((r == NULL) + (e == NULL), 1, "exactly one of the two");
	if (e != NULL) {
		t->e = *e;
		return;
	}
	t->r = *r;
	for (size_t i = 0; i < r->n_serials && i < NITEMS(t->serials); i++)
		t->serials[i] = r->serials[i];
}

static struct revoke_request
request(const struct serial *s, enum reason reason)
{
	return (struct revoke_request){ .who = &paper_admin,
		.serial = *s,
		.reason = reason,
		.request_id = "r-1" };
}

static void
start(const struct revoke_request *q, struct told *t)
{
	struct verdict v = { 0 };
	struct err e = { 0 };

	*t = (struct told){ 0 };
	MUST(revoke_start(paper.ca, q, on_done, t, &v, &e));
	verdict_free(&v);
}

/* What is refused asks the signer for nothing and calls nobody. */
static void
expect_refused(const struct revoke_request *q, enum err_code code, const char *why)
{
	struct told t = { 0 };
	struct verdict v = { 0 };
	struct err e = { 0 };

	cr_expect_not(revoke_start(paper.ca, q, on_done, &t, &v, &e));
	cr_expect_eq(e.code, code, "%d: %s", e.code, e.detail);
	cr_expect_not_null(strstr(e.detail, why), "%s", e.detail);
	cr_expect_eq(t.times, 0);
	cr_expect_not(paper_asked());
	verdict_free(&v);
}

static uint64_t
asked(struct msg_revoke *ret)
{
	const struct frame f = paper_question();
	struct err e = { 0 };

	cr_assert_eq(f.type, MSG_REVOKE);
	MUST(msg_revoke_get(f.body, ret, &e));
	return ret->id;
}

/* A certificate that renews another. */
static struct serial
renew(const struct serial *parent)
{
	char hex[SERIAL_HEX_LEN], note[80];

	serial_to_hex(parent, hex);
	snprintf(note, sizeof(note), "{\"parent\":\"%s\"}", hex);
	return paper_add_dns("server", "web.internal", note);
}

static bool
is_revoked(const struct serial *s, enum reason *reason, int64_t *at)
{
	struct certificate_row row;
	struct err e = { 0 };

	MUST(store_certificate_get(paper.store, NULL, s, &row, &e));
	const bool revoked = row.revoked;
	*reason = (enum reason)row.reason;
	*at = row.revoked_at;
	certificate_row_free(&row);
	return revoked;
}

TestSuite(revoke, .init = paper_begin, .fini = paper_end);

/* R29, S43: stored before it is told, and told by when everybody else hears of it. */
Test(revoke, a_revocation_is_stored_before_it_is_told)
{
	const struct serial s = paper_add_dns("server", "web.internal", NULL);
	const struct revoke_request q = request(&s, REASON_SUPERSEDED);
	struct told t;
	enum reason reason;
	int64_t at;

	start(&q, &t);
	cr_expect_not(issue_is_asked(paper.ca, bytes_str("a key")), "of issuing alone");
	cr_expect_eq(t.times, 0);
	cr_expect_not(is_revoked(&s, &reason, &at));
	paper_sign(MSG_REVOKE);
	cr_assert_eq(t.times, 1);
	cr_assert_eq(t.e.code, ERR_NONE, "%s", t.e.detail);
	cr_expect(is_revoked(&s, &reason, &at));
	cr_expect_eq(reason, REASON_SUPERSEDED);
	cr_expect_eq(t.r.revoked_at, at);
	cr_expect_eq(t.r.n_serials, 1);
	cr_expect(serial_eq(&t.serials[0], &s));
	cr_expect_eq(t.r.crl_at, t.r.ocsp_at + paper.conf->crl_debounce_s + 1);
	cr_expect_gt(paper.forgotten, 0, "front keeps no good answer");
}

/* S43: the first time stays where the reason is raised; it is never lowered. */
Test(revoke, a_reason_is_raised_once_and_never_lowered)
{
	const struct serial s = paper_add_dns("server", "web.internal", NULL);
	struct revoke_request q = request(&s, REASON_SUPERSEDED);
	struct told t;
	enum reason reason;
	int64_t at;

	paper_add_revoked(&s, REASON_SUPERSEDED, 1700000000);
	expect_refused(&q, ERR_ALREADY_REVOKED,
	    "2023-11-14T22:13:20Z, reason superseded");
	q.reason = REASON_KEY_COMPROMISE;
	start(&q, &t);
	paper_sign(MSG_REVOKE);
	cr_expect_eq(t.r.revoked_at, 1700000000);
	cr_expect(is_revoked(&s, &reason, &at));
	cr_expect_eq(reason, REASON_KEY_COMPROMISE);
	cr_expect_eq(at, 1700000000);
	expect_refused(&q, ERR_ALREADY_REVOKED, "reason keyCompromise");
	q.reason = REASON_SUPERSEDED;
	expect_refused(&q, ERR_ALREADY_REVOKED, "reason keyCompromise");
}

Test(revoke, what_is_not_there_or_not_writable_is_refused)
{
	const struct serial never = { 2, { 0x77, 0x01 } };
	struct revoke_request q = request(&never, REASON_SUPERSEDED);

	expect_refused(&q, ERR_NOT_FOUND, "");
	paper.ca->phase = CA_BEHIND; /* R90 */
	expect_refused(&q, ERR_UNAVAILABLE, "database");
}

/* R40 */
Test(revoke, a_ca_certificate_is_not_revoked_by_this_route)
{
	struct names names = { 0 };
	struct err e = { 0 };

	MUST(names_add(&names, NAME_TYPE_DNS, bytes_str("a.internal"), &e));
	const struct serial s =
	    paper_add(&(struct paper_leaf){ .issuer = "root", .names = &names }, NULL);
	const struct revoke_request q = request(&s, REASON_SUPERSEDED);

	expect_refused(&q, ERR_FORBIDDEN, "CA certificate");
	names_free(&names);
}

/* S4: one's own needs no grant, any other's does; an ACME proof stands for one. */
Test(revoke, one_revokes_ones_own_and_nobody_elses)
{
	struct names names = { 0 };
	struct buf der;
	struct cert *cert;
	struct told t;
	struct err e = { 0 };

	buf_init(&der, KIB(16));
	MUST(names_add(&names, NAME_TYPE_DNS, bytes_str("web.internal"), &e));
	const struct serial own =
	    paper_add(&(struct paper_leaf){ .names = &names }, &der);
	const struct serial other = paper_add_dns("server", "db.internal", NULL);
	MUST(cert_parse(buf_bytes(&der), &cert, &e));
	struct identity svc = { .kind = IDENTITY_CERT,
		.text = (char *)"cert:web.internal",
		.cert = cert,
		.profile = "server",
		.issuer = "main" };
	struct revoke_request q = request(&other, REASON_SUPERSEDED);

	q.who = &svc;
	expect_refused(&q, ERR_FORBIDDEN, "grant");
	q.serial = own;
	svc.issuer = "another"; /* the same serial of another issuer is another's */
	expect_refused(&q, ERR_FORBIDDEN, "grant");
	svc.issuer = "main";
	start(&q, &t);
	paper_sign(MSG_REVOKE);
	cr_expect_eq(t.e.code, ERR_NONE);
	q.serial = other;
	q.judged = true;
	start(&q, &t);
	paper_sign(MSG_REVOKE);
	cr_expect_eq(t.e.code, ERR_NONE);
	cert_free(cert);
	names_free(&names);
	buf_free(&der);
}

/* P92: what was asked of OCSP before this answer must not be kept after it. */
Test(revoke, a_refusal_of_the_signer_is_told_and_front_forgets)
{
	const struct serial s = paper_add_dns("server", "web.internal", NULL);
	const struct revoke_request q = request(&s, REASON_SUPERSEDED);
	struct msg_revoke m;
	struct told t;

	start(&q, &t);
	paper_refuse(asked(&m), ERR_UNAVAILABLE, "the signer stops");
	cr_expect_eq(t.times, 1);
	cr_expect_eq(t.e.code, ERR_UNAVAILABLE);
	cr_expect_eq(paper.forgotten, 0);
	start(&q, &t);
	paper_refuse(asked(&m), ERR_ALREADY_REVOKED, "by another call");
	cr_expect_eq(t.e.code, ERR_ALREADY_REVOKED);
	cr_expect_eq(paper.forgotten, 1);
}

/* ---- a signer that lies ---- */

static void
give(const struct revoke_request *q, const struct record *r, struct told *t)
{
	struct msg_revoke m;
	struct ask ask;

	start(q, t);
	cr_assert(ask_take(paper.ca, asked(&m), &ask));
	ask.cb(ask.arg, &(struct ask_answer){ .record = r });
}

/* S83: the role ends, and nobody hears that it is revoked. */
Test(revoke, an_answer_about_anything_else_ends_core)
{
	const struct serial s = paper_add_dns("server", "web.internal", NULL);
	const struct serial other = { 1, { 0x55 } };
	const struct revoke_request q = request(&s, REASON_SUPERSEDED);
	const struct {
		const char *issuer;
		struct serial serial;
		enum record_type type;
		bool torn;
	} cases[] = {
		{ "main", other, RECORD_REVOCATION, false },
		{ "next", s, RECORD_REVOCATION, false },
		{ "main", s, RECORD_CERTIFICATE, false },
		{ "main", s, RECORD_REVOCATION, true },
	};
	struct buf body;
	struct told t;

	give(&q, NULL, &t);
	cr_expect_eq(paper.failures, 1);
	for (size_t i = 0; i < NITEMS(cases); i++) {
		buf_init(&body, KIB(4));
		record_revocation_put(&body,
		    &(struct record_revocation){ .issuer = bytes_str(cases[i].issuer),
			.serial = serial_bytes(&cases[i].serial),
			.requester = bytes_str("uid:0"),
			.request_id = bytes_str("r-1") });
		const struct record r = { .type = cases[i].type,
			.body = bytes_of(body.p, body.n - (cases[i].torn ? 1 : 0)) };
		paper.failures = 0;
		give(&q, &r, &t);
		cr_expect_eq(t.times, 1, "case %zu", i);
		cr_expect_eq(t.e.code, ERR_MALFORMED, "case %zu", i);
		cr_expect_eq(paper.failures, 1, "case %zu", i);
		buf_free(&body);
	}
}

/* ---- families ---- */

/* S8 */
Test(revoke, a_family_goes_as_a_whole_and_is_not_renewed_meanwhile)
{
	const struct serial first = paper_add_dns("server", "web.internal", NULL);
	const struct serial second = renew(&first), third = renew(&second);
	struct revoke_request q = request(&second, REASON_CESSATION_OF_OPERATION);
	struct certificate_row row;
	struct told t;
	enum reason reason;
	int64_t at;
	struct err e = { 0 };

	paper_add_revoked(&first, REASON_SUPERSEDED, 1700000000);
	MUST(store_certificate_get(paper.store, NULL, &third, &row, &e));
	q.lineage = true;
	start(&q, &t);
	cr_expect(revoke_lineage_underway(paper.ca, row.first_id));
	cr_expect_not(revoke_lineage_underway(paper.ca, row.first_id + 77));
	paper_sign(MSG_REVOKE);
	cr_expect_eq(t.times, 0);
	paper_sign(MSG_REVOKE);
	cr_assert_eq(t.times, 1);
	cr_expect_eq(t.e.code, ERR_NONE, "%s", t.e.detail);
	cr_expect_eq(t.r.n_serials, 2, "those that are revoked already are let be");
	cr_expect(is_revoked(&third, &reason, &at));
	cr_expect(is_revoked(&first, &reason, &at));
	cr_expect_eq(reason, REASON_SUPERSEDED);
	cr_expect_not(revoke_lineage_underway(paper.ca, row.first_id));
	expect_refused(&q, ERR_ALREADY_REVOKED, "all of its lineage");
	certificate_row_free(&row);
}

/* S43 */
Test(revoke, a_familys_reason_is_raised_too)
{
	const struct serial first = paper_add_dns("server", "web.internal", NULL);
	const struct serial second = renew(&first);
	struct revoke_request q = request(&second, REASON_KEY_COMPROMISE);
	struct told t;
	enum reason reason;
	int64_t at;

	paper_add_revoked(&first, REASON_SUPERSEDED, 1700000000);
	q.lineage = true;
	start(&q, &t);
	paper_sign(MSG_REVOKE);
	paper_sign(MSG_REVOKE);
	cr_expect_eq(t.e.code, ERR_NONE, "%s", t.e.detail);
	cr_expect_eq(t.r.n_serials, 2);
	cr_expect(is_revoked(&first, &reason, &at));
	cr_expect_eq(reason, REASON_KEY_COMPROMISE);
	cr_expect_eq(at, 1700000000, "the first time stays");
}

/* S8: what was at the signer when the revocation began is found by the last look. */
Test(revoke, a_renewal_that_came_in_meanwhile_goes_with_its_family)
{
	const struct serial first = paper_add_dns("server", "web.internal", NULL);
	struct revoke_request q = request(&first, REASON_SUPERSEDED);
	struct told t;
	enum reason reason;
	int64_t at;

	q.lineage = true;
	start(&q, &t);
	const struct serial late = renew(&first);
	paper_sign(MSG_REVOKE);
	cr_expect_eq(t.times, 0);
	paper_sign(MSG_REVOKE);
	cr_assert_eq(t.times, 1);
	cr_expect_eq(t.r.n_serials, 2);
	cr_expect(is_revoked(&late, &reason, &at));
}

/* Two families at once: each is told of its own. */
Test(revoke, families_that_go_at_the_same_time_do_not_mix)
{
	const struct serial a = paper_add_dns("server", "a.internal", NULL);
	const struct serial b = paper_add_dns("server", "b.internal", NULL);
	struct revoke_request qa = request(&a, REASON_SUPERSEDED),
			      qb = request(&b, REASON_SUPERSEDED);
	struct told ta, tb;

	qa.lineage = qb.lineage = true;
	start(&qa, &ta);
	start(&qb, &tb);
	paper_sign(MSG_REVOKE); /* the older one, which is not the first in the list */
	cr_expect_eq(ta.times, 1);
	cr_expect_eq(tb.times, 0);
	cr_expect_eq(ta.r.n_serials, 1);
	cr_expect(serial_eq(&ta.serials[0], &a));
	paper_sign(MSG_REVOKE);
	cr_expect_eq(tb.times, 1);
	cr_expect(serial_eq(&tb.serials[0], &b));
}

/* What one of the family meets does not keep the others from being revoked. */
Test(revoke, a_family_is_told_failed_when_one_of_it_was_refused)
{
	const struct serial first = paper_add_dns("server", "web.internal", NULL);
	const struct serial second = renew(&first);
	struct revoke_request q = request(&first, REASON_SUPERSEDED);
	struct msg_revoke m;
	struct told t;
	enum reason reason;
	int64_t at;

	q.lineage = true;
	start(&q, &t);
	paper_refuse(asked(&m), ERR_UNAVAILABLE, "the signer stops");
	cr_expect_eq(t.times, 0);
	paper_sign(MSG_REVOKE);
	cr_expect_eq(t.times, 1);
	cr_expect_eq(t.e.code, ERR_UNAVAILABLE);
	cr_expect(is_revoked(&second, &reason, &at));
}

/* Another call was faster with one of them: that is no failure. */
Test(revoke, a_member_that_another_call_revoked_is_let_be)
{
	const struct serial first = paper_add_dns("server", "web.internal", NULL);
	struct revoke_request q = request(&first, REASON_SUPERSEDED);
	struct msg_revoke m;
	struct told t;

	(void)renew(&first);
	q.lineage = true;
	start(&q, &t);
	const uint64_t id = asked(&m);
	paper_add_revoked(&first, REASON_SUPERSEDED, 1700000000);
	paper_refuse(id, ERR_ALREADY_REVOKED, "by another call");
	paper_sign(MSG_REVOKE);
	cr_expect_eq(t.times, 1);
	cr_expect_eq(t.e.code, ERR_NONE, "%s", t.e.detail);
	cr_expect_eq(t.r.n_serials, 1);
}

static void
rename_lineage(void)
{
	struct err e = { 0 };

	MUST(db_exec(store_db(paper.store), "ALTER TABLE lineage RENAME TO gone", &e));
}

/* R91: without the table nobody knows who belongs to it; that is said, not passed over. */
Test(revoke, a_family_that_cannot_be_read_is_not_told_revoked)
{
	const struct serial s = paper_add_dns("server", "web.internal", NULL);
	struct revoke_request q = request(&s, REASON_SUPERSEDED);
	struct verdict v = { 0 };
	struct told t;
	struct err e = { 0 };

	q.lineage = true;
	start(&q, &t);
	struct msg_revoke m;
	const uint64_t id = asked(&m);
	rename_lineage();
	paper_refuse(id, ERR_ALREADY_REVOKED,
	    "by another call"); /* and then the next slice */
	cr_expect_eq(t.times, 1);
	cr_expect_neq(t.e.code, ERR_NONE);
	cr_expect_neq(t.e.code, ERR_ALREADY_REVOKED);
	cr_expect_null(paper.ca->families);
	cr_expect_not(revoke_start(paper.ca, &q, on_done, &t, &v, &e));
	cr_expect_null(paper.ca->families);
	verdict_free(&v);
}

/* Damage in the middle: what was asked is waited for, and then it is told. */
Test(revoke, damage_in_a_family_is_told_when_the_others_have_answered)
{
	const struct serial first = paper_add_dns("server", "web.internal", NULL);
	const struct serial second = renew(&first);
	struct revoke_request q = request(&first, REASON_SUPERSEDED);
	struct told t;
	enum reason reason;
	int64_t at;
	struct err e = { 0 };

	(void)second;
	MUST(db_exec(store_db(paper.store),
	    "UPDATE certificate SET serial = zeroblob(3)"
	    " WHERE id = (SELECT MAX(id) FROM certificate)",
	    &e));
	q.lineage = true;
	start(&q, &t);
	cr_expect_eq(t.times, 0);
	paper_sign(MSG_REVOKE);
	cr_expect_eq(t.times, 1);
	cr_expect_eq(t.e.code, ERR_IO, "%s", t.e.detail);
	cr_expect(is_revoked(&first, &reason, &at), "the one that could be read is");
	cr_expect_null(paper.ca->families);
}
