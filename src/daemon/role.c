/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/role.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "conf/conf_wire.h"
#include "sys/proc.h"

#define LINKS_MAX  4
#define CONF_MAX   MIB(8) /* octets of MSG_CONF */
#define GRACE_MS   1000 /* for the MSG_STOP that follows when a peer closes in order */
#define EXIT_FAULT 1

struct role {
	struct role_def def;
	struct conf *conf;
	bool recover;
	struct loop *loop;
	struct link *parent;
	struct link *links[LINKS_MAX]; /* to other roles */
	size_t n_links;
	bool started, ready, stopping;
	enum peer gone; /* the peer that has closed; 0: none */
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
	bool ok;

	if (r->def.on_listener == NULL || r->started)
		ok = err_set(e, ERR_MALFORMED, "a listener is not for this role now");
	else
		ok = msg_listener_get(f->body, &m, e);
	if (!ok) {
		close(f->fd);
		return false;
	}
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
	r->started = true;
	loop_stop(r->loop);
	return true;
}

static bool
on_stop(void *ctx, const struct frame *f, struct err *e)
{
	struct role *r = ctx;

	(void)f;
	(void)e;
	r->stopping = true;
	if (r->started && r->def.on_stop != NULL)
		r->def.on_stop(r->def.ctx, r);
	else
		loop_stop(r->loop);
	return true;
}

static const struct msg_rule parent_rules[] = {
	/* clang-format off */
	/* message      from          once   octets    handler */
	{ MSG_CONF,     PEER_PARENT,  true,  CONF_MAX, on_conf },
	{ MSG_LISTENER, PEER_PARENT,  false, KIB(1),   on_listener },
	{ MSG_START,    PEER_PARENT,  true,  KIB(1),   on_start },
	{ MSG_STOP,     PEER_PARENT,  true,  0,        on_stop },
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
	enum log_level level = LOG_INFO;
	struct err e;

	log_init(def->name, level);
	proc_harden();
	r->def = *def;
	r->loop = loop_new();
	r->parent =
	    link_new(r->loop, ROLE_FD_PARENT, PEER_PARENT, CONF_MAX, parent_rules, r);
	link_on_gone(r->parent, on_parent_gone, r);
	loop_run(r->loop);
	if (r->stopping)
		exit(role_end(r)); /* before it has begun */
	if (r->conf->log_level != NULL && !log_level_from(r->conf->log_level, &level)) {
		err_set(&e, ERR_MALFORMED, "log level \"%s\"", r->conf->log_level);
		role_fail(&e);
	}
	log_init(def->name, level);
	return r;
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
	conf_free(r->conf);
	free(r);
	return 0;
}
