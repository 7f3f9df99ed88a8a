/* SPDX-License-Identifier: Apache-2.0 */
/* A revocation while the database cannot be read. */
#include "../../../src/ca/revoke_impl.h"
#include "../store/fail_step.h"
#include "ca/revoke.h"
#include "paper.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

static void
on_done(void *arg, const struct revoke_result *r, const struct err *e)
{
	(void)r;
	(void)e;
	++*(unsigned *)arg;
}

/* Asked to revoke it, where the n-th step of the database fails; 0: none. */
static enum err_code
ask(const struct serial *s, unsigned n)
{
	const struct revoke_request q = { .who = &paper_admin,
		.serial = *s,
		.reason = REASON_SUPERSEDED,
		.request_id = "r-1" };
	struct verdict v = { 0 };
	struct err e = { 0 };
	static unsigned times;

	failed_step = false;
	fail_step = n;
	const bool ok = revoke_start(paper.ca, &q, on_done, &times, &v, &e);
	fail_step = 0;
	if (failed_step)
		store_rollback(paper.store);
	verdict_free(&v);
	return ok ? ERR_NONE : e.code;
}

TestSuite(revoke_fails, .init = paper_begin, .fini = paper_end);

/* S43: what cannot be looked up is neither "revoked before" nor revoked again. */
Test(revoke_fails, of_one_that_is_revoked_it_is_told_that_the_database_failed)
{
	const struct serial s = paper_add_dns("server", "web.internal", NULL);
	unsigned n = 1;
	struct err e;

	paper_add_revoked(&s, REASON_SUPERSEDED, 1000);
	MUST(store_commit(paper.store, &e));
	for (;; n++) {
		const enum err_code code = ask(&s, n);

		cr_expect_not(paper_asked());
		if (!failed_step) {
			cr_expect_eq(code, ERR_ALREADY_REVOKED);
			break;
		}
		cr_expect(code != ERR_NONE && code != ERR_ALREADY_REVOKED &&
			      code != ERR_NOT_FOUND,
		    "step %u: %d", n, code);
	}
	cr_expect_gt(n, 2);
}

/* R27: nobody is kept from revoking by octets that cannot be read: the signer lists it all the longer. */
Test(revoke_fails, where_its_octets_cannot_be_read_it_is_revoked_without)
{
	const struct serial s = paper_add_dns("server", "web.internal", NULL);
	unsigned without = 0;
	struct err e;

	MUST(store_commit(paper.store, &e));
	for (unsigned n = 1;; n++) {
		const enum err_code code = ask(&s, n);
		const bool failed = failed_step;
		struct msg_revoke m;

		if (code == ERR_NONE) {
			const struct frame f = paper_question();
			MUST(msg_revoke_get(f.body, &m, &e));
			without += m.certificate.n == 0;
			cr_expect_eq(m.certificate.n == 0, failed);
			paper_refuse(m.id, ERR_UNAVAILABLE, "not now");
		}
		if (!failed)
			break;
	}
	cr_expect_gt(without, 0);
}

Test(revoke_fails, of_one_that_is_not_there_nothing_is_read)
{
	struct buf der;

	revoke_read(paper.ca, 77, &der);
	cr_expect_eq(der.n, 0);
	buf_free(&der);
}
