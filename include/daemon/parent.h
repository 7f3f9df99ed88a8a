/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parent - the process that starts, watches and stops the roles.  It parses no
 * octet from the network.
 *
 * parent.c: options, detaching, the order of things.  parent_dir.c: the CA
 * directory.  parent_listen.c: the listening sockets.  parent_roles.c: the roles.
 * parent_users.c: who they run as.  parent_reload.c: another configuration.  parent_watch.c: the
 * service manager.  parent_confine.c: its own walls.
 */
#ifndef DAEMON_PARENT_H
#define DAEMON_PARENT_H

#include <sys/types.h>

#include "conf/conf.h"
#include "ipc/link.h"
#include "ipc/msg_control.h"
#include "sys/loop.h"
#include "sys/proc.h"

#define PARENT_LISTENERS_MAX (CONF_LISTENERS_MAX + 1)

struct parent_listener {
	enum listener_kind kind;
	char *address; /* as bound, or a path */
	int fd;
};

enum parent_role { /* in the order in which they are started */
	PARENT_SIGNER,
	PARENT_PROBER,
	PARENT_CORE,
	PARENT_FRONT,
	PARENT__ROLES
};

struct parent_process {
	struct parent *parent;
	enum parent_role role;
	pid_t pid; /* 0: not started, or ended */
	struct link *link;
	bool ready;
	bool told;     /* to stop */
	bool answered; /* the last ping */
};

enum parent_state {
	PARENT_STARTING,
	PARENT_SERVING,
	PARENT_STOPPING, /* in order */
	PARENT_FAILING   /* a role has ended by itself: soon all are killed */
};

struct parent_options {
	const char *dir, *config;
	bool foreground, check, recover, no_sandbox;
	const char *users[PARENT__ROLES]; /* "signer=hanaper-signer" */
	size_t n_users;
};

#define PARENT_RELOAD_ASKERS 64

struct parent_reload {
	enum {
		PARENT_RELOAD_NONE,
		PARENT_RELOAD_ASKING,  /* each role takes it in */
		PARENT_RELOAD_APPLYING /* one after the other puts it into force */
	} step;
	bool again; /* asked for while one went on: the file may be another by now */
	uint32_t generation;
	struct conf *next;
	struct buf changed; /* "profiles grants" */
	bool took[PARENT__ROLES];
	enum parent_role applying;
	struct loop_timer *late;
	uint64_t asked[PARENT_RELOAD_ASKERS];   /* who hears of this one */
	uint64_t waiting[PARENT_RELOAD_ASKERS]; /* of the next */
	size_t n_asked, n_waiting;
};

struct parent {
	struct conf *conf;
	const struct parent_options *options;
	bool foreground, recover, no_sandbox;
	bool has_users; /* started as root for another: */
	struct proc_user
	    owner; /* of the CA directory; ours from the start of the roles on */
	struct proc_user users[PARENT__ROLES];
	int waiter;       /* where a parent that waits for us reads; -1: none */
	int pid_fd;       /* run/hanaperd.pid, locked */
	bool told;        /* run/addresses is ours */
	bool on_terminal; /* SIGHUP: it has hung up */
	struct parent_listener listeners[PARENT_LISTENERS_MAX];
	size_t n_listeners;
	struct loop *loop;
	struct parent_process roles[PARENT__ROLES];
	enum parent_state state;
	struct parent_reload reload;
	int64_t watch_ms; /* between two looks at whether the roles live */
	int rank;         /* of 'why': what a role said outweighs that it has ended */
	struct err why;   /* why the daemon ends */
	int status;       /* of exit */
	void (*on_ready)(struct parent *p);
};

/* ---- parent.c ---- */

/* hanaper.yaml, where the options say that it is. */
MUST_CHECK bool parent_load(const struct parent_options *o, struct conf **ret,
    struct err *e);
/* To the log: whom ACME asks for names, where the file does not say it. */
void parent_tell_resolvers(const struct conf *c);

/* ---- parent_users.c ---- */

/* "signer=hanaper-signer"; whether there is such a user is not asked. */
MUST_CHECK bool parent_users_option(const char *option, enum parent_role *ret_role,
    const char **ret_user, struct err *e);
/* Started as root: who is to be who, and we are the owner but for what rise() brackets. */
MUST_CHECK bool parent_users_take(struct parent *p, struct err *e);
MUST_CHECK bool parent_users_rise(const struct parent *p, struct err *e);
MUST_CHECK bool parent_users_sink(const struct parent *p, struct err *e);
/* The roles are started: root is given up for good. */
MUST_CHECK bool parent_users_leave(const struct parent *p, struct err *e);

/* ---- parent_dir.c ---- */

/* Refuses looser modes than a CA's files may have (S81). */
MUST_CHECK bool parent_dir_check(const struct parent *p, const struct conf *c,
    struct err *e);
/*
 * ERR_NOT_FOUND: a certificate or key that no start makes is missing.  It is told here, with
 * what to do, before each role finds it so.
 */
MUST_CHECK bool parent_dir_whole(const struct parent *p, struct err *e);
/* Makes run/, takes its lock and writes run/hanaperd.pid.  ERR_CONFLICT: another has it. */
MUST_CHECK bool parent_dir_claim(struct parent *p, struct err *e);
/* Standard error to run/hanaperd.log, the other two to nowhere. */
MUST_CHECK bool parent_dir_detach(const struct parent *p, struct err *e);
MUST_CHECK bool parent_dir_addresses(struct parent *p, struct err *e);
/* What this process made in run/ goes, but the log; before the listeners are closed. */
void parent_dir_release(struct parent *p);

/* ---- parent_listen.c ---- */

const char *parent_listen_word(enum listener_kind kind);
MUST_CHECK bool parent_listen_all(struct parent *p, struct err *e);
void parent_listen_close(struct parent *p);
/* "127.0.0.1:8443,[::1]:8443": all of one kind; free() it. */
char *parent_listen_addresses(const struct parent *p, enum listener_kind kind);

/* ---- parent_roles.c ---- */

/* Starts all and sends what each needs; links hang in p->loop. */
MUST_CHECK bool parent_roles_start(struct parent *p, struct err *e);
/* The orderly end: front, then core, then prober, then signer. */
void parent_roles_stop(struct parent *p);
/* SIGCHLD came. */
void parent_roles_reap(struct parent *p);
const char *parent_roles_name(enum parent_role role);
/* This role is at fault: the daemon ends. */
void parent_roles_fail(struct parent *p, enum parent_role role, const struct err *e);
void parent_roles_free(struct parent *p); /* kills what still runs, and waits */

/* ---- parent_reload.c ---- */

/* SIGHUP came.  While the daemon starts, or one goes on, it is done after that. */
void parent_reload(struct parent *p);
void parent_reload_free(struct parent *p);
msg_handler parent_reload_on_reloaded, parent_reload_on_ask;

/* ---- parent_confine.c ---- */

/* All are ready: from here on this process does what is left to do, and nothing else. */
MUST_CHECK bool parent_confine(const struct parent *p, struct err *e);

/* ---- parent_watch.c ---- */

void parent_watch_tell(const char *lines);
void parent_watch_ready(const char *status);
/* All are ready: begins to look after them, if the service manager wants it. */
void parent_watch_start(struct parent *p);
msg_handler parent_watch_on_pong;

#endif
