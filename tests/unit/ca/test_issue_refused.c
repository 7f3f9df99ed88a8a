/* SPDX-License-Identifier: Apache-2.0 */
/* What core itself refuses to issue: its signer is asked for nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ca/issue.h"
#include "ca/issue_judge.h"
#include "paper.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

struct told { /* by 'done' */
	unsigned times;
	struct err e; /* ERR_NONE: a certificate */
};

static void
on_done(void *arg, const struct issue_result *r, const struct err *e)
{
	struct told *t = arg;

	(void)r;
	t->times++;
	if (e != NULL)
		t->e = *e;
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

/* What is refused asks the signer for nothing and calls nobody. */
static void
expect_refused(const struct issue_request *q, enum err_code code, const char *rule)
{
	struct told t = { 0 };
	struct verdict v = { 0 };
	struct err e = { 0 };
	bool found = rule == NULL;

	cr_expect_not(issue_start(paper.ca, q, on_done, &t, &v, &e));
	cr_expect_eq(e.code, code, "%d: %s", e.code, e.detail);
	for (size_t i = 0; i < v.n; i++)
		found = found || (!v.v[i].pass && strcmp(v.v[i].rule, rule) == 0);
	cr_expect(found, "no failed row %s", rule);
	cr_expect_eq(t.times, 0);
	cr_expect_not(paper_asked());
	verdict_free(&v);
}

TestSuite(issue_refused, .init = paper_begin, .fini = paper_end);

/* R90 */
Test(issue_refused, nothing_is_issued_while_the_database_is_behind)
{
	struct csr *csr = paper_web();
	const struct issue_request q = paper_request(csr);

	paper.ca->phase = CA_BEHIND;
	expect_refused(&q, ERR_UNAVAILABLE, NULL);
	paper.ca->phase = CA_REPLAYING;
	expect_refused(&q, ERR_UNAVAILABLE, NULL);
	csr_free(csr);
}

static void
on_late(void *arg, const struct ask_answer *a)
{
	(void)arg;
	(void)a;
}

/* A signer that hangs takes nobody else along: who comes later is told at once. */
Test(issue_refused, nothing_is_asked_of_a_signer_that_keeps_others_waiting)
{
	struct csr *csr = paper_web();
	const struct issue_request q = paper_request(csr);
	const uint64_t id = ask_new(paper.ca, on_late, NULL);

	paper.ca->asks[id & (paper.ca->n_asks - 1)].since_us -= 3600 * INT64_C(1000000);
	expect_refused(&q, ERR_UNAVAILABLE, NULL);
	csr_free(csr);
}

/* R91: a lost row is no pass. */
Test(issue_refused, nothing_is_issued_when_the_database_cannot_be_asked)
{
	struct csr *csr = paper_web();
	const struct issue_request q = paper_request(csr);
	struct err e = { 0 };

	MUST(db_exec(store_db(paper.store),
	    "ALTER TABLE compromised_key RENAME TO gone", &e));
	struct told t = { 0 };
	struct verdict v = { 0 };
	cr_expect_not(issue_start(paper.ca, &q, on_done, &t, &v, &e));
	cr_expect_eq(e.code, ERR_INTERNAL, "%d %s", e.code, e.detail);
	cr_expect_not(paper_asked());
	verdict_free(&v);
	csr_free(csr);
}

/* S6, S91: the daemon's own profiles are its own. */
Test(issue_refused, a_profile_that_is_not_there_or_not_for_others_is_refused)
{
	struct csr *csr = paper_web();
	struct issue_request q = paper_request(csr);

	q.profile = "nothing";
	expect_refused(&q, ERR_POLICY, "profile");
	q.profile = NULL;
	expect_refused(&q, ERR_POLICY, "profile");
	q.profile = CONF_PROFILE_LISTENER;
	expect_refused(&q, ERR_POLICY, "profile");
	csr_free(csr);
}

Test(issue_refused, the_daemon_itself_issues_by_its_own_profile)
{
	static const struct identity self = { .kind = IDENTITY_SYSTEM,
		.text = (char *)"system" };
	const struct conf_profile *p =
	    conf_profile_find(paper.conf, bytes_str(CONF_PROFILE_LISTENER));
	struct csr *csr = paper_csr((const char *const[]){ p->names.dns.v[0], NULL });
	const struct issue_request q = { .who = &self,
		.profile = p->name,
		.csr = csr,
		.internal = true,
		.request_id = "listener" };
	struct told t = { 0 };
	struct verdict v = { 0 };
	struct err e = { 0 };

	MUST(issue_start(paper.ca, &q, on_done, &t, &v, &e));
	paper_sign(MSG_SIGN_CERT);
	cr_expect_eq(t.times, 1);
	cr_expect_eq(t.e.code, ERR_NONE, "%s", t.e.detail);
	verdict_free(&v);
	csr_free(csr);
}

/* S4 */
Test(issue_refused, without_a_grant_nothing_is_issued)
{
	static const struct identity nobody = { 0 };
	struct csr *csr = paper_web();
	struct issue_request q = paper_request(csr);

	q.who = &nobody;
	expect_refused(&q, ERR_UNAUTHENTICATED, "grant");
	q.profile = "nothing";
	expect_refused(&q, ERR_UNAUTHENTICATED, "profile");
	csr_free(csr);
}

/* P36: what main itself would let pass. */
Test(issue_refused, a_name_that_the_root_excludes_is_refused)
{
	struct csr *csr = paper_csr((const char *const[]){ PAPER_EXCLUDED, NULL });
	const struct issue_request q = paper_request(csr);

	expect_refused(&q, ERR_POLICY, "issuer.constraints");
	csr_free(csr);
}

/* What could not be read is judged as far as it goes, and refused by what was said of it. */
Test(issue_refused, an_unreadable_request_is_refused_by_what_was_said_of_it)
{
	struct names names = { 0 };
	struct csr *csr = paper_web();
	struct issue_request q = paper_request(NULL);
	struct issue_judged j;
	struct verdict v = { 0 };
	struct err e = { 0 };

	verdict_add(&v, false, ERR_BAD_CSR, "csr.syntax", "csr", "", "");
	cr_expect_not(issue_start(paper.ca, &q, on_done, NULL, &v, &e));
	cr_expect_eq(e.code, ERR_BAD_CSR);
	verdict_free(&v);
	q = paper_request(csr);
	q.names_bad = true;
	MUST(issue_judge(paper.ca, &q, &j, &v, &e));
	cr_expect_null(j.names);
	cr_expect_not_null(j.issuer);
	verdict_free(&v);
	q.names = names_of(&names, "db.internal"); /* those, not the CSR's */
	q.names_bad = false;
	MUST(issue_judge(paper.ca, &q, &j, &v, &e));
	cr_expect_eq(j.names, &names);
	cr_expect_str_eq(j.cn, "db.internal");
	verdict_free(&v);
	issue_judge_signature(NULL, &v);
	cr_expect_eq(v.refused, 0);
	issue_judge_signature("it does not verify", &v);
	cr_expect_eq(v.refused, 1);
	cr_expect_eq(v.code, ERR_BAD_CSR);
	verdict_free(&v);
	names_free(&names);
	csr_free(csr);
}

/* P19, P54: a key that was given up, and a CA's own. */
Test(issue_refused, a_key_that_nobody_may_have_is_refused)
{
	struct names names = { 0 };
	struct csr *csr = paper_web();
	struct issue_request q = paper_request(csr);
	const struct serial s =
	    paper_add(&(struct paper_leaf){ .names = names_of(&names, "old.internal"),
			  .spki = csr->key.der },
		NULL);

	paper_add_revoked(&s, REASON_KEY_COMPROMISE, clock_now());
	expect_refused(&q, ERR_BAD_KEY, "key.compromised");
	csr_free(csr);
	csr = paper_web();
	q = paper_request(csr);
	csr->key.der = paper.ca->issuers[1].cert->key.der;
	expect_refused(&q, ERR_BAD_KEY, "key.issuer");
	csr_free(csr);
	names_free(&names);
}

/* RFC 8739 and ACME's notBefore: exactly so, or not at all. */
Test(issue_refused, exact_times_are_judged_as_they_stand)
{
	const int64_t now = clock_now();
	const struct {
		int64_t not_before, not_after, past_s;
		bool good;
	} cases[] = {
		{ now, now + PAPER_DAY, 0, true },
		{ 0, now + PAPER_DAY, 0, true },
		{ now, 0, 0, true },
		{ now - 1800, now + PAPER_DAY, 3600, true },
		{ now - 7200, now + PAPER_DAY, 3600, false },
		{ now, now - 1, 0, false },
	};
	struct csr *csr = paper_web();
	struct err e = { 0 };

	for (size_t i = 0; i < NITEMS(cases); i++) {
		struct issue_request q = paper_request(csr);
		struct issue_judged j;
		struct verdict v = { 0 };

		q.not_before = cases[i].not_before;
		q.not_after = cases[i].not_after;
		q.past_s = cases[i].past_s;
		MUST(issue_judge(paper.ca, &q, &j, &v, &e));
		cr_expect_eq(v.refused == 0, cases[i].good, "case %zu", i);
		verdict_free(&v);
	}
	csr_free(csr);
}

/* P57: what fits the profile and not the message. */
Test(issue_refused, names_that_do_not_fit_a_certificate_are_refused)
{
	struct csr *csr = paper_web();
	struct issue_request q = paper_request(csr);
	struct names names = { 0 };
	char text[250];
	struct err e = { 0 };

	for (int i = 0; i < 90; i++) {
		memset(text, 'a', sizeof(text));
		snprintf(text, 8, "n%02d", i);
		text[3] = 'a';
		for (size_t k = 60; k < 240; k += 60)
			text[k] = '.';
		memcpy(text + sizeof(text) - 10, ".internal", 10);
		MUST(names_add(&names, NAME_TYPE_DNS, bytes_str(text), &e));
	}
	q.names = &names;
	expect_refused(&q, ERR_TOO_LARGE, NULL);
	names_free(&names);
	csr_free(csr);
}

/* S32 */
Test(issue_throttled, the_same_names_again_and_again_are_refused, .fini = paper_end)
{
	struct paper_leaf l = { .profile = "client", .cn = "svc" };
	struct certificate_row row;
	struct names names = { 0 };
	struct buf der;
	struct cert *cert;
	struct csr *csr = NULL;
	struct told t = { 0 };
	struct verdict v = { 0 };
	struct err e = { 0 };

	paper_begin_with(
	    "grants:\n"
	    "- { who: { cn: svc }, may: [issue, renew], profiles: [server],"
	    " names: own }\n"
	    "limits: { same_names: 2 }\n");
	buf_init(&der, KIB(16));
	l.names = names_of(&names, "web.internal");
	(void)paper_add(&l, &der);
	MUST(cert_parse(buf_bytes(&der), &cert, &e));
	MUST(store_certificate_get(ca_store(paper.ca), NULL, &cert->serial, &row, &e));
	const struct identity svc = { .kind = IDENTITY_CERT,
		.text = (char *)"cert:svc",
		.cert = cert,
		.profile = "client",
		.issuer = "main" };
	csr = paper_web();
	struct issue_request q = paper_request(csr);
	q.who = &svc;
	q.row = &row;
	MUST(issue_start(paper.ca, &q, on_done, &t, &v, &e));
	paper_sign(MSG_SIGN_CERT);
	cr_expect_eq(t.times, 1);
	cr_expect_eq(t.e.code, ERR_NONE);
	MUST(issue_start(paper.ca, &q, on_done, &t, &v, &e));
	paper.ca->round_failed = true; /* the journal has it all the same */
	err_set(&paper.ca->round_err, ERR_IO, "disk full");
	paper_sign(MSG_SIGN_CERT);
	paper.ca->round_failed = false;
	cr_expect_eq(t.times, 2);
	cr_expect_eq(t.e.code, ERR_IO);
	q.renewal = true; /* the right to renew is asked for, the limit is the same */
	expect_refused(&q, ERR_RATE_LIMITED, NULL);
	q.names = names_of(&names, "db.internal"); /* not its own (S5) */
	expect_refused(&q, ERR_FORBIDDEN, "grant.names");
	q.names = NULL;
	q.names_bad = true; /* the grant is judged, the names are not */
	struct issue_judged j;
	MUST(issue_judge(paper.ca, &q, &j, &v, &e));
	cr_expect_eq(v.refused, 0);
	MUST(db_exec(store_db(paper.store),
	    "ALTER TABLE lineage_compromised RENAME TO gone", &e));
	cr_expect_not(issue_judge(paper.ca, &q, &j, &v, &e), "S8: it is not known");
	verdict_free(&v);
	certificate_row_free(&row);
	csr_free(csr);
	cert_free(cert);
	names_free(&names);
	buf_free(&der);
}

/* P52 */
Test(issue_refused, a_key_that_cannot_be_looked_up_among_weak_ones)
{
	struct csr *csr = paper_web();
	const struct issue_request q = paper_request(csr);
	struct told t = { 0 };
	struct verdict v = { 0 };
	struct err e = { 0 };

	MUST(weak_keys_read(bytes_str("0123456789abcdef0123\n"), &paper.ca->weak_keys,
	    &e));
	csr->key.alg = KEY_ALG_RSA; /* of a point of P-256: no modulus */
	cr_expect_not(issue_start(paper.ca, &q, on_done, &t, &v, &e));
	cr_expect_eq(e.code, ERR_MALFORMED, "%d: %s", e.code, e.detail);
	cr_expect_not(paper_asked());
	cr_expect_eq(t.times, 0u);
	verdict_free(&v);
	csr_free(csr);
}
