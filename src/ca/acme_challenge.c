/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/acme_challenge.h"

#include <stdlib.h>
#include <string.h>

#include "acme_challenge_impl.h"
#include "acme_order_impl.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/acme_limit.h"
#include "ca/ca_state.h"

#define FULL_MAX        10 /* rounds in which the prober was full */
#define WAITERS_MAX     16 /* of one validation: all are answered in one round */
#define AFTER_FAILURE_S 5  /* the database failed: the proof is asked for once more */

/* Before the second try, before the third; there is no fourth. */
static const unsigned again_s[] = { 2, 4 };

/* ---- those who wait for the end of one ---- */

static void
wait_ended(struct waiter *w)
{
	acme_challenge_done *done = w->done;
	void *arg = w->arg;

	loop_cancel(w->timer);
	free(w);
	done(arg);
}

static void
on_wait_over(void *arg)
{
	struct waiter *w = arg;
	struct waiter **at = &w->of->waiters;

	w->timer = NULL; /* it has fired */
	acme_challenge_keep(w->of);
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	wait_ended(w);
}

static void
wait_for(struct validation *v, int64_t ms, acme_challenge_done *done, void *arg)
{
	size_t n = 0;

	for (const struct waiter *w = v->waiters; w != NULL; w = w->next)
		n++;
	if (n >= WAITERS_MAX) { /* he may ask again */
		acme_challenge_keep(v);
		done(arg);
		return;
	}
	struct waiter *w = mem_zalloc(sizeof(*w));

	*w = (struct waiter){ .of = v,
		.done = done,
		.arg = arg,
		.since = v->ca->next_probe,
		.next = v->waiters };
	w->timer = loop_after(v->ca->loop, ms, on_wait_over, w);
	v->waiters = w;
}

static void
end(struct validation *v)
{
	struct validation **at = &v->ca->validations;

	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	while (v->waiters != NULL) {
		struct waiter *w = v->waiters;

		v->waiters = w->next;
		wait_ended(w);
	}
	loop_cancel(v->again);
	free(v->name);
	free(v->token);
	free(v->key_authorization);
	free(v->account_url);
	free(v->directory);
	free(v);
}

bool
acme_challenge_any_until(const struct ca *ca, uint64_t id)
{
	for (const struct validation *v = ca->validations; v != NULL; v = v->next)
		for (const struct waiter *w = v->waiters; w != NULL; w = w->next)
			if (w->since < id)
				return true;
	return acme_test_any_until(ca, id);
}

/* ---- asking ---- */

static void conclude(struct validation *v, const struct msg_probed *m);

static void
on_unanswered(void *arg)
{
	struct validation *v = arg;
	const struct msg_probed m =
	    acme_test_failed(v->id, ERR_UNAVAILABLE, ACME_TEST_UNANSWERED);

	v->again = NULL;
	conclude(v, &m);
}

static void
ask(struct validation *v)
{
	struct ca *ca = v->ca;
	const struct conf_profile *p =
	    conf_profile_find(ca->conf, bytes_str(v->directory));
	struct buf b;

	v->id = ++ca->next_probe;
	const struct msg_probe m = {
		.id = v->id,
		.profile = bytes_str(v->directory),
		.challenge = v->challenge,
		.prove = true,
		.caa = p != NULL && p->acme.caa && v->type == NAME_TYPE_DNS &&
		       !v->subdomains,
		.type = v->type,
		.name = bytes_str(v->name),
		.wildcard = v->wildcard,
		.token = bytes_str(v->token),
		.key_authorization = bytes_str(v->key_authorization),
		.account = bytes_str(v->account_url),
		.deadline_ms = MSG_PROBE_DEADLINE,
	};
	buf_init(&b, MSG_PROBE_FRAME_MAX);
	msg_probe_put(&b, &m);
	link_send(acme_prober(ca), MSG_PROBE, buf_bytes(&b));
	buf_free(&b);
	v->again =
	    loop_after(ca->loop, m.deadline_ms + ACME_TEST_LATE_MS, on_unanswered, v);
}

static bool
check_pending(enum acme_status authz, struct err *e)
{
	return authz == ACME_PENDING ||
	       err_set(e, ERR_MALFORMED, "the authorization is %s",
		   acme_state_word(authz));
}

/*
 * What was proved otherwise meanwhile, given up, or ended with its account, would keep
 * others out here and in the prober.
 */
static void
on_again(void *arg)
{
	struct validation *v = arg;
	enum acme_status authz;
	struct err e;

	v->again = NULL;
	if (!store_acme_authz_status(v->ca->store, v->authz_num, &authz, &e) ||
	    check_pending(authz, &e)) {
		/* It may have another key since (RFC 8555 7.3.5). */
		acme_challenge_proof_anew(v);
		ask(v);
	} else {
		const struct msg_probed m = acme_test_failed(0, e.code, e.detail);

		conclude(v, &m);
	}
}

static void
ask_again(struct validation *v, unsigned in_s)
{
	v->id = 0;
	loop_cancel(v->again);
	v->again = loop_after(v->ca->loop, (int64_t)in_s * 1000, on_again, v);
}

static struct validation *
new_validation(struct ca *ca, const struct acme_account *account,
    const struct acme_authz *authz, const struct acme_challenge *c)
{
	struct validation *v = mem_zalloc(sizeof(*v));
	const bool bare = c->type == CHALLENGE_DNS_PERSIST_01; /* proves an account */

	*v = (struct validation){
		.ca = ca,
		.challenge_num = c->num,
		.authz_num = authz->num,
		.account_num = account->num,
		.challenge = c->type,
		.type = authz->type,
		/* A record that does not say policy=wildcard is for its own name alone. */
		.wildcard = authz->wildcard || (bare && authz->subdomains),
		.subdomains = authz->subdomains,
		.name = mem_strdup(authz->value),
		.token = mem_strdup(bare ? "" : c->token),
		.key_authorization =
		    acme_challenge_proof(bare ? "" : c->token, account),
		.account_url = acme_account_url(ca, account),
		.directory = mem_strdup(account->directory),
		.next = ca->validations,
	};
	ca->validations = v;
	return v;
}

static bool
begin_anew(struct ca *ca, const struct acme_challenge_ask *q, struct validation **ret,
    struct err *e)
{
	const struct acme_challenge *c = q->challenge;
	enum acme_status to;

	if (!check_pending(q->authz->status, e))
		return false;
	if (!acme_state_next(ACME_CHALLENGE, c->status, ACME_EV_START, &to))
		return err_set(e, ERR_MALFORMED,
		    "the challenge is %s; make a new order for another one",
		    acme_state_word(c->status));
	/* The configuration may be another than when it was offered. */
	if ((acme_order_challenges(ca, q->directory, q->authz) & (unsigned)c->type) ==
	    0)
		return err_set(e, ERR_MALFORMED,
		    "%s is not offered here any more; make a new order",
		    sets_challenge_word(c->type));
	if (acme_prober(ca) == NULL)
		return err_set(e, ERR_UNAVAILABLE, "the prober is not there");
	if (!ca_writable(ca, e) || !acme_challenge_room(ca, q->account->num, e) ||
	    !acme_limit_attempt(ca, q->account->num, q->authz->value, e))
		return false;
	*ret = new_validation(ca, q->account, q->authz, c);
	snprintf((*ret)->request_id, sizeof((*ret)->request_id), "%s", q->request_id);
	ask(*ret);
	return true;
}

bool
acme_challenge_begin(struct ca *ca, const struct acme_challenge_ask *q,
    acme_challenge_done *done, void *arg, struct err *e)
{
	struct validation *v = acme_challenge_find(ca, q->challenge->num);

	if (v == NULL && q->challenge->status == ACME_VALID) {
		done(arg);
		return true;
	}
	if (v == NULL && q->challenge->status != ACME_PROCESSING &&
	    !begin_anew(ca, q, &v, e))
		return false;
	if (v == NULL) /* it is taken up again soon */
		done(arg);
	else
		wait_for(v, q->wait_ms, done, arg);
	return true;
}

/* ---- what the prober says ---- */

/* Printable ASCII; the rest as \xNN. */
static char *
escaped(struct bytes seen)
{
	struct buf b;

	buf_init(&b, 4 * MSG_PROBE_SEEN_MAX + 1);
	for (size_t i = 0; i < seen.n; i++)
		if (seen.p[i] >= 0x20 && seen.p[i] < 0x7f && seen.p[i] != '\\')
			buf_putc(&b, seen.p[i]);
		else
			buf_printf(&b, "\\x%02x", seen.p[i]);
	char *text = mem_strdup(buf_str(&b));
	buf_free(&b);
	return text;
}

static bool
keep_attempt(struct validation *v, const struct msg_probed *m, struct err *e)
{
	char *detail = mem_strndup(m->detail), *transcript = mem_strndup(m->transcript);
	char *seen = escaped(m->seen);
	const struct acme_attempt row = {
		.at = clock_now(),
		.account_num = v->account_num,
		.type = v->type,
		.value = v->name,
		.challenge = v->challenge,
		.result = m->code == ERR_NONE ? "valid" : err_type(m->code),
		.detail = detail,
		.transcript = transcript,
		.seen = seen,
		.request_id = v->request_id,
	};
	const bool ok = store_acme_authz_attempt(v->ca->store, &row, e);

	prom_count(&v->ca->tally.acme_validations, sets_challenge_word(v->challenge),
	    row.result);
	LOG(m->code == ERR_NONE ? LOG_INFO : LOG_WARN, "acme-validation",
	    LOG_TEXT("request_id", v->request_id), LOG_TEXT("name", v->name),
	    LOG_TEXT("challenge", sets_challenge_word(v->challenge)),
	    LOG_TEXT("result", row.result), LOG_TEXT("detail", detail),
	    LOG_NUM("ms", m->took_ms));
	free(detail);
	free(transcript);
	free(seen);
	return ok;
}

static bool
move(const struct validation *v, enum acme_status from, enum acme_status to,
    const char *error, struct err *e)
{
	return store_acme_authz_move_challenge(v->ca->store, v->challenge_num, from, to,
	    to == ACME_VALID ? clock_now() : 0, error, e);
}

/* After a round that was undone the row may say either. */
static bool
move_to(const struct validation *v, enum acme_status to, const char *error,
    struct err *e)
{
	if (v->kept)
		return move(v, ACME_PROCESSING, to, error, e);
	return move(v, ACME_PENDING, to, error, e) ||
	       (e->code == ERR_CONFLICT && move(v, ACME_PROCESSING, to, error, e));
}

/* An authorization that was given up meanwhile stays as it is. */
static bool
settle(struct validation *v, const struct msg_probed *m, struct err *e)
{
	struct store *st = v->ca->store;
	const bool valid = m->code == ERR_NONE;
	const enum acme_event ev = valid ? ACME_EV_PROVE : ACME_EV_FAIL;
	const struct conf_profile *p =
	    conf_profile_find(v->ca->conf, bytes_str(v->directory));
	const int64_t now = clock_now();
	enum acme_status challenge_to, authz, authz_to;
	int64_t life = p != NULL ? p->acme.authorization_s : 0;
	struct err why;

	err_set(&why, valid ? ERR_INTERNAL : m->code, "%.*s", (int)m->detail.n,
	    (const char *)m->detail.p);
	if (m->reuse_s > 0 && m->reuse_s < life)
		life = m->reuse_s;
	char *error = valid ? mem_strdup("") : acme_problem_text(&why);
	bool ok = store_acme_authz_status(st, v->authz_num, &authz, e) &&
		  acme_state_next(ACME_CHALLENGE, ACME_PROCESSING, ev, &challenge_to) &&
		  move_to(v, challenge_to, error, e);
	if (ok && acme_state_next(ACME_AUTHZ, authz, ev, &authz_to))
		ok = store_acme_authz_move(st, v->authz_num, authz, authz_to,
			 valid ? now + life : 0, e) &&
		     acme_order_authz_changed(v->ca, v->authz_num, error, e);
	free(error);
	return ok;
}

/* What another try may find otherwise: who answers starts up, a record spreads. */
static bool
is_passing(const struct validation *v, enum err_code code)
{
	const unsigned dns =
	    CHALLENGE_DNS_01 | CHALLENGE_DNS_ACCOUNT_01 | CHALLENGE_DNS_PERSIST_01;

	return code == ERR_UNAVAILABLE || code == ERR_PROBE_DNS ||
	       code == ERR_PROBE_CONNECTION ||
	       (code == ERR_PROBE_PROOF && (v->challenge & dns) != 0);
}

static void
conclude(struct validation *v, const struct msg_probed *m)
{
	struct err e;

	/* The prober is full: that was no try. */
	if (m->code == ERR_RATE_LIMITED && ++v->full < FULL_MAX) {
		acme_challenge_keep(v);
		ask_again(v, m->retry_s > 0 ? m->retry_s : 1);
		return;
	}
	if (!ca_writable(v->ca, &e) || !store_begin(v->ca->store, &e) ||
	    !keep_attempt(v, m, &e)) {
		LOG_ERR(LOG_ERROR, "acme-validation", &e);
		ask_again(v, AFTER_FAILURE_S);
		return;
	}
	if (is_passing(v, m->code) && v->tries < NITEMS(again_s)) {
		acme_challenge_keep(v);
		ask_again(v, again_s[v->tries++]);
		return;
	}
	if (!settle(v, m, &e))
		LOG_ERR(LOG_ERROR, "acme-validation", &e);
	/* Proved, or it was our prober's fault. */
	if (m->code == ERR_NONE || m->code == ERR_RATE_LIMITED ||
	    m->code == ERR_UNAVAILABLE)
		acme_limit_passed(v->ca, v->account_num, v->name);
	end(v);
}

static bool
on_probed(void *ctx, const struct frame *f, struct err *e)
{
	struct ca *ca = ctx;
	struct msg_probed m;

	if (!msg_probed_get(f->body, &m, e) || !acme_challenge_whole(ca, &m, e))
		return false;
	if (acme_test_take(ca, &m))
		return true;
	for (struct validation *v = ca->validations; v != NULL; v = v->next)
		if (v->id != 0 && v->id == m.id) { /* 0: it waits for its next try */
			conclude(v, &m);
			break;
		}
	return true;
}

const struct msg_rule acme_challenge_rules[] = {
	/* clang-format off */
	/* message     from         once   octets               handler */
	{ MSG_PROBED,  PEER_PROBER, false, MSG_PROBE_FRAME_MAX, on_probed },
	{ 0 }
	/* clang-format on */
};

/* ---- over a stop ---- */

static void
resume_one(struct validation *v)
{
	v->kept = true;
	ask_again(v, 0);
}

static bool
resume(void *arg, const struct acme_challenge *c, struct err *e)
{
	struct ca *ca = arg;
	struct acme_authz authz = { 0 };
	struct acme_account account = { 0 };

	if (acme_challenge_find(ca, c->num) != NULL)
		return true;
	const bool ok =
	    store_acme_authz_by_num(ca->store, c->authz_num, &authz, e) &&
	    store_acme_account_by_num(ca->store, authz.account_num, &account, e);
	if (ok && ca->acme != NULL && acme_prober(ca) != NULL)
		resume_one(new_validation(ca, &account, &authz, c));
	store_acme_authz_free(&authz);
	store_acme_account_free(&account);
	return ok;
}

void
acme_challenge_resume(struct ca *ca)
{
	struct err e;

	if (!store_acme_authz_processing(ca->store, 0, ACME_CHALLENGE_MAX, resume, ca,
		&e))
		LOG_ERR(LOG_ERROR, "acme-resume", &e);
}

void
acme_challenge_stop(struct ca *ca)
{
	while (ca->validations != NULL) {
		acme_challenge_keep(ca->validations);
		end(ca->validations);
	}
	acme_test_stop(ca);
}
