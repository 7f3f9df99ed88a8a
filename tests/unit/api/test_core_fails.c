/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core's routes, each asked with the first step of SQLite failing, the second, and so
 * on: no client may be told of what is not on disk, or that nothing is there where
 * nobody could look.  The test is front, and the signer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../store/fail_step.h"
#include "acme_sign.h"
#include "ask_core.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ca/acme.h"
#include "ca/acme_challenge.h"
#include "codec/pem.h"
#include "x509/certid.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

static void
on_reload(void *arg, struct request *r)
{
	(void)arg;
	core_reload_done(r, bytes_str("profiles"), NULL);
}

/* ---- what is asked ---- */

#define JSON(p, b)                                                                     \
	{                                                                              \
		.method = "POST", .path = (p), .body = (b), .type = "application/json" \
	}
#define CSR(p, q, ...)                                                                 \
	{                                                                              \
		.method = "POST", .path = (p), .query = (q), .body = csr_pem,          \
		.type = "text/plain", __VA_ARGS__                                      \
	}
#define ACME(p, q, k, text)                                                            \
	{                                                                              \
		.method = "POST", .path = (p), .query = (q), .kid = (k),               \
		.payload = (text), .type = "application/jose+json"                     \
	}
#define DELETE(p)                                                                      \
	{                                                                              \
		.method = "DELETE", .path = (p)                                        \
	}

static char *csr_pem, *certificate_path, *revoke_path, *certid_path, *token_path,
    *eab_path, *authorization, *as_body;
static struct buf admin_der;

static char *
pem_of(const struct csr *csr)
{
	struct buf pem;

	buf_init(&pem, KIB(16));
	pem_put(&pem, "CERTIFICATE REQUEST", buf_bytes(&csr->der));
	char *text = mem_strdup(buf_str(&pem));
	buf_free(&pem);
	return text;
}

/* A member of the last answer's JSON, of text. */
static char *
member(const char *name)
{
	char *key = mem_printf("\"%s\":\"", name);
	const char *at = strstr(answer.body, key);

	cr_assert_not_null(at, "%s: %s", name, answer.body);
	at += strlen(key);
	free(key);
	return mem_strndup(bytes_of(at, strcspn(at, "\"")));
}

static void
make_things(void)
{
	struct names names = { 0 };
	struct buf id;
	struct cert *cert;
	char hex[SERIAL_HEX_LEN];
	struct err e = { 0 };

	struct csr *csr = paper_csr((const char *const[]){ "web.internal", NULL });
	csr_pem = pem_of(csr);
	csr_free(csr);
	buf_init(&admin_der, KIB(16));
	MUST(names_add(&names, NAME_TYPE_DNS, bytes_str("web.internal"), &e));
	const struct serial s =
	    paper_add(&(struct paper_leaf){ .names = &names, .cn = "svc" }, &admin_der);
	serial_to_hex(&s, hex);
	certificate_path = mem_printf("/v1/certificates/%s", hex);
	as_body = mem_printf("profile=server&as=%s", hex);
	const struct serial other = paper_add_dns("server", "db.internal", NULL);
	serial_to_hex(&other, hex);
	revoke_path = mem_printf("/v1/certificates/%s/revoke", hex);
	MUST(cert_parse(buf_bytes(&admin_der), &cert, &e));
	buf_init(&id, 200);
	MUST(certid_write(cert, &id, &e));
	certid_path = mem_printf("/v1/renewal-info/%s", buf_str(&id));
	buf_free(&id);
	cert_free(cert);
	names_free(&names);
	const struct question token_question = JSON("/v1/tokens",
	    "{\"names\":[{\"type\":\"dns\",\"value\":\"web.internal\"}],\"uses\":1000,"
	    "\"profile\":\"server\"}");
	ask(&token_question);
	cr_assert_eq(answer.status, 201, "%s", answer.body);
	char *token = member("token"), *id_text = member("id");
	authorization = mem_printf("Bearer %s", token);
	token_path = mem_printf("/v1/tokens/%s", id_text);
	free(token);
	free(id_text);
	const struct question eab_question =
	    JSON("/v1/acme/eab", "{\"directory\":\"bound\"}");
	ask(&eab_question);
	cr_assert_eq(answer.status, 201, "%s", answer.body);
	char *kid = member("kid");
	eab_path = mem_printf("/v1/acme/eab/%s", kid);
	free(kid);
}

static void
begin(void)
{
	struct err e = { 0 };

	paper_begin_with(
	    "- { name: bound, usages: [server auth], acme: {},\n"
	    "    names: { dns: [\"*.internal\"] } }\n"
	    "grants:\n"
	    "- { who: { cn: svc }, may: [issue, renew, read], profiles: [\"*\"],"
	    " names: any }\n");
	MUST(acme_open(paper.ca, NULL, &e));
	static struct request_load load;

	api = (struct api){ .ca = paper.ca,
		.load = &load,
		.slices = slices_new(paper.loop),
		.answer = ask_core_answered,
		.reload = on_reload };
	make_things();
}

static void
end(void)
{
	slices_free(api.slices);
	acme_sign_end();
	free(answer.body);
	free(answer.headers);
	answer.body = answer.headers = NULL;
	buf_free(&admin_der);
	char *texts[] = { csr_pem, certificate_path, revoke_path, certid_path,
		token_path, eab_path, authorization, as_body };
	for (size_t i = 0; i < NITEMS(texts); i++)
		free(texts[i]);
	paper_end();
}

TestSuite(core_fails, .init = begin, .fini = end, .timeout = 60);

/* Of all that is written there is a row in the audit; what is not committed goes. */
static int64_t
rows_on_disk(void)
{
	store_rollback(paper.store);
	struct stmt *q = stmt_begin_sql(store_db(paper.store),
	    "SELECT COUNT(*) FROM audit", "count");
	struct err e = { 0 };

	MUST(stmt_row(q, &e));
	const int64_t n = stmt_col_int(q, 0);
	MUST(stmt_finish(q, &e));
	return n;
}

/* As after the resync. */
static void
recover(void)
{
	struct err e = { 0 };

	paper.ca->phase = CA_RUNNING;
	paper.ca->round_failed = false;
	MUST(store_seq(paper.store, &paper.seq, &e));
}

/* A85, A87: what a client is told of a failure that is ours. */
static void
look_at_failure(const struct question *q, unsigned step)
{
	static const char *const inside[] = { "SELECT ", "INSERT ", "UPDATE ", "UNIQUE",
		"/tmp/" };
	const bool acme = q->payload != NULL;

	for (size_t i = 0; i < NITEMS(inside); i++)
		cr_expect_null(strstr(answer.body, inside[i]), "%s, step %u: %s",
		    q->path, step, answer.body);
	cr_expect(strstr(answer.headers, "Retry-After: ") != NULL ||
		      answer.status != 503,
	    "%s, step %u: %s", q->path, step, answer.headers);
	cr_expect(strstr(answer.headers, "Replay-Nonce: ") != NULL || !acme,
	    "%s, step %u: %s", q->path, step, answer.headers);
	cr_expect(strstr(answer.body, "urn:ietf:params:acme:error:serverInternal") !=
			  NULL ||
		      !acme,
	    "%s, step %u: %s", q->path, step, answer.body);
}

/*
 * Each step of this question fails once; the last time none does.  'again': the
 * answer when it was done before: a step behind the commit may fail too, and a
 * revocation that the signer has journalled stays, whatever was told of it.
 */
static void
sweep(const struct question *q, int status, int again)
{
	for (unsigned n = 1;; n++) {
		const int64_t before = rows_on_disk();

		cr_assert_lt(n, 500, "%s %s never ends", q->method, q->path);
		failed_step = false;
		fail_step = n;
		ask(q);
		fail_step = 0;
		if (!failed_step)
			break;
		const bool done = answer.status < 500;
		cr_expect(!done || !answer.wrote || rows_on_disk() > before,
		    "%s %s, step %u: told, and not on disk: %d %s", q->method, q->path,
		    n, answer.status, answer.body);
		cr_expect(!done || answer.status == status || answer.status == again,
		    "%s %s, step %u: a failure is no refusal: %d %s", q->method,
		    q->path, n, answer.status, answer.body);
		if (!done)
			look_at_failure(q, n);
		recover();
	}
	cr_expect(answer.status == status || answer.status == again,
	    "%s %s, undisturbed: %d %s", q->method, q->path, answer.status,
	    answer.body);
}

/* S88 */
Test(core_fails, what_is_read)
{
	const char *const paths[][2] = {
		{ "/v1/whoami", NULL },
		{ "/v1/profiles", NULL },
		{ "/v1/issuers", NULL },
		{ "/v1/stats", NULL },
		{ "/v1/audit", "limit=5" },
		{ "/v1/audit", "event=issued&since=2020-01-01T00:00:00Z" },
		{ "/v1/certificates", NULL },
		{ "/v1/certificates", "q=web&limit=1" },
		{ "/v1/certificates", "dns=web.internal&status=valid" },
		{ "/v1/certificates", "profile=server&requester=cert:admin" },
		{ "/v1/tokens", "status=pending" },
		{ "/v1/acme/eab", NULL },
		{ "/v1/acme/accounts", NULL },
		{ "/v1/acme/orders", NULL },
		{ "/v1/acme/attempts", "name=web.internal" },
		{ "/metrics", NULL },
		{ "/acme/bound/directory", NULL },
		{ "/acme/bound/new-nonce", NULL },
		{ certificate_path, NULL },
		{ certid_path, NULL },
	};

	for (size_t i = 0; i < NITEMS(paths); i++) {
		const struct question q = { .method = "GET",
			.path = paths[i][0],
			.query = paths[i][1] };

		ask(&q);
		sweep(&q, answer.status, answer.status);
		cr_expect(answer.status == 200 || answer.status == 204, "%s: %d %s",
		    q.path, answer.status, answer.body);
	}
}

/* What stands behind 'before' in the last answer, up to 'end'. */
static char *
between(const char *before, const char *end)
{
	const char *at = strstr(answer.body, before);

	cr_assert_not_null(at, "%s: %s", before, answer.body);
	at += strlen(before);
	const char *to = strstr(at, end);
	cr_assert_not_null(to, "%s: %s", end, answer.body);
	return mem_strndup(bytes_of(at, (size_t)(to - at)));
}

/* S88, A84: a client is not told that its challenge is gone, or its cursor wrong. */
Test(core_fails, what_is_read_by_acme)
{
	const struct question account =
	    ACME("/acme/bound/new-account", NULL, NULL, "{}");
	ask(&account);
	cr_assert_eq(answer.status, 201, "%s", answer.body);
	char *kid = between("\"orders\":\"", "/orders\"");
	const char *host = ca_conf(paper.ca)->url_api;

	const struct question order = ACME("/acme/bound/new-order", NULL, kid,
	    "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"web.internal\"}]}");
	ask(&order);
	cr_assert_eq(answer.status, 201, "%s", answer.body);
	char *order_path = between(host, "/finalize\"");
	char *order_at = strstr(order_path, "/acme/bound/order/");
	cr_assert_not_null(order_at, "%s", order_path);
	char *cursor = mem_printf("cursor=%s", order_at + strlen("/acme/bound/order/"));
	char *authz = between("\"authorizations\":[\"", "\"");
	const struct question get_authz = ACME(authz + strlen(host), NULL, kid, "");
	ask(&get_authz);
	char *challenge = between("\"url\":\"", "\"");
	char *orders = mem_printf("%s/orders", kid);

	const struct question qs[] = {
		ACME(kid + strlen(host), NULL, kid, ""),
		ACME(orders + strlen(host), cursor, kid, ""),
		ACME(order_at, NULL, kid, ""),
		ACME(authz + strlen(host), NULL, kid, ""),
		ACME(challenge + strlen(host), NULL, kid, ""),
	};
	for (size_t i = 0; i < NITEMS(qs); i++)
		sweep(&qs[i], 200, 200);
	char *texts[] = { kid, order_path, cursor, authz, challenge, orders };
	for (size_t i = 0; i < NITEMS(texts); i++)
		free(texts[i]);
}

/* R89, R90, A84, A85: and who is told that it is not has a nonce to ask again with. */
Test(core_fails, what_is_written_by_acme)
{
	static const char name[] = "{\"type\":\"dns\",\"value\":\"web.internal\"}";
	char *order_text = mem_printf("{\"identifiers\":[%s]}", name);
	char *authz_text = mem_printf("{\"identifier\":%s}", name);
	const struct question account =
	    ACME("/acme/bound/new-account", NULL, NULL, "{}");

	sweep(&account, 201, 200);
	char *kid = between("\"orders\":\"", "/orders\"");
	const struct question authz =
	    ACME("/acme/bound/new-authz", NULL, kid, authz_text);
	const struct question order =
	    ACME("/acme/bound/new-order", NULL, kid, order_text);
	sweep(&authz, 201, 201);
	sweep(&order, 201, 201);
	char *texts[] = { order_text, authz_text, kid };
	for (size_t i = 0; i < NITEMS(texts); i++)
		free(texts[i]);
}

/* R89, R90: told only when it is stored. */
Test(core_fails, what_is_written)
{
	const char *by = "profile=server";
	const struct question qs[] = {
		CSR("/v1/certificates", by, .accept = NULL),
		CSR("/v1/explain", by, .accept = NULL),
		CSR("/v1/explain", as_body, .accept = NULL),
		JSON("/v1/tokens",
		    "{\"names\":[{\"type\":\"dns\",\"value\":\"a.internal\"}],"
		    "\"profile\":\"server\"}"),
		CSR("/v1/enroll", NULL, .authorization = authorization),
		CSR("/v1/renew", NULL, .cert = buf_bytes(&admin_der)),
		JSON("/v1/renewals", "{\"within\":\"1h\",\"where\":{\"q\":\"web\"}}"),
		JSON("/v1/acme/eab", "{\"directory\":\"bound\"}"),
		JSON(revoke_path, "{\"lineage\":true}"),
		DELETE(token_path),
		DELETE(eab_path),
		JSON("/v1/reload", "{}"),
	};
	static const int statuses[] = { 201, 200, 200, 201, 201, 201, 200, 201, 200,
		200, 200, 200 };

	for (size_t i = 0; i < NITEMS(qs); i++)
		sweep(&qs[i], statuses[i],
		    qs[i].path == revoke_path ? 409 : statuses[i]);
}

/* R90: its accounts end in later rounds, which may be those of a database that came level. */
Test(core_fails, a_key_whose_revocation_was_undone_is_not_told_as_revoked)
{
	const struct question q = DELETE(eab_path);
	struct err e = { 0 };

	send_question(&q);
	cr_assert_not(answer.there);
	fail_step = 1;
	cr_expect_not(ca_batch_end(paper.ca, &e));
	fail_step = 0;
	recover();
	await_answer(&q);
	cr_expect_eq(answer.status, 503, "%s", answer.body);
	ask(&q);
	cr_expect_eq(answer.status, 200, "%s", answer.body);
}
