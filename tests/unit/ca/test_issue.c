/* SPDX-License-Identifier: Apache-2.0 */
/* Every way that a request to issue can end, where the test is core's signer. */
#include "ca/issue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ca/issue_same.h"
#include "ca/note.h"

#include "paper.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

struct told { /* by 'done' */
	unsigned times;
	struct err e; /* ERR_NONE: a certificate */
	char profile[40], issuer[40];
	struct serial serial;
	int64_t renew_at, not_after;
};

static void
on_done(void *arg, const struct issue_result *r, const struct err *e)
{
	struct told *t = arg;

	t->times++;
	cr_assert_eq((r == NULL) + (e == NULL), 1, "exactly one of the two");
	if (e != NULL) {
		t->e = *e;
		return;
	}
	snprintf(t->profile, sizeof(t->profile), "%s", r->profile);
	snprintf(t->issuer, sizeof(t->issuer), "%s", r->issuer->name);
	t->serial = r->cert->serial;
	t->renew_at = r->renew_at;
	t->not_after = r->cert->not_after;
}

/* Begins to issue for web.internal; gives the signer's question. */
static uint64_t
begin_one(struct told *t)
{
	struct csr *csr = paper_web();
	const struct issue_request q = paper_request(csr);
	struct verdict v = { 0 };
	struct msg_sign_cert m;
	struct err e = { 0 };

	*t = (struct told){ 0 };
	MUST(issue_start(paper.ca, &q, on_done, t, &v, &e));
	const struct frame f = paper_question();
	cr_assert_eq(f.type, MSG_SIGN_CERT);
	MUST(msg_sign_cert_get(f.body, &m, &e));
	verdict_free(&v);
	csr_free(csr);
	return m.id;
}

TestSuite(issue, .init = paper_begin, .fini = paper_end);

/* A132: a key is in use from the question on. */
Test(issue, the_key_of_a_question_is_known_until_it_is_answered)
{
	struct csr *csr = paper_web();
	struct issue_request q = paper_request(csr);
	struct verdict v = { 0 };
	struct told t = { 0 };
	struct err e = { 0 };
	const struct bytes key = csr->key.der, other = bytes_str("another");

	cr_expect_not(issue_is_asked(paper.ca, key));
	MUST(issue_start(paper.ca, &q, on_done, &t, &v, &e));
	cr_expect(issue_is_asked(paper.ca, key));
	cr_expect_not(issue_is_asked(paper.ca, other));
	paper_sign(MSG_SIGN_CERT);
	cr_assert_eq(t.times, 1);
	cr_expect_not(issue_is_asked(paper.ca, key));
	csr_free(csr);
	verdict_free(&v);
}

/* R89: what is told is in the database's open transaction already. */
Test(issue, a_certificate_is_stored_before_anybody_hears_of_it)
{
	struct told t = { 0 };
	struct csr *csr = paper_web();
	struct issue_request q = paper_request(csr);
	struct certificate_row row;
	struct verdict v = { 0 };
	struct err e = { 0 };

	q.validity_s = 1000;
	MUST(issue_start(paper.ca, &q, on_done, &t, &v, &e));
	cr_expect_eq(t.times, 0);
	paper_sign(MSG_SIGN_CERT);
	cr_assert_eq(t.times, 1);
	cr_assert_eq(t.e.code, ERR_NONE, "%s", t.e.detail);
	cr_expect_str_eq(t.profile, "server");
	cr_expect_str_eq(t.issuer, "main");
	cr_expect_leq(t.renew_at, t.not_after);
	MUST(store_certificate_get(paper.store, "main", &t.serial, &row, &e));
	cr_expect_str_eq(row.names.v[0].text, "web.internal");
	cr_expect_str_eq(row.requester, "uid:0");
	certificate_row_free(&row);
	MUST(ca_batch_end(paper.ca, &e));
	verdict_free(&v);
	csr_free(csr);
}

/* The answer's renew_after: of what is left, not of what lies before. */
Test(issue, a_client_comes_again_after_two_thirds_of_what_is_left)
{
	const struct cert c = { .not_before = 0, .not_after = 1299 };

	cr_expect_eq(issue_renew_at(&c, 1000), 1200);
}

Test(issue, the_signers_refusal_is_the_clients)
{
	struct told t;
	const uint64_t id = begin_one(&t);

	paper_refuse(id, ERR_BAD_CSR, "its own signature does not verify");
	cr_expect_eq(t.times, 1);
	cr_expect_eq(t.e.code, ERR_BAD_CSR);
	cr_expect_str_eq(t.e.detail, "its own signature does not verify");
	cr_expect_eq(paper.failures, 0);
}

/* ---- a signer that lies ---- */

static void
answer(uint64_t id, const struct ask_answer *a)
{
	struct ask ask;

	cr_assert(ask_take(paper.ca, id, &ask));
	ask.cb(ask.arg, a);
}

/* S83: the role ends; who asked hears nothing of what came instead. */
Test(issue, an_answer_of_another_kind_ends_core)
{
	const struct record revocation = { .type = RECORD_REVOCATION };
	const struct msg_ocsp_signed ocsp = { 0 };
	struct told t;

	answer(begin_one(&t), &(struct ask_answer){ .record = &revocation });
	cr_expect_eq(paper.failures, 1);
	cr_expect_eq(paper.failure.code, ERR_MALFORMED);
	cr_expect_not_null(strstr(paper.failure.detail, "something else"));
	answer(begin_one(&t), &(struct ask_answer){ .ocsp = &ocsp });
	cr_expect_eq(paper.failures, 2);
	cr_expect_eq(t.times, 0);
}

/* A record that was stored before (as after a resync) comes without the parsed certificate. */
static void
answer_stored(uint64_t id, struct bytes body)
{
	const struct record r = { .type = RECORD_CERTIFICATE,
		.seq = 1,
		.at = clock_now(),
		.body = body };

	answer(id, &(struct ask_answer){ .record = &r });
}

Test(issue, a_record_that_cannot_be_read_is_no_certificate)
{
	struct buf body;
	struct told t;

	answer_stored(begin_one(&t), bytes_str("no record"));
	cr_expect_eq(t.times, 1);
	cr_expect_eq(t.e.code, ERR_MALFORMED);
	buf_init(&body, KIB(4));
	record_certificate_put(&body,
	    &(struct record_certificate){ .issuer = bytes_str("main"),
		.profile = bytes_str("server"),
		.der = bytes_str("no certificate"),
		.requester = bytes_str("uid:0"),
		.request_id = bytes_str("r-1") });
	answer_stored(begin_one(&t), buf_bytes(&body));
	cr_expect_eq(t.times, 1);
	cr_expect_neq(t.e.code, ERR_NONE);
	buf_free(&body);
}

static const struct names *
names_of(struct names *n, const char *dns)
{
	struct err e = { 0 };

	names_free(n);
	*n = (struct names){ 0 };
	MUST(names_add(n, NAME_TYPE_DNS, bytes_str(dns), &e));
	return n;
}

/* Asks for web.internal and is given this leaf. */
static void
give(struct paper_leaf *l, struct told *t)
{
	struct csr *csr = paper_web();
	const struct issue_request q = paper_request(csr);
	struct verdict v = { 0 };
	struct msg_sign_cert m;
	struct buf body;
	struct err e = { 0 };

	*t = (struct told){ 0 };
	MUST(issue_start(paper.ca, &q, on_done, t, &v, &e));
	MUST(msg_sign_cert_get(paper_question().body, &m, &e));
	if (l->spki.n == 1) /* as asked for */
		l->spki = csr->key.der;
	buf_init(&body, RECORD_MAX);
	(void)paper_leaf(l, &body);
	answer_stored(m.id, buf_bytes(&body));
	buf_free(&body);
	verdict_free(&v);
	csr_free(csr);
}

/* S83, S84: nobody is given another's certificate. */
Test(issue, a_certificate_of_anything_else_than_was_asked_for_ends_core)
{
	static const struct bytes asked = { (const uint8_t *)"", 1 };
	struct names web_names = { 0 }, other = { 0 };
	const struct {
		struct paper_leaf leaf;
		const char *what;
	} cases[] = {
		{ { .names = names_of(&web_names, "web.internal"),
		      .spki = asked,
		      .profile = "client" },
		    "profile" },
		{ { .names = &web_names, .spki = asked, .by = "root" }, "issuer" },
		{ { .names = &web_names }, "key" },
		{ { .ca = true, .cn = "Another CA", .spki = asked }, "key" },
		{ { .names = names_of(&other, "db.internal"), .spki = asked },
		    "names" },
	};
	struct told t;

	for (size_t i = 0; i < NITEMS(cases); i++) {
		struct paper_leaf l = cases[i].leaf;

		paper.failures = 0;
		give(&l, &t);
		cr_expect_eq(t.times, 1, "%s", cases[i].what);
		cr_expect_eq(t.e.code, ERR_MALFORMED, "%s", cases[i].what);
		cr_expect_not_null(strstr(t.e.detail, cases[i].what), "%s", t.e.detail);
		cr_expect_eq(paper.failures, 1, "%s", cases[i].what);
	}
	struct paper_leaf honest = { .names = &web_names, .spki = asked };
	paper.failures = 0;
	give(&honest, &t);
	cr_expect_eq(t.e.code, ERR_NONE, "%s", t.e.detail);
	cr_expect_eq(paper.failures, 0);
	names_free(&web_names);
	names_free(&other);
}

/* A certificate of no issuer of ours, and one without names. */
Test(issue, what_is_not_even_ours_is_not_the_same)
{
	struct names names = { 0 };
	struct buf body, san;
	struct record_certificate rc;
	struct issue_same same = { 0 };
	struct cert *c;
	struct err e = { 0 };

	buf_init(&body, RECORD_MAX);
	buf_init(&san, KIB(1));
	(void)paper_leaf(&(struct paper_leaf){ .names =
						   names_of(&names, "web.internal") },
	    &body);
	MUST(record_certificate_get(buf_bytes(&body), &rc, &e));
	MUST(cert_parse(rc.der, &c, &e));
	MUST(names_to_der(&names, &san, &e));
	issue_same_keep(&same, &paper.conf->profiles[0], c->key.der, &san);
	cr_expect_eq(san.n, 0, "it was taken over");
	MUST(issue_same_check(&same, paper.ca, &rc, c, &e));
	const struct bytes issuer = c->issuer_dn;
	c->issuer_dn = bytes_str("of another CA");
	cr_expect_not(issue_same_check(&same, paper.ca, &rc, c, &e));
	cr_expect_not_null(strstr(e.detail, "issuer"), "%s", e.detail);
	c->issuer_dn = issuer;
	rc.issuer = bytes_str("root");
	cr_expect_not(issue_same_check(&same, paper.ca, &rc, c, &e));
	cr_expect_not_null(strstr(e.detail, "issuer"), "%s", e.detail);
	rc.issuer = bytes_str("main");
	const size_t n = c->names.n;
	c->names.n = 0;
	cr_expect_not(issue_same_check(&same, paper.ca, &rc, c, &e));
	cr_expect_not_null(strstr(e.detail, "names"), "%s", e.detail);
	c->names.n = n;
	/* A reload has moved the profile to another issuer meanwhile. */
	char *was = paper.conf->profiles[0].issuer;
	paper.conf->profiles[0].issuer = (char *)"next";
	cr_expect_not(issue_same_check(&same, paper.ca, &rc, c, &e));
	cr_expect_eq(e.code, ERR_UNAVAILABLE);
	paper.conf->profiles[0].issuer = was;
	issue_same_free(&same);
	cert_free(c);
	names_free(&names);
	buf_free(&body);
	buf_free(&san);
}

/* The same through the answer: to try again, and no lie. */
Test(issue, a_profile_that_moved_meanwhile_is_tried_again)
{
	static const struct bytes asked = { (const uint8_t *)"", 1 };
	struct names names = { 0 };
	struct paper_leaf l = { .names = names_of(&names, "web.internal"),
		.spki = asked };
	char *was = paper.conf->profiles[0].issuer;
	struct told t;

	paper.conf->profiles[0].issuer = (char *)"root";
	give(&l, &t);
	paper.conf->profiles[0].issuer = was;
	cr_expect_eq(t.times, 1);
	cr_expect_eq(t.e.code, ERR_UNAVAILABLE);
	cr_expect_eq(paper.failures, 0);
	names_free(&names);
}

/* The key by which the answer would be found again goes into no note that is torn. */
Test(issue, a_key_for_the_same_again_needs_a_note_that_can_be_read)
{
	const struct note_once once = { 0 };
	struct csr *csr = paper_web();
	struct issue_request q = paper_request(csr);
	struct verdict v = { 0 };
	struct told t = { 0 };
	struct err e = { 0 };

	q.once = &once;
	q.note = bytes_str("{\"parent\":");
	cr_expect_not(issue_start(paper.ca, &q, on_done, &t, &v, &e));
	cr_expect_eq(t.times, 0);
	cr_expect_not(paper_asked());
	csr_free(csr);
	verdict_free(&v);
}

/* A note is told of in the log; one that cannot be read does not hold the answer back. */
Test(issue, a_renewal_is_told_as_one_and_a_torn_note_as_none)
{
	static const struct bytes asked = { (const uint8_t *)"", 1 };
	struct names names = { 0 };
	struct paper_leaf l = { .names = names_of(&names, "web.internal"),
		.spki = asked };
	char hex[SERIAL_HEX_LEN], note[80];
	struct told t;

	const struct serial s = paper_add_dns("server", "web.internal", NULL);
	serial_to_hex(&s, hex);
	snprintf(note, sizeof(note), "{\"parent\":\"%s\"}", hex);
	l.note = note;
	give(&l, &t);
	cr_expect_eq(t.e.code, ERR_NONE, "%s", t.e.detail);
	l.note = "{\"parent\":";
	l.spki = asked;
	give(&l, &t);
	cr_expect_eq(t.e.code, ERR_NONE, "%s", t.e.detail);
	names_free(&names);
}
