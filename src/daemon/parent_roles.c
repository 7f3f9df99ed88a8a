/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "conf/conf_wire.h"
#include "daemon/parent.h"
#include "sys/proc.h"
#include "sys/sock.h"

#define FRAME_MAX KIB(4)
#define STOP_MS   10000 /* for the orderly end of all */
#define SETTLE_MS 150   /* for the words of the role that failed to arrive */

static const struct {
	const char *name;
	const char *program;
	enum peer peer;
} roles[] = {
	[PARENT_SIGNER] = { "signer", "hanaper-signer", PEER_SIGNER },
	[PARENT_PROBER] = { "prober", "hanaper-prober", PEER_PROBER },
	[PARENT_CORE] = { "core", "hanaper-core", PEER_CORE },
	[PARENT_FRONT] = { "front", "hanaper-front", PEER_FRONT },
};

/* How much a reason tells: the better one is given when the daemon ends. */
enum rank {
	RANK_LATE = 1,   /* it was told to end */
	RANK_CLOSED,     /* its channel */
	RANK_ENDED,      /* exit status */
	RANK_OF_ANOTHER, /* MSG_FAILED: because another role is gone */
	RANK_SAID,       /* MSG_FAILED, or what it may not say */
	RANK_CRASHED     /* ended by a signal */
};

/* ---- a role that fails ends the daemon ---- */

static void
on_settled(void *arg)
{
	struct parent *p = arg;

	loop_stop(p->loop);
}

static void
fail(struct parent *p, enum parent_role role, enum rank rank, const struct err *e)
{
	if ((int)rank > p->rank) {
		p->rank = (int)rank;
		p->why = *e;
		err_prefix(&p->why, roles[role].name);
	}
	p->status = 1;
	if (p->state == PARENT_FAILING)
		return;
	p->state = PARENT_FAILING;
	parent_watch_tell("STOPPING=1\nSTATUS=ends: a role has failed");
	(void)loop_after(p->loop, SETTLE_MS, on_settled, p);
}

void
parent_roles_fail(struct parent *p, enum parent_role role, const struct err *e)
{
	fail(p, role, RANK_SAID, e);
}

const char *
parent_roles_name(enum parent_role role)
{
	return roles[role].name;
}

static void
on_gone(void *arg, struct link *k, const struct err *e)
{
	struct parent_process *q = arg;

	if (q->parent->state == PARENT_STOPPING && link_closed(k))
		return;
	fail(q->parent, q->role, link_closed(k) ? RANK_CLOSED : RANK_SAID, e);
}

/* ---- what roles say ---- */

static bool
on_ready(void *ctx, const struct frame *f, struct err *e)
{
	struct parent_process *q = ctx;
	struct parent *p = q->parent;

	(void)f;
	(void)e;
	q->ready = true;
	for (size_t i = 0; i < PARENT__ROLES; i++)
		if (!p->roles[i].ready)
			return true;
	if (p->state == PARENT_STARTING) {
		p->state = PARENT_SERVING;
		p->on_ready(p);
	}
	return true;
}

static bool
on_failed(void *ctx, const struct frame *f, struct err *e)
{
	struct parent_process *q = ctx;
	struct msg_failed m;
	struct err why;

	if (!msg_failed_get(f->body, &m, e))
		return false;
	err_set(&why, m.code, "%.*s", (int)m.text.n, (const char *)m.text.p);
	fail(q->parent, q->role,
	    m.code == ERR_UNAVAILABLE ? RANK_OF_ANOTHER : RANK_SAID, &why);
	return true;
}

#define RULES(peer)                                                                    \
	{                                                                              \
		{ MSG_READY, (peer), true, 0, on_ready },                              \
		    { MSG_FAILED, (peer), true, KIB(1), on_failed },                   \
		    { MSG_RELOADED, (peer), false, KIB(1),                             \
			    parent_reload_on_reloaded },                               \
		    { MSG_PONG, (peer), false, 0, parent_watch_on_pong },              \
		    { MSG_RELOAD_ASK, PEER_CORE, false, 64, parent_reload_on_ask },    \
		{                                                                      \
			0                                                              \
		}                                                                      \
	}

static const struct msg_rule rules[PARENT__ROLES][6] = {
	[PARENT_SIGNER] = RULES(PEER_SIGNER),
	[PARENT_PROBER] = RULES(PEER_PROBER),
	[PARENT_CORE] = RULES(PEER_CORE),
	[PARENT_FRONT] = RULES(PEER_FRONT),
};

/* ---- starting ---- */

static bool
start_one(struct parent *p, enum parent_role role, const int *peers, size_t n,
    struct err *e)
{
	struct parent_process *q = &p->roles[role];
	int pair[2], fds[1 + PARENT__ROLES];
	char *path = NULL;
	bool ok = false;

	if (!proc_find(roles[role].program, HNP_ROLESDIR, &path, e))
		return false;
	if (!sock_pair(pair, e))
		goto out;
	fds[0] = pair[1];
	memcpy(fds + 1, peers, n * sizeof(*peers));
	ok = proc_spawn(path, roles[role].program, fds, n + 1,
	    p->has_users ? &p->users[role] : NULL, &q->pid, e);
	close(pair[1]);
	if (!ok) {
		close(pair[0]);
		goto out;
	}
	q->parent = p;
	q->role = role;
	q->link =
	    link_new(p->loop, pair[0], roles[role].peer, FRAME_MAX, rules[role], q);
	link_on_gone(q->link, on_gone, q);
out:
	free(path);
	return ok;
}

/* Sends what a role needs.  When it hangs up on us, its link will tell why. */
static void
brief_one(struct parent *p, enum parent_role role, struct bytes conf)
{
	struct link *k = p->roles[role].link;
	struct buf b;
	struct err e;
	bool ok = true;

	buf_init(&b, KIB(4));
	link_send(k, MSG_CONF, conf);
	for (size_t i = 0; ok && role == PARENT_FRONT && i < p->n_listeners; i++) {
		struct parent_listener *l = &p->listeners[i];

		buf_clear(&b);
		msg_listener_put(&b,
		    &(struct msg_listener){ l->kind, bytes_str(l->address) });
		ok = link_send_fd(k, MSG_LISTENER, buf_bytes(&b), l->fd, &e);
		/* front's alone: when it is gone, so is the port. */
		close(l->fd);
		l->fd = -1;
	}
	buf_clear(&b);
	msg_start_put(&b, &(struct msg_start){ p->recover, p->no_sandbox });
	link_send(k, MSG_START, buf_bytes(&b));
	buf_free(&b);
}

static bool
start_all(struct parent *p, struct err *e)
{
	/* Core's end is the first of each; in core they lie in this order (daemon/role.h). */
	enum {
		HTTP,
		SIGNING,
		PROBING,
		PAIRS
	};
	int pairs[PAIRS][2], cores[PAIRS];
	size_t n = 0;
	bool ok = true;

	while (ok && n < PAIRS) {
		ok = sock_pair(pairs[n], e);
		if (ok) {
			cores[n] = pairs[n][0];
			n++;
		}
	}
	ok = ok && start_one(p, PARENT_SIGNER, &pairs[SIGNING][1], 1, e) &&
	     start_one(p, PARENT_PROBER, &pairs[PROBING][1], 1, e) &&
	     start_one(p, PARENT_CORE, cores, PAIRS, e) &&
	     start_one(p, PARENT_FRONT, &pairs[HTTP][1], 1, e);
	/* Theirs alone now: each sees the other's end. */
	for (size_t i = 0; i < n; i++) {
		close(pairs[i][0]);
		close(pairs[i][1]);
	}
	return ok;
}

bool
parent_roles_start(struct parent *p, struct err *e)
{
	struct buf conf;
	bool ok;

	buf_init(&conf, MIB(8));
	conf_put(&conf, p->conf);
	ok = buf_ok(&conf, "the configuration", e) && start_all(p, e);
	for (size_t i = 0; ok && i < PARENT__ROLES; i++)
		brief_one(p, (enum parent_role)i, buf_bytes(&conf));
	buf_free(&conf);
	return ok;
}

/* ---- ending ---- */

/* Who is to end next: front takes no more, core stores what it has, then the signer. */
static void
stop_next(struct parent *p)
{
	for (size_t i = PARENT__ROLES; i-- > 0;)
		if (p->roles[i].pid > 0) {
			if (!p->roles[i].told)
				link_send(p->roles[i].link, MSG_STOP,
				    bytes_of(NULL, 0));
			p->roles[i].told = true;
			return;
		}
	loop_stop(p->loop);
}

static void
kill_late(const struct parent_process *q)
{
	const char *why =
	    q->told ? "it did not end in time" : "one before it did not end in time";

	if (kill(q->pid, SIGKILL) == 0)
		LOG(LOG_WARN, "killed", LOG_TEXT("name", roles[q->role].name),
		    LOG_TEXT("why", why));
	else /* another user's (sys/proc.h) */
		LOG(LOG_WARN, "not-killed", LOG_TEXT("name", roles[q->role].name),
		    LOG_TEXT("why", why), LOG_TEXT("error", strerror(errno)),
		    LOG_TEXT("hint", "the kernel kills it when the parent has ended"));
}

static void
on_stop_late(void *arg)
{
	struct parent *p = arg;
	struct err e;

	err_set(&e, ERR_INTERNAL, "did not end in time");
	for (size_t i = 0; i < PARENT__ROLES; i++) {
		if (p->roles[i].pid <= 0)
			continue;
		kill_late(&p->roles[i]);
		if (p->roles[i].told)
			fail(p, (enum parent_role)i, RANK_LATE, &e);
	}
	loop_stop(p->loop);
}

void
parent_roles_stop(struct parent *p)
{
	if (p->state >= PARENT_STOPPING)
		return;
	p->state = PARENT_STOPPING;
	parent_watch_tell("STOPPING=1\nSTATUS=finishes what was accepted");
	(void)loop_after(p->loop, STOP_MS, on_stop_late, p);
	stop_next(p);
}

static void
on_end(struct parent_process *q, int status)
{
	struct parent *p = q->parent;
	struct err e;

	q->pid = 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		err_set(&e, ERR_INTERNAL,
		    "was ended by signal %d (%s): it called what its sandbox forbids",
		    SIGSYS, strsignal(SIGSYS));
	else if (WIFSIGNALED(status))
		err_set(&e, ERR_INTERNAL, "was ended by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		err_set(&e, ERR_INTERNAL, "ended with status %d", WEXITSTATUS(status));
	if (p->state == PARENT_STOPPING && status == 0)
		stop_next(p);
	else
		fail(p, q->role, WIFSIGNALED(status) ? RANK_CRASHED : RANK_ENDED, &e);
}

void
parent_roles_reap(struct parent *p)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < PARENT__ROLES; i++)
			if (p->roles[i].pid == pid) {
				on_end(&p->roles[i], status);
				break;
			}
}

void
parent_roles_free(struct parent *p)
{
	for (size_t i = 0; i < PARENT__ROLES; i++)
		/* Another user's: the kernel kills it when we end (sys/proc.h). */
		if (p->roles[i].pid > 0 && kill(p->roles[i].pid, SIGKILL) < 0 &&
		    errno == EPERM)
			p->roles[i].pid = 0;
	for (size_t i = 0; i < PARENT__ROLES; i++) {
		struct parent_process *q = &p->roles[i];

		while (q->pid > 0 && waitpid(q->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		q->pid = 0;
		link_free(q->link);
		q->link = NULL;
	}
}
