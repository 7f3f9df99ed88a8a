/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another configuration without a restart.  The parent reads and judges the file;
 * what is wrong with it is said, and the one before serves on.
 *
 * First every role takes it in; only when all have, it comes into force, in the
 * signer, then in the prober, in core, in front: whoever is asked for a thing knows of it
 * no later than who asks.  A role that took it in has no reason left to refuse.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "conf/conf_reload.h"
#include "conf/conf_wire.h"
#include "daemon/parent.h"
#include "sys/notify.h"

#define LATE_MS 10000 /* what a role may take to answer */

static void begin(struct parent *p);

/* ---- the end of one ---- */

static void
tell_askers(struct parent *p, const struct err *why, struct bytes changed)
{
	struct parent_reload *l = &p->reload;
	struct buf b;

	buf_init(&b, KIB(1));
	for (size_t i = 0; i < l->n_asked; i++) {
		buf_clear(&b);
		msg_reload_told_put(&b,
		    &(struct msg_reload_told){
			.id = l->asked[i],
			.code = why != NULL ? why->code : ERR_NONE,
			.text = why != NULL ? bytes_str(why->detail) : changed,
		    });
		link_send(p->roles[PARENT_CORE].link, MSG_RELOAD_TOLD, buf_bytes(&b));
	}
	l->n_asked = 0;
	buf_free(&b);
}

static void
on_again(void *arg)
{
	begin(arg);
}

/* 'why' NULL: done. */
static void
finish(struct parent *p, const struct err *why)
{
	struct parent_reload *l = &p->reload;
	const char *changed = buf_str(&l->changed);

	if (why != NULL) {
		LOG_ERR(LOG_ERROR, "not-reloaded", why);
		char *status =
		    mem_printf("serves by the configuration before: %s", why->detail);
		parent_watch_ready(status);
		free(status);
	} else {
		LOG(LOG_INFO, "reloaded", LOG_TEXT("changed", changed));
		parent_watch_ready("serves");
	}
	tell_askers(p, why, buf_bytes(&l->changed));
	loop_cancel(l->late);
	l->late = NULL;
	conf_free(l->next);
	l->next = NULL;
	buf_free(&l->changed);
	l->step = PARENT_RELOAD_NONE;
	if (l->again || l->n_waiting > 0)
		(void)loop_after(p->loop, 0, on_again, p);
}

/* ---- the roles ---- */

static void
on_late(void *arg)
{
	struct parent *p = arg;
	struct parent_reload *l = &p->reload;
	struct err e;

	l->late = NULL;
	for (size_t i = 0; i < PARENT__ROLES; i++) {
		if (l->took[i])
			continue;
		err_set(&e, ERR_UNAVAILABLE,
		    "%s did not answer to the new configuration in time",
		    parent_roles_name((enum parent_role)i));
		if (l->step == PARENT_RELOAD_ASKING)
			finish(p, &e);
		else /* some have it, this one not: no half-alive state */
			parent_roles_fail(p, (enum parent_role)i, &e);
		return;
	}
}

/* Each step has its own time: one that was slow takes none from those behind it. */
static void
wait_for_answer(struct parent *p)
{
	struct parent_reload *l = &p->reload;

	loop_cancel(l->late);
	l->late = loop_after(p->loop, LATE_MS, on_late, p);
}

static void
apply(struct parent *p)
{
	struct parent_reload *l = &p->reload;
	struct buf b;

	buf_init(&b, 64);
	msg_reload_apply_put(&b, &(struct msg_reload_apply){ l->generation });
	link_send(p->roles[l->applying].link, MSG_RELOAD_APPLY, buf_bytes(&b));
	buf_free(&b);
	wait_for_answer(p);
}

/* All have it in force. */
static void
done(struct parent *p)
{
	struct conf *was = p->conf;
	struct err unlikely; /* it was loaded, so its words were known */

	p->conf = p->reload.next;
	p->reload.next = NULL;
	conf_free(was);
	if (!conf_log(p->conf, "parent", &unlikely))
		LOG_ERR(LOG_WARN, "log", &unlikely);
	parent_tell_resolvers(p->conf);
	finish(p, NULL);
}

/* One has taken it in, or has it in force. */
static void
advance(struct parent *p, enum parent_role role)
{
	struct parent_reload *l = &p->reload;

	l->took[role] = true;
	if (l->step == PARENT_RELOAD_APPLYING) {
		if (role != l->applying)
			return;
		if (++l->applying == PARENT__ROLES)
			done(p);
		else
			apply(p);
		return;
	}
	for (size_t i = 0; i < PARENT__ROLES; i++)
		if (!l->took[i])
			return;
	for (size_t i = 0; i < PARENT__ROLES; i++)
		l->took[i] = false;
	l->step = PARENT_RELOAD_APPLYING;
	l->applying = PARENT_SIGNER;
	apply(p);
}

bool
parent_reload_on_reloaded(void *ctx, const struct frame *f, struct err *e)
{
	struct parent_process *q = ctx;
	struct parent *p = q->parent;
	struct parent_reload *l = &p->reload;
	struct msg_reloaded m;
	struct err why;

	if (!msg_reloaded_get(f->body, &m, e))
		return false;
	if (l->step == PARENT_RELOAD_NONE || m.generation != l->generation)
		return true; /* of one that was given up */
	if (m.code == ERR_NONE) {
		advance(p, q->role);
		return true;
	}
	err_set(&why, ERR_CONFIGURATION, "%s: %.*s", parent_roles_name(q->role),
	    (int)m.text.n, (const char *)m.text.p);
	if (l->step == PARENT_RELOAD_APPLYING) {
		*e = why; /* it had taken it in before */
		return false;
	}
	finish(p, &why);
	return true;
}

/* ---- the beginning ---- */

static void
send_all(struct parent *p, struct bytes conf)
{
	struct parent_reload *l = &p->reload;
	struct buf b;

	buf_init(&b, MIB(8) + 64);
	msg_reload_put(&b, &(struct msg_reload){ l->generation, conf });
	for (size_t i = 0; i < PARENT__ROLES; i++) {
		l->took[i] = false;
		link_send(p->roles[i].link, MSG_RELOAD, buf_bytes(&b));
	}
	buf_free(&b);
	l->step = PARENT_RELOAD_ASKING;
	wait_for_answer(p);
}

/* A file that cannot be taken up is its writer's to mend, whatever is wrong with it. */
static bool
load(struct parent *p, struct err *e)
{
	struct parent_reload *l = &p->reload;

	bool ok = parent_load(p->options, &l->next, e);

	if (ok && conf_reload_keep(p->conf, l->next))
		LOG(LOG_WARN, "acme-resolvers-kept",
		    LOG_TEXT("error",
			"/etc/resolv.conf has no name server that can be read by now; "
			"those of before are asked until a restart"));
	ok = ok && parent_dir_check(p, l->next, e) &&
	     conf_reload_compare(p->conf, l->next, &l->changed, e);
	if (!ok)
		e->code = ERR_CONFIGURATION;
	return ok;
}

static void
begin(struct parent *p)
{
	struct parent_reload *l = &p->reload;
	struct buf conf;
	struct err e;

	if (p->state != PARENT_SERVING || l->step != PARENT_RELOAD_NONE)
		return;
	l->again = false;
	for (; l->n_waiting > 0; l->n_waiting--)
		l->asked[l->n_asked++] = l->waiting[l->n_waiting - 1];
	l->generation++;
	buf_init(&l->changed, ERR_DETAIL_LEN - 1);
	if (!notify_reloading("loads the configuration", &e))
		LOG_ERR(LOG_WARN, "not-notified", &e);
	if (!load(p, &e)) {
		finish(p, &e);
		return;
	}
	if (l->changed.n == 0) {
		finish(p, NULL);
		return;
	}
	buf_init(&conf, MIB(8));
	conf_put(&conf, l->next);
	if (buf_ok(&conf, "the configuration", &e))
		send_all(p, buf_bytes(&conf));
	else
		finish(p, &e);
	buf_free(&conf);
}

void
parent_reload(struct parent *p)
{
	p->reload.again = true;
	begin(p);
}

void
parent_reload_free(struct parent *p)
{
	conf_free(p->reload.next);
	buf_free(&p->reload.changed);
}

bool
parent_reload_on_ask(void *ctx, const struct frame *f, struct err *e)
{
	struct parent_process *q = ctx;
	struct parent_reload *l = &q->parent->reload;
	struct msg_reload_ask m;

	if (!msg_reload_ask_get(f->body, &m, e))
		return false;
	if (l->n_waiting + l->n_asked == PARENT_RELOAD_ASKERS)
		return err_set(e, ERR_MALFORMED, "it asks again and again");
	l->waiting[l->n_waiting++] = m.id;
	begin(q->parent);
	return true;
}
