/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "policy/grant.h"

#include "policy_data.h"

static char *star[] = { (char *)"*" };
static char *server[] = { (char *)"server" };

/* A caller with the names "web.internal", "admin@internal" and "spiffe://internal/web". */
struct caller {
	struct cert cert;
	struct identity who;
};

static void
caller_init(struct caller *c, const char *cn)
{
	*c = (struct caller){ 0 };
	cr_assert(bytes_to_str(bytes_str(cn), c->cert.cn, sizeof(c->cert.cn)));
	add_name(&c->cert.names, NAME_TYPE_DNS, "web.internal");
	add_name(&c->cert.names, NAME_TYPE_EMAIL, "admin@internal");
	add_name(&c->cert.names, NAME_TYPE_URI, "spiffe://internal/web");
	c->who = (struct identity){
		.kind = IDENTITY_CERT,
		.text = (char *)"cert:web",
		.cert = &c->cert,
		.profile = "server",
		.issuer = "main",
		.fingerprint = { 0xab },
	};
}

static bool
may(struct conf_grant *grants, size_t n, const struct identity *who, enum right right,
    const char *profile, const struct conf_grant **ret)
{
	struct conf_profile profiles[] = { { .name = (char *)"server" },
		{ .name = (char *)CONF_PROFILE_LISTENER, .internal = true } };
	const struct conf c = { .grants = grants,
		.n_grants = n,
		.profiles = profiles,
		.n_profiles = NITEMS(profiles) };
	struct verdict v = { 0 };
	struct err e = { 0 };
	const bool pass = grant_find(&c, who, right, profile, ret, &v);

	cr_expect_eq(v.n, 1);
	cr_expect_str_eq(v.v[0].rule, "grant");
	cr_expect_eq(v.v[0].pass, pass);
	if (!verdict_ok(&v, &e))
		cr_expect_eq(e.code,
		    who->kind == IDENTITY_NONE ? ERR_UNAUTHENTICATED : ERR_FORBIDDEN);
	verdict_free(&v);
	return pass;
}

/* S4 */
Test(grant, the_first_that_fits_wins_and_none_refuses)
{
	struct conf_grant g[] = {
		{ .who = { .cn = (char *)"other" },
		    .may = RIGHT_ISSUE | RIGHT_READ,
		    .profiles = { star, 1 } },
		{ .who = { .any = true }, .may = RIGHT_READ },
		{ .who = { .any = true },
		    .may = RIGHT_ISSUE,
		    .profiles = { server, 1 } },
		{ .who = { .any = true },
		    .may = RIGHT_ISSUE,
		    .profiles = { star, 1 },
		    .names_mode = GRANT_NAMES_ANY },
	};
	const struct conf_grant *found = NULL;
	struct caller c;

	caller_init(&c, "web");
	cr_expect(may(g, 4, &c.who, RIGHT_ISSUE, "server", &found));
	cr_expect_eq(found, &g[2], "not the wider one behind it");
	cr_expect(may(g, 4, &c.who, RIGHT_ISSUE, "client", &found));
	cr_expect_eq(found, &g[3]);
	cr_expect(may(g, 4, &c.who, RIGHT_READ, NULL, &found));
	cr_expect_eq(found, &g[1]);
	found = NULL;
	cr_expect_not(may(g, 4, &c.who, RIGHT_ADMIN, NULL, &found));
	cr_expect_not(may(g, 4, &c.who, RIGHT_REVOKE, NULL, &found));
	cr_expect_not(may(g, 3, &c.who, RIGHT_ISSUE, "client", &found), "S6");
	cr_expect_not(may(g, 2, &c.who, RIGHT_READ, "server", &found),
	    "a grant without profiles is for none");
	cr_expect_not(may(g, 0, &c.who, RIGHT_READ, NULL, &found));
	cr_expect_null(found, "ret is untouched on failure");
	names_free(&c.cert.names);
}

/* R45, R46, R53 */
Test(grant, each_member_of_who_must_fit_and_an_empty_one_fits_nobody)
{
	static char finger[] =
	    "AB00000000000000000000000000000000000000000000000000000000000000";
	static char other_finger[] =
	    "ab00000000000000000000000000000000000000000000000000000000000001";
	const struct {
		struct conf_who who;
		bool fits;
	} all[] = {
		/* clang-format off */
		{ { 0 }, false },
		{ { .any = true }, true },
		{ { .cn = (char *)"web" }, true },
		{ { .cn = (char *)"Web" }, false },
		{ { .cn = (char *)"we" }, false },
		{ { .cn = (char *)"*" }, false },
		{ { .dns = (char *)"*.internal" }, true },
		{ { .dns = (char *)"web.internal" }, true },
		{ { .dns = (char *)"*.web.internal" }, false },
		{ { .dns = (char *)"internal" }, false },
		{ { .email = (char *)"*@internal" }, true },
		{ { .email = (char *)"web.internal" }, false },
		{ { .uri = (char *)"spiffe://other/*" }, false },
		{ { .uri = (char *)"spiffe://internal/web" }, true },
		{ { .uri = (char *)"spiffe://internal/we" }, false },
		{ { .uri = (char *)"web.internal" }, false },
		{ { .profile = (char *)"server" }, true },
		{ { .profile = (char *)"admin" }, false },
		{ { .issuer = (char *)"main" }, true },
		{ { .issuer = (char *)"mai" }, false },
		{ { .fingerprint = finger }, true },
		{ { .fingerprint = other_finger }, false },
		{ { .fingerprint = (char *)"ab" }, false },
		{ { .cn = (char *)"web", .profile = (char *)"server" }, true },
		{ { .cn = (char *)"web", .profile = (char *)"admin" }, false },
		{ { .cn = (char *)"x", .any = true }, false },
		/* clang-format on */
	};
	struct caller c;

	caller_init(&c, "web");
	for (size_t i = 0; i < NITEMS(all); i++) {
		struct conf_grant g = { .who = all[i].who, .may = RIGHT_READ };
		const struct conf_grant *found = NULL;

		cr_expect_eq(may(&g, 1, &c.who, RIGHT_READ, NULL, &found), all[i].fits,
		    "member %zu", i);
	}
	names_free(&c.cert.names);
}

Test(grant, an_absent_cn_or_profile_fits_nothing)
{
	struct conf_grant g[] = { { .who = { .cn = (char *)"" }, .may = RIGHT_READ },
		{ .who = { .profile = (char *)"" }, .may = RIGHT_READ } };
	const struct conf_grant *found = NULL;
	struct caller c;

	caller_init(&c, "");
	c.who.profile = NULL;
	cr_expect_not(may(g, 2, &c.who, RIGHT_READ, NULL, &found));
	names_free(&c.cert.names);
}

Test(grant, local_identities_need_none_and_nobody_has_none)
{
	struct conf_grant g = { .who = { .any = true }, .may = RIGHT_READ };
	const struct conf_grant *found = &g;
	struct identity who = { .kind = IDENTITY_ADMIN, .text = (char *)"uid:0" };

	cr_expect(may(&g, 0, &who, RIGHT_ADMIN, "server", &found));
	cr_expect_null(found);
	who.kind = IDENTITY_SYSTEM;
	cr_expect(may(&g, 0, &who, RIGHT_ISSUE, NULL, &found));
	who.kind = IDENTITY_NONE;
	cr_expect_not(may(&g, 1, &who, RIGHT_READ, NULL, &found));
	who.kind = IDENTITY_CERT; /* without one: a bug, and refused */
	cr_expect_not(may(&g, 1, &who, RIGHT_READ, NULL, &found));
}

/* S6 */
Test(grant, an_internal_profile_is_the_daemons_alone)
{
	struct conf_grant g = { .who = { .any = true },
		.may = RIGHT_ISSUE | RIGHT_REVOKE,
		.profiles = { star, 1 } };
	const struct conf_grant *found = NULL;
	struct identity local = { .kind = IDENTITY_ADMIN };
	struct caller c;

	caller_init(&c, "web");
	cr_expect_not(may(&g, 1, &c.who, RIGHT_ISSUE, CONF_PROFILE_LISTENER, &found));
	cr_expect_not(may(&g, 1, &local, RIGHT_ISSUE, CONF_PROFILE_LISTENER, &found));
	cr_expect(may(&g, 1, &c.who, RIGHT_REVOKE, CONF_PROFILE_LISTENER, &found),
	    "what was issued by it can be revoked");
	local.kind = IDENTITY_SYSTEM;
	cr_expect(may(&g, 1, &local, RIGHT_ISSUE, CONF_PROFILE_LISTENER, &found));
	names_free(&c.cert.names);
}

static bool
names_pass(const struct conf_grant *g, const struct identity *who, enum name_type type,
    const char *text)
{
	struct names names = { 0 };
	struct verdict v = { 0 };
	struct err e = { 0 };

	add_name(&names, type, text);
	const bool pass = grant_names(g, who, &names, &v);
	cr_expect_eq(v.n, 1);
	cr_expect_eq(row_of(&v, "grant.names"), pass);
	if (!verdict_ok(&v, &e))
		cr_expect_eq(e.code, ERR_FORBIDDEN);
	verdict_free(&v);
	names_free(&names);
	return pass;
}

/* S5 */
Test(grant, own_names_are_exactly_the_callers)
{
	const struct conf_grant g = { .names_mode = GRANT_NAMES_OWN };
	struct identity none = { .kind = IDENTITY_CERT };
	struct caller c;

	caller_init(&c, "web");
	cr_expect(names_pass(&g, &c.who, NAME_TYPE_DNS, "web.internal"));
	cr_expect(names_pass(&g, &c.who, NAME_TYPE_EMAIL, "admin@internal"));
	cr_expect_not(names_pass(&g, &c.who, NAME_TYPE_DNS, "internal"));
	cr_expect_not(names_pass(&g, &c.who, NAME_TYPE_DNS, "*.internal"));
	cr_expect_not(names_pass(&g, &c.who, NAME_TYPE_DNS, "a.web.internal"));
	cr_expect_not(names_pass(&g, &c.who, NAME_TYPE_DNS, "web2.internal"));
	cr_expect_not(names_pass(&g, &c.who, NAME_TYPE_URI, "web.internal"));
	cr_expect_not(names_pass(&g, &c.who, NAME_TYPE_DNS, "admin@internal"));
	cr_expect_not(names_pass(&g, &none, NAME_TYPE_DNS, "web.internal"));
	names_free(&c.cert.names);
}

Test(grant, any_and_listed_names_are_what_they_say)
{
	static char *patterns[] = { (char *)"*.shop.internal" };
	const struct conf_grant any = { .names_mode = GRANT_NAMES_ANY };
	const struct conf_grant list = { .names_mode = GRANT_NAMES_LIST,
		.names = { .dns = { patterns, 1 } } };
	struct identity admin = { .kind = IDENTITY_ADMIN };
	struct names names = { 0 };
	struct verdict v = { 0 };
	struct caller c;

	caller_init(&c, "web");
	cr_expect(names_pass(&any, &c.who, NAME_TYPE_DNS, "x.example"));
	cr_expect(names_pass(&list, &c.who, NAME_TYPE_DNS, "a.shop.internal"));
	cr_expect_not(names_pass(&list, &c.who, NAME_TYPE_DNS, "web.internal"));
	cr_expect_not(names_pass(&list, &c.who, NAME_TYPE_DNS, "*.a.shop.internal"));
	cr_expect_not(names_pass(&list, &c.who, NAME_TYPE_IP, "10.0.0.1"));
	cr_expect(names_pass(NULL, &admin, NAME_TYPE_DNS, "x.example"));

	add_name(&names, NAME_TYPE_DNS, "a.shop.internal");
	add_name(&names, NAME_TYPE_DNS, "b.example");
	add_name(&names, NAME_TYPE_DNS, "c.example");
	cr_expect_not(grant_names(&list, &c.who, &names, &v));
	cr_expect_eq(v.n, 2, "one row for each that fails");
	cr_expect_str_eq(v.v[1].field, "names[2]");
	verdict_free(&v);
	names_free(&names);
	names_free(&c.cert.names);
}

/* R49: a mode that is no member, out of a configuration gone wrong, gives nothing. */
Test(grant, a_mode_of_names_that_is_none_gives_no_name)
{
	const struct conf_grant g = { .names_mode = (enum grant_names)3 };
	struct caller c;

	caller_init(&c, "web");
	cr_expect_not(names_pass(&g, &c.who, NAME_TYPE_DNS, "web.internal"));
	names_free(&c.cert.names);
}

/* R50: a token opens one door. */
Test(grant, a_token_issues_what_it_is_for_and_nothing_else)
{
	struct conf_grant g[] = { { .who = { .any = true },
	    .may = RIGHT_ISSUE | RIGHT_READ | RIGHT_ADMIN,
	    .profiles = { star, 1 } } };
	struct names names = { 0 }, more = { 0 };
	struct identity who = { .kind = IDENTITY_TOKEN,
		.text = (char *)"token:00",
		.profile = "server",
		.names = &names };
	const struct conf_grant *found = NULL;
	struct verdict v = { 0 };

	add_name(&names, NAME_TYPE_DNS, "web.internal");
	cr_expect(may(g, 1, &who, RIGHT_ISSUE, "server", &found));
	cr_expect_null(found);
	cr_expect_not(may(g, 1, &who, RIGHT_ISSUE, "client", &found));
	cr_expect_not(may(g, 1, &who, RIGHT_ISSUE, NULL, &found));
	cr_expect_not(may(g, 1, &who, RIGHT_READ, "server", &found));
	cr_expect_not(may(g, 1, &who, RIGHT_ADMIN, NULL, &found));
	who.profile = CONF_PROFILE_LISTENER;
	cr_expect_not(may(g, 1, &who, RIGHT_ISSUE, CONF_PROFILE_LISTENER, &found));

	cr_expect(grant_names(NULL, &who, &names, &v));
	verdict_free(&v);
	v = (struct verdict){ 0 };
	add_name(&more, NAME_TYPE_DNS, "web.internal");
	add_name(&more, NAME_TYPE_DNS, "db.internal");
	cr_expect_not(grant_names(NULL, &who, &more, &v));
	cr_expect_eq(v.n, 1);
	cr_expect_str_eq(v.v[0].field, "names[1]");
	verdict_free(&v);

	who.kind = IDENTITY_ACME; /* an ACME order likewise */
	who.profile = "server";
	cr_expect(may(g, 1, &who, RIGHT_ISSUE, "server", &found));
	cr_expect_not(may(g, 1, &who, RIGHT_ISSUE, "client", &found));
	cr_expect_not(may(g, 1, &who, RIGHT_RENEW, "server", &found));
	cr_expect_not(may(g, 1, &who, RIGHT_ADMIN, NULL, &found));
	v = (struct verdict){ 0 };
	cr_expect_not(grant_names(NULL, &who, &more, &v));
	verdict_free(&v);
	names_free(&names);
	names_free(&more);
}
