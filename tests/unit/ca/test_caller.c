/* SPDX-License-Identifier: Apache-2.0 */
/* Whom core takes the sender of a request for, and why it takes another for nobody. */
#include "ca/caller.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../store/fail_step.h"
#include "base/clock.h"
#include "base/mem.h"
#include "paper.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

static struct names names;
static struct buf der;

static void
begin(void)
{
	struct err e = { 0 };

	paper_begin();
	names = (struct names){ 0 };
	MUST(names_add(&names, NAME_TYPE_DNS, bytes_str("web.internal"), &e));
	buf_init(&der, KIB(64));
}

static void
end(void)
{
	names_free(&names);
	buf_free(&der);
	paper_end();
}

TestSuite(caller, .init = begin, .fini = end);

static struct msg_http_request
with(struct bytes cert)
{
	return (
	    struct msg_http_request){ .peer = PEER_KIND_TLS_CERT, .peer_cert = cert };
}

static void
expect_nobody(struct bytes cert, const char *why)
{
	const struct msg_http_request m = with(cert);
	struct caller c = { 0 };
	struct err e = { 0 };

	cr_expect_not(caller_identify(paper.ca, &m, false, &c, &e), "%s", why);
	cr_expect_eq(e.code, ERR_UNAUTHENTICATED, "%s: %d", why, e.code);
	cr_expect_not_null(strstr(e.detail, why), "%s", e.detail);
}

/* R43, R44: what is not for this is not taken, whatever front let through. */
Test(caller, a_certificate_that_does_not_count_says_why)
{
	const int64_t now = clock_now();
	const struct {
		struct paper_leaf leaf;
		const char *why;
	} cases[] = {
		{ { .names = &names,
		      .not_before = now - 2 * PAPER_DAY,
		      .not_after = now - 9 },
		    "expired at" },
		{ { .names = &names, .not_before = now + 900 }, "not valid before" },
		{ { .names = &names, .usages = USAGE_SERVER_AUTH },
		    "not for client authentication" },
		{ { .ca = true, .cn = "Sub CA" }, "not for client authentication" },
	};

	for (size_t i = 0; i < NITEMS(cases); i++) {
		buf_clear(&der);
		(void)paper_add(&cases[i].leaf, &der);
		expect_nobody(buf_bytes(&der), cases[i].why);
	}
	expect_nobody(bytes_str(""), "cannot be read");
	expect_nobody(bytes_str("no certificate"), "cannot be read");
}

/* R45, R46: it lies in the database, octet for octet, or it is nobody's. */
Test(caller, a_certificate_that_was_never_issued_is_nobodys)
{
	struct record_certificate rc;
	struct buf body;
	struct err e = { 0 };

	buf_init(&body, RECORD_MAX);
	(void)paper_leaf(&(struct paper_leaf){ .names = &names }, &body);
	MUST(record_certificate_get(buf_bytes(&body), &rc, &e));
	expect_nobody(rc.der, "this CA never issued");
	/* While the journal has more than the database, who was answered may be in it. */
	const struct msg_http_request m = with(rc.der);
	struct caller c = { 0 };
	paper.ca->phase = CA_BEHIND;
	cr_expect_not(caller_identify(paper.ca, &m, false, &c, &e));
	cr_expect_eq(e.code, ERR_UNAVAILABLE, "%s", e.detail);
	paper.ca->phase = CA_RUNNING;
	paper_record(MSG_JOURNAL_RECORD, 0, RECORD_CERTIFICATE, buf_bytes(&body));
	buf_put(&der, rc.der);
	der.p[der.n - 1] ^= 1; /* another signature over the same */
	expect_nobody(buf_bytes(&der), "not the one that was issued");
	struct buf root = paper.ca->issuers[0].cert->der;
	const struct ca_issuer ours = paper.ca->issuers[0];
	paper.ca->issuers[0] = paper.ca->issuers[1];
	expect_nobody(buf_bytes(&root), "of another CA");
	paper.ca->issuers[0] = ours;
	buf_free(&body);
}

/* R43: on a connection that is kept open, too. */
Test(caller, a_revocation_counts_on_the_next_request)
{
	struct caller c = { 0 };
	struct err e = { 0 };
	const struct serial s =
	    paper_add(&(struct paper_leaf){ .names = &names, .cn = "svc" }, &der);
	const struct msg_http_request m = with(buf_bytes(&der));

	for (int i = 0; i < 2; i++) { /* looked up, then remembered */
		MUST(caller_identify(paper.ca, &m, false, &c, &e));
		cr_expect_eq(c.id.kind, IDENTITY_CERT);
		cr_expect_str_eq(c.id.text, "cert:svc");
		cr_expect_str_eq(c.id.issuer, "main");
		caller_free(&c);
	}
	paper_add_revoked(&s, REASON_SUPERSEDED, clock_now());
	expect_nobody(buf_bytes(&der), "was revoked at");
}

/* R18, R43: whoever has the key has each of its certificates. */
Test(caller, a_key_that_was_revoked_with_one_certificate_opens_nothing_by_another)
{
	struct paper_leaf leaf = { .names = &names, .cn = "svc" };
	struct key *key = NULL;
	struct caller c = { 0 };
	struct err e = { 0 };

	MUST(key_generate(KEY_ALG_ECDSA_P256, 0, &key, &e));
	leaf.spki = key_spki(key);
	const struct serial first = paper_add(&leaf, NULL);
	const struct serial second = paper_add(&leaf, NULL);
	(void)paper_add(&leaf, &der);
	const struct msg_http_request m = with(buf_bytes(&der));

	paper_add_revoked(&first, REASON_SUPERSEDED, clock_now());
	MUST(caller_identify(paper.ca, &m, false, &c, &e)); /* the key is good */
	caller_free(&c);
	paper_add_revoked(&second, REASON_KEY_COMPROMISE, clock_now());
	expect_nobody(buf_bytes(&der), "revoked for keyCompromise");
	cr_expect_not(caller_identify(paper.ca, &m, true, &c, &e), "nor does it renew");
	key_free(key);
}

/* For the renewal of that very certificate its being a server's is enough. */
Test(caller, a_servers_certificate_may_prove_who_renews_it)
{
	struct caller c = { 0 };
	struct err e = { 0 };

	(void)paper_add(&(struct paper_leaf){ .names = &names,
			    .usages = USAGE_SERVER_AUTH },
	    &der);
	const struct msg_http_request m = with(buf_bytes(&der));
	MUST(caller_identify(paper.ca, &m, true, &c, &e));
	cr_expect_str_eq(c.id.text, "cert:web.internal", "without a CN its first name");
	caller_free(&c);
}

/* S84: the journal takes no name of any length. */
Test(caller, a_long_name_is_cut_and_told_apart_by_its_serial)
{
	struct names uri = { 0 };
	struct caller c = { 0 };
	struct err e = { 0 };
	char text[700] = "spiffe://internal/";

	memset(text + strlen(text), 'a', sizeof(text) - strlen(text) - 1);
	MUST(names_add(&uri, NAME_TYPE_URI, bytes_str(text), &e));
	(void)paper_add(&(struct paper_leaf){ .names = &uri }, &der);
	const struct msg_http_request m = with(buf_bytes(&der));
	MUST(caller_identify(paper.ca, &m, false, &c, &e));
	cr_expect_lt(strlen(c.id.text), 600u);
	cr_expect_not_null(strstr(c.id.text, "... ("));
	caller_free(&c);
	names_free(&uri);
}

/* R46: another issuer's holder of a name is another. */
Test(caller, with_several_issuers_its_issuer_belongs_to_who_it_is)
{
	const struct ca_issuer two[] = { paper.ca->issuers[0], paper.ca->issuers[1] };
	struct ca_issuer three[] = { two[0], two[1], two[0] };
	struct ca_issuer *const were = paper.ca->issuers;
	struct caller c = { 0 };
	struct err e = { 0 };

	(void)paper_add(&(struct paper_leaf){ .names = &names, .cn = "svc" }, &der);
	const struct msg_http_request m = with(buf_bytes(&der));
	paper.ca->issuers = three;
	paper.ca->n_issuers = NITEMS(three);
	MUST(caller_identify(paper.ca, &m, false, &c, &e));
	cr_expect_str_eq(c.id.text, "cert:svc (main)");
	caller_free(&c);
	paper.ca->issuers = were;
	paper.ca->n_issuers = NITEMS(two);
}

/* S88: who cannot be looked up is not taken for anybody, and not for a stranger. */
Test(caller, a_database_that_fails_is_told_as_that)
{
	struct err e = { 0 };

	(void)paper_add(&(struct paper_leaf){ .names = &names }, &der);
	MUST(store_commit(paper.store, &e));
	const struct msg_http_request m = with(buf_bytes(&der));
	for (unsigned n = 1; n < 50; n++) {
		struct caller c = { 0 };

		failed_step = false;
		fail_step = n;
		const bool ok = caller_identify(paper.ca, &m, false, &c, &e);
		fail_step = 0;
		if (!failed_step) {
			MUST(ok);
			caller_free(&c);
			return;
		}
		cr_expect_not(ok, "step %u", n);
		cr_expect_neq(e.code, ERR_UNAUTHENTICATED, "step %u: %s", n, e.detail);
		store_rollback(paper.store);
	}
	cr_assert_fail("it never ends");
}

/* S10 */
Test(caller, by_the_socket_only_root_and_the_daemons_user_are_somebody)
{
	const struct {
		struct msg_http_request m;
		enum identity_kind kind;
	} cases[] = {
		{ { .peer = PEER_KIND_UNIX, .uid = 0 }, IDENTITY_ADMIN },
		{ { .peer = PEER_KIND_UNIX, .uid = geteuid() }, IDENTITY_ADMIN },
		{ { .peer = PEER_KIND_UNIX, .uid = geteuid() + 1 }, IDENTITY_NONE },
		{ { .peer = PEER_KIND_TLS }, IDENTITY_NONE },
		{ { .peer = PEER_KIND_PLAIN }, IDENTITY_NONE },
	};
	struct verdict v = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < NITEMS(cases); i++) {
		struct caller c = { 0 };

		MUST(caller_identify(paper.ca, &cases[i].m, false, &c, &e));
		cr_expect_eq(c.id.kind, cases[i].kind, "case %zu", i);
		const bool may = caller_may(paper.ca, &c, RIGHT_ADMIN, &v, &e);
		cr_expect_eq(may, cases[i].kind == IDENTITY_ADMIN, "case %zu", i);
		cr_expect_eq(caller_may(paper.ca, &c, 0, &v, &e), may, "case %zu", i);
		caller_free(&c);
		verdict_free(&v);
	}
	struct caller c = { 0 };
	const struct msg_http_request nobody = { .peer = PEER_KIND_UNIX,
		.uid = MSG_HTTP_NOBODY };
	cr_expect_not(caller_identify(paper.ca, &nobody, false, &c, &e));
	cr_expect_eq(e.code, ERR_UNAUTHENTICATED);
	const struct msg_http_request bad = { .peer = PEER_KIND_TLS_BAD,
		.peer_why = bytes_str("it is no certificate of ours") };
	cr_expect_not(caller_identify(paper.ca, &bad, false, &c, &e));
	cr_expect_not_null(strstr(e.detail, "no certificate of ours"));
}

/* S4: a certificate that counts, without the right. */
Test(caller, an_identity_is_no_right)
{
	struct caller c = { 0 };
	struct verdict v = { 0 };
	struct err e = { 0 };

	(void)paper_add(&(struct paper_leaf){ .names = &names }, &der);
	const struct msg_http_request m = with(buf_bytes(&der));
	MUST(caller_identify(paper.ca, &m, false, &c, &e));
	cr_expect(caller_may(paper.ca, &c, 0, &v, &e));
	cr_expect_not(caller_may(paper.ca, &c, RIGHT_READ, &v, &e));
	cr_expect_eq(e.code, ERR_FORBIDDEN);
	caller_free(&c);
	verdict_free(&v);
}

/* Explained for another: the newest of a CN that counts, or why the newest does not. */
Test(caller, another_is_found_by_serial_or_cn)
{
	struct caller c = { 0 };
	char hex[SERIAL_HEX_LEN];
	struct err e = { 0 };

	cr_expect_not(caller_as(paper.ca, "cn:svc", &c, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	cr_expect_not(caller_as(paper.ca, "no serial", &c, &e));
	cr_expect_eq(e.code, ERR_MALFORMED);
	cr_expect_not(caller_as(paper.ca, "1234", &c, &e));
	cr_expect_eq(e.code, ERR_NOT_FOUND);
	(void)paper_add(&(struct paper_leaf){ .names = &names,
			    .cn = "svc",
			    .usages = USAGE_SERVER_AUTH },
	    NULL);
	cr_expect_not(caller_as(paper.ca, "cn:svc", &c, &e));
	cr_expect_eq(e.code, ERR_UNAUTHENTICATED, "%s", e.detail);
	for (int i = 0; i < 2; i++) {
		const struct serial s =
		    paper_add(&(struct paper_leaf){ .names = &names, .cn = "svc" },
			NULL);
		serial_to_hex(&s, hex);
	}
	MUST(caller_as(paper.ca, "cn:svc", &c, &e));
	caller_free(&c);
	MUST(caller_as(paper.ca, hex, &c, &e));
	cr_expect_str_eq(c.id.text, "cert:svc");
	caller_free(&c);
	fail_step = 1;
	cr_expect_not(caller_as(paper.ca, "cn:svc", &c, &e));
	cr_expect_eq(e.code, ERR_IO);
}
