/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/role.h"

#include <assert.h>
#include <gnutls/gnutls.h>
#include <libtasn1.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"
#include "conf/conf_wire.h"
#include "sys/proc.h"

#define LINKS_MAX  4
#define CONF_MAX   (MIB(8) + 64) /* octets of MSG_CONF and MSG_RELOAD */
#define GRACE_MS   1000 /* for the MSG_STOP that follows when a peer closes in order */
#define EXIT_FAULT 1

struct role {
	struct role_def def;
	struct conf *conf;
	struct conf *next; /* of a reload that is not in force yet; NULL: none */
	uint32_t next_generation;
	struct conf **was; /* those that something may still borrow from */
	size_t n_was;
	bool recover, unconfined;
	struct loop *loop;
	struct link *parent;
	struct link *links[LINKS_MAX]; /* to other roles */
	size_t n_links;
	bool started, begun, ready, stopping; /* begun: the role itself runs */
	enum peer gone;                       /* the peer that has closed; 0: none */
};

static const char *const peer_names[] = {
	[PEER_PARENT] = "parent",
	[PEER_FRONT] = "front",
	[PEER_CORE] = "core",
	[PEER_SIGNER] = "signer",
	[PEER_PROBER] = "prober",
};

/* ---- what the parent says ---- */

static bool
on_conf(void *ctx, const struct frame *f, struct err *e)
{
	struct role *r = ctx;

	return conf_get(f->body, &r->conf, e);
}

static bool
on_listener(void *ctx, const struct frame *f, struct err *e)
{
	struct role *r = ctx;
	struct msg_listener m;

	if (r->def.on_listener == NULL || r->started)
		return err_set(e, ERR_MALFORMED, "a listener is not for this role now");
	if (!msg_listener_get(f->body, &m, e))
		return false;
	return r->def.on_listener(r->def.ctx, &m, f->fd, e);
}

static bool
on_start(void *ctx, const struct frame *f, struct err *e)
{
	struct role *r = ctx;
	struct msg_start m;

	if (r->conf == NULL)
		return err_set(e, ERR_MALFORMED, "it came before the configuration");
	if (!msg_start_get(f->body, &m, e))
		return false;
	r->recover = m.recover;
	r->unconfined = m.unconfined;
	r->started = true;
	loop_stop(r->loop);
	return true;
}

/* ---- another configuration ---- */

static void
tell_reloaded(struct role *r, uint32_t generation, const struct err *why)
{
	const struct msg_reloaded m = {
		.generation = generation,
		.code = why != NULL ? why->code : ERR_NONE,
		.text = bytes_str(why != NULL ? why->detail : ""),
	};
	struct buf b;

	buf_init(&b, KIB(1));
	msg_reloaded_put(&b, &m);
	link_send(r->parent, MSG_RELOADED, buf_bytes(&b));
	buf_free(&b);
}

/* Taken in, but not in force: the others may still refuse theirs. */
static bool
on_reload(void *ctx, const struct frame *f, struct err *e)
{
	struct role *r = ctx;
	struct msg_reload m;
	struct conf *next;
	struct err why;

	if (!r->begun)
		return err_set(e, ERR_MALFORMED, "it came before the start");
	if (!msg_reload_get(f->body, &m, e))
		return false;
	conf_free(r->next);
	r->next = NULL;
	if (!conf_get(m.conf, &next, &why)) {
		tell_reloaded(r, m.generation, &why);
		return true;
	}
	r->next = next;
	r->next_generation = m.generation;
	tell_reloaded(r, m.generation, NULL);
	return true;
}

static bool
on_reload_apply(void *ctx, const struct frame *f, struct err *e)
{
	struct role *r = ctx;
	struct msg_reload_apply m;
	struct conf *was = r->conf;

	if (!msg_reload_apply_get(f->body, &m, e))
		return false;
	if (r->next == NULL || m.generation != r->next_generation)
		return err_set(e, ERR_MALFORMED, "there is no configuration to apply");
	if (!conf_log(r->next, r->def.name, e))
		return false;
	r->conf = r->next;
	r->next = NULL;
	r->was = mem_grow(r->was, r->n_was + 1, sizeof(struct conf *));
	r->was[r->n_was++] = was;
	if (r->def.on_conf == NULL || r->def.on_conf(r->def.ctx, r, was))
		role_conf_settled(r);
	tell_reloaded(r, m.generation, NULL);
	return true;
}

void
role_conf_settled(struct role *r)
{
	for (size_t i = 0; i < r->n_was; i++)
		conf_free(r->was[i]);
	r->n_was = 0;
}

void
role_reload(struct role *r, uint64_t id)
{
	struct buf b;

	buf_init(&b, 64);
	msg_reload_ask_put(&b, &(struct msg_reload_ask){ id });
	link_send(r->parent, MSG_RELOAD_ASK, buf_bytes(&b));
	buf_free(&b);
}

static bool
on_reload_told(void *ctx, const struct frame *f, struct err *e)
{
	struct role *r = ctx;
	struct msg_reload_told m;
	struct err why;

	if (r->def.on_reloaded == NULL)
		return err_set(e, ERR_MALFORMED, "this role asked for no reload");
	if (!msg_reload_told_get(f->body, &m, e))
		return false;
	if (m.code != ERR_NONE)
		err_set(&why, m.code, "%.*s", (int)m.text.n, (const char *)m.text.p);
	r->def.on_reloaded(r->def.ctx, m.id, m.text, m.code == ERR_NONE ? NULL : &why);
	return true;
}

/* Who answers has a loop that turns (the service manager's watchdog). */
static bool
on_ping(void *ctx, const struct frame *f, struct err *e)
{
	struct role *r = ctx;

	(void)f;
	(void)e;
	link_send(r->parent, MSG_PONG, bytes_of(NULL, 0));
	return true;
}

static bool
on_stop(void *ctx, const struct frame *f, struct err *e)
{
	struct role *r = ctx;

	(void)f;
	(void)e;
	r->stopping = true;
	if (r->begun && r->def.on_stop != NULL)
		r->def.on_stop(r->def.ctx, r);
	else
		loop_stop(r->loop);
	return true;
}

static const struct msg_rule parent_rules[] = {
	/* clang-format off */
	/* message          from         once   octets    handler */
	{ MSG_CONF,         PEER_PARENT, true,  CONF_MAX, on_conf },
	{ MSG_LISTENER,     PEER_PARENT, false, KIB(1),   on_listener },
	{ MSG_START,        PEER_PARENT, true,  KIB(1),   on_start },
	{ MSG_STOP,         PEER_PARENT, true,  0,        on_stop },
	{ MSG_RELOAD,       PEER_PARENT, false, CONF_MAX, on_reload },
	{ MSG_RELOAD_APPLY, PEER_PARENT, false, 64,       on_reload_apply },
	{ MSG_RELOAD_TOLD,  PEER_PARENT, false, KIB(1),   on_reload_told },
	{ MSG_PING,         PEER_PARENT, false, 0,        on_ping },
	{ 0 }
	/* clang-format on */
};

static void
on_parent_gone(void *arg, struct link *k, const struct err *e)
{
	(void)arg;
	if (link_closed(k))
		_exit(EXIT_FAULT); /* nobody is left to be told */
	role_fail(e);
}

/* ---- beginning ---- */

struct role *
role_begin(const struct role_def *def)
{
	struct role *r = mem_zalloc(sizeof(*r));
	struct err e;

	log_init(def->name, LOG_INFO);
	proc_harden();
	/* GnuTLS reads others' certificates with libtasn1. */
	if (!version_check("GnuTLS", gnutls_check_version(NULL), GNUTLS_VERSION, &e) ||
	    !version_check("libtasn1", asn1_check_version(NULL), ASN1_VERSION, &e))
		role_fail(&e);
	r->def = *def;
	r->loop = loop_new();
	r->parent =
	    link_new(r->loop, ROLE_FD_PARENT, PEER_PARENT, CONF_MAX, parent_rules, r);
	link_on_gone(r->parent, on_parent_gone, r);
	loop_run(r->loop);
	if (r->stopping)
		exit(role_end(r)); /* before it has begun */
	if (!conf_log(r->conf, r->def.name, &e))
		role_fail(&e);
	r->begun = true;
	return r;
}

const struct role_def *
role_definition(const struct role *r)
{
	return &r->def;
}

const struct conf *
role_conf(const struct role *r)
{
	return r->conf;
}

bool
role_recover(const struct role *r)
{
	return r->recover;
}

bool
role_unconfined(const struct role *r)
{
	return r->unconfined;
}

struct loop *
role_loop(struct role *r)
{
	return r->loop;
}

bool
role_stopping(const struct role *r)
{
	return r->stopping;
}

void
role_ready(struct role *r)
{
	assert(!r->ready);
	r->ready = true;
	link_send(r->parent, MSG_READY, bytes_of(NULL, 0));
}

/* ---- other roles ---- */

static void
on_grace_over(void *arg)
{
	const struct role *r = arg;
	struct err e;

	if (r->stopping)
		return;
	err_set(&e, ERR_UNAVAILABLE, "%s has ended", peer_names[r->gone]);
	role_fail(&e);
}

static void
on_peer_gone(void *arg, struct link *k, const struct err *e)
{
	struct role *r = arg;
	struct err why = *e;

	if (r->stopping && link_closed(k))
		return;
	if (link_closed(k)) {
		/* In an orderly end MSG_STOP is near; in another the peer's own words are. */
		r->gone = link_peer(k);
		(void)loop_after(r->loop, GRACE_MS, on_grace_over, r);
		return;
	}
	err_prefix(&why, peer_names[link_peer(k)]);
	role_fail(&why);
}

struct link *
role_link(struct role *r, int fd, enum peer peer, size_t frame_max,
    const struct msg_rule *rules, void *ctx)
{
	struct link *k = link_new(r->loop, fd, peer, frame_max, rules, ctx);

	assert(r->n_links < LINKS_MAX);
	r->links[r->n_links++] = k;
	link_on_gone(k, on_peer_gone, r);
	return k;
}

/* ---- ending ---- */

void
role_fail(const struct err *e)
{
	static atomic_flag said = ATOMIC_FLAG_INIT;
	struct chan *c;
	struct buf b;
	struct err ignored;
	bool left;

	while (atomic_flag_test_and_set(&said))
		pause(); /* another thread is about to end the process */
	LOG_ERR(LOG_ERROR, "failed", e);
	/* A channel of its own: this may be any thread, and the queue is empty but for MSG_READY. */
	c = chan_new(ROLE_FD_PARENT, 0);
	buf_init(&b, KIB(1));
	msg_failed_put(&b,
	    &(struct msg_failed){ e->code == ERR_NONE ? ERR_INTERNAL : e->code,
		bytes_str(e->detail) });
	chan_send(c, MSG_FAILED, buf_bytes(&b));
	(void)!chan_flush(c, &left, &ignored);
	_exit(EXIT_FAULT);
}

int
role_end(struct role *r)
{
	struct err ignored;

	for (size_t i = 0; i < r->n_links; i++) {
		(void)!link_drain(r->links[i], &ignored);
		link_free(r->links[i]);
	}
	(void)!link_drain(r->parent, &ignored);
	link_free(r->parent);
	loop_free(r->loop);
	role_conf_settled(r);
	free(r->was);
	conf_free(r->next);
	conf_free(r->conf);
	free(r);
	return 0;
}
