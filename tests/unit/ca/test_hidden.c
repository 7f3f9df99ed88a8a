/* SPDX-License-Identifier: Apache-2.0 */
/* S72: who may not read hears the same of what is there and not his as of what is not there. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ca/issue_judge.h"
#include "ca/revoke.h"
#include "paper.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

static struct names names;
static struct cert *cert; /* of whoever asks */

static void
begin(void)
{
	struct err e = { 0 };

	paper_begin_with(
	    "grants:\n"
	    "- { who: { cn: svc }, may: [issue, revoke], profiles: [server],"
	    " names: any }\n"
	    "- { who: { cn: auditor }, may: [read], profiles: [\"*\"] }\n");
	names = (struct names){ 0 };
	MUST(names_add(&names, NAME_TYPE_DNS, bytes_str("db.internal"), &e));
}

static void
end(void)
{
	cert_free(cert);
	cert = NULL;
	names_free(&names);
	paper_end();
}

TestSuite(hidden, .init = begin, .fini = end);

static struct identity
who(const char *cn)
{
	struct buf der;
	struct err e = { 0 };

	cert_free(cert);
	buf_init(&der, KIB(16));
	(void)paper_add(&(struct paper_leaf){ .profile = "client",
			    .cn = cn,
			    .names = &names },
	    &der);
	MUST(cert_parse(buf_bytes(&der), &cert, &e));
	buf_free(&der);
	return (struct identity){ .kind = IDENTITY_CERT,
		.text = (char *)"cert:somebody",
		.cert = cert,
		.profile = "client",
		.issuer = "main" };
}

/* What fails, but the name that was asked for: free() it. */
static char *
told_of_profile(const struct identity *w, const char *profile)
{
	struct csr *csr = paper_web();
	struct issue_request q = paper_request(csr);
	struct verdict v = { 0 };
	struct issue_judged j;
	struct buf text;
	struct err e = { 0 };

	q.who = w;
	q.profile = profile;
	buf_init(&text, KIB(4));
	MUST(issue_judge(paper.ca, &q, &j, &v, &e));
	for (size_t i = 0; i < v.n; i++)
		if (!v.v[i].pass)
			buf_printf(&text, "%d %s: %s\n", v.v[i].code, v.v[i].rule,
			    v.v[i].allowed);
	char *ret = mem_strdup(buf_str(&text));
	buf_free(&text);
	verdict_free(&v);
	csr_free(csr);
	return ret;
}

static void
expect_same_of_profiles(const char *cn, const char *hint)
{
	const struct identity w = who(cn);
	char *there = told_of_profile(&w, "client"),
	     *none = told_of_profile(&w, "nothing");
	char *grant = mem_printf("%d grant: ", ERR_FORBIDDEN);

	cr_expect_str_eq(there, none);
	cr_expect_eq(strncmp(there, grant, strlen(grant)), 0, "%s", there);
	cr_expect_not_null(strstr(there, hint), "%s", there);
	cr_expect_null(strstr(there, "client"), "%s", there);
	free(there);
	free(none);
	free(grant);
}

Test(hidden, a_profile_that_no_grant_is_for_is_as_one_that_is_not_there)
{
	expect_same_of_profiles("svc", "profile: server\n");
	expect_same_of_profiles("other", "profile: one that a grant is for\n");
	const struct identity svc = who("svc");
	char *own = told_of_profile(&svc, "server");
	cr_expect_str_eq(own, "");
	free(own);
}

Test(hidden, who_may_read_hears_which_profiles_there_are)
{
	const struct identity auditor = who("auditor");
	char *there = told_of_profile(&auditor, "client");
	char *none = told_of_profile(&auditor, "nothing");

	cr_expect_null(strstr(there, "profile:"), "%s", there);
	cr_expect_not_null(strstr(none, "profile: server, client\n"), "%s", none);
	free(there);
	free(none);
}

static void
on_done(void *arg, const struct revoke_result *r, const struct err *e)
{
	(void)e;
	*(bool *)arg = r != NULL;
}

/* Refused: why. */
static struct err
revoked(const struct identity *w, const struct serial *s)
{
	const struct revoke_request q = { .who = w,
		.serial = *s,
		.reason = REASON_SUPERSEDED,
		.request_id = "r-1" };
	struct verdict v = { 0 };
	struct err e = { 0 };
	bool done = false;

	if (revoke_start(paper.ca, &q, on_done, &done, &v, &e)) {
		paper_sign(MSG_REVOKE);
		cr_expect(done);
	}
	verdict_free(&v);
	return e;
}

Test(hidden, a_certificate_that_may_not_be_revoked_is_as_one_that_is_not_there)
{
	const struct serial never = { 2, { 0x77, 0x01 } };
	const struct serial his = paper_add_dns("server", "his.internal", NULL);
	const struct serial other = paper_add_dns("client", "other.internal", NULL);
	const struct identity svc = who("svc");
	const struct err none = revoked(&svc, &never), there = revoked(&svc, &other);

	cr_expect_eq(none.code, ERR_FORBIDDEN);
	cr_expect_eq(there.code, none.code);
	cr_expect_str_eq(there.detail, none.detail);
	cr_expect_eq(revoked(&svc, &his).code, ERR_NONE);
	const struct identity auditor = who("auditor");
	const struct err told = revoked(&auditor, &other);
	cr_expect_eq(told.code, ERR_FORBIDDEN);
	cr_expect_not_null(strstr(told.detail, "revoke client by"), "%s", told.detail);
	cr_expect_eq(revoked(&auditor, &never).code, ERR_NOT_FOUND);
}
