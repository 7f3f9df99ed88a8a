/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core - the role that decides: database, policy, JSON.  It has no network and
 * no key.  One thread decides, in one event loop; each round of it is one transaction.
 * Another one waits for the disk (sys/aside.h).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/core_routes.h"
#include "api/instead.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "ca/acme_challenge.h"
#include "ca/publish.h"
#include "ca/reconcile.h"
#include "ca/tally.h"
#include "codec/json.h"
#include "daemon/core_listener.h"
#include "daemon/role.h"
#include "policy/limiter.h"
#include "sys/sock.h"

#define RELOADS_MAX 16

/*
 * Answers that wait for front to read them: beyond this a long one that tells of
 * nothing that was done gives way to "later".  Well below LINK_QUEUED_MAX, which ends
 * the link and with it the daemon.
 */
#define BACKLOG_MAX  (LINK_QUEUED_MAX / 2)
#define BACKLOG_LONG KIB(16)

#define CSRS_PER_HOUR                                                                  \
	60 /* certificates for the api listener; one reload, one of them */

struct held { /* a message to front that waits for the commit of its round */
	enum msg_type type;
	uint64_t id;
	bool wrote;
	struct buf body;
};

struct core {
	struct role *role;
	struct link *front, *signer, *prober;
	char *socket; /* where those of this machine connect */
	struct store *store;
	struct ca *ca;
	struct api api;
	struct request_load load;
	struct held *held;
	size_t n_held, room_held;
	size_t held_octets;
	bool ready;
	struct buf csr;    /* of the api listener, when it came before all was ready */
	bool has_listener; /* the api listener got its first certificate */
	struct limiter *csrs;
	struct request
	    *reloads[RELOADS_MAX]; /* that wait for the parent; slot = id - 1 */
};

static void
hold(struct core *c, const struct held *h)
{
	if (c->n_held == c->room_held) {
		c->room_held = c->room_held == 0 ? 64 : c->room_held * 2;
		c->held = mem_grow(c->held, c->room_held, sizeof(*c->held));
	}
	c->held[c->n_held++] = *h;
}

static void
on_answer(void *arg, const struct msg_http_response *m, bool wrote)
{
	struct held h = { .type = MSG_HTTP_RESPONSE, .id = m->id, .wrote = wrote };
	struct core *c = arg;

	buf_init(&h.body, MIB(20));
	if (!wrote && m->body.n > BACKLOG_LONG &&
	    c->held_octets + link_queued(c->front) > BACKLOG_MAX)
		instead_put(&h.body, m, INSTEAD_LATER);
	else
		msg_http_response_put(&h.body, m);
	c->held_octets += h.body.n;
	hold(c, &h);
}

/* What a client hears whose certificate or revocation did not reach the disk. */
static void
answer_lost(struct core *c, const struct held *h)
{
	struct msg_http_response m = { .id = h->id };
	struct buf frame;
	struct err e;

	if (!msg_http_response_get(buf_bytes(&h->body), &m, &e)) /* our own words */
		LOG_ERR(LOG_ERROR, "answer", &e);
	buf_init(&frame, KIB(24));
	instead_put(&frame, &m, INSTEAD_LOST);
	link_send(c->front, MSG_HTTP_RESPONSE, buf_bytes(&frame));
	buf_free(&frame);
}

/* Without its first certificate the daemon is no use; later, front asks again by itself. */
static void
listener_failed(struct core *c, const struct err *why)
{
	struct err e = *why;

	err_prefix(&e, "certificate of the api listener");
	if (!c->has_listener)
		role_fail(&e);
	LOG_ERR(LOG_ERROR, "listener-certificate", &e);
}

/* The end of a round: first the disk, then the answers (design section 5). */
static void
on_batch(void *arg)
{
	struct core *c = arg;
	struct err e;

	const bool committed = ca_batch_end(c->ca, &e);
	if (!committed)
		LOG_ERR(LOG_ERROR, "commit-failed", &e, LOG_NUM("answers", c->n_held));
	size_t wrote = 0;
	for (size_t i = 0; i < c->n_held; i++) {
		struct held *h = &c->held[i];

		wrote += h->wrote;
		fault_point("core.answer");
		if (committed || !h->wrote) {
			link_send(c->front, h->type, buf_bytes(&h->body));
			c->has_listener |= h->type == MSG_TLS_CERT;
		} else if (h->type == MSG_HTTP_RESPONSE)
			answer_lost(c, h);
		else if (h->type == MSG_TLS_CERT)
			listener_failed(c, &e);
		buf_wipe(&h->body);
	}
	c->n_held = 0;
	c->held_octets = 0;
	if (committed && wrote > 0)
		prom_observe(&tally_of(c->ca)->batch, &prom_sizes, wrote);
	if (ca_settled(c->ca))
		role_conf_settled(c->role);
}

static bool
on_http_request(void *ctx, const struct frame *f, struct err *e)
{
	struct core *c = ctx;

	return request_take(&c->api, f->body, NULL, e);
}

/* Who asks, the kernel tells: front could say that it is root (ADR 0029). */
static bool
on_http_local(void *ctx, const struct frame *f, struct err *e)
{
	struct core *c = ctx;
	uid_t uid;
	bool there;

	if (!sock_client(f->fd, c->socket, &uid, &there, e))
		return false; /* who knows what it is: it stays open (chan_leave()) */
	close(f->fd);
	if (!there)
		uid = MSG_HTTP_NOBODY;
	return request_take(&c->api, f->body, &uid, e);
}

/* ---- the certificate of the api listener, for the key that front made ---- */

static void
on_listener_cert(void *arg, const struct msg_tls_cert *m, const struct err *refused)
{
	struct held h = { .type = MSG_TLS_CERT, .wrote = true };
	struct core *c = arg;

	if (refused != NULL) {
		listener_failed(c, refused);
		return;
	}
	buf_init(&h.body, KIB(256));
	msg_tls_cert_put(&h.body, m);
	hold(c, &h);
}

/*
 * Each is a record in the journal for good, and front chooses when it asks.  One that
 * was not heard asks again by itself.
 */
static bool
may_ask(struct core *c, struct err *e)
{
	static const uint8_t all[16];
	int64_t wait_s;

	if (c->csrs == NULL)
		c->csrs = limiter_new(CSRS_PER_HOUR, CSRS_PER_HOUR);
	if (limiter_take(c->csrs, all, clock_mono_ms(), &wait_s))
		return true;
	return err_set(e, ERR_UNAVAILABLE,
	    "front asked for %d within an hour; the next may be had in %" PRId64 " s",
	    CSRS_PER_HOUR, wait_s);
}

static bool
on_tls_csr(void *ctx, const struct frame *f, struct err *e)
{
	struct core *c = ctx;
	struct err why;

	(void)e;
	if (!may_ask(c, &why)) {
		LOG_ERR(LOG_WARN, "listener-certificate", &why);
	} else if (!c->ready) {
		buf_clear(&c->csr);
		buf_put(&c->csr, f->body);
	} else if (!core_listener_issue(c->ca, f->body, on_listener_cert, c, &why))
		listener_failed(c, &why);
	return true;
}

static const struct msg_rule front_rules[] = {
	/* clang-format off */
	/* message           from        once   octets    handler */
	{ MSG_HTTP_REQUEST,  PEER_FRONT, false, MIB(1),   on_http_request },
	{ MSG_HTTP_LOCAL,    PEER_FRONT, false, MIB(1),   on_http_local },
	{ MSG_TLS_CSR,       PEER_FRONT, false, KIB(16),  on_tls_csr },
	{ 0 }
	/* clang-format on */
};

/* ---- another configuration ---- */

static void
on_reload_wanted(void *arg, struct request *r)
{
	struct core *c = arg;
	struct err e;

	for (size_t i = 0; i < RELOADS_MAX; i++)
		if (c->reloads[i] == NULL) {
			c->reloads[i] = r;
			role_reload(c->role, i + 1);
			return;
		}
	err_set(&e, ERR_UNAVAILABLE, "%d others wait for a reload", RELOADS_MAX);
	request_problem(r, &e, NULL);
}

static void
on_reloaded(void *ctx, uint64_t id, struct bytes changed, const struct err *e)
{
	struct core *c = ctx;

	if (id == 0 || id > RELOADS_MAX || c->reloads[id - 1] == NULL)
		return;
	struct request *r = c->reloads[id - 1];
	c->reloads[id - 1] = NULL;
	core_reload_done(r, changed, e);
}

/* Nobody hears it any more: front has ended before. */
static void
stop_reloads(struct core *c)
{
	struct err e;

	err_set(&e, ERR_UNAVAILABLE, "the daemon stops");
	for (size_t i = 0; i < RELOADS_MAX; i++)
		if (c->reloads[i] != NULL)
			request_problem(c->reloads[i], &e, NULL);
}

/* Open questions borrow from the one before; on_batch() lets it go. */
static bool
on_conf(void *ctx, struct role *r, const struct conf *was)
{
	struct core *c = ctx;

	(void)was;
	ca_reload(c->ca, role_conf(r));
	return false;
}

/* ---- what ca asks of its role ---- */

static void
on_publish(void *arg, const struct msg_publish *m)
{
	struct core *c = arg;
	struct buf b;

	buf_init(&b, KIB(4));
	msg_publish_put(&b, m);
	link_send(c->front, MSG_PUBLISH, buf_bytes(&b));
	buf_free(&b);
}

/*
 * Held with the answers: what was held before may be kept by front and then
 * forgotten, what is held later comes later.  Sent at once, it would overtake them.
 */
static void
on_forget(void *arg, const struct msg_forget *m)
{
	struct held h = { .type = MSG_FORGET };

	buf_init(&h.body, KIB(1));
	msg_forget_put(&h.body, m);
	hold(arg, &h);
}

/* Level with the journal: front may be listened to from here on. */
static void
on_ready(void *arg)
{
	struct core *c = arg;
	struct err e;

	c->ready = true;
	if (c->csr.n > 0 &&
	    !core_listener_issue(c->ca, buf_bytes(&c->csr), on_listener_cert, c, &e))
		listener_failed(c, &e);
	buf_free(&c->csr);
	role_ready(c->role);
}

static void
on_fail(void *arg, const struct err *e)
{
	(void)arg;
	role_fail(e);
}

static bool
open_store(struct core *c, struct err *e)
{
	const struct conf *conf = role_conf(c->role);
	char *path = conf_path(conf, conf->database);

	const int64_t began = clock_mono_ms();
	bool ok = store_open(path, &c->store, e);
	if (ok && store_migrated_from(c->store) != 0)
		LOG(LOG_INFO, "database-migrated",
		    LOG_NUM("from", store_migrated_from(c->store)),
		    LOG_NUM("ms", clock_mono_ms() - began));
	if (!ok && e->code == ERR_NOT_FOUND) {
		if (role_recover(c->role))
			ok = store_create(path, &c->store, e);
		else
			reconcile_lacks(path, conf, e);
	}
	free(path);
	return ok;
}

static void
on_threads(void *ctx)
{
	struct core *c = ctx;
	struct err e;

	if (!ca_threads(c->ca, &e))
		role_fail(&e);
}

int
main(void)
{
	static struct core c;
	struct err e = { 0 };

	buf_init(&c.csr, KIB(16));
	c.role = role_begin(&(struct role_def){ .name = "core",
	    .on_conf = on_conf,
	    .on_reloaded = on_reloaded,
	    .on_threads = on_threads,
	    .ctx = &c });
	const struct ca_hooks hooks = { .arg = &c,
		.publish = on_publish,
		.forget = on_forget,
		.ready = on_ready,
		.fail = on_fail };
	if (!json_begin(&e) || !open_store(&c, &e) ||
	    !ca_new(role_conf(c.role), c.store, role_loop(c.role), &hooks, &c.ca, &e))
		role_fail(&e);
	c.api = (struct api){
		.ca = c.ca,
		.load = &c.load,
		.slices = slices_new(role_loop(c.role)),
		.overdue = overdue_new(role_loop(c.role)),
		.arg = &c,
		.answer = on_answer,
		.reload = on_reload_wanted,
	};
	c.socket = conf_path(role_conf(c.role), "run/hanaper.sock");
	c.front = role_link(c.role, ROLE_FD_FRONT, PEER_FRONT, MIB(1), front_rules, &c);
	c.signer = role_link(c.role, ROLE_FD_SIGNER, PEER_SIGNER, MIB(1) + KIB(1),
	    ca_signer_rules, c.ca);
	c.prober = role_link(c.role, ROLE_FD_PROBER, PEER_PROBER, MSG_PROBE_FRAME_MAX,
	    acme_challenge_rules, c.ca);
	if (!acme_open(c.ca, c.prober, &e) || !store_keep_files(c.store, &e))
		role_fail(&e);
	json_object_seed(0); /* reads /dev/urandom, which is out of reach then */
	role_confine(c.role, SANDBOX_CORE);
	loop_on_batch(role_loop(c.role), on_batch, &c);
	ca_start(c.ca, c.signer, role_recover(c.role));
	loop_run(role_loop(c.role));
	slices_free(c.api.slices);
	stop_reloads(&c);
	ca_stop(c.ca);
	on_batch(&c); /* their last words */
	ca_free(c.ca);
	for (size_t i = 0; i < c.n_held; i++) /* who waited hears it from front */
		buf_wipe(&c.held[i].body);
	overdue_free(c.api.overdue);
	store_close(c.store);
	free(c.held);
	limiter_free(c.csrs);
	free(c.socket);
	return role_end(c.role);
}
