/* SPDX-License-Identifier: Apache-2.0 */
#include "paper_acme.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "ca/acme.h"

#define MUST(call) cr_assert((call), "%s", e.detail)

static struct link *prober;
static struct chan *prober_end;

struct paper_acme paper_acme;

static void
add_rows(void)
{
	struct acme_challenge c = { .type = CHALLENGE_HTTP_01,
		.token = "token",
		.status = ACME_PENDING,
		.error = (char *)"" };
	const struct acme_authz a = { .id = "a123456789012345678901",
		.account_num = paper_acme.account.num,
		.type = NAME_TYPE_DNS,
		.value = (char *)"a.internal",
		.status = ACME_PENDING,
		.created_at = clock_now(),
		.expires_at = clock_now() + 600,
		.challenges = &c,
		.n_challenges = 1 };
	struct acme_order_name name = { .type = NAME_TYPE_DNS,
		.value = (char *)"a.internal" };
	struct acme_order o = { .id = "o123456789012345678901",
		.account_num = paper_acme.account.num,
		.status = ACME_PENDING,
		.profile = (char *)"acme",
		.created_at = clock_now(),
		.expires_at = clock_now() + 600,
		.names = &name,
		.n_names = 1 };
	struct err e = { 0 };

	MUST(store_acme_authz_add(paper.store, &a, &paper_acme.authz_num, &e));
	name.authz_num = paper_acme.authz_num;
	MUST(store_acme_order_add(paper.store, &o, &paper_acme.order_num, &e));
}

void
paper_acme_begin(void)
{
	const struct acme_account a = { .id = "0123456789012345678901",
		.directory = (char *)"acme",
		.status = ACME_VALID,
		.key = (char *)"{}",
		.contact = (char *)"[]",
		.created_at = 1,
		.created_from = (char *)"" };
	struct err e = { 0 };
	int fds[2];

	paper_begin_with("- { name: acme, usages: [server auth],"
			 " names: { dns: [\"*.internal\"] },"
			 " acme: { challenges: [http-01], caa: true } }\n"
			 "acme: { caa_identities: [ca.internal] }\n");
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	prober_end = chan_new(fds[1], MIB(1));
	prober = link_new(paper.loop, fds[0], PEER_PROBER, MIB(1), acme_challenge_rules,
	    paper.ca);
	MUST(acme_open(paper.ca, prober, &e));
	MUST(store_acme_account_add(paper.store, &a, &paper_acme.account.num, &e));
	MUST(store_acme_account_by_num(paper.store, paper_acme.account.num,
	    &paper_acme.account, &e));
	add_rows();
	MUST(ca_batch_end(paper.ca, &e));
	paper_acme.answered = 0;
}

void
paper_acme_end(void)
{
	acme_challenge_stop(paper.ca);
	store_acme_account_free(&paper_acme.account);
	link_free(prober);
	chan_free(prober_end);
	paper_end();
}

struct acme_authz
paper_acme_authz(void)
{
	struct acme_authz a;
	struct err e = { 0 };

	MUST(store_acme_authz_by_num(paper.store, paper_acme.authz_num, &a, &e));
	return a;
}

struct acme_order
paper_acme_order(void)
{
	struct acme_order o;
	struct err e = { 0 };

	MUST(store_acme_order_by_num(paper.store, paper_acme.order_num, &o, &e));
	return o;
}

void
paper_acme_expect(enum acme_status of_authz, enum acme_status of_challenge)
{
	struct acme_authz a = paper_acme_authz();

	cr_expect_eq(a.status, of_authz, "the authorization is %s",
	    acme_state_word(a.status));
	cr_expect_eq(a.challenges[0].status, of_challenge, "the challenge is %s",
	    acme_state_word(a.challenges[0].status));
	store_acme_authz_free(&a);
}

void
paper_acme_done(void *arg)
{
	(void)arg;
	paper_acme.answered++;
}

void
paper_acme_ask(void)
{
	struct acme_authz a = paper_acme_authz();
	const struct acme_challenge_ask q = { .account = &paper_acme.account,
		.directory = conf_profile_find(paper.conf, bytes_str("acme")),
		.authz = &a,
		.challenge = &a.challenges[0],
		.request_id = "r-1",
		.wait_ms = 60000 };
	struct err e = { 0 };

	MUST(acme_challenge_begin(paper.ca, &q, paper_acme_done, NULL, &e));
	store_acme_authz_free(&a);
}

bool
paper_acme_tell(void)
{
	struct acme_authz a = paper_acme_authz();
	struct err e;

	const bool ok = acme_challenge_tell(paper.ca, &a, &e);
	cr_expect(!ok || a.challenges[0].status == ACME_PROCESSING);
	store_acme_authz_free(&a);
	return ok;
}

bool
paper_acme_probed(uint64_t id, enum err_code code, struct err *e)
{
	return paper_acme_told(id, code, code == ERR_NONE, e);
}

bool
paper_acme_told(uint64_t id, enum err_code code, bool proved, struct err *e)
{
	const struct msg_probed m = { .id = id,
		.code = code,
		.proved = proved,
		.retry_s = code == ERR_RATE_LIMITED ? 10 : 0,
		.detail = bytes_str(code == ERR_NONE ? "" : "nobody is there"),
		.transcript = bytes_str("[]") };
	struct buf b;

	buf_init(&b, KIB(4));
	msg_probed_put(&b, &m);
	const bool ok = acme_challenge_rules[0].handler(paper.ca,
	    &(struct frame){ MSG_PROBED, buf_bytes(&b), -1 }, e);
	buf_free(&b);
	return ok;
}

void
paper_acme_prove(void)
{
	struct err e = { 0 };

	MUST(paper_acme_probed(paper.ca->next_probe, ERR_NONE, &e));
}
