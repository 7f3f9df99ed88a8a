/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role - what the main() of signer, prober, core and front share.
 *
 *	int
 *	main(void)
 *	{
 *		static struct core c;
 *		struct role *r = role_begin(&(struct role_def){
 *		    .name = "core", .on_stop = on_stop, .ctx = &c });
 *		struct err e = { 0 };
 *
 *		c.front = role_link(r, ROLE_FD_FRONT, PEER_FRONT, MIB(1), front_rules, &c);
 *		c.signer = role_link(r, ROLE_FD_SIGNER, PEER_SIGNER, MIB(1), signer_rules, &c);
 *		if (!open_what_it_needs(&c, role_conf(r), &e))
 *			role_fail(&e);
 *		role_confine(r, SANDBOX_CORE);
 *		role_ready(r);
 *		loop_run(role_loop(r));
 *		close_what_it_has(&c);
 *		return role_end(r);
 *	}
 *
 * MSG_RELOAD brings a configuration to come, MSG_RELOAD_APPLY puts it into force
 * (parent_reload.c says in which order).
 *
 * There is one role in a process.  Links receive from the first loop_run() on:
 * a role that has to hear from a peer before it is ready (core replays the
 * journal) runs the loop and calls role_ready() from a handler.
 */
#ifndef DAEMON_ROLE_H
#define DAEMON_ROLE_H

#include "conf/conf.h"
#include "ipc/link.h"
#include "ipc/msg_control.h"
#include "sys/loop.h"
#include "sys/sandbox.h"

/* The descriptors that the parent hands to each role. */
enum {
	ROLE_FD_PARENT = 3, /* in all of them; role_begin() takes it */
	ROLE_FD_CORE = 4,   /* in front, signer and prober */
	ROLE_FD_FRONT = 4,  /* in core */
	ROLE_FD_SIGNER = 5, /* in core */
	ROLE_FD_PROBER = 6  /* in core */
};

struct role;

struct role_def {
	const char *name; /* "core": for log and errors; borrowed for ever */
	/*
	 * front only: a listening socket came, before role_begin() returns.  'fd' is
	 * the callback's; 'm' is borrowed.  NULL: MSG_LISTENER ends the role.
	 */
	bool (*on_listener)(void *ctx, const struct msg_listener *m, int fd,
	    struct err *e);
	/*
	 * Another configuration counts from here on: role_conf() gives it.  'was' is
	 * the one before.  True: nothing borrows from that any more, and it goes.
	 * False: the role calls role_conf_settled() when nothing does.  NULL: no more
	 * to do than to forget it.
	 */
	bool (*on_conf)(void *ctx, struct role *r, const struct conf *was);
	/* core only: what became of role_reload(); 'e' NULL: 'changed' counts from now on. */
	void (*on_reloaded)(void *ctx, uint64_t id, struct bytes changed,
	    const struct err *e);
	/*
	 * From role_confine(): the threads that this role will ever have are made here,
	 * inside the walls.  NULL: it makes none, or may make them later.
	 */
	void (*on_threads)(void *ctx);
	/* MSG_STOP came: finish what was accepted, then loop_stop().  NULL: loop_stop() at once. */
	void (*on_stop)(void *ctx, struct role *r);
	void *ctx;
};

/*
 * Hardens the process, takes the channel to the parent, waits for MSG_CONF, the
 * MSG_LISTENERs and MSG_START, and sets the log up.  Does not come back when
 * something fails.
 */
struct role *role_begin(const struct role_def *def);

const struct role_def *role_definition(const struct role *r);
const struct conf *role_conf(const struct role *r);
/* Frees the configurations that were: nothing borrows from them. */
void role_conf_settled(struct role *r);
/* core only: the parent shall load hanaper.yaml anew; on_reloaded() tells 'id'. */
void role_reload(struct role *r, uint64_t id);
bool role_recover(const struct role *r);    /* hanaperd --recover */
bool role_unconfined(const struct role *r); /* hanaperd --no-sandbox */
struct loop *role_loop(struct role *r);

/*
 * A link to another role over an inherited descriptor.  When it ends by the
 * peer's fault, so does this role.  When the peer just closes, this role stays
 * one second for the MSG_STOP that an orderly end brings, then fails.
 * The role's: role_end() frees it.
 */
struct link *role_link(struct role *r, int fd, enum peer peer, size_t frame_max,
    const struct msg_rule *rules, void *ctx);

/*
 * From here on this process does what 'which' has to do, and nothing else: see
 * sys/sandbox.h.  It has opened all it needs, and has one thread yet.  Ends the
 * role when the kernel does not do it.
 */
void role_confine(const struct role *r, enum sandbox_role which);

/* MSG_READY: this role serves.  Once. */
void role_ready(struct role *r);
bool role_stopping(const struct role *r); /* MSG_STOP came */

/* Logs what 'e' says, sends MSG_FAILED and ends the process with status 1.  From any thread. */
_Noreturn void role_fail(const struct err *e);

/* Writes what is queued, frees the links, the loop and the configuration; the exit status. */
int role_end(struct role *r);

#endif
