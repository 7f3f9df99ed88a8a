/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parent - the process that starts, watches and stops the roles.  It parses no
 * octet from the network.
 *
 * parent.c: options, detaching, the order of things.  parent_dir.c: the CA
 * directory.  parent_listen.c: the listening sockets.  parent_roles.c: the roles.
 */
#ifndef DAEMON_PARENT_H
#define DAEMON_PARENT_H

#include <sys/types.h>

#include "conf/conf.h"
#include "ipc/link.h"
#include "ipc/msg_control.h"
#include "sys/loop.h"

#define PARENT_LISTENERS_MAX 64

struct parent_listener {
	enum listener_kind kind;
	char *address; /* as bound, or a path */
	int fd;
};

enum parent_role { /* in the order in which they are started */
	PARENT_SIGNER,
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
	bool told; /* to stop */
};

enum parent_state {
	PARENT_STARTING,
	PARENT_SERVING,
	PARENT_STOPPING, /* in order */
	PARENT_FAILING   /* a role has ended by itself: soon all are killed */
};

struct parent {
	struct conf *conf;
	bool foreground, recover;
	int waiter; /* where a parent that waits for us reads; -1: none */
	int pid_fd; /* run/hanaperd.pid, locked */
	struct parent_listener listeners[PARENT_LISTENERS_MAX];
	size_t n_listeners;
	struct loop *loop;
	struct parent_process roles[PARENT__ROLES];
	enum parent_state state;
	int rank;       /* of 'why': what a role said outweighs that it has ended */
	struct err why; /* why the daemon ends */
	int status;     /* of exit */
	void (*on_ready)(struct parent *p);
};

/* ---- parent_dir.c ---- */

/* Refuses looser modes than a CA's files may have (S81). */
MUST_CHECK bool parent_dir_check(const struct conf *c, struct err *e);
/* Makes run/, takes its lock and writes run/hanaperd.pid.  ERR_CONFLICT: another has it. */
MUST_CHECK bool parent_dir_claim(struct parent *p, struct err *e);
/* Standard error to run/hanaperd.log, the other two to nowhere. */
MUST_CHECK bool parent_dir_detach(const struct parent *p, struct err *e);
MUST_CHECK bool parent_dir_addresses(const struct parent *p, struct err *e);
void parent_dir_release(struct parent *p); /* what lies in run/ goes, but the log */

/* ---- parent_listen.c ---- */

const char *parent_listen_word(enum listener_kind kind);
MUST_CHECK bool parent_listen_all(struct parent *p, struct err *e);
void parent_listen_close(struct parent *p);
/* "127.0.0.1:8443,[::1]:8443": all of one kind; free() it. */
char *parent_listen_addresses(const struct parent *p, enum listener_kind kind);

/* ---- parent_roles.c ---- */

/* Starts all and sends what each needs; links hang in p->loop. */
MUST_CHECK bool parent_roles_start(struct parent *p, struct err *e);
/* The orderly end: front, then core, then signer. */
void parent_roles_stop(struct parent *p);
/* SIGCHLD came. */
void parent_roles_reap(struct parent *p);
void parent_roles_free(struct parent *p); /* kills what still runs, and waits */

#endif
